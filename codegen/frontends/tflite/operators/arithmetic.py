"""ADD, SUB, MUL, DIV and other arithmetic of two operands, and ADD_N."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import tflite

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.frontends.tflite.operators.activation_range import activation_clamp
from edgegen.frontends.tflite.operators.fine_sums import fine, write_fine_sums
from edgegen.ir.dtypes import F16, F32, S8, S16, S32, S64, U8, U32, DType
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import NO_CLAMP
from edgegen.ops.binary import Binary
from edgegen.ops.cast import Cast


def _scales(op: Operator) -> tuple[float, float, float]:
    """Scales of a, b and y. Raises InvalidModel for one that is 0."""
    tensors = (op.input(0), op.input(1), op.output)
    for tensor in tensors:
        if op.per_tensor(tensor)[0] == 0:
            raise op.invalid(f'"{tensor.name}" has scale 0')
    a, b, y = (op.per_tensor(t)[0] for t in tensors)
    return a, b, y


def _quantized(op: Operator, function: str) -> Binary:
    """The operator with TFLM's factors. Add, sub and squared_difference bring a and b to twice the larger of their
    scales, over a power of 2 that leaves their sum or square in 32 bits, and that to the output's."""
    zero_a, zero_b, zero_y = (op.per_tensor(t)[1] for t in (op.input(0), op.input(1), op.output))
    scale_a, scale_b, scale_y = _scales(op)
    if function == "mul":
        return Binary(
            function, zero_a, zero_b, requantize=FixedPoint.from_scales([scale_a * scale_b / scale_y], zero_y)
        )
    if function == "div":
        factor = scale_a / (scale_b * scale_y)
        if not factor < 1 << 31:
            raise op.invalid("the scales of the operands are too far apart")
        return Binary(function, zero_a, zero_b, requantize=FixedPoint.from_scales([factor], zero_y))
    twice = 2 * max(scale_a, scale_b)
    if function == "squared_difference":
        left_shift = 7 if op.output.dtype == S8 else 0
        a, b = FixedPoint.from_scales([scale_a / twice], 0), FixedPoint.from_scales([scale_b / twice], 0)
        factor = twice * twice / float(np.float32(1 << 2 * left_shift) * np.float32(scale_y))
        return Binary(function, zero_a, zero_b, left_shift, a, b, FixedPoint.from_scales([factor], zero_y))
    left_shift = 15 if op.output.dtype == S16 else 20
    factor = twice / ((1 << left_shift) * scale_y)
    if factor >= 1:
        raise op.unsupported("the output's scale is too small for those of the inputs", "calibrate the model again")
    a, b = FixedPoint.from_scales([scale_a / twice], 0), FixedPoint.from_scales([scale_b / twice], 0)
    return Binary(function, zero_a, zero_b, left_shift, a, b, FixedPoint.from_scales([factor], zero_y))


def _one_type(op: Operator, *dtypes: DType) -> DType:
    """The type of all operands and the result. Raises UnsupportedModel unless it is one of `dtypes`, and for quantized
    integers of 32 bits and more."""
    y = op.output
    for i, x in enumerate(op.inputs):
        if x is None:
            raise op.invalid(f"lacks input {i}")
        if x.dtype != y.dtype or x.dtype not in dtypes:
            types = " with ".join(str(t.dtype) for t in op.inputs if t is not None)
            raise op.unsupported(
                f"{types} to {y.dtype} is not supported", f"use {', '.join(d.name for d in dtypes)} for all"
            )
        if x.dtype in (S32, S64, U32) and x.type.quantization is not None:
            raise op.unsupported(f"quantized {x.dtype} is not supported", "use int8 or int16")
    op.input(1)
    return y.dtype


def _binary(op: Operator, function: str, options: type, *dtypes: DType) -> None:
    a, b, y = op.input(0), op.input(1), op.output
    _one_type(op, *dtypes)
    clamp = activation_clamp(op, op.options(options).FusedActivationFunction, y)
    if function == "add" and y.dtype == S32 and clamp != NO_CLAMP:
        # TFLM ignores it, TensorFlow Lite applies it: there is no one meaning to keep.
        raise op.unsupported("s32 with a fused activation is ambiguous", "use a separate activation operator")
    binary = _quantized(op, function) if y.dtype in (S8, S16) else Binary(function)
    op.add(replace(binary, clamp=clamp), [a, b], y)


@operator("ADD", last_version=4, signed="computes")
def add(op: Operator) -> None:
    _binary(op, "add", tflite.AddOptions, F16, F32, S8, S16, S32, S64)


@operator("SUB", last_version=5, signed="computes")
def sub(op: Operator) -> None:
    _binary(op, "sub", tflite.SubOptions, F32, S8, S16, S32, S64)


@operator("MUL", last_version=5, signed="computes")
def mul(op: Operator) -> None:
    _binary(op, "mul", tflite.MulOptions, F16, F32, S8, S16, S32, S64, U32)


@operator("DIV", last_version=2, signed="computes")
def div(op: Operator) -> None:
    """Integers give 0 where they are divided by 0; TensorFlow Lite stops there."""
    _binary(op, "div", tflite.DivOptions, F32, S8, S16, S32)


@operator("SQUARED_DIFFERENCE", last_version=2)
def squared_difference(op: Operator) -> None:
    dtype = _one_type(op, F32, S8, S16, S32)
    binary = _quantized(op, "squared_difference") if dtype in (S8, S16) else Binary("squared_difference")
    op.add(binary, [op.input(0), op.input(1)], op.output)


def _plain(name: str, function: str, last_version: int, *dtypes: DType) -> None:
    """Registers an operator that computes on numbers as they are, whatever they stand for, as TFLM and LiteRT do."""

    @operator(name, last_version, signed="computes")
    def read(op: Operator) -> None:
        dtype, a, b = _one_type(op, *dtypes), op.input(0), op.input(1)
        if function in ("maximum", "minimum") or dtype not in (S8, S16):
            op.add(Binary(function), [a, b], op.output)
            return
        wide = op.add(Binary(function), [op.add(Cast("s32"), [a]), op.add(Cast("s32"), [b])])
        op.add(Cast(dtype.name), [wide], op.output)


_plain("MAXIMUM", "maximum", 4, F16, F32, S8, U8, S16, S32, S64)
_plain("MINIMUM", "minimum", 4, F16, F32, S8, U8, S16, S32, S64)
_plain("FLOOR_DIV", "floor_div", 3, F32, S8, S16, S32)
_plain("FLOOR_MOD", "floor_mod", 2, F32, S8, S16, S32, S64)
_plain("POW", "pow", 1, F32, S32)


@operator("ADD_N", last_version=1)
def add_n(op: Operator) -> None:
    """Pairs from the left, as both judges add floats; s8 as TFLM's: see `write_fine_sums`. Inputs of s8 share their
    quantization, as TFLM demands."""
    dtype, x = _one_type(op, F32, S8, S32), op.input(0)
    terms = [op.input(i) for i in range(len(op.inputs))]
    for i, term in enumerate(terms):
        if term.shape != x.shape:
            raise op.invalid(f"input {i} {term.type} is not of the shape of the others")
        op.same_quantization(x, term)
    total = fine(op, x) if dtype == S8 else x
    for i, term in enumerate(terms[1:], 2):
        added = fine(op, term) if dtype == S8 else term
        total = op.add(Binary("add"), [total, added], op.output if i == len(terms) and dtype != S8 else None)
    if dtype == S8:
        write_fine_sums(op, total, x)
