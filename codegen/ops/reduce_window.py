"""ReduceWindow: one number for each window of a tensor of any rank."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.overlap import Overlaps, in_turn, nested, numbers
from edgegen.ops.strided_copy import natural_strides

MAX_AXES = 6  # loops that the kernel has

Function = Literal["add", "mul", "minimum", "maximum"]
FUNCTIONS = {"add": np.add, "mul": np.multiply, "minimum": np.minimum, "maximum": np.maximum}
_NUMBERS = ("f32", "s8", "u8", "s16", "s32", "s64")


@dataclass(frozen=True)
class ReduceWindow(Op):
    """y[i] = function(first, x[i * stride + t * dilation] for all t below `window`), in order (TFLite REDUCE_WINDOW).

    Each of window, stride and dilation has an entry for each axis; windows lie inside of x. first: input 1, one element
    of x's type. Integers wrap around; of bool the minimum is "and", the maximum "or".
    """

    function: Function
    window: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]

    @property
    def kind(self) -> str:
        return f"ReduceWindow.{self.function}"

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, first = known(inputs[0], "x"), known(inputs[1], "first")
        geometry = (self.window, self.stride, self.dilation)
        if any(len(each) != len(x.shape) or min(each, default=1) < 1 for each in geometry) or not x.elements:
            raise InvalidGraph(
                f"windows {self.window}, stride {self.stride} and dilation {self.dilation} do not fit {x}"
            )
        if first.dtype != x.dtype or first.elements != 1:
            raise InvalidGraph(f"{first} is no element of x {x}")
        spans = [(k - 1) * d + 1 for k, d in zip(self.window, self.dilation, strict=True)]
        if any(span > n for span, n in zip(spans, x.shape, strict=True)):
            raise InvalidGraph(f"windows that span {spans} do not lie in x {x}")
        extents = zip(x.shape, spans, self.stride, strict=True)
        return (TensorType(x.dtype, tuple((n - span) // s + 1 for n, span, s in extents)),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, first = present(inputs[0], "x"), present(inputs[1], "first")
        spans = [(k - 1) * d + 1 for k, d in zip(self.window, self.dilation, strict=True)]
        shape = [(n - span) // s + 1 for n, span, s in zip(x.shape, spans, self.stride, strict=True)]
        y = np.full(shape, first.reshape(()), x.dtype)
        with np.errstate(all="ignore"):
            for taps in itertools.product(*(range(k) for k in self.window)):
                places = zip(taps, self.dilation, shape, self.stride, strict=True)
                part = x[tuple(slice(t * d, t * d + (n - 1) * s + 1, s) for t, d, n, s in places)]
                y = np.asarray(FUNCTIONS[self.function](y, part), x.dtype)
        return (y,)


def _pack(node: Node) -> Packed:
    op, x, y = node.op, node.input(0), node.out
    assert isinstance(op, ReduceWindow)
    more, strides = MAX_AXES - x.rank, natural_strides(x.shape)
    return Packed(
        "edgegen_reduce_window",
        {
            "count": (1,) * more + y.shape,
            "step": (0,) * more + tuple(a * s for a, s in zip(strides, op.stride, strict=True)),
            "window": (1,) * more + op.window,
            "tap": (0,) * more + tuple(a * d for a, d in zip(strides, op.dilation, strict=True)),
        },
        inputs=(0, 1),
    )


def _overlap(node: Node) -> Overlaps:
    """An element of the output is written when its window has been read."""
    return in_turn(node, nested(numbers(node, "count"), numbers(node, "step")))


def _row(function: Function, dtype: str) -> Kernel:
    def when(node: Node) -> str | None:
        assert isinstance(node.op, ReduceWindow)
        if node.op.function != function:
            return f"computes the {function}"
        rank = node.input(0).rank
        return None if rank <= MAX_AXES else f"x has {rank} axes, more than {MAX_AXES}"

    name = f"reduce_window_{function}_{dtype}"
    return Kernel(name, f"{dtype} {dtype} -> {dtype}", _pack, "reduce_window", when=when, overlap=_overlap)


ReduceWindow.kernels = tuple(
    _row(function, dtype)
    for function in ("add", "mul", "minimum", "maximum")
    for dtype in (_NUMBERS if function in ("add", "mul") else (*_NUMBERS, "bool"))
)
