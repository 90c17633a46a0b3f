"""Operators that move elements and compute nothing: padding, joining, permuting.

They copy numbers as they are, whatever quantization the output declares, as TFLM and LiteRT do: only where those
refuse another one is it refused here.
"""

from __future__ import annotations

import numpy as np
import tflite

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.frontends.tflite.unsigned import OFFSET
from edgegen.ir.dtypes import S8, S16, U8
from edgegen.ir.tensor import Tensor
from edgegen.ops.concat import MAX_INPUTS, Concat
from edgegen.ops.lookup import byte_values
from edgegen.ops.mirror_pad import MirrorPad, Mode
from edgegen.ops.pad import Pad
from edgegen.ops.reshape import Reshape
from edgegen.ops.reverse_sequence import ReverseSequence
from edgegen.ops.slice import Slice
from edgegen.ops.table import Table
from edgegen.ops.transpose import Transpose


def check_u8(op: Operator, x: Tensor, y: Tensor) -> None:
    """Raises UnsupportedModel if u8 gets another meaning where neither TFLM nor LiteRT lets that happen."""
    if op.unsigned or x.dtype == U8:
        op.same_quantization(x, y)


def _paddings(op: Operator) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(before, after) along each axis. Raises InvalidModel."""
    x, paddings = op.input(0), op.input(1)
    counts = op.constant(1, "the paddings")
    if counts.dtype.name not in ("int32", "int64") or counts.shape != (x.rank, 2) or (counts < 0).any():
        raise op.invalid(f'paddings "{paddings.name}" {paddings.type} do not fit {x.type}, or are negative')
    return tuple(int(n) for n in counts[:, 0]), tuple(int(n) for n in counts[:, 1])


def _pad(op: Operator, value: float) -> None:
    op.add(Pad(*_paddings(op), value), [op.input(0)], op.output)


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


@operator("MIRROR_PAD", last_version=3, signed="moves")
def mirror_pad(op: Operator) -> None:
    mode: Mode = "reflect" if op.options(tflite.MirrorPadOptions).Mode == tflite.MirrorPadMode.REFLECT else "symmetric"
    if op.unsigned or op.input(0).dtype != S8:
        op.same_quantization(op.input(0), op.output)
    op.add(MirrorPad(*_paddings(op), mode), [op.input(0)], op.output)


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
    """s8 inputs share the output's quantization, as TFLite demands; u8 is rescaled to it; s16 is copied."""
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
        if x.dtype != S16:
            op.same_quantization(x, op.output)
    _join(op, parts, op.axis(options.Axis, parts[0].rank))


def _join(op: Operator, parts: list[Tensor], axis: int) -> None:
    """The output is the parts one after the other."""
    concat = Concat(axis)
    while len(parts) > MAX_INPUTS:
        groups = [parts[i : i + MAX_INPUTS] for i in range(0, len(parts), MAX_INPUTS)]
        parts = [g[0] if len(g) == 1 else op.add(concat, g) for g in groups]
    op.add(concat, parts, op.output)


@operator("PACK", last_version=5, signed="moves")
def pack(op: Operator) -> None:
    """Inputs of one shape side by side along a new axis."""
    options, parts = op.options(tflite.PackOptions), [op.input(i) for i in range(len(op.inputs))]
    if not parts or options.ValuesCount != len(parts) or any(x.shape != parts[0].shape for x in parts):
        raise op.invalid(f"{len(parts)} inputs do not make {options.ValuesCount} slices of one shape")
    axis, shape = op.axis(options.Axis, parts[0].rank + 1), parts[0].shape
    for x in parts:
        check_u8(op, x, op.output)
    slices = {x: op.add(Reshape((*shape[:axis], 1, *shape[axis:])), [x]) for x in dict.fromkeys(parts)}
    _join(op, [slices[x] for x in parts], axis)


@operator("TRANSPOSE", last_version=6, signed="moves")
def transpose(op: Operator) -> None:
    """Input 1 says which axis of x each axis of the output is."""
    x = op.input(0)
    perm = tuple(op.axis(a, x.rank) for a in op.integers(1, "the permutation"))
    op.add(Transpose(perm), [x], op.output)


@operator("REVERSE_V2", last_version=4, signed="moves")
def reverse_v2(op: Operator) -> None:
    """Input 1 lists the axes whose order is reversed."""
    x = op.input(0)
    axes = {op.axis(a, x.rank) for a in op.integers(1, "the axes")}
    begin = tuple(n - 1 if i in axes else 0 for i, n in enumerate(x.shape))
    stride = tuple(-1 if i in axes else 1 for i in range(x.rank))
    op.add(Slice(begin, x.shape, stride), [x], op.output)


@operator("REVERSE_SEQUENCE", last_version=1)
def reverse_sequence(op: Operator) -> None:
    """Input 1 says how much of each sequence is reversed."""
    x, options = op.input(0), op.options(tflite.ReverseSequenceOptions)
    axis, batch_axis = op.axis(options.SeqDim, x.rank), op.axis(options.BatchDim, x.rank)
    op.add(ReverseSequence(axis, batch_axis), [x, op.input(1)], op.output)
