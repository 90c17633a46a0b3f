"""RELU and its kin, LOGISTIC, TANH, HARD_SWISH, LEAKY_RELU and PRELU as operators of their own."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import tflite
from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.frontends.tflite.operators.activation_range import activation_clamp
from edgegen.ir.dtypes import F32, S8
from edgegen.ir.fixed_point import FixedPoint, quantize_multiplier
from edgegen.ops.clamp import Clamp
from edgegen.ops.prelu import Prelu
from edgegen.ops.requantize import Requantize
from edgegen.ops.unary import Unary
from edgegen.ops.unary_quantized import HardSwish16, Sigmoid, TwoSlopes


def _is_quantized(op: Operator) -> bool:
    """Whether the operator computes on s8; False: on f32. Raises UnsupportedModel for other types."""
    x, y = op.input(0), op.output
    if x.dtype != y.dtype or x.dtype not in (F32, S8):
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", "use full int8 or f32")
    return x.dtype == S8


def _positive_scales(op: Operator) -> tuple[float, float]:
    """Scales of x and y. Raises InvalidModel for an output of scale 0."""
    scale_x, scale_y = op.per_tensor(op.input(0))[0], op.per_tensor(op.output)[0]
    if scale_y == 0:
        raise op.invalid(f'"{op.output.name}" has scale 0')
    return scale_x, scale_y


def _rectify(op: Operator, activation: int) -> None:
    x, y = op.input(0), op.output
    clamp = activation_clamp(op, activation, y)
    if not _is_quantized(op) or op.per_tensor(x) == op.per_tensor(y):
        op.add(Clamp(clamp), [x], y)
        return
    scale_x, scale_y = _positive_scales(op)
    requantize = FixedPoint.from_scales([scale_x / scale_y], op.per_tensor(y)[1])
    op.add(Requantize(requantize, op.per_tensor(x)[1], "s8", clamp), [x], y)


@operator("RELU", last_version=2)
def relu(op: Operator) -> None:
    _rectify(op, tflite.ActivationFunctionType.RELU)


@operator("RELU_N1_TO_1", last_version=1)
def relu_n1_to_1(op: Operator) -> None:
    _rectify(op, tflite.ActivationFunctionType.RELU_N1_TO_1)


@operator("RELU6", last_version=2)
def relu6(op: Operator) -> None:
    """TFLM's int8 RELU6 clamps in the numbers of its input and takes no notice of the output's scale."""
    _is_quantized(op)
    op.add(Clamp(activation_clamp(op, tflite.ActivationFunctionType.RELU6, op.input(0))), [op.input(0)], op.output)


def _sigmoid(op: Operator, function: Literal["logistic", "tanh"], scale_y: float, zero_y: int) -> None:
    """s8 as tflite::reference_integer_ops::Logistic and Tanh, whose output's quantization is fixed."""
    if not _is_quantized(op):
        op.add(Unary(function), [op.input(0)], op.output)
        return
    if op.per_tensor(op.output) != (scale_y, zero_y):
        raise op.unsupported(
            f"an s8 output must have scale 1/{round(1 / scale_y)} and zero point {zero_y}", "convert the model again"
        )
    scale_x, zero_x = op.per_tensor(op.input(0))
    factor = scale_x * (1 << 27)
    radius = math.floor(15 * 2.0 ** (27 - math.frexp(factor)[1]))
    input_scale = FixedPoint.from_scales([factor], 0)
    op.add(Unary(function, quantized=Sigmoid(function, zero_x, input_scale, radius)), [op.input(0)], op.output)


@operator("LOGISTIC", last_version=2)
def logistic(op: Operator) -> None:
    _sigmoid(op, "logistic", 1 / 256, -128)


@operator("TANH", last_version=2)
def tanh(op: Operator) -> None:
    _sigmoid(op, "tanh", 1 / 128, 0)


def _finite(op: Operator, factor: np.float32 | float) -> float:
    """A factor computed in f32. Raises InvalidModel if it overflowed."""
    if not np.isfinite(factor):
        raise op.invalid("the scales of input and output are too far apart")
    return float(factor)


def _multiplier16(factor: float) -> tuple[int, int]:
    """(multiplier with 15 fraction bits, exponent) of a real factor."""
    multiplier, exponent = quantize_multiplier(factor)
    return min((multiplier + (1 << 15)) >> 16, (1 << 15) - 1), exponent


@operator("HARD_SWISH", last_version=1)
def hard_swish(op: Operator) -> None:
    """s8 as TFLM's HardSwishPrepare, which computes scales in f32."""
    if not _is_quantized(op):
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


@operator("LEAKY_RELU", last_version=2)
def leaky_relu(op: Operator) -> None:
    """s8 as TFLM's CalculateOpDataLeakyRelu, which computes factors in f32."""
    alpha = float(op.options(tflite.LeakyReluOptions).Alpha)
    if not _is_quantized(op):
        op.add(Unary("leaky_relu", alpha), [op.input(0)], op.output)
        return
    if alpha < 0:
        raise op.unsupported(f"s8 with the slope {alpha} is not supported", "use a slope of at least 0, or f32")
    scale_x, scale_y = map(np.float32, _positive_scales(op))
    zero_x, zero_y = op.per_tensor(op.input(0))[1], op.per_tensor(op.output)[1]
    positive = FixedPoint.from_scales([_finite(op, scale_x / scale_y)], zero_y)
    negative = FixedPoint.from_scales([_finite(op, scale_x * np.float32(alpha) / scale_y)], zero_y)
    op.add(Unary("leaky_relu", quantized=TwoSlopes(zero_x, positive, negative)), [op.input(0)], op.output)


@operator("PRELU", last_version=1)
def prelu(op: Operator) -> None:
    """Alpha is broadcast to the input's shape."""
    x, alpha, y = op.input(0), op.input(1), op.output
    if alpha.dtype != x.dtype:
        raise op.unsupported(f"{x.dtype} with alpha of {alpha.dtype} is not supported", "use full int8 or f32")
    if not _is_quantized(op):
        op.add(Prelu(), [x, alpha], y)
        return
    scale_x, scale_y = _positive_scales(op)
    (_, zero_x), (scale_alpha, zero_alpha), (_, zero_y) = map(op.per_tensor, (x, alpha, y))
    positive = FixedPoint.from_scales([scale_x / scale_y], zero_y)
    negative = FixedPoint.from_scales([scale_x * scale_alpha / scale_y], zero_y)
    op.add(Prelu(zero_x, zero_alpha, positive, negative), [x, alpha], y)
