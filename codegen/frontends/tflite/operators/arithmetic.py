"""ADD, SUB and MUL."""

from __future__ import annotations

from dataclasses import replace

import tflite
from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.frontends.tflite.operators.activation_range import activation_clamp
from edgegen.ir.dtypes import F32, S8, S16, S32, S64
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import NO_CLAMP
from edgegen.ops.binary import Binary


def _scales(op: Operator) -> tuple[float, float, float]:
    """Scales of a, b and y. Raises InvalidModel for one that is 0."""
    tensors = (op.input(0), op.input(1), op.output)
    for tensor in tensors:
        if op.per_tensor(tensor)[0] == 0:
            raise op.invalid(f'"{tensor.name}" has scale 0')
    a, b, y = (op.per_tensor(t)[0] for t in tensors)
    return a, b, y


def _quantized(op: Operator, function: str) -> Binary:
    """The operator with TFLM's factors. Add and sub bring a and b to twice the larger of their scales, over 2^20 for
    s8 and 2^15 for s16, and their sum to the output's."""
    zero_a, zero_b, zero_y = (op.per_tensor(t)[1] for t in (op.input(0), op.input(1), op.output))
    scale_a, scale_b, scale_y = _scales(op)
    if function == "mul":
        return Binary(
            function, zero_a, zero_b, requantize=FixedPoint.from_scales([scale_a * scale_b / scale_y], zero_y)
        )
    left_shift = 20 if op.output.dtype == S8 else 15
    twice = 2 * max(scale_a, scale_b)
    factor = twice / ((1 << left_shift) * scale_y)
    if factor >= 1:
        raise op.unsupported("the output's scale is too small for those of the inputs", "calibrate the model again")
    a, b = FixedPoint.from_scales([scale_a / twice], 0), FixedPoint.from_scales([scale_b / twice], 0)
    return Binary(function, zero_a, zero_b, left_shift, a, b, FixedPoint.from_scales([factor], zero_y))


def _binary(op: Operator, function: str, options: type) -> None:
    a, b, y = op.input(0), op.input(1), op.output
    if not a.dtype == b.dtype == y.dtype or y.dtype not in (F32, S8, S16, S32, S64):
        raise op.unsupported(f"{a.dtype} with {b.dtype} to {y.dtype} is not supported", "use one type for all three")
    if y.dtype in (S32, S64) and any(t.type.quantization is not None for t in (a, b, y)):
        raise op.unsupported(f"quantized {y.dtype} is not supported", "use int8 or int16")
    clamp = activation_clamp(op, op.options(options).FusedActivationFunction, y)
    if function == "add" and y.dtype == S32 and clamp != NO_CLAMP:
        # TFLM ignores it, TensorFlow Lite applies it: there is no one meaning to keep.
        raise op.unsupported("s32 with a fused activation is ambiguous", "use a separate activation operator")
    binary = _quantized(op, function) if y.dtype in (S8, S16) else Binary(function)
    op.add(replace(binary, clamp=clamp), [a, b], y)


@operator("ADD", last_version=4)
def add(op: Operator) -> None:
    _binary(op, "add", tflite.AddOptions)


@operator("SUB", last_version=5)
def sub(op: Operator) -> None:
    _binary(op, "sub", tflite.SubOptions)


@operator("MUL", last_version=5)
def mul(op: Operator) -> None:
    _binary(op, "mul", tflite.MulOptions)
