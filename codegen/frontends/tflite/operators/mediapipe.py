"""MediaPipe's custom operators: MaxPoolingWithArgmax2D, MaxUnpooling2D and Convolution2DTransposeBias.

Their options are the interpreter's own structs, as converters wrote them on a little-endian machine. XNNPACK computes
them for LiteRT; what it refuses, such as windows that overlap, is refused here.
"""

from __future__ import annotations

import struct
from dataclasses import replace

import tflite

from edgegen.frontends.tflite.operator import Operator, operator
from edgegen.frontends.tflite.operators.convolution import MAX_PIXELS, window_padding
from edgegen.ir.dtypes import F32, U8
from edgegen.ir.tensor import Tensor
from edgegen.ops.transpose_conv2d import TransposeConv2d
from edgegen.ops.unpool2d import ArgmaxPool2d, MaxUnpool2d
from edgegen.ops.window import Pair

_PADDING = {1: tflite.Padding.SAME, 2: tflite.Padding.VALID}
"""The interpreter's numbers of paddings, which are not the schema's."""


def _fields(op: Operator, count: int) -> tuple[int, ...]:
    """The first fields of the struct of options: padding and `count` - 1 sizes. Raises InvalidModel."""
    data = op.custom_bytes()
    if len(data) < 4 * count:
        raise op.invalid(f"has {len(data)} bytes of options instead of {4 * count} and more")
    fields = struct.unpack(f"<{count}i", data[: 4 * count])
    if fields[0] not in _PADDING:
        raise op.invalid(f"padding {fields[0]} is unknown")
    return (_PADDING[fields[0]], *fields[1:])


def _floats(op: Operator, *tensors: Tensor) -> None:
    if any(t.dtype != F32 for t in tensors):
        raise op.unsupported(f"{', '.join(str(t.dtype) for t in tensors)} are not supported", "use f32")


def _pool(op: Operator) -> tuple[int, Pair]:
    """(padding, window) of a pool whose windows lie side by side."""
    padding, stride_w, stride_h, width, height, activation = _fields(op, 6)
    if (stride_w, stride_h) != (width, height) or activation != tflite.ActivationFunctionType.NONE:
        raise op.unsupported(
            f"strides {(stride_h, stride_w)}, windows {(height, width)} and activation {activation} are not supported",
            "use windows as large as the strides, and a separate activation",
        )
    return padding, (height, width)


@operator("custom:MaxPoolingWithArgmax2D", last_version=1)
def max_pooling_with_argmax(op: Operator) -> None:
    """The maxima's places, which the file declares f32 and runtimes number as they like, are u8."""
    x = op.input(0)
    if x.rank != 4 or len(op.outputs) != 2:
        raise op.invalid(f"input {x.type} must have rank 4, and there must be two outputs instead of {len(op.outputs)}")
    _floats(op, x, *op.outputs)
    padding, window = _pool(op)
    pad = window_padding(op, padding, (x.shape[1], x.shape[2]), window, window)
    places = op.outputs[1]
    if places in (op.model.tensors[i] for i in op.model.file.outputs):
        raise op.unsupported(f'the maxima\'s places "{places.name}" are no result that runtimes agree on')
    places.type = replace(places.type, dtype=U8)
    op.add_all(ArgmaxPool2d(window, pad), [x], op.outputs)


@operator("custom:MaxUnpooling2D", last_version=1)
def max_unpooling(op: Operator) -> None:
    """Places are those of a MaxPoolingWithArgmax2D with the same windows."""
    x, places = op.input(0), op.input(1)
    _floats(op, x, op.output)
    padding, window = _pool(op)
    pool = op.model.graph.producer(places)
    if padding != tflite.Padding.VALID or pool is None or not isinstance(pool.op, ArgmaxPool2d):
        raise op.unsupported("it must be unpadded, and undo a MaxPoolingWithArgmax2D", "pool with VALID padding")
    if pool.op.window != window:
        raise op.unsupported(f"its windows {window} are not those {pool.op.window} of the pool")
    op.add(MaxUnpool2d(window), [x, places], op.output)


@operator("custom:Convolution2DTransposeBias", last_version=1)
def convolution_transpose_bias(op: Operator) -> None:
    """TRANSPOSE_CONV with a bias, whose output's size follows from the input's."""
    x, w, bias = op.input(0), op.input(1), op.input(2)
    _floats(op, x, w, bias, op.output)
    padding, stride_w, stride_h = _fields(op, 3)
    if w.rank != 4 or x.rank != 4:
        raise op.invalid(f"weights {w.type} and input {x.type} must have rank 4")
    stride, kernel = (stride_h, stride_w), (w.shape[1], w.shape[2])
    window_padding(op, tflite.Padding.VALID, (1, 1), kernel, stride)
    extra = [max(k - s, 0) if padding == tflite.Padding.VALID else 0 for k, s in zip(kernel, stride, strict=True)]
    size = (x.shape[1] * stride_h + extra[0], x.shape[2] * stride_w + extra[1])
    if (size[0] + kernel[0]) * (size[1] + kernel[1]) > MAX_PIXELS:
        raise op.unsupported(f"an image of {size} has more than {MAX_PIXELS} pixels")
    pad = window_padding(op, padding, size, kernel, stride)
    op.add(TransposeConv2d(size, stride, pad[:2]), [x, w, bias], op.output)
