"""Reduce: what some axes come to, as a sum, mean, product or extreme: a class and a table."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import BOOL
from edgegen.ir.fixed_point import FixedPoint, ScaledRound, WideFixedPoint, wrap32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.epilogue import factor_words
from edgegen.ops.overlap import Overlaps, in_turn, nested, numbers
from edgegen.ops.strided_copy import storage_axes, storage_strides
from edgegen.ops.window import any_order

FUNCTIONS = ("mean", "sum", "max", "min", "prod", "all", "any")
_SUMS = ("mean", "sum", "prod")
_HALVES = ("f16", "bf16")  # added up and multiplied in f32
_LOOPS = 4  # runs of kept axes and as many of reduced ones: enough for 8 axes


@dataclass(frozen=True)
class Reduce(Op):
    """The mean, sum, product, greatest or least of x over `axes`; of bool, whether all or any are true.

    function:   one of FUNCTIONS
    axes:       sorted, not negative; none: nothing is added up
    keep_dims:  reduced axes stay, with one element
    x_zero:     zero point of x
    requantize: for s8 and s16: from sum(x - x_zero) to the output's integers; a mean's count is part of it (TFLM MEAN
                and SUM: reference_ops::QuantizedMeanOrSum; s8 also by ScaledRound). A product is requantized after
                each factor but the first, and once more, by WideFixedPoint (LiteRT REDUCE_PROD). None for plain
                numbers, whose sums and products wrap around
    """

    function: str = "mean"
    axes: tuple[int, ...] = ()
    keep_dims: bool = False
    x_zero: int = 0
    requantize: FixedPoint | None = None

    @property
    def kind(self) -> str:
        return self.function.capitalize()

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if self.function not in FUNCTIONS:
            raise InvalidGraph(f'"{self.function}" is not one of {", ".join(FUNCTIONS)}')
        plain = self.requantize is None
        if (x.dtype == BOOL) != (self.function in ("all", "any")) or (
            plain and x.dtype.is_integer and (self.function == "mean" or (self.function in _SUMS and x.dtype.size < 4))
        ):
            raise InvalidGraph(f"the {self.function} of x {x} is not defined")
        if any(not 0 <= a < len(x.shape) for a in self.axes) or list(self.axes) != sorted(set(self.axes)):
            raise InvalidGraph(f"axes {list(self.axes)} are not axes of x {x} in order")
        if any(x.shape[a] == 0 for a in self.axes):
            raise InvalidGraph(f"x {x} has nothing to reduce")
        kept = [1 if i in self.axes else n for i, n in enumerate(x.shape) if self.keep_dims or i not in self.axes]
        return (TensorType(x.dtype, tuple(kept)),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        if self.requantize is None:
            reduce = getattr(np, self.function)
            wide = x.astype(np.float64) if self.function in _SUMS and "float" in x.dtype.name else x
            with np.errstate(over="ignore"):
                options = {"dtype": wide.dtype} if self.function in _SUMS else {}
                return (np.asarray(reduce(wide, axis=self.axes, keepdims=self.keep_dims, **options)).astype(x.dtype),)
        if self.function == "prod":
            return (self._product(x, self.requantize),)
        total = np.sum(x.astype(np.int64) - self.x_zero, axis=self.axes, keepdims=self.keep_dims)
        limits = np.iinfo(x.dtype)
        y = self.requantize.apply(wrap32(total))
        return (np.clip(y, limits.min, limits.max).astype(x.dtype).reshape(total.shape),)

    def _product(self, x: Array, requantize: FixedPoint) -> Array:
        """The quantized product, over the reduced axes in order."""
        kept = [i for i in range(x.ndim) if i not in self.axes]
        rows = x.transpose(*kept, *self.axes).reshape(*(x.shape[i] for i in kept), -1).astype(np.int64) - self.x_zero
        step = replace(requantize, zero_point=0)
        product = rows[..., 0]
        for k in range(1, rows.shape[-1]):
            product = step.apply(product * rows[..., k])
        limits = np.iinfo(x.dtype)
        shape = [1 if i in self.axes else n for i, n in enumerate(x.shape) if self.keep_dims or i not in self.axes]
        return np.clip(requantize.apply(product), limits.min, limits.max).astype(x.dtype).reshape(shape)


def _runs(dims: list[tuple[int, int]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(extents, strides) of _LOOPS nested loops over dimensions (extent, stride), contiguous neighbours merged."""
    merged: list[tuple[int, int]] = []
    for extent, stride in dims:
        if merged and merged[-1][1] == extent * stride:
            merged[-1] = (merged[-1][0] * extent, stride)
        elif extent != 1:
            merged.append((extent, stride))
    merged = [(1, 0)] * (_LOOPS - len(merged)) + merged
    return tuple(e for e, _ in merged), tuple(s for _, s in merged)


def _few_loops(node: Node) -> str | None:
    """A row's `when`: the kernel has enough loops."""
    most = max(len(v) for v in _geometry(node).values() if isinstance(v, tuple))
    return None if most <= _LOOPS else f"needs {most} loops, has {_LOOPS}"


def _geometry(node: Node) -> dict[str, Literal]:
    op, x, y = node.op, node.input(0), node.out
    assert isinstance(op, Reduce)
    strides = storage_strides(x.type)
    source = [i for i in range(x.rank) if op.keep_dims or i not in op.axes]  # axis of x for each axis of y
    kept = [source[i] for i in storage_axes(y.type.layout, y.rank)]
    kept_extent, kept_stride = _runs([(x.shape[i], strides[i]) for i in kept if i not in op.axes])
    order = [i for i in storage_axes(x.type.layout, x.rank) if i in op.axes]
    extent, stride = _runs([(x.shape[i], strides[i]) for i in order])
    return {"kept_extent": kept_extent, "kept_stride": kept_stride, "extent": extent, "stride": stride}


def _overlap(node: Node) -> Overlaps:
    """An element of the output is written when all that make it have been read."""
    return in_turn(node, nested(numbers(node, "kept_extent"), numbers(node, "kept_stride")))


def _pack_quantized(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, Reduce)
    assert op.requantize is not None
    count = math.prod(node.input(0).shape[a] for a in op.axes)
    multiplier, shift = factor_words(op.requantize, 1)
    params: dict[str, Literal] = {
        "offset": int(wrap32(np.array(-op.x_zero * count))),
        "multiplier": int(multiplier[0]),
        "shift": int(shift[0]),
        "zero_point": op.requantize.zero_point,
    }
    return Packed("edgegen_reduce_quantized", _geometry(node) | params)


def _pack_product(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, Reduce)
    assert isinstance(op.requantize, WideFixedPoint)
    multiplier, shift = op.requantize.reduced(1)
    low, high = node.out.dtype.range
    output = {"zero_point": op.requantize.zero_point, "low": low, "high": high}
    params: dict[str, Literal] = {"x_zero": op.x_zero, "multiplier": int(multiplier[0]), "shift": int(shift[0])}
    return Packed("edgegen_reduce_product", _geometry(node) | params | output)


def _is_product(node: Node) -> str | None:
    """A row's `when`; factors are taken in the order of x's axes, so other layouts would round otherwise."""
    assert isinstance(node.op, Reduce)
    if node.op.function != "prod" or not isinstance(node.op.requantize, WideFixedPoint):
        return "computes quantized products"
    return _few_loops(node)


def _pack_float(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, Reduce)
    count = math.prod(node.input(0).shape[a] for a in op.axes)
    return Packed("edgegen_reduce_float", _geometry(node) | {"divisor": float(count) if op.function == "mean" else 1.0})


def _pack_plain(node: Node) -> Packed:
    return Packed("edgegen_reduce", _geometry(node))


def _row(
    name: str,
    dtype: str,
    pack: Callable[[Node], Packed],
    header: str,
    functions: tuple[str, ...],
    scheme: type[FixedPoint] | None = None,
) -> Kernel:
    def when(node: Node) -> str | None:
        assert isinstance(node.op, Reduce)
        if node.op.function not in functions:
            return f"computes {' and '.join(functions)}"
        given = node.op.requantize
        if (None if given is None else type(given)) is not scheme:
            return "computes plain numbers" if scheme is None else f"requantizes by {scheme.__name__}"
        return _few_loops(node)

    return Kernel(
        name,
        f"{dtype} -> {dtype}",
        pack,
        header=header,
        when=when,
        overlap=_overlap,
        reads=any_order,
        writes=any_order,
    )


Reduce.kernels = (
    _row("reduce_s8_scaled", "s8", _pack_quantized, "reduce_quantized", ("mean", "sum"), ScaledRound),
    _row("reduce_s8", "s8", _pack_quantized, "reduce_quantized", ("mean", "sum"), FixedPoint),
    _row("reduce_s16", "s16", _pack_quantized, "reduce_quantized", ("mean", "sum"), FixedPoint),
    *(
        Kernel(
            f"reduce_product_{t}", f"{t} -> {t}", _pack_product, "reduce_product", when=_is_product, overlap=_overlap
        )
        for t in ("s8", "s16")
    ),
    *(_row(f"reduce_{t}", t, _pack_float, "reduce_float", ("mean", "sum")) for t in ("f32", "f64")),
    *(_row(f"reduce_{t}", t, _pack_float, "reduce_half", ("mean", "sum")) for t in _HALVES),
    *(_row(f"{f}_{t}", t, _pack_plain, "reduce_half", (f,)) for f in ("prod", "max", "min") for t in _HALVES),
    *(_row(f"sum_{t}", t, _pack_plain, "reduce_plain", ("sum",)) for t in ("s32", "s64")),
    *(_row(f"prod_{t}", t, _pack_plain, "reduce_plain", ("prod",)) for t in ("f32", "f64", "s32", "s64")),
    *(
        _row(f"{f}_{t}", t, _pack_plain, "reduce_plain", (f,))
        for f in ("max", "min")
        for t in ("f32", "f64", "s8", "u8", "s16", "s32", "s64", "u64")
    ),
    *(_row(f"{f}_bool", "bool", _pack_plain, "reduce_plain", (f,)) for f in ("all", "any")),
)
