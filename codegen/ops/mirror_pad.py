"""MirrorPad: the values continued beyond their ends as in a mirror."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.layout import NATURAL, NCHW, Layout
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
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
        },
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

    kernels = (Kernel("mirror_pad", "_ -> _", _pack, when=_fits, reads=_reads, writes=_writes),)
