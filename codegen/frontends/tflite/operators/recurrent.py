"""SVDF: layers whose variable tensors become the graph's state."""

from __future__ import annotations

import numpy as np
import tflite

from edgegen.frontends.tflite.operator import Operator, operator
from edgegen.frontends.tflite.operators.activation_range import activation_clamp
from edgegen.ir.dtypes import F32, S8, S16, S32
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Range
from edgegen.ops.svdf import Svdf
from edgegen.ops.unary import Unary

_CURVES = {tflite.ActivationFunctionType.TANH: "tanh", 6: "logistic"}
"""Fused activations that are no clamp; 6 is the sigmoid, which the schema does not name."""


@operator("SVDF", last_version=4)
def svdf(op: Operator) -> None:
    """s8 with a state of s16 or s8, or f32. Factors are f32 products; of s8, the output's range is the activation."""
    options, y = op.options(tflite.SVDFOptions), op.output
    x, features, times, bias = op.input(0), op.input(1), op.input(2), op.optional(3)
    state = op.state(4)
    tensors = [x, state.value, features, times, bias]
    types = (x.dtype, features.dtype, times.dtype, state.value.dtype)
    if types == (F32, F32, F32, F32):
        curve = _CURVES.get(options.FusedActivationFunction)
        clamp = activation_clamp(op, 0 if curve else options.FusedActivationFunction, y)
        outputs = op.add_all(Svdf(options.Rank, clamp=clamp), tensors, [None if curve else y, None])
        if curve:
            op.add(Unary(curve), [outputs[0]], y)
    elif types in ((S8, S8, S16, S16), (S8, S8, S8, S8)) and (bias is None or bias.dtype == S32):
        (scale_x, zero_x), (scale_f, zero_f), (scale_t, zero_t) = (op.per_tensor(t) for t in (x, features, times))
        (scale_s, zero_s), (scale_y, zero_y) = op.per_tensor(state.value), op.per_tensor(y)
        if zero_f or zero_t:
            raise op.unsupported("filters with a zero point are not supported", "quantize them symmetrically")
        f32 = np.float32
        remember = FixedPoint.from_scales([float(f32(scale_x) * f32(scale_f) / f32(scale_s))], zero_s)
        requantize = FixedPoint.from_scales([float(f32(scale_s) * f32(scale_t) / f32(scale_y))], zero_y)
        kernel = Svdf(options.Rank, zero_x, zero_s, remember, requantize, Range(-128, 127))
        outputs = op.add_all(kernel, tensors, [y, None])
    else:
        names = ", ".join(map(str, types))
        raise op.unsupported(
            f"x, features, times and state of {names} are not supported", "use s8, s8, s16, s16 or f32"
        )
    state.next = outputs[1]
