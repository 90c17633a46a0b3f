"""RELU and its kin, LOGISTIC, TANH, HARD_SWISH, LEAKY_RELU and PRELU as operators of their own."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import tflite

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.frontends.tflite.operators.activation_range import activation_clamp, range_clamp
from edgegen.ir.dtypes import F16, F32, S8, S16, DType
from edgegen.ir.fixed_point import FixedPoint, quantize_multiplier
from edgegen.ir.op import Range
from edgegen.ops.cast import Cast
from edgegen.ops.clamp import Clamp
from edgegen.ops.prelu import Prelu
from edgegen.ops.requantize import Requantize
from edgegen.ops.unary import Unary
from edgegen.ops.unary_quantized import HardSwish16, Sigmoid, TwoSlopes
from edgegen.ops.unary_tables import Sigmoid16


def _is_quantized(op: Operator, integers: tuple[DType, ...] = (S8, S16)) -> bool:
    """Whether the operator computes on quantized integers; False: on f32. Raises UnsupportedModel for other types."""
    x, y = op.input(0), op.output
    if x.dtype != y.dtype or x.dtype not in (F32, *integers):
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", "use full int8 or f32")
    return x.dtype != F32


def _positive_scales(op: Operator) -> tuple[float, float]:
    """Scales of x and y. Raises InvalidModel for an output of scale 0."""
    scale_x, scale_y = op.per_tensor(op.input(0))[0], op.per_tensor(op.output)[0]
    if scale_y == 0:
        raise op.invalid(f'"{op.output.name}" has scale 0')
    return scale_x, scale_y


def _rectify(op: Operator, activation: int) -> None:
    _limit(op, activation_clamp(op, activation, op.output))


def _limit(op: Operator, clamp: Range) -> None:
    """x, requantized if its scale is another than the output's, within the clamp, which is in the output's numbers."""
    x, y = op.input(0), op.output
    if not _is_quantized(op) or op.per_tensor(x) == op.per_tensor(y):
        op.add(Clamp(clamp), [x], y)
        return
    scale_x, scale_y = _positive_scales(op)
    requantize = FixedPoint.from_scales([scale_x / scale_y], op.per_tensor(y)[1])
    op.add(Requantize(requantize, op.per_tensor(x)[1], y.dtype.name, clamp), [x], y)


@operator("RELU", last_version=2, signed="computes")
def relu(op: Operator) -> None:
    _rectify(op, tflite.ActivationFunctionType.RELU)


@operator("RELU_N1_TO_1", last_version=1, signed="computes")
def relu_n1_to_1(op: Operator) -> None:
    _rectify(op, tflite.ActivationFunctionType.RELU_N1_TO_1)


@operator("RELU_0_TO_1", last_version=1, signed="computes")
def relu_0_to_1(op: Operator) -> None:
    _limit(op, range_clamp(op, Range(0.0, 1.0), op.output))


@operator("RELU6", last_version=2, signed="computes")
def relu6(op: Operator) -> None:
    """TFLM's RELU6 on s8 and s16 clamps in the numbers of its input and takes no notice of the output's scale, where
    TensorFlow Lite, the judge of u8, requantizes."""
    _is_quantized(op)
    if op.unsigned:
        _rectify(op, tflite.ActivationFunctionType.RELU6)
        return
    op.add(Clamp(activation_clamp(op, tflite.ActivationFunctionType.RELU6, op.input(0))), [op.input(0)], op.output)


def _sigmoid_s16(op: Operator, function: Literal["logistic", "tanh"]) -> Sigmoid16:
    """As TFLM's LogisticPrepare and TanhPrepare: any scale of x, but 2^-12 (and for tanh 2^-11) are exact."""
    (scale_x, zero_x), (scale_y, zero_y) = op.per_tensor(op.input(0)), op.per_tensor(op.output)
    if (zero_x, scale_y, zero_y) != (0, 2.0**-15, 0):
        raise op.unsupported("s16 must have zero points of 0 and the output scale 1/32768", "convert the model again")
    exact = {2.0**-12: 0} if function == "logistic" else {2.0**-12: 0, 2.0**-11: 1}
    if scale_x in exact:
        return Sigmoid16(function, 3 << exact[scale_x], 0)
    multiplier, shift = scale_x * 4096 * 3, 0
    while multiplier <= 32767 / 2 and shift <= 30:
        multiplier, shift = multiplier * 2, shift + 1
    if multiplier >= 1 << 15 or shift > 30:
        raise op.unsupported(f"the input's scale {scale_x:g} is beyond 16 bits", "calibrate the model again")
    return Sigmoid16(function, int(multiplier), shift)


def _sigmoid(op: Operator, function: Literal["logistic", "tanh"], scale_y: float, zero_y: int) -> None:
    """s8 as tflite::reference_integer_ops::Logistic and Tanh, whose output's quantization is fixed."""
    if op.input(0).dtype == op.output.dtype == F16 or not _is_quantized(op):
        op.add(Unary(function), [op.input(0)], op.output)
        return
    if op.input(0).dtype == S16:
        op.add(Unary(function, quantized=_sigmoid_s16(op, function)), [op.input(0)], op.output)
        return
    if op.per_tensor(op.output) != (scale_y, zero_y):
        text = f"an s8 output must have scale 1/{round(1 / scale_y)} and zero point {zero_y}; of u8, 128 more"
        raise op.unsupported(text, "convert the model again")
    scale_x, zero_x = op.per_tensor(op.input(0))
    factor = scale_x * (1 << 27)
    radius = math.floor(15 * 2.0 ** (27 - math.frexp(factor)[1]))
    input_scale = FixedPoint.from_scales([factor], 0)
    op.add(Unary(function, quantized=Sigmoid(function, zero_x, input_scale, radius)), [op.input(0)], op.output)


@operator("LOGISTIC", last_version=2, signed="computes")
def logistic(op: Operator) -> None:
    _sigmoid(op, "logistic", 1 / 256, -128)


@operator("TANH", last_version=2, signed="computes")
def tanh(op: Operator) -> None:
    _sigmoid(op, "tanh", 1 / 128, 0)


def _finite(op: Operator, factor: np.float32 | float) -> float:
    """A factor that fixed point holds. Raises InvalidModel for others."""
    if not factor < 1 << 31:
        raise op.invalid("the scales of input and output are too far apart")
    return float(factor)


def _multiplier16(factor: float) -> tuple[int, int]:
    """(multiplier with 15 fraction bits, exponent) of a real factor."""
    multiplier, exponent = quantize_multiplier(factor)
    return min((multiplier + (1 << 15)) >> 16, (1 << 15) - 1), exponent


@operator("HARD_SWISH", last_version=1, signed="computes")
def hard_swish(op: Operator) -> None:
    """s8 as TFLM's HardSwishPrepare, which computes scales in f32."""
    if not _is_quantized(op, (S8,)):
        op.add(Unary("hard_swish"), [op.input(0)], op.output)
        return
    scale_x, scale_y = _positive_scales(op)
    fine = np.float32(1 / 128) * np.float32(scale_x)
    output = _multiplier16(_finite(op, fine / np.float32(scale_y)))
    gate = _multiplier16(_finite(op, fine / (np.float32(3) / np.float32(32768))))
    if output[1] > 0:
        raise op.unsupported("the output's scale is too small for the input's", "calibrate the model again")
    quantized = HardSwish16(op.per_tensor(op.input(0))[1], op.per_tensor(op.output)[1], *output, *gate)
    op.add(Unary("hard_swish", quantized=quantized), [op.input(0)], op.output)


@operator("LEAKY_RELU", last_version=2, signed="computes")
def leaky_relu(op: Operator) -> None:
    """Quantized as TFLM's LEAKY_RELU, with factors in f64; TensorFlow Lite computes them in f32."""
    alpha = float(op.options(tflite.LeakyReluOptions).Alpha)
    if not _is_quantized(op):
        op.add(Unary("leaky_relu", alpha), [op.input(0)], op.output)
        return
    if alpha < 0:
        raise op.unsupported(
            f"{op.input(0).dtype} with the slope {alpha} is not supported", "use a slope of at least 0, or f32"
        )
    scale_x, scale_y = _positive_scales(op)
    zero_x, zero_y = op.per_tensor(op.input(0))[1], op.per_tensor(op.output)[1]
    positive = FixedPoint.from_scales([_finite(op, scale_x / scale_y)], zero_y)
    negative = FixedPoint.from_scales([_finite(op, scale_x * alpha / scale_y)], zero_y)
    op.add(Unary("leaky_relu", quantized=TwoSlopes(zero_x, positive, negative)), [op.input(0)], op.output)


@operator("PRELU", last_version=1, signed="computes")
def prelu(op: Operator) -> None:
    """Alpha is broadcast to the input's shape. Beside s16 it is s8, as TFLM demands; TensorFlow Lite reads it as s8
    whatever its type."""
    x, alpha, y = op.input(0), op.input(1), op.output
    if alpha.dtype != (S8 if x.dtype == S16 else x.dtype):
        raise op.unsupported(f"{x.dtype} with alpha of {alpha.dtype} is not supported", "use full int8 or f32")
    if not _is_quantized(op):
        op.add(Prelu(), [x, alpha], y)
        return
    scale_x, scale_y = _positive_scales(op)
    (_, zero_x), (scale_alpha, zero_alpha), (_, zero_y) = map(op.per_tensor, (x, alpha, y))
    positive = FixedPoint.from_scales([scale_x / scale_y], zero_y)
    negative = FixedPoint.from_scales([scale_x * scale_alpha / scale_y], zero_y)
    slopes = op.add(Cast("s16"), [alpha]) if x.dtype == S16 else alpha
    op.add(Prelu(zero_x, zero_alpha, positive, negative), [x, slopes], y)
