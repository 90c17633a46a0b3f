"""Dynamic-range layers: f32 activations, quantized while the model runs, times s8 weights."""

from __future__ import annotations

import math

import numpy as np
import tflite

from edgegen.frontends.tflite.importer import Operator
from edgegen.frontends.tflite.operators.activation_range import activation_clamp
from edgegen.frontends.tflite.unsigned import OFFSET
from edgegen.ir.dtypes import F16, F32, S8
from edgegen.ir.quantization import Quantization
from edgegen.ir.tensor import Tensor, constant
from edgegen.ops.blockwise_dense import BlockwiseDense
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.hybrid import HybridProduct
from edgegen.ops.nibbles import fit_nibbles
from edgegen.ops.quantize_rows import QuantizeRows
from edgegen.ops.reshape import Reshape
from edgegen.ops.row_scale import RowScale
from edgegen.ops.transpose import Transpose


def is_hybrid(x: Tensor, w: Tensor) -> bool:
    """Whether LiteRT quantizes x while the model runs."""
    return x.dtype == F32 and w.dtype.is_integer


def layer_weights(op: Operator) -> Tensor:
    """Input 1, the weights. Beside f32, u8 is what converters called s8 until 2019: LiteRT reads its bytes as s8 and
    takes no notice of a zero point, except in depthwise convolutions, where it refuses them."""
    w = op.input(1)
    if not op.unsigned or op.input(0).dtype != F32 or w.data is None:
        return w
    if op.name == "DEPTHWISE_CONV_2D":
        raise op.unsupported("f32 input with u8 weights is not supported", "use int8 or f32 weights")
    values = (w.data.view(np.uint8) ^ OFFSET).view(np.int8)  # the bytes as the file has them
    return constant(w.name, values, S8, Quantization((op.per_tensor(w)[0],), (0,)))


def weight_scales(op: Operator, w: Tensor, units_axis: int) -> tuple[float, ...]:
    """One scale or one per unit. Raises UnsupportedModel for weights that are not symmetric s8 constants."""
    if w.dtype != S8 or op.output.dtype != F32:
        raise op.unsupported(f"f32 input with {w.dtype} weights is not supported", "use int8 or f32 weights")
    op.constant(1, "weights")
    q = op.quantization(w)
    if any(q.zero_point):
        raise op.unsupported("weights must have zero point 0", "convert with symmetric int8 weights")
    if q.axis not in (None, units_axis):
        raise op.invalid(f'weights "{w.name}" have their scales on axis {q.axis}, not {units_axis}')
    return q.scale


def add_hybrid(
    op: Operator,
    product: Dense | Conv2d | DepthwiseConv2d,
    inputs: tuple[Tensor, Tensor, Tensor | None],
    scale: RowScale,
    asymmetric: bool,
    activation: int,
    output: Tensor | None,
) -> Tensor:
    """Quantizes x, whose rows or images lie along its first axis, and multiplies it by the weights.

    inputs: x, weights as `product` has them, bias or None
    """
    x, w, bias = inputs
    if bias is not None and (bias.dtype != F32 or not bias.is_constant):
        raise op.unsupported(f'the bias "{bias.name}" must be f32 and known ahead of time')
    q, scales, zeros = op.add_all(QuantizeRows(x.shape[0], asymmetric), [x], [None] * 3)
    hybrid = HybridProduct(product, scale, activation_clamp(op, activation, op.output))
    return op.add(hybrid, [q, scales, zeros, w, bias], output)


def hybrid_convolution(op: Operator, product: Conv2d | DepthwiseConv2d, w: Tensor, activation: int) -> None:
    """CONV_2D or DEPTHWISE_CONV_2D: x is quantized image by image.

    w: the weights as `product` has them. As LiteRT's reference kernels: asymmetric, unless a convolution without groups
    has the same scale for all of its units.
    """
    x, original, bias = op.input(0), layer_weights(op), op.optional(2)
    scales = weight_scales(op, original, 0 if isinstance(product, Conv2d) else 3)
    if isinstance(product, DepthwiseConv2d):
        add_hybrid(op, product, (x, w, bias), RowScale(scales), True, activation, op.output)
        return
    per_channel = any(s != scales[0] for s in scales) or w.shape[3] != x.shape[3]
    scale = RowScale(scales if per_channel else scales[:1], weights_first=per_channel)
    add_hybrid(op, product, (x, w, bias), scale, per_channel, activation, op.output)


def blockwise_dense(
    op: Operator, x: Tensor, w: Tensor, bias: Tensor | None, activation: int, output: Tensor | None
) -> Tensor:
    """FULLY_CONNECTED whose weights have a scale for each block of a row.

    LiteRT quantizes x asymmetrically, whatever the options say, and leaves a fused activation out.
    """
    q, values = op.quantization(w), op.constant(1, "weights")
    if activation != tflite.ActivationFunctionType.NONE:
        raise op.unsupported("a fused activation after blockwise weights", "use a separate activation operator")
    if bias is not None and (bias.dtype != F32 or not bias.is_constant):
        raise op.unsupported(f'the bias "{bias.name}" must be f32 and known ahead of time')
    if x.dtype != F32 or op.output.dtype != F32:
        raise op.unsupported(f"{x.dtype} input with blockwise weights is not supported", "use f32 activations")
    if q.block % 2 or fit_nibbles(values) is not None:
        raise op.unsupported(f"blockwise weights {w.type} in blocks of {q.block}", "use int4 in blocks of an even size")
    scales = op.add_constant("scales", np.array(q.scale, np.float16).reshape(len(values), -1), F16)
    quantized, row_scales, zeros = op.add_all(QuantizeRows(x.shape[0], asymmetric=True), [x], [None] * 3)
    return op.add(BlockwiseDense(), [quantized, row_scales, zeros, w, scales, bias], output)


def hybrid_batch_matmul(op: Operator, x: Tensor, w: Tensor, adj_x: bool, adj_y: bool, asymmetric: bool) -> None:
    """BATCH_MATMUL by one constant matrix: x is quantized row by row, those of its transpose if adj_x.

    LiteRT takes a row's zero point into account in f32, which is exact while sums stay below 2^24.
    """
    if math.prod(w.shape[:-2]) != 1 or w.rank < 2 or x.rank < 2:
        raise op.unsupported(f"{x.type} times {w.type}: s8 weights must be one matrix", "use f32 weights")
    scales = weight_scales(op, w, w.rank - (2 if adj_y else 1))
    matrix = w.values.reshape(w.shape[-2:])
    weights = op.add_constant("weights", matrix if adj_y else np.ascontiguousarray(matrix.T), S8)
    if adj_x:
        x = op.add(Transpose((*range(x.rank - 2), x.rank - 1, x.rank - 2)), [x])
    units, depth = weights.shape
    if x.shape[-1] != depth:
        raise op.invalid(f"{x.type} and {w.type} do not multiply")
    flat = op.add(Reshape((x.type.elements // depth, depth)), [x])
    none = tflite.ActivationFunctionType.NONE
    product = add_hybrid(op, Dense(), (flat, weights, None), RowScale(scales), asymmetric, none, None)
    lead = (1,) * (w.rank - x.rank) + x.shape[:-1]
    op.add(Reshape((*lead, units)), [product], op.output)
