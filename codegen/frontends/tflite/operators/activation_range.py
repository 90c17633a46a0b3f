"""What TFLite's fused activations do to a result, as a clamp."""

from __future__ import annotations

import numpy as np
import tflite

from edgegen.frontends.tflite.importer import Operator
from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ir.tensor import Tensor

_REAL: dict[int, Range] = {
    tflite.ActivationFunctionType.NONE: NO_CLAMP,
    tflite.ActivationFunctionType.RELU: Range(0.0, float("inf")),
    tflite.ActivationFunctionType.RELU_N1_TO_1: Range(-1.0, 1.0),
    tflite.ActivationFunctionType.RELU6: Range(0.0, 6.0),
}


def activation_clamp(op: Operator, activation: int, output: Tensor) -> Range:
    """The clamp of a fused activation in the output's own numbers. Raises UnsupportedModel for TANH and SIGN_BIT."""
    if activation not in _REAL:
        raise op.unsupported(f"fused activation {activation} is not supported", "use a separate activation operator")
    return range_clamp(op, _REAL[activation], output)


def range_clamp(op: Operator, real: Range, output: Tensor) -> Range:
    """The clamp to real bounds in the output's own numbers.

    For integers the bounds are quantized in f32, rounding half away from zero, and cut to the type's range, as
    tflite::CalculateActivationRangeQuantized does.
    """
    if not output.dtype.is_integer or output.type.quantization is None:
        return real
    low, high = output.dtype.range
    if real == NO_CLAMP:
        return Range(low, high)
    scale, zero = op.per_tensor(output)

    def quantized(bound: float) -> int:
        if abs(bound / scale) >= 1 << 31:
            raise op.invalid(f'"{output.name}" has scale {scale:g}: {bound:g} is beyond 32 bits')
        ratio = np.float32(bound) / np.float32(scale)
        return zero + int(np.trunc(ratio + np.copysign(np.float32(0.5), ratio)))

    if np.isfinite(real.high):
        high = min(high, quantized(real.high))
    return Range(max(low, quantized(real.low)), high)
