"""Operators of com.microsoft that onnxruntime's exporters and optimizers write.

Quantized ones without an integer form of their own are Dequantize, the float operator and Quantize, which the passes
turn into tables, integer layers and moves of integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.operators.activation import hard_sigmoid, leaky_relu
from edgegen.frontends.onnx.operators.convolution import conv
from edgegen.frontends.onnx.operators.integer_layers import matmul_integer_to_float
from edgegen.frontends.onnx.operators.matrix import matmul
from edgegen.frontends.onnx.operators.movement import concat
from edgegen.frontends.onnx.operators.normalization import softmax, softmax_flattened
from edgegen.frontends.onnx.operators.pooling import average_pool
from edgegen.frontends.onnx.operators.quantization import (
    MICROSOFT,
    dequantize_linear,
    dequantized_constant,
    dynamic_quantize_linear,
    quantize_linear,
)
from edgegen.ir.dtypes import F32, U8
from edgegen.ir.op import Range
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.dense import Dense
from edgegen.ops.gather import Gather
from edgegen.ops.reduce import Reduce
from edgegen.ops.transpose import Transpose
from edgegen.ops.unary import Unary


def _real(op: Operator, x: Tensor, scale: Tensor, zero: Tensor | None) -> Tensor:
    return dequantize_linear(op, x, scale, zero)


def _quantized(op: Operator, y: Tensor, scale: Tensor, zero: Tensor | None, like: Tensor) -> Tensor:
    """y in steps of `scale`; without a zero point, of the type that `like` has, from 0."""
    return quantize_linear(op, y, scale, op.constant(0, like.dtype) if zero is None else zero)


def _binary(
    op: Operator,
    a: Tensor,
    a_scale: Tensor,
    a_zero_point: Tensor | None,
    b: Tensor,
    b_scale: Tensor,
    b_zero_point: Tensor | None,
    c_scale: Tensor,
    c_zero_point: Tensor | None = None,
    *,
    function: str,
) -> Tensor:
    y = op.add(Binary(function), [_real(op, a, a_scale, a_zero_point), _real(op, b, b_scale, b_zero_point)])
    return _quantized(op, y, c_scale, c_zero_point, a)


@operator("QLinearAdd", domain=MICROSOFT)
def qlinear_add(op: Operator, *inputs: Tensor | None) -> Tensor:
    return _binary(op, *_given(op, inputs, 7), function="add")


@operator("QLinearMul", domain=MICROSOFT)
def qlinear_mul(op: Operator, *inputs: Tensor | None) -> Tensor:
    return _binary(op, *_given(op, inputs, 7), function="mul")


def _given(op: Operator, inputs: tuple[Tensor | None, ...], least: int) -> tuple[Any, ...]:
    """Inputs of a quantized operator of two: at least those up to the output's scale."""
    if not least <= len(inputs) <= 8 or any(inputs[i] is None for i in (0, 1, 3, 4, 6)):
        raise op.invalid(
            f"has {len(inputs)} inputs; two tensors and the scales of both and of the output must be there"
        )
    return inputs


@dataclass(frozen=True)
class _Ports:
    """What operators of one quantized input have in common: x and y, each with a scale and a zero point."""

    op: Operator
    x: Tensor
    x_scale: Tensor
    x_zero_point: Tensor | None
    y_scale: Tensor
    y_zero_point: Tensor | None = None

    @classmethod
    def of(cls, op: Operator, inputs: tuple[Tensor | None, ...]) -> Self:
        if not 4 <= len(inputs) <= 5:
            raise op.invalid(
                f"has {len(inputs)} inputs; x, its scale and zero point and those of the output must be there"
            )
        x, x_scale, x_zero, y_scale = inputs[:4]
        if x is None or x_scale is None or y_scale is None:
            raise op.invalid("lacks its input or the scale of it or of the output")
        return cls(op, x, x_scale, x_zero, y_scale, *inputs[4:])

    @property
    def real(self) -> Tensor:
        """The numbers that x stands for."""
        return _real(self.op, self.x, self.x_scale, self.x_zero_point)

    def quantized(self, y: Tensor) -> Tensor:
        """y in the output's steps."""
        return _quantized(self.op, y, self.y_scale, self.y_zero_point, self.x)


@operator("QLinearSigmoid", domain=MICROSOFT)
def qlinear_sigmoid(op: Operator, *inputs: Tensor | None) -> Tensor:
    ports = _Ports.of(op, inputs)
    return ports.quantized(op.add(Unary("logistic"), [ports.real]))


@operator("QLinearLeakyRelu", domain=MICROSOFT)
def qlinear_leaky_relu(op: Operator, *inputs: Tensor | None, alpha: float = 0.01) -> Tensor:
    ports = _Ports.of(op, inputs)
    return ports.quantized(leaky_relu(op, ports.real, alpha=alpha))


@operator("QLinearSoftmax", domain=MICROSOFT)
def qlinear_softmax(op: Operator, *inputs: Tensor | None, axis: int = -1, opset: int) -> Tensor:
    """opset: of the Softmax that it stands for, which decides what axes are summed over."""
    ports = _Ports.of(op, inputs)
    return ports.quantized((softmax_flattened if opset < 13 else softmax)(op, ports.real, axis=axis))


@operator("QLinearConcat", domain=MICROSOFT)
def qlinear_concat(op: Operator, y_scale: Tensor, y_zero_point: Tensor, *inputs: Tensor | None, axis: int) -> Tensor:
    """inputs: tensor, scale and zero point of each part."""
    if not inputs or len(inputs) % 3:
        raise op.invalid(f"has {len(inputs)} inputs after the output's; each part needs three")
    parts = []
    for x, scale, zero in zip(inputs[::3], inputs[1::3], inputs[2::3], strict=True):
        if x is None or scale is None:
            raise op.invalid("a part lacks its tensor or its scale")
        parts.append(_real(op, x, scale, zero))
    return _quantized(op, concat(op, *parts, axis=axis), y_scale, y_zero_point, y_zero_point)


def _channels_first(op: Operator, x: Tensor, channels_last: int, back: bool = False) -> Tensor:
    if not channels_last:
        return x
    inner = tuple(range(1, x.rank - 1))
    perm = (0, *(i + 1 for i in inner), 1) if back else (0, x.rank - 1, *inner)
    return op.add(Transpose(perm), [x])


@operator("QLinearAveragePool", domain=MICROSOFT)
def qlinear_average_pool(
    op: Operator,
    *inputs: Tensor | None,
    kernel_shape: tuple[int, ...],
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    channels_last: int = 0,
    count_include_pad: int = 0,
    pads: tuple[int, ...] = (),
    strides: tuple[int, ...] = (),
) -> Tensor:
    ports = _Ports.of(op, inputs)
    window: dict[str, Any] = {"kernel_shape": kernel_shape, "auto_pad": auto_pad, "ceil_mode": ceil_mode}
    window |= {"count_include_pad": count_include_pad, "pads": pads, "strides": strides}
    real = _channels_first(op, ports.real, channels_last)
    return ports.quantized(_channels_first(op, average_pool(op, real, **window), channels_last, back=True))


@operator("QLinearGlobalAveragePool", domain=MICROSOFT)
def qlinear_global_average_pool(op: Operator, *inputs: Tensor | None, channels_last: int = 0) -> Tensor:
    ports = _Ports.of(op, inputs)
    axes = tuple(range(1, ports.x.rank - 1)) if channels_last else tuple(range(2, ports.x.rank))
    return ports.quantized(op.add(Reduce("mean", axes, True), [ports.real]))


@operator("DynamicQuantizeMatMul", domain=MICROSOFT)
def dynamic_quantize_matmul(
    op: Operator,
    a: Tensor,
    b: Tensor,
    b_scale: Tensor,
    b_zero_point: Tensor | None = None,
    bias: Tensor | None = None,
) -> Tensor:
    """a is quantized by its own range."""
    x, scale, zero = dynamic_quantize_linear(op, a)
    return matmul_integer_to_float(op, x, b, scale, b_scale, zero, b_zero_point, bias)


@operator("MatMulNBits", domain=MICROSOFT)
def matmul_n_bits(
    op: Operator,
    a: Tensor,
    b: Tensor,
    scales: Tensor,
    zero_points: Tensor | None = None,
    g_idx: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    K: int,
    N: int,
    accuracy_level: int = 0,
    bits: int = 4,
    block_size: int,
) -> Tensor:
    """a * B' + bias for B[N,K] stored in blocks of 4 or 8 bits, each with a scale; computed in f32."""
    del accuracy_level  # of onnxruntime's arithmetic; ours is of f32
    if g_idx is not None:
        raise op.unsupported("columns in groups of their own order (g_idx) are not supported")
    if bits not in (4, 8) or block_size < 1 or K < 1 or N < 1:
        raise op.unsupported(f"{bits} bits in blocks of {block_size} are not supported; 4 and 8 bits are")
    blocks = -(-K // block_size)
    stored, factors = op.values(b, "the weights"), op.values(scales, "the scales")
    if stored.size != N * blocks * block_size * bits // 8 or factors.size != N * blocks:
        raise op.invalid(f"weights {b.type} and scales {scales.type} do not fit {N} rows of {K}")
    values = op.constant(_unpacked(stored.reshape(N, -1), bits)[:, :K], U8)
    zeros = np.full((N, blocks), 1 << (bits - 1), np.float32)
    if zero_points is not None:
        given = op.values(zero_points, "the zero points")
        zeros = given if given.dtype.kind == "f" else _unpacked(given.reshape(N, -1), bits)[:, :blocks]
    if a.shape[-1:] != (K,) or zeros.size != N * blocks:
        raise op.invalid(f"{a.type} or zero points of {zeros.size} blocks do not fit {N} rows of {K}")
    zero = op.constant(zeros.reshape(N, blocks), F32)
    weights = dequantized_constant(op, values, op.constant(factors.reshape(N, blocks), F32), zero, 1, block_size)
    x = op.cast(op.reshape(a, (a.type.elements // K, K)), F32)
    added = None if bias is None else op.cast(bias, F32)
    known = added is not None and added.is_constant
    y = op.reshape(op.add(Dense(), [x, weights, added if known else None]), (*a.shape[:-1], N))
    return op.cast(y if known else _plus(op, y, added), a.dtype)


@operator("GatherBlockQuantized", domain=MICROSOFT)
def gather_block_quantized(
    op: Operator,
    data: Tensor,
    indices: Tensor,
    scales: Tensor,
    zero_points: Tensor | None = None,
    *,
    bits: int = 4,
    block_size: int = 128,
    gather_axis: int = 0,
    quantize_axis: int = 1,
) -> Tensor:
    """Slices of a table in blocks along an axis, each with a scale; u8 holds numbers of `bits` along its last axis."""
    if bits not in (4, 8) or block_size < 1:
        raise op.unsupported(f"{bits} bits in blocks of {block_size} are not supported; 4 and 8 bits are")
    if data.dtype == U8:
        middle = 1 << (bits - 1)
        stored = op.values(data, "the table")
        shape = (*data.shape[:-1], data.shape[-1] * (8 // bits))
        data = op.constant(_unpacked(stored.reshape(-1, stored.shape[-1]), bits).reshape(shape), U8)
        zeros = np.full(scales.shape, middle, np.uint8)
        if zero_points is not None:
            packed = op.values(zero_points, "the zero points")
            zeros = _unpacked(packed.reshape(-1, packed.shape[-1]), bits)[:, : scales.shape[-1]].reshape(scales.shape)
        zero_points = op.constant(zeros, U8)
    table = dequantize_linear(op, data, scales, zero_points, axis=quantize_axis, block_size=block_size)
    return op.add(Gather(op.axis(gather_axis, table.rank)), [table, indices])


def _unpacked(rows: Array, bits: int) -> Array:
    """u8[N,bytes] as one number each; of 4 bits the lower half of a byte comes first."""
    if bits == 8:
        return rows
    return np.stack([rows & 15, rows >> 4], axis=-1).reshape(len(rows), -1)


def _activated(op: Operator, y: Tensor, activation: str, params: tuple[float, ...]) -> Tensor:
    if activation in ("", "Relu"):
        return op.add(Clamp(Range(0, float("inf"))), [y]) if activation else y
    if activation in ("Tanh", "Sigmoid"):
        return op.add(Unary({"Tanh": "tanh", "Sigmoid": "logistic"}[activation]), [y])
    if activation == "Clip" and len(params) == 2:
        return op.add(Clamp(Range(params[0], params[1])), [y])
    if activation == "LeakyRelu" and len(params) == 1:
        return leaky_relu(op, y, alpha=params[0])
    if activation == "HardSigmoid" and len(params) == 2:
        return hard_sigmoid(op, y, alpha=params[0], beta=params[1])
    raise op.unsupported(f'activation "{activation}" with {len(params)} parameters is not supported')


@operator("FusedConv", domain=MICROSOFT)
def fused_conv(
    op: Operator,
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    z: Tensor | None = None,
    *,
    activation: str = "",
    activation_params: tuple[float, ...] = (),
    auto_pad: str = "NOTSET",
    dilations: tuple[int, ...] = (),
    group: int = 1,
    kernel_shape: tuple[int, ...] = (),
    pads: tuple[int, ...] = (),
    strides: tuple[int, ...] = (),
) -> Tensor:
    """activation(Conv + z)."""
    window: dict[str, Any] = {"auto_pad": auto_pad, "dilations": dilations, "kernel_shape": kernel_shape}
    y = conv(op, x, w, b, group=group, pads=pads, strides=strides, **window)
    y = y if z is None else op.add(Binary("add"), [y, z])
    return _activated(op, y, activation, activation_params)


@operator("FusedMatMul", domain=MICROSOFT)
def fused_matmul(
    op: Operator,
    a: Tensor,
    b: Tensor,
    *,
    alpha: float = 1.0,
    transA: int = 0,
    transB: int = 0,
    transBatchA: int = 0,
    transBatchB: int = 0,
) -> Tensor:
    """alpha * A' * B'; transBatch: the first axis of A or B comes before the last two, then they are transposed."""
    y = matmul(op, _arranged(op, a, transA, transBatchA), _arranged(op, b, transB, transBatchB))
    return op.scaled(y, alpha)


def _arranged(op: Operator, x: Tensor, transposed: int, batch: int) -> Tensor:
    axes = list(range(x.rank))
    if batch and x.rank > 2:
        axes.insert(x.rank - 2, axes.pop(0))
    if transposed and x.rank > 1:
        axes[-2], axes[-1] = axes[-1], axes[-2]
    return x if axes == sorted(axes) else op.add(Transpose(tuple(axes)), [x])


def _plus(op: Operator, x: Tensor, bias: Tensor | None) -> Tensor:
    return x if bias is None else op.add(Binary("add"), [x, bias])


@operator("Gelu", domain=MICROSOFT)
def gelu(op: Operator, x: Tensor) -> Tensor:
    return op.add(Unary("gelu"), [x])


@operator("BiasGelu", domain=MICROSOFT)
def bias_gelu(op: Operator, a: Tensor, b: Tensor) -> Tensor:
    return op.add(Unary("gelu"), [_plus(op, a, b)])


@operator("FastGelu", domain=MICROSOFT)
def fast_gelu(op: Operator, x: Tensor, bias: Tensor | None = None) -> Tensor:
    return op.add(Unary("gelu_tanh"), [_plus(op, x, bias)])


@operator("QuickGelu", domain=MICROSOFT)
def quick_gelu(op: Operator, x: Tensor, *, alpha: float = 1.702) -> Tensor:
    """x * sigmoid(alpha * x)."""
    return op.add(Binary("mul"), [x, op.add(Unary("logistic"), [op.scaled(x, alpha)])])
