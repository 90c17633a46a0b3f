"""ADD, SUB, MUL, DIV and other arithmetic of two operands, and ADD_N."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from edgegen.ir.tensor import Array
from tests.generated.single import Draw, Shape, Single, Tensor, generates, like
from tests.models.tflite_builder import Operator, Options, options


def operands(draw: Draw, kind: str, low: float = -3.0, high: float = 0.0) -> tuple[Tensor, Tensor, Shape]:
    """Two that broadcast against each other, one of them perhaps constant, and the shape of the result."""
    shape = draw.shape(1, 4, 5)
    shapes = [shape, draw.broadcast(shape) if draw.yes(0.6) else shape]
    if draw.yes(0.3):
        shapes.reverse()
    a, b = (draw.tensor(n, kind, s, low, high) for n, s in zip("ab", shapes, strict=True))
    if draw.yes(0.25):
        b = replace(b, data=draw.values(kind, shapes[1]))
    return a, b, shape


def _single(name: str, tensors: list[Tensor], table: Options, ulp: int = 0, **values: Array) -> Single:
    """values: of a and b, where they cannot be just any; b's become its data if it is constant."""
    a, b, y = tensors
    if b.data is not None and "b" in values:
        b = replace(b, data=values["b"])
    return Single([a, b, y], Operator(name, ["a", "b"], ["y"], table), values, ulp)


def _sum_or_product(draw: Draw, name: str, kind: str, activations: tuple[int, ...] = (0, 0, 1, 2, 3)) -> Single:
    a, b, shape = operands(draw, kind)
    y = Tensor("y", kind, shape)
    if a.scale is not None:
        sizes = [float(np.max(t.scale or 0)) for t in (a, b)]
        steps = 64 if kind != "INT16" else 1 << 14
        size = sizes[0] * sizes[1] * steps if name == "MUL" else sum(sizes)
        y = replace(y, scale=float(np.float32(size * 10 ** draw.real(-0.5, 1))), zero_point=draw.zero(kind))
    table = options(f"{name.capitalize()}Options", FusedActivationFunction=draw.choice(activations))
    return _single(name, [a, b, y], table)


@generates("ADD", "FLOAT16", "FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64", weight=2)
def add(draw: Draw, kind: str) -> Single:
    return _sum_or_product(draw, "ADD", kind, (0,) if kind == "INT32" else (0, 0, 1, 2, 3))


@generates("SUB", "FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64", weight=2)
def sub(draw: Draw, kind: str) -> Single:
    return _sum_or_product(draw, "SUB", kind)


@generates("MUL", "FLOAT16", "FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64", "UINT32", weight=2)
def mul(draw: Draw, kind: str) -> Single:
    single = _sum_or_product(draw, "MUL", kind)
    if kind != "INT32":
        return single
    a, b, y = single.tensors
    small = {t.name: draw.within(-30000, 30000, t.shape) for t in (a, b)}  # their products stay below 2^31
    return _single("MUL", [a, b, y], single.listed[0].options, **small)


def _nonzero(values: Any, zero: Any = 0) -> Any:
    return np.where(values == zero, np.asarray(zero + 1, values.dtype), values)


@generates("DIV", "FLOAT32", "INT8", "UINT8", "INT16", "INT32")
def div(draw: Draw, kind: str) -> Single:
    """Divisors are never 0, which stops LiteRT. Quantized dividends are 32 steps or more from 0 (of s16, 16384), and
    the quotient's scale is small, so that no shift reaches 32 bits (docs/judges.md)."""
    a, b, shape = operands(draw, kind, -2, -0.5)
    table = options("DivOptions", FusedActivationFunction=draw.choice((0, 0, 1, 3)))
    if a.scale is None:
        return _single("DIV", [a, b, Tensor("y", kind, shape)], table, b=_nonzero(draw.values(kind, b.shape)))
    b = replace(b, zero_point=max(b.zero_point - 1, -127))
    scale = float(np.float32(a.scale / b.scale * 10 ** draw.real(-1.5, -0.61)))
    divisor, dividend = draw.values(kind, b.shape), draw.values(kind, a.shape)
    far = np.abs(dividend.astype(np.int32) - a.zero_point) >= (16384 if kind == "INT16" else 32)
    limits = np.iinfo(dividend.dtype)
    end = limits.max if a.zero_point < limits.max - 32 else limits.min
    dividend = np.where(far, dividend, end).astype(dividend.dtype)
    y = Tensor("y", kind, shape, scale=scale, zero_point=draw.zero(kind))
    return _single("DIV", [a, b, y], table, a=dividend, b=_nonzero(divisor, b.zero_point))


@generates("SQUARED_DIFFERENCE", "FLOAT32", "INT8", "INT16", "INT32")
def squared_difference(draw: Draw, kind: str) -> Single:
    a, b, shape = operands(draw, kind)
    y = Tensor("y", kind, shape)
    if a.scale is not None:
        size = (a.scale + b.scale) ** 2 * (64 if kind == "INT8" else 1 << 14)
        y = replace(y, scale=float(np.float32(size * 10 ** draw.real(-0.5, 0.7))), zero_point=draw.zero(kind))
    small = {t.name: draw.within(-20000, 20000, t.shape) for t in (a, b)} if kind == "INT32" else {}
    return _single("SQUARED_DIFFERENCE", [a, b, y], options("SquaredDifferenceOptions"), **small)


def _extreme(draw: Draw, name: str, kind: str) -> Single:
    a, b, shape = operands(draw, kind)
    b = replace(like("b", a, b.shape), data=b.data)
    return _single(name, [a, b, like("y", a, shape)], options("MaximumMinimumOptions"))


@generates("MAXIMUM", "FLOAT16", "FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64")
def maximum(draw: Draw, kind: str) -> Single:
    return _extreme(draw, "MAXIMUM", kind)


@generates("MINIMUM", "FLOAT16", "FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64")
def minimum(draw: Draw, kind: str) -> Single:
    return _extreme(draw, "MINIMUM", kind)


def _divided(draw: Draw, name: str, table: str, kind: str) -> Single:
    a, b, shape = operands(draw, kind)
    divisor = _nonzero(draw.values(kind, b.shape) if kind == "FLOAT32" else draw.within(-50, 50, b.shape, kind))
    values = {"b": divisor}
    if kind in ("INT8", "INT16"):  # the least number by -1 is beyond the type
        values["a"] = np.maximum(draw.values(kind, a.shape), np.iinfo(divisor.dtype).min + 1)
    return _single(name, [a, b, Tensor("y", kind, shape)], options(table), **values)


@generates("FLOOR_DIV", "FLOAT32", "INT8", "INT16", "INT32")
def floor_div(draw: Draw, kind: str) -> Single:
    return _divided(draw, "FLOOR_DIV", "FloorDivOptions", kind)


@generates("FLOOR_MOD", "FLOAT32", "INT8", "INT16", "INT32", "INT64")
def floor_mod(draw: Draw, kind: str) -> Single:
    return _divided(draw, "FLOOR_MOD", "FloorModOptions", kind)


@generates("POW", "FLOAT32", "INT32")
def power(draw: Draw, kind: str) -> Single:
    """Bases are positive, exponents of integers small: the powers stay below 2^31."""
    a, b, shape = operands(draw, kind)
    if kind == "FLOAT32":
        values = {"a": np.abs(draw.values(kind, a.shape)) + np.float32(0.01), "b": draw.values(kind, b.shape, 2.0)}
    else:
        values = {"a": draw.within(-8, 8, a.shape, kind), "b": draw.within(0, 9, b.shape, kind)}
    # the C libraries' powf are within 2 ULP of the true power, each on its own side
    return _single("POW", [a, b, Tensor("y", kind, shape)], options("PowOptions"), 4, **values)


@generates("ADD_N", "FLOAT32", "INT32")
def add_n(draw: Draw, kind: str) -> Single:
    shape, count = draw.shape(1, 4), draw.integer(2, 5)
    xs = [draw.tensor(f"x{i}", kind, shape) for i in range(count)]
    names = [x.name for x in xs]
    return Single([*xs, Tensor("y", kind, shape)], Operator("ADD_N", names, ["y"], options("AddNOptions")))


WHOLE = ("INT8", "UINT8", "INT16", "INT32", "INT64", "UINT32")


def _plain(draw: Draw, name: str, kind: str, **values: Array) -> Single:
    """Of two tensors of one shape, that mean what their numbers say."""
    shape = values["a"].shape if values else draw.shape(1, 4)
    tensors = [Tensor(n, kind, shape) for n in "aby"]
    return Single(tensors, Operator(name, ["a", "b"], ["y"]), values)


@generates("ATAN2", "FLOAT16", "FLOAT32")
def atan2(draw: Draw, kind: str) -> Single:
    # atan2f of the judge's C library and of ours are each within 2 ULP of the truth
    return replace(_plain(draw, "ATAN2", kind), ulp=4)


@generates("BITWISE_XOR", "INT8", "UINT8", "INT16", "INT32", "UINT32")
def bitwise_xor(draw: Draw, kind: str) -> Single:
    return _plain(draw, "BITWISE_XOR", kind)


@generates("RIGHT_SHIFT", "INT8", "UINT8", "INT16", "INT32", "UINT32")
def right_shift(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 4)
    return _plain(draw, "RIGHT_SHIFT", kind, a=draw.values(kind, shape), b=draw.within(0, 7, shape, kind))


@generates("STABLEHLO_ADD", "BOOL", "FLOAT16", "FLOAT32", *WHOLE)
def stablehlo_add(draw: Draw, kind: str) -> Single:
    return _plain(draw, "STABLEHLO_ADD", kind)


@generates("STABLEHLO_MULTIPLY", "BOOL", "FLOAT16", "FLOAT32", *WHOLE)
def stablehlo_multiply(draw: Draw, kind: str) -> Single:
    """Of whole numbers the products hold in 32 bits."""
    shape = draw.shape(1, 4)
    if kind not in ("INT32", "UINT32"):
        return _plain(draw, "STABLEHLO_MULTIPLY", kind)
    low = 0 if kind == "UINT32" else -30000
    return _plain(draw, "STABLEHLO_MULTIPLY", kind, **{n: draw.within(low, 30000, shape, kind) for n in "ab"})


@generates("STABLEHLO_MAXIMUM", "BOOL", "FLOAT16", "FLOAT32", *WHOLE)
def stablehlo_maximum(draw: Draw, kind: str) -> Single:
    return _plain(draw, "STABLEHLO_MAXIMUM", kind)


@generates("STABLEHLO_MINIMUM", "BOOL", "FLOAT16", "FLOAT32", *WHOLE)
def stablehlo_minimum(draw: Draw, kind: str) -> Single:
    return _plain(draw, "STABLEHLO_MINIMUM", kind)
