"""MirrorPad: the values continued beyond their ends as in a mirror."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.layout import NATURAL, NCHW, Layout
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.overlap import NONE, Overlaps, distance, param, turning
from edgegen.ops.strided_copy import natural_strides, storage_axes

LOOPS = 5  # outer loops that the kernel has

Mode = Literal["reflect", "symmetric"]


def _merge(node: Node) -> tuple[list[tuple[int, int, int]], int]:
    """([(elements, before, after)] for each run of axes, outermost first, elements behind the last padded axis)."""
    op, x = node.op, node.input(0)
    assert isinstance(op, MirrorPad)
    axes = [(x.shape[i], op.before[i], op.after[i]) for i in storage_axes(x.type.layout, x.rank)]
    inner = 1
    while axes and axes[-1][1:] == (0, 0):
        inner *= axes.pop()[0]
    merged: list[tuple[int, int, int]] = []
    for n, b, a in axes:
        if merged and b == a == merged[-1][1] == merged[-1][2] == 0:
            merged[-1] = (merged[-1][0] * n, 0, 0)
        else:
            merged.append((n, b, a))
    return merged or [(1, 0, 0)], inner


def _pack(node: Node) -> Packed:
    op, x = node.op, node.input(0)
    assert isinstance(op, MirrorPad)
    axes, inner = _merge(node)
    steps = [s * inner * x.dtype.size for s in natural_strides(tuple(n for n, _, _ in axes))]
    outer = LOOPS - (len(axes) - 1)
    run, left, right = axes[-1]
    return Packed(
        "edgegen_mirror_pad",
        {
            "count": (*[1] * outer, *(sum(a) for a in axes[:-1])),
            "before": (*[0] * outer, *(b for _, b, _ in axes[:-1])),
            "inside": (*[1] * outer, *(n for n, _, _ in axes[:-1])),
            "step": (*[0] * outer, *steps[:-1]),
            "left": left,
            "run": run,
            "right": right,
            "bytes": inner * x.dtype.size,
            "edge": int(op.mode == "reflect"),
            "rows": math.prod(sum(a) for a in axes[:-1]),
            "backward": 0,
        },
    )


def _overlap(node: Node) -> Overlaps:
    """A row of y shows one row of x, some of which it reads until it is written."""
    assert node.packed is not None
    if node.input(0).is_constant or min(node.input(0).shape, default=1) == 0:
        return NONE
    names = ("count", "before", "inside", "step")
    axes = zip(*(cast(tuple[int, ...], node.packed.params[name]) for name in names), strict=True)
    edge, starts = param(node, "edge"), np.zeros(1, np.int64)
    for count, before, inside, step in axes:
        shown = np.arange(count, dtype=np.int64) - before
        shown = np.where(shown < 0, edge - 1 - shown, shown)
        shown = np.where(shown >= inside, 2 * inside - 1 - edge - shown, shown)
        starts = (starts[:, None] + shown[None, :] * step).reshape(-1)
    left, run, right = (param(node, name) * param(node, "bytes") for name in ("left", "run", "right"))
    rows = np.arange(len(starts), dtype=np.int64) * (left + run + right)
    return turning(
        node,
        distance(starts, rows + left + (run + right if right else 0)),
        lambda: (starts + run, rows + (0 if left else run)),
    )


def _fits(node: Node) -> str | None:
    count = len(_merge(node)[0])
    return None if count <= LOOPS + 1 else f"pads over {count} runs of axes, more than {LOOPS + 1}"


def _reads(_node: Node) -> tuple[Layout, ...]:
    return (NATURAL, NCHW)


def _writes(node: Node) -> tuple[Layout, ...]:
    return (node.input(0).type.layout,)


@dataclass(frozen=True)
class MirrorPad(Op):
    """x with before[i] and after[i] of its own elements, in reverse, at the ends of axis i (TFLite MIRROR_PAD).

    mode: "reflect": the outermost element is not repeated, so at most all but one can be added (ONNX Pad);
          "symmetric": it is
    """

    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    mode: Mode = "reflect"

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if not len(self.before) == len(self.after) == len(x.shape) or self.mode not in ("reflect", "symmetric"):
            raise InvalidGraph(f"cannot pad {x} by {list(self.before)} and {list(self.after)}")
        edge = self.mode == "reflect"
        for n, b, a in zip(x.shape, self.before, self.after, strict=True):
            if min(b, a) < 0 or max(b, a) > n - edge:
                raise InvalidGraph(f"{n} elements cannot be mirrored to {b} before and {a} after them ({self.mode})")
        shape = tuple(n + b + a for n, b, a in zip(x.shape, self.before, self.after, strict=True))
        return (TensorType(x.dtype, shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        widths = list(zip(self.before, self.after, strict=True))
        return (np.pad(x, widths, mode=self.mode) if widths else x,)

    kernels = (Kernel("mirror_pad", "_ -> _", _pack, when=_fits, overlap=_overlap, reads=_reads, writes=_writes),)
