"""Operators that move elements and compute nothing: padding, joining, permuting."""

from __future__ import annotations

import numpy as np
import tflite

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.frontends.tflite.unsigned import OFFSET
from edgegen.ir.dtypes import U8
from edgegen.ir.tensor import Tensor
from edgegen.ops.concat import MAX_INPUTS, Concat
from edgegen.ops.lookup import byte_values
from edgegen.ops.pad import Pad
from edgegen.ops.table import Table
from edgegen.ops.transpose import Transpose


def _pad(op: Operator, value: float) -> None:
    x, y = op.input(0), op.output
    paddings = op.input(1)
    counts = op.constant(1, "the paddings")
    if counts.dtype.name not in ("int32", "int64") or counts.shape != (x.rank, 2) or (counts < 0).any():
        raise op.invalid(f'paddings "{paddings.name}" {paddings.type} do not fit {x.type}, or are negative')
    before, after = (tuple(int(n) for n in counts[:, side]) for side in (0, 1))
    op.same_quantization(x, y)
    op.add(Pad(before, after, value), [x], y)


@operator("PAD", last_version=4, signed="moves")
def pad(op: Operator) -> None:
    """Pads with what stands for 0: the output's zero point where it is quantized."""
    quantization = op.output.type.quantization
    if quantization is not None and not quantization.per_tensor:
        raise op.unsupported(f'"{op.output.name}" is quantized per channel')
    _pad(op, 0 if quantization is None else quantization.zero_point[0])


@operator("PADV2", last_version=4, signed="moves")
def pad_v2(op: Operator) -> None:
    """Pads with input 2, one element of x's type and quantization."""
    x, value = op.input(0), op.input(2)
    values = op.constant(2, "the padding's value")
    if values.size != 1 or value.dtype != x.dtype:
        raise op.invalid(f'the padding\'s value "{value.name}" must be one {x.dtype}, is {value.type}')
    op.same_quantization(value, op.output)
    _pad(op, values.reshape(-1)[0].item())


def _rescaled(op: Operator, x: Tensor) -> Tensor:
    """A u8 input in the output's quantization, in f32 as reference_ops::ConcatenationWithScaling."""
    y = op.output
    if x.dtype != y.dtype or x.type.quantization is None or y.type.quantization is None:
        return x
    (scale_x, zero_x), (scale_y, zero_y) = op.per_tensor(x), op.per_tensor(y)
    if (scale_x, zero_x) == (scale_y, zero_y):
        return x
    offset = OFFSET if op.unsigned else 0
    scale = np.float32(scale_x) * (np.float32(1) / np.float32(scale_y))
    bias = np.float32(-(zero_x + offset)) * scale
    real = (byte_values(x.dtype).astype(np.float32) + np.float32(offset)) * scale + bias
    rounded = np.trunc(real + np.copysign(np.float32(0.5), real)) + zero_y
    values = np.clip(rounded, *y.dtype.range)
    return op.add(Table(tuple(int(v) for v in values), y.dtype.name), [x])


@operator("CONCATENATION", last_version=4, signed="moves")
def concatenation(op: Operator) -> None:
    """Inputs and output share their quantization, as TFLite demands: its kernels copy. Of u8 they need not."""
    options = op.options(tflite.ConcatenationOptions)
    if options.FusedActivationFunction != tflite.ActivationFunctionType.NONE:
        raise op.unsupported(
            f"fused activation {options.FusedActivationFunction} is not supported, nor does TensorFlow Lite compute it",
            "use a separate activation operator",
        )
    parts: list[Tensor] = [op.input(i) for i in range(len(op.inputs))]
    if not parts:
        raise op.invalid("has no inputs")
    if op.unsigned or op.output.dtype == U8:
        parts = [_rescaled(op, x) for x in parts]
    for x in parts:
        op.same_quantization(x, op.output)
    concat = Concat(op.axis(options.Axis, parts[0].rank))
    while len(parts) > MAX_INPUTS:
        groups = [parts[i : i + MAX_INPUTS] for i in range(0, len(parts), MAX_INPUTS)]
        parts = [g[0] if len(g) == 1 else op.add(concat, g) for g in groups]
    op.add(concat, parts, op.output)


@operator("TRANSPOSE", last_version=6, signed="moves")
def transpose(op: Operator) -> None:
    """Input 1 says which axis of x each axis of the output is."""
    x = op.input(0)
    perm = tuple(op.axis(a, x.rank) for a in op.integers(1, "the permutation"))
    op.same_quantization(x, op.output)
    op.add(Transpose(perm), [x], op.output)
