"""UpdateSlice: a tensor with a box of it replaced, at a place known at run time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.strided_copy import natural_strides

LOOPS = 5  # outer loops that the kernel has

_INDEX_TYPES = ("s32", "s64")


def _runs_from(x: tuple[int, ...], update: tuple[int, ...]) -> int:
    """The last axis along which the box may lie at several places: behind it, both are contiguous."""
    moving = [axis for axis, (n, u) in enumerate(zip(x, update, strict=True)) if n != u]
    return max(moving, default=0)


def _pack(node: Node) -> Packed:
    x, update = node.input(0), node.input(1)
    last = _runs_from(x.shape, update.shape)
    room = [n - u for n, u in zip(x.shape, update.shape, strict=True)][: last + 1]
    steps = [s * x.dtype.size for s in natural_strides(x.shape)][: last + 1]
    unused = LOOPS - last
    return Packed(
        "edgegen_update_slice",
        {
            "bytes": x.type.elements * x.dtype.size,
            "rank": last + 1,
            "room": (*room, *[0] * unused),
            "step": (*steps, *[0] * unused),
            "count": (*[1] * unused, *update.shape[:last]),
            "count_step": (*[0] * unused, *steps[:-1]),
            "run": math.prod(update.shape[last:]) * x.dtype.size,
        },
        inputs=(0, 1, 2),
    )


def _fits(node: Node) -> str | None:
    x, update = node.input(0), node.input(1)
    if x.rank == 0:
        return "x must have an axis"
    last = _runs_from(x.shape, update.shape)
    return None if last <= LOOPS else f"{last} axes outside of runs are more than {LOOPS}"


@dataclass(frozen=True)
class UpdateSlice(Op):
    """x with the box of update's shape at `start` replaced by update (TFLite and StableHLO DYNAMIC_UPDATE_SLICE).

    start: input 2, an index for each axis; each is clamped so that the box lies inside of x
    """

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, update, start = known(inputs[0], "x"), known(inputs[1], "update"), known(inputs[2], "start")
        if x.dtype != update.dtype or len(x.shape) != len(update.shape) or start.shape != (len(x.shape),):
            raise InvalidGraph(f"update {update} at {start} does not fit x {x}")
        if start.dtype.name not in _INDEX_TYPES or any(u > n for u, n in zip(update.shape, x.shape, strict=True)):
            raise InvalidGraph(f"update {update} at {start} does not fit x {x}")
        return (TensorType(x.dtype, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, update, start = present(inputs[0], "x"), present(inputs[1], "update"), present(inputs[2], "start")
        room = np.array(x.shape, np.int64) - np.array(update.shape, np.int64)
        first = np.clip(start.astype(np.int64), 0, room)
        y = x.copy()
        y[tuple(slice(b, b + u) for b, u in zip(first, update.shape, strict=True))] = update
        return (y,)

    kernels = tuple(
        Kernel(f"update_slice_{i}", f"_ _ {i} -> _", _pack, header="update_slice", when=_fits, in_place=(0,))
        for i in _INDEX_TYPES
    )
