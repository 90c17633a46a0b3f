"""QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.tensors import dtype_of_onnx
from edgegen.ir.dtypes import F32, S32, U8, DType
from edgegen.ir.op import Range
from edgegen.ir.quantization import Quantization
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.cast import Cast
from edgegen.ops.clamp import Clamp
from edgegen.ops.dynamic_quantize import DynamicQuantize
from edgegen.ops.requantize import Dequantize, Quantize
from edgegen.ops.slice import Slice
from edgegen.ops.unary import Unary

MICROSOFT = "com.microsoft"


def single(tensor: Tensor | None, default: float = 0) -> float | None:
    """The value of a constant of one element; the default if there is none, None if it is not that."""
    if tensor is None:
        return default
    if tensor.data is None or tensor.type.elements != 1:
        return None
    return float(tensor.data.reshape(-1)[0])


def _spread(op: Operator, parameter: Tensor, x: Tensor, axis: int, block: int) -> Tensor:
    """Scales or zero points as what broadcasts over x: of the tensor, along `axis`, or of blocks along it."""
    if parameter.type.elements == 1 and not block:
        return op.reshape(parameter, ())
    axis = op.axis(axis, x.rank)
    if not block:
        if parameter.shape != (x.shape[axis],):
            raise op.invalid(f"{parameter.type} does not fit axis {axis} of {x.type}")
        return op.reshape(parameter, (x.shape[axis], *(1,) * (x.rank - axis - 1)))
    count = -(-x.shape[axis] // block)
    expected = (*x.shape[:axis], count, *x.shape[axis + 1 :])
    if parameter.shape != expected:
        raise op.invalid(f"{parameter.type} does not fit blocks of {block} along axis {axis} of {x.type}")
    apart = op.reshape(parameter, (*x.shape[:axis], count, 1, *x.shape[axis + 1 :]))
    repeated = op.add(BroadcastTo((*x.shape[:axis], count, block, *x.shape[axis + 1 :])), [apart])
    whole = op.reshape(repeated, (*x.shape[:axis], count * block, *x.shape[axis + 1 :]))
    if whole.shape == x.shape:
        return whole
    return op.add(Slice((0,) * x.rank, x.shape, (1,) * x.rank), [whole])


def limited(op: Operator, rounded: Tensor, zero: Tensor | None, dtype: DType) -> Tensor:
    """Whole numbers in f32, plus a zero point, saturated to an integer type."""
    low, high = dtype.range
    if zero is not None:
        # limited before the sum, which is exact then; beyond these limits it saturates anyway
        rounded = op.add(Clamp(Range(2.0 * low - high, 2.0 * high - low)), [rounded])
        rounded = op.add(Binary("add"), [rounded, op.cast(zero, F32)])
    return op.cast(op.cast(op.add(Clamp(Range(low, high)), [rounded]), S32), dtype)


@operator("QuantizeLinear", since=10)
@operator("QuantizeLinear", domain=MICROSOFT)
def quantize_linear(
    op: Operator,
    x: Tensor,
    y_scale: Tensor,
    y_zero_point: Tensor | None = None,
    *,
    axis: int = 1,
    block_size: int = 0,
    output_dtype: int = 0,
    precision: int = 0,
    saturate: int = 1,
) -> Tensor:
    """saturate(round(x / scale) + zero point), ties to even; 8-bit floats round as casts do.

    precision: the type of the division, f32 unless it says otherwise
    """
    dtype = U8
    if y_zero_point is not None:
        dtype = y_zero_point.dtype
    elif output_dtype:
        dtype = dtype_of_onnx(output_dtype, "the output")
    if block_size < 0:
        raise op.invalid(f"block_size is {block_size}")
    scale, zero = single(y_scale), single(y_zero_point)
    plain = precision in (0, onnx.TensorProto.FLOAT) and block_size == 0 and x.dtype == F32
    if plain and scale is not None and zero is not None and dtype.name in ("s8", "u8", "s16") and scale > 0:
        return op.add(Quantize(scale, int(zero), dtype.name, even=True), [x])
    wide = dtype_of_onnx(precision, "the division") if precision else x.dtype if x.dtype.is_float else y_scale.dtype
    factor = _spread(op, op.cast(y_scale, wide), x, axis, block_size)
    quotient = op.add(Binary("div"), [op.cast(x, wide), factor])
    if not dtype.is_integer:
        return op.add(Cast(dtype.name, bool(saturate)), [quotient])
    rounded = op.add(Unary("round"), [op.cast(quotient, F32)])
    spread = None if zero == 0 or y_zero_point is None else _spread(op, y_zero_point, x, axis, block_size)
    return limited(op, rounded, spread, dtype)


def dequantized_constant(
    op: Operator, x: Tensor, scale: Tensor, zero: Tensor | None, axis: int, block: int = 0
) -> Tensor | None:
    """The numbers that a constant stands for, however many, in f32: they remember their scales, so that layers can
    compute in integers or keep their weights in few bits. None if they are not known ahead of time."""
    if x.data is None or scale.data is None or (zero is not None and zero.data is None):
        return None
    per_tensor = scale.type.elements == 1 and not block
    along = None if per_tensor else op.axis(axis, x.rank)
    if along is not None:
        shape = [1] * x.rank
        shape[along] = x.shape[along]
        blocks = [-(-n // block) if block and i == along else n for i, n in enumerate(x.shape)]
        expected = tuple(blocks) if block else (x.shape[along],)
        if scale.shape != expected or (zero is not None and zero.shape != expected):
            raise op.invalid(f"scales {scale.type} do not fit axis {axis} of {x.type}")
    elif zero is not None and zero.type.elements != 1:
        raise op.invalid(f"zero point {zero.type} beside scale {scale.type}")
    scales = scale.data.astype(np.float32).reshape(-1)
    found = Quantization(tuple(map(float, scales)), (0,) * len(scales), along, block)
    spread = found.spread(x.shape)
    assert spread is not None
    numbers = x.data.astype(np.float32)
    if zero is not None and x.dtype.is_integer:
        zeros = zero.values.astype(np.float64).reshape(-1)
        offsets = Quantization(tuple(zeros.tolist()), found.zero_point, along, block).spread(x.shape)
        assert offsets is not None
        numbers = (x.data.astype(np.float64) - offsets).astype(np.float32)
        found = replace(found, zero_point=tuple(map(int, zeros)))
    y = op.constant(numbers * spread, F32)
    y.type = replace(y.type, quantization=found)
    return y


@operator("DequantizeLinear", since=10)
@operator("DequantizeLinear", domain=MICROSOFT)
def dequantize_linear(
    op: Operator,
    x: Tensor,
    x_scale: Tensor,
    x_zero_point: Tensor | None = None,
    *,
    axis: int = 1,
    block_size: int = 0,
    output_dtype: int = 0,
) -> Tensor:
    """(x - zero point) * scale, of the scale's type or `output_dtype`, in f32."""
    result = dtype_of_onnx(output_dtype, "the output") if output_dtype else x_scale.dtype
    if block_size < 0:
        raise op.invalid(f"block_size is {block_size}")
    if x_zero_point is not None and x_zero_point.dtype != x.dtype:
        raise op.invalid(f"zero point {x_zero_point.type} is not of the type of x {x.type}")
    scale, zero = single(x_scale), single(x_zero_point)
    plain = block_size == 0 and x.dtype.name in ("s8", "u8", "s16") and result == F32 == x_scale.dtype
    if plain and scale is not None and zero is not None and not x.is_constant:
        return op.add(Dequantize((scale,), (int(zero),)), [x])
    known = dequantized_constant(op, x, x_scale, x_zero_point, axis, block_size)
    if known is not None:
        return op.cast(known, result)
    factor = _spread(op, op.cast(x_scale, F32), x, axis, block_size)
    if x.dtype.is_integer and zero != 0 and x_zero_point is not None:
        offset = op.cast(_spread(op, x_zero_point, x, axis, block_size), S32)
        wide = op.cast(op.add(Binary("sub"), [op.cast(x, S32), offset]), F32)
    else:
        wide = op.cast(x, F32)
    return op.cast(op.add(Binary("mul"), [wide, factor]), result)


@operator("DynamicQuantizeLinear", since=11)
def dynamic_quantize_linear(op: Operator, x: Tensor) -> list[Tensor]:
    """u8 of a scale and zero point that x's range, with 0 in it, needs."""
    return op.add_all(DynamicQuantize(), [x])
