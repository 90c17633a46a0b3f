"""Functions of one number: ABS, EXP, LOG, RSQRT and their like, LOGICAL_NOT, CAST and ZEROS_LIKE."""

from __future__ import annotations

import math

import numpy as np
import tflite

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.ir.dtypes import BOOL, F16, F32, S8, S16, S32, S64, U8, DType
from edgegen.ir.fixed_point import FixedPoint, IntArray
from edgegen.ops.cast import Cast
from edgegen.ops.lookup import byte_values
from edgegen.ops.table import Table
from edgegen.ops.unary import Unary
from edgegen.ops.unary.op import FUNCTIONS
from edgegen.ops.unary_quantized import Magnitude, ReciprocalRoot
from edgegen.ops.unary_tables import Real, interpolated, quantized_table

CASTABLE = ("s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "bool", "f16", "f32", "f64")
"""Types that CAST is of."""


def _is_one_of(op: Operator, *dtypes: DType) -> DType:
    """The type of input and output. Raises UnsupportedModel unless it is one of `dtypes`."""
    x, y = op.input(0), op.output
    if x.dtype != y.dtype or x.dtype not in dtypes:
        names = ", ".join(d.name for d in dtypes)
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", f"use one of {names} for both")
    return x.dtype


def _rounded(function: str, x: IntArray) -> IntArray:
    """A member of FUNCTIONS as a good C library computes it on f32: the nearest f32."""
    return np.asarray(FUNCTIONS[function](x.astype(np.float64), 0.0), np.float32)


def _gelu(x: IntArray) -> IntArray:
    """tflite's GeluTransform, operation by operation in f32."""
    erfc = np.vectorize(math.erfc, otypes=[np.float32])(x * np.float32(-math.sqrt(0.5)))
    return np.float32(0.5) * x * np.asarray(erfc)


def _gelu_tanh(x: IntArray) -> IntArray:
    """tflite's GeluTransformApproximate, operation by operation in f32."""
    inner = np.float32(math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x * x * x)
    return np.float32(0.5) * x * (np.float32(1) + _rounded("tanh", inner))


def _by_table(op: Operator, function: str, real: Real) -> None:
    """A quantized function that TFLite computes in f32: of 8 bits for every number, of s16 for each 128th."""
    x, y = op.per_tensor(op.input(0)), op.per_tensor(op.output)
    dtype = op.input(0).dtype
    if dtype == S16:
        if x[1] or y[1]:
            raise op.unsupported("s16 with a zero point is not supported", "calibrate the model again")
        quantized = interpolated(real, x[0], y[0])
        op.add(Unary(function, quantized=quantized), [op.input(0)], op.output)
        return
    op.add(Table(quantized_table(real, dtype, x, y), dtype.name), [op.input(0)], op.output)


def _float(name: str, function: str, last_version: int, *dtypes: DType) -> None:
    """Registers an operator that is one function of f32, or of f16 as well."""

    @operator(name, last_version)
    def read(op: Operator) -> None:
        _is_one_of(op, F32, *dtypes)
        op.add(Unary(function), [op.input(0)], op.output)


for _name, _function in (("CEIL", "ceil"), ("ROUND", "round"), ("SQRT", "sqrt"), ("SQUARE", "square")):
    _float(_name, _function, 1)
for _name, _function in (("COS", "cos"), ("FLOOR", "floor"), ("SIN", "sin")):
    _float(_name, _function, 1, F16)


@operator("ABS", last_version=5)
def absolute(op: Operator) -> None:
    """Quantized as TFLM's AbsEvalQuantized; s16 without a scale, and s32, as they are."""
    dtype = _is_one_of(op, F32, S8, S16, S32)
    if dtype in (F32, S32) or (dtype == S16 and op.input(0).type.quantization is None):
        op.add(Unary("abs"), [op.input(0)], op.output)
        return
    (scale_x, zero_x), (scale_y, zero_y) = op.per_tensor(op.input(0)), op.per_tensor(op.output)
    scale = FixedPoint.from_scales([scale_x / scale_y], zero_y)
    op.add(Unary("abs", quantized=Magnitude(zero_x, scale)), [op.input(0)], op.output)


@operator("NEG", last_version=1)
def negate(op: Operator) -> None:
    """LiteRT takes no notice of what quantized integers stand for; the least number is its own negative."""
    if _is_one_of(op, F16, F32, S8, S16, S32, S64) == S8:
        op.add(Table(tuple(int(v) for v in -byte_values(S8)), "s8"), [op.input(0)], op.output)
    else:
        op.add(Unary("neg"), [op.input(0)], op.output)


@operator("SIGN", last_version=2)
def sign(op: Operator) -> None:
    _is_one_of(op, F32, S32)
    op.add(Unary("sign"), [op.input(0)], op.output)


@operator("ELU", last_version=1)
def elu(op: Operator) -> None:
    """s8 as TFLM's PopulateLookupTable."""
    if _is_one_of(op, F32, S8) == F32:
        op.add(Unary("elu"), [op.input(0)], op.output)
    else:
        _by_table(op, "elu", lambda x: np.where(x < 0, _rounded("exp", x) - np.float32(1), x))


@operator("EXP", last_version=2)
def exp(op: Operator) -> None:
    if _is_one_of(op, F32, S8, S16) == F32:
        op.add(Unary("exp"), [op.input(0)], op.output)
    else:
        _by_table(op, "exp", lambda x: _rounded("exp", x))


@operator("LOG", last_version=2)
def log(op: Operator) -> None:
    """Of a number that is not positive, TensorFlow Lite gives the least number that the integers hold."""
    if _is_one_of(op, F32, S8, S16) == F32:
        op.add(Unary("log"), [op.input(0)], op.output)
    else:
        least = np.float32(op.per_tensor(op.output)[0]) * np.float32(
            op.output.dtype.range[0] - op.per_tensor(op.output)[1]
        )
        _by_table(op, "log", lambda x: np.where(x > 0, _rounded("log", np.where(x > 0, x, 1)), least))


@operator("GELU", last_version=2)
def gelu(op: Operator) -> None:
    """The table of s16 is of the nearest f32 to each erfc, where LiteRT takes that of its C library."""
    function = "gelu_tanh" if op.options(tflite.GeluOptions).Approximate else "gelu"
    if _is_one_of(op, F16, F32, S8, S16, U8) in (F16, F32):
        op.add(Unary(function), [op.input(0)], op.output)
    else:
        _by_table(op, function, _gelu_tanh if function == "gelu_tanh" else _gelu)


@operator("RSQRT", last_version=3)
def rsqrt(op: Operator) -> None:
    """Quantized as TFLM's RsqrtEvalQuantized."""
    if _is_one_of(op, F32, S8, S16) == F32:
        op.add(Unary("rsqrt"), [op.input(0)], op.output)
        return
    (scale_x, zero_x), (scale_y, zero_y) = op.per_tensor(op.input(0)), op.per_tensor(op.output)
    factor = FixedPoint.from_scales([1 / (math.sqrt(scale_x) * scale_y)], zero_y)
    shift = factor.shift[0] - 20
    if shift < -31:
        raise op.unsupported("the output's scale is too large for the input's", "calibrate the model again")
    quantized = ReciprocalRoot(zero_x, FixedPoint(factor.multiplier, (shift,), zero_y))
    op.add(Unary("rsqrt", quantized=quantized), [op.input(0)], op.output)


@operator("LOGICAL_NOT", last_version=1)
def logical_not(op: Operator) -> None:
    _is_one_of(op, BOOL)
    op.add(Unary("not"), [op.input(0)], op.output)


@operator("CAST", last_version=7)
def cast(op: Operator) -> None:
    """Values, not what quantization makes of them."""
    x, y = op.input(0), op.output
    if x.dtype.name not in CASTABLE or y.dtype.name not in CASTABLE:
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", f"use {', '.join(CASTABLE)}")
    op.add(Cast(y.dtype.name), [x], y)


@operator("ZEROS_LIKE", last_version=1)
def zeros_like(op: Operator) -> None:
    x = op.input(0)
    op.define_constant(op.output, np.zeros(x.shape, op.output.dtype.np))
