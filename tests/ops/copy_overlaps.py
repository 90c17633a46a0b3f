"""Nodes that copy elements one by one or in runs over their input, for every row that declares an `overlap`."""

from __future__ import annotations

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from edgegen.ir.graph import Node
from edgegen.ir.op import Op
from edgegen.ops.audio.frames import Frames
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.shuffle import Shuffle
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose
from tests.harness import Case
from tests.ops.elementwise_overlaps import values


def _case(op: Op, dtype: str, shape: tuple[int, ...], kernel: str) -> Case:
    return Case(op, [values(dtype, shape)], kernel, f"{op} {dtype} {shape}")


def generic() -> list[Case]:
    """Of elements in registers and of runs that are not."""
    ways: list[tuple[Op, tuple[int, ...], str]] = [
        (Transpose((0, 1, 3, 2, 4)), (4, 3, 2, 5, 3), "copy"),
        (Transpose((0, 2, 1)), (3, 8, 12), "copy"),
        (Shuffle(2, 2), (4, 5, 6), "copy"),
        (Slice((0, 1, 2), (3, 5, 4), (1, 1, 1)), (3, 7, 9), "move"),
        (Slice((1, 0, 1), (2, 3, 4), (1, 2, 2)), (3, 7, 9), "move"),
        (Slice((0, 6, 0), (3, 4, 5), (1, -2, 1)), (3, 7, 5), "copy"),
        (BroadcastTo((4, 3, 5, 2)), (4, 1, 5, 1), "copy"),
        (Frames(5, 2, 3), (2, 13), "copy"),
    ]
    return [_case(op, dtype, shape, kernel) for op, shape, kernel in ways for dtype in ("s8", "f32", "s64")]


@st.composite
def copies(draw: st.DrawFn) -> Case:
    """Any order of axes, box, step or repetition, of numbers that all differ."""
    rank = draw(st.integers(1, 4))
    shape = tuple(draw(st.lists(st.integers(1, 9 if rank < 3 else 4), min_size=rank, max_size=rank)))
    kind = draw(st.sampled_from(["transpose", "slice", "broadcast", "shuffle"]))
    op: Op
    if kind == "transpose":
        op = Transpose(tuple(draw(st.permutations(range(rank)))))
        moved = [axis for axis in op.perm if shape[axis] > 1]
        assume(moved != sorted(moved))  # it is no view
    elif kind == "shuffle":
        op, shape = Shuffle(rank - 1, draw(st.integers(2, 3))), (*shape[:-1], 6)
    elif kind == "broadcast":
        shape = tuple(n * draw(st.integers(0, 1)) or 1 for n in shape)
        op = BroadcastTo(tuple(draw(st.integers(2, 9)) if n == 1 else n for n in shape))
    else:
        steps = tuple(draw(st.sampled_from([1, 1, 2, -1])) for _ in shape)
        size = tuple(draw(st.integers(1, 1 + (n - 1) // abs(s))) for n, s in zip(shape, steps, strict=True))
        most = [n - 1 - (k - 1) * abs(s) for n, k, s in zip(shape, size, steps, strict=True)]
        low = [draw(st.integers(0, m)) for m in most]
        begin = tuple(b if s > 0 else b + (k - 1) * -s for b, k, s in zip(low, size, steps, strict=True))
        op = Slice(begin, size, steps)
    x = np.arange(1, np.prod(shape) + 1).reshape(shape).astype(draw(st.sampled_from([np.int16, np.float32])))
    return Case(op, [x], label=f"{op} {x.dtype} {shape}")


def is_exact(node: Node) -> bool:
    """Whether one step further must show: several runs are moved in registers, none of them twice, when it would be
    written onto itself."""
    assert node.packed is not None
    run = node.packed.params["bytes"]
    return run in (1, 2, 4) and node.out.type.bytes != run and not isinstance(node.op, BroadcastTo)
