"""Functions of one number: ABS, EXP, LOG, RSQRT and their like, LOGICAL_NOT, CAST and ZEROS_LIKE."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edgegen.ir.tensor import Array
from tests.generated.activation import one_input
from tests.generated.single import LARGEST, NUMPY, QUANTIZED, Draw, Single, Tensor, generates, like
from tests.models.tflite_builder import Operator, options

Numbers = Callable[[Draw, tuple[int, ...]], Array]


def _any_number(draw: Draw, shape: tuple[int, ...]) -> Array:
    return draw.values("FLOAT32", shape)


def _positive(draw: Draw, shape: tuple[int, ...]) -> Array:
    return np.abs(draw.values("FLOAT32", shape)) + np.float32(1e-3)


def _halves(draw: Draw, shape: tuple[int, ...]) -> Array:
    """Halves are what roundings differ in."""
    return np.asarray(draw.within(-9, 9, shape) / 2, np.float32)


def _float(name: str, numbers: Numbers, ulp: int, *kinds: str) -> Callable[[Draw, str], Single]:
    """Registers a generator of a function of f32, and perhaps other kinds."""

    @generates(name, "FLOAT32", *kinds)
    def function(draw: Draw, kind: str) -> Single:
        x = draw.tensor("x", kind, draw.shape(1, 4))
        values = numbers(draw, x.shape).astype(NUMPY[kind]) if kind in ("FLOAT16", "FLOAT32") else None
        return one_input(name, x, like("y", x), ulp=ulp, values=values)

    return function


# Transcendental functions: the C libraries of the judge and of the target are each within 2 ULP of the truth.
_float("CEIL", _halves, 0)
_float("FLOOR", _halves, 0, "FLOAT16")
_float("ROUND", _halves, 0)
_float("SQUARE", _any_number, 0)
_float("SQRT", _positive, 0)
_float("SIN", _any_number, 4, "FLOAT16")
_float("COS", _any_number, 4, "FLOAT16")


@generates("ABS", "FLOAT32", "INT8", "INT16", "INT32")
def absolute(draw: Draw, kind: str) -> Single:
    x = draw.tensor("x", kind, draw.shape(1, 4))
    y = like("y", x)
    if x.scale is not None and draw.yes(0.7):
        y = Tensor("y", kind, x.shape, scale=x.scale * draw.choice((0.5, 0.7, 1.3)), zero_point=draw.zero(kind))
    return one_input("ABS", x, y, options("AbsOptions"))


@generates("NEG", "FLOAT16", "FLOAT32", "INT8", "INT16", "INT32", "INT64")
def negate(draw: Draw, kind: str) -> Single:
    x = draw.tensor("x", kind, draw.shape(1, 4))
    return one_input("NEG", x, like("y", x), options("NegOptions"))


@generates("SIGN", "FLOAT32", "INT32")
def sign(draw: Draw, kind: str) -> Single:
    x = draw.tensor("x", kind, draw.shape(1, 4))
    values = draw.within(-2, 2, x.shape).astype(NUMPY[kind])
    return one_input("SIGN", x, like("y", x), options("SignOptions"), values=values)


def _tabulated(
    draw: Draw, name: str, kind: str, y_scale: float, numbers: Numbers = _any_number, ulp: int = 4
) -> Single:
    """y_scale: a scale that lets the output hold most results of inputs up to about 4."""
    shape = draw.shape(1, 4)
    if kind not in QUANTIZED:
        x = Tensor("x", kind, shape)
        values = numbers(draw, shape) if kind == "FLOAT32" else None
        return one_input(name, x, like("y", x), ulp=ulp, values=values)
    narrow = 1 if kind != "INT16" else 256
    x = Tensor("x", kind, shape, scale=draw.scale(-2, -1) / narrow, zero_point=draw.zero(kind))
    y = Tensor("y", kind, shape, scale=draw.real(0.5, 2) * y_scale / narrow, zero_point=draw.zero(kind))
    return one_input(name, x, y)


@generates("ELU", "FLOAT32", "INT8")
def elu(draw: Draw, kind: str) -> Single:
    return _tabulated(draw, "ELU", kind, 0.05)


@generates("EXP", "FLOAT32", "INT8", "INT16")
def exp(draw: Draw, kind: str) -> Single:
    return _tabulated(draw, "EXP", kind, 0.4)


@generates("LOG", "FLOAT32", "INT8", "INT16")
def log(draw: Draw, kind: str) -> Single:
    return _tabulated(draw, "LOG", kind, 0.03, _positive)


@generates("GELU", "FLOAT16", "FLOAT32", "INT8", "UINT8", "INT16")
def gelu(draw: Draw, kind: str) -> Single:
    single = _tabulated(draw, "GELU", kind, 0.05, ulp=4)
    table = options("GeluOptions", Approximate=draw.yes())
    # x / 2 times 1 + tanh or 1 + erf, which cancel for negative x: the last places are those of x
    scale = float(np.abs(single.values["x"]).max()) if kind == "FLOAT32" else 0.0
    return replace(single, operators=Operator("GELU", ["x"], ["y"], table), scale=scale)


@generates("RSQRT", "FLOAT32", "INT8", "INT16")
def rsqrt(draw: Draw, kind: str) -> Single:
    """Of what is not negative: TFLM takes no others."""
    single = _tabulated(draw, "RSQRT", kind, 0.03, _positive, ulp=1)
    x = single.tensors[0]
    if x.scale is None:
        return single
    low, high = int(x.zero_point), int(np.iinfo(NUMPY[kind]).max)
    return one_input("RSQRT", x, single.tensors[1], values=draw.within(low, high, x.shape, kind))


@generates("LOGICAL_NOT", "BOOL")
def logical_not(draw: Draw, kind: str) -> Single:
    x = draw.tensor("x", kind, draw.shape(1, 4))
    return one_input("LOGICAL_NOT", x, like("y", x), options("LogicalNotOptions"))


_CASTABLE = ("FLOAT32", "FLOAT16", "INT8", "UINT8", "INT16", "INT32", "INT64", "UINT32", "BOOL")


@generates("CAST", *_CASTABLE, weight=2)
def cast(draw: Draw, kind: str) -> Single:
    """Floats fit the type that they become: what the others become is not defined. f16 holds fewer numbers."""
    x, to = Tensor("x", kind, draw.shape(1, 4)), draw.choice(_CASTABLE)
    values = None
    if kind.startswith("FLOAT") and not to.startswith("FLOAT") and to != "BOOL":
        limits = np.iinfo(NUMPY[to])
        largest = LARGEST if kind == "FLOAT32" else 4000
        low, high = max(int(limits.min), -largest), min(int(limits.max), largest)
        values = np.asarray(draw.within(low * 4, high * 4, x.shape, "INT64") / 4, NUMPY[kind])
    return one_input("CAST", x, Tensor("y", to, x.shape), options("CastOptions"), values=values)


@generates("ZEROS_LIKE", "FLOAT32", "INT8", "INT32", "INT64", unjudged=("UINT8", "INT16", "UINT32", "BOOL"))
def zeros_like(draw: Draw, kind: str) -> Single:
    x = draw.tensor("x", kind, draw.shape(1, 4))
    return one_input("ZEROS_LIKE", x, like("y", x), options("ZerosLikeOptions"))
