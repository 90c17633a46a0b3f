"""SVDF, RNN and UNIDIRECTIONAL_SEQUENCE_RNN: layers whose variable tensors become the graph's state."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tflite

from edgegen.errors import UnsupportedModel
from edgegen.frontends.tflite.operator import Operator, operator
from edgegen.frontends.tflite.operators.activation_range import activation_clamp
from edgegen.frontends.tflite.reader import Options
from edgegen.ir.dtypes import F32, S8, S16, S32
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import State
from edgegen.ir.op import Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.gates import WeightScales
from edgegen.ops.reshape import Reshape
from edgegen.ops.rnn import Rnn
from edgegen.ops.svdf import Svdf
from edgegen.ops.unary import Unary

ACTIVATIONS: dict[int, str] = {
    tflite.ActivationFunctionType.NONE: "none",
    tflite.ActivationFunctionType.RELU: "relu",
    tflite.ActivationFunctionType.RELU_N1_TO_1: "relu_n1_to_1",
    tflite.ActivationFunctionType.RELU6: "relu6",
    tflite.ActivationFunctionType.TANH: "tanh",
}


def activation(op: Operator, code: int) -> str:
    """The name of a fused activation. Raises UnsupportedModel for SIGN_BIT."""
    if code not in ACTIVATIONS:
        names = ", ".join(ACTIVATIONS.values())
        raise op.unsupported(f"fused activation {code} is not supported", f"use one of {names}")
    return ACTIVATIONS[code]


def symmetric_scale(op: Operator, tensor: Tensor) -> float:
    """The scale of a tensor that must have zero point 0. Raises UnsupportedModel."""
    scale, zero = op.per_tensor(tensor)
    if zero:
        raise op.unsupported(f'"{tensor.name}" has zero point {zero}', "quantize it symmetrically")
    return scale


def dequantized(op: Operator, tensor: Tensor, what: str) -> Tensor:
    """A constant of s8 as f32: what LiteRT's hybrid kernels do before they use it. Raises UnsupportedModel."""
    if tensor.dtype == F32:
        return tensor
    scale = np.float32(symmetric_scale(op, tensor))
    if tensor.dtype != S8 or tensor.data is None:
        raise op.unsupported(f"{what} of {tensor.dtype} must be s8 and known ahead of time")
    return op.add_constant(what, scale * tensor.values.astype(np.float32), F32)


def refuse(op: Operator, tensors: Sequence[Tensor | None], help: str) -> UnsupportedModel:
    """UnsupportedModel that names the types of tensors for which there is no arithmetic."""
    names = ", ".join(str(t.dtype) for t in tensors if t is not None)
    return op.unsupported(f"{names} together are not supported", help)


@operator("SVDF", last_version=4)
def svdf(op: Operator) -> None:
    """s8 with a state of s16 or s8, f32, or f32 with filters of s8.

    Factors are f32 products; of s8, the output's range is the activation.
    """
    options, y = op.options(tflite.SVDFOptions), op.output
    x, features, times, bias = op.input(0), op.input(1), op.input(2), op.optional(3)
    state = op.state(4)
    types = (x.dtype, features.dtype, times.dtype, state.value.dtype)
    if types in ((S8, S8, S16, S16), (S8, S8, S8, S8)) and (bias is None or bias.dtype == S32):
        kernel = _integer_svdf(op, options.Rank, state)
        _, state.next = op.add_all(kernel, [x, state.value, features, times, bias], [y, None])
        return
    hybrid = types == (F32, S8, S8, F32) and not op.unsigned
    if not hybrid and types != (F32, F32, F32, F32):
        raise refuse(op, [x, features, times, state.value], "use s8, s8, s16 and s16, or f32")
    scale = symmetric_scale(op, features) if hybrid else None
    curve = options.FusedActivationFunction == tflite.ActivationFunctionType.TANH
    clamp = activation_clamp(op, 0 if curve else options.FusedActivationFunction, y)
    kernel = Svdf(options.Rank, clamp=clamp, scale=scale, asymmetric=hybrid and bool(options.AsymmetricQuantizeInputs))
    tensors = [x, state.value, features, dequantized(op, times, "times"), bias]
    result, state.next = op.add_all(kernel, tensors, [None if curve else y, None])
    if curve:
        op.add(Unary("tanh"), [result], y)


def _integer_svdf(op: Operator, rank: int, state: State) -> Svdf:
    (scale_x, zero_x), scale_f, scale_t = (
        op.per_tensor(op.input(0)),
        *(np.float32(symmetric_scale(op, op.input(i))) for i in (1, 2)),
    )
    (scale_s, zero_s), (scale_y, zero_y) = op.per_tensor(state.value), op.per_tensor(op.output)
    f32 = np.float32
    remember = FixedPoint.from_scales([float(f32(scale_x) * scale_f / f32(scale_s))], zero_s)
    requantize = FixedPoint.from_scales([float(f32(scale_s) * scale_t / f32(scale_y))], zero_y)
    return Svdf(rank, zero_x, zero_s, remember, requantize, Range(-128, 127))


def rnn_kernel(op: Operator, options: Options, time_major: bool, w: Tensor, r: Tensor, reverse: bool = False) -> Rnn:
    """The arithmetic that the weights ask for. Raises UnsupportedModel where there is none."""
    name = activation(op, options.FusedActivationFunction)
    if (w.dtype, r.dtype) == (F32, F32):
        return Rnn(time_major, reverse, name)
    if (w.dtype, r.dtype) != (S8, S8) or op.unsigned:
        raise refuse(op, [op.input(0), w, r], "use f32 or int8 weights")
    scales = ((symmetric_scale(op, w),), (symmetric_scale(op, r),))
    asymmetric = bool(options.AsymmetricQuantizeInputs)
    return Rnn(time_major, reverse, name, WeightScales(*scales, asymmetric=asymmetric))


def add_rnn(
    op: Operator, kernel: Rnn, x: Tensor, parameters: tuple[Tensor, Tensor, Tensor], state: State, y: Tensor | None
) -> Tensor:
    """Appends the node of a sequence x on the state; y, or a new tensor. parameters: weights of x and of h, bias"""
    floats = [x, state.value, parameters[2]]
    if {t.dtype for t in floats} != {F32}:
        raise refuse(op, floats, "use f32")
    result, state.next = op.add_all(kernel, [x, state.value, *parameters], [y, None])
    return result


@operator("UNIDIRECTIONAL_SEQUENCE_RNN", last_version=3)
def unidirectional_sequence_rnn(op: Operator) -> None:
    """x[N,T,K], or [T,N,K] if time-major; the hidden state is kept from run to run."""
    options, (w, r, b) = op.options(tflite.SequenceRNNOptions), (op.input(i) for i in (1, 2, 3))
    kernel = rnn_kernel(op, options, bool(options.TimeMajor), w, r)
    add_rnn(op, kernel, op.input(0), (w, r, b), op.state(4), op.output)


@operator("RNN", last_version=3)
def rnn(op: Operator) -> None:
    """One step: x[N,K] to [N,U]."""
    x, (w, r, b) = op.input(0), (op.input(i) for i in (1, 2, 3))
    kernel = rnn_kernel(op, op.options(tflite.RNNOptions), True, w, r)
    result = add_rnn(op, kernel, op.add(Reshape((1, *x.shape)), [x]), (w, r, b), op.state(4), None)
    op.add(Reshape(result.shape[1:]), [result], op.output)
