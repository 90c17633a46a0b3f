"""QUANTIZE, DEQUANTIZE and FAKE_QUANT."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import tflite

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.ir.dtypes import F16, F32, S8, S16, S32, U8
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ops.cast import Cast
from edgegen.ops.fake_quantize import nudged
from edgegen.ops.requantize import Dequantize, Quantize, Requantize


@operator("QUANTIZE", last_version=2, signed="computes")
def quantize(op: Operator) -> None:
    """From f32, or from one quantized type to another."""
    x, y = op.input(0), op.output
    scale_y, zero_y = op.per_tensor(y)
    if scale_y == 0:
        raise op.invalid(f'"{y.name}" has scale 0')
    if x.dtype == F32 and y.dtype in (S8, U8, S16):
        op.add(Quantize(scale_y, zero_y, y.dtype.name), [x], y)
    elif x.dtype in (S8, U8, S16, S32) and y.dtype in (S8, U8, S16, S32):
        scale_x, zero_x = op.per_tensor(x)
        requantize = FixedPoint.from_scales([scale_x / scale_y], zero_y)
        op.add(Requantize(requantize, zero_x, y.dtype.name), [x], y)
    else:
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", "use int8, uint8 or int16")


@operator("DENSIFY", last_version=1)
def densify(op: Operator) -> None:
    """A sparse constant is expanded while the file is read, so that its dense twin has the same elements."""
    x, y = op.input(0), op.output
    values = op.constant(0, "a sparse tensor")
    if x.dtype != y.dtype:
        raise op.invalid(f'"{x.name}" is {x.dtype}, "{y.name}" {y.dtype}')
    op.define_constant(y, values)


@operator("DEQUANTIZE", last_version=5, signed="computes")
def dequantize(op: Operator) -> None:
    """To f32. A constant is converted here, so that weights kept in fewer bits are constant for their readers, and
    remembers its scales; scales per channel are supported for constants only."""
    x, y = op.input(0), op.output
    if y.dtype != F32 or x.dtype not in (S8, U8, S16, F16):
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", "use int8, uint8 or int16")
    if x.dtype == F16:
        if x.data is None:
            op.add(Cast("f32"), [x], y)
        else:
            op.define_constant(y, x.data.astype(np.float32))
        return
    q = op.quantization(x)
    conversion = Dequantize(q.scale, q.zero_point, q.axis or 0)
    conversion.infer(x.type)
    if x.data is not None:
        op.define_constant(y, conversion.reference(x.data)[0])
        y.type = replace(y.type, quantization=q)
    else:
        op.per_tensor(x)
        op.add(conversion, [x], y)


@operator("FAKE_QUANT", last_version=2)
def fake_quant(op: Operator) -> None:
    """What a training graph leaves behind: f32 rounded to what integers of some bits could hold."""
    x, y, options = op.input(0), op.output, op.options(tflite.FakeQuantOptions)
    if (x.dtype, y.dtype) != (F32, F32):
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", "use f32")
    if options.NarrowRange:
        raise op.unsupported("a narrow range is for weights, which TensorFlow Lite refuses too", "convert again")
    if not 2 <= options.NumBits <= 16:
        raise op.unsupported(f"{options.NumBits} bits are not supported", "use 2 to 16")
    op.add(nudged(float(options.Min), float(options.Max), options.NumBits), [x], y)
