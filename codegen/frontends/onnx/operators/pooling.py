"""Pooling over windows and over whole images."""

from __future__ import annotations

import math

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.operators.windows import from_images, padding, per_axis, to_images, two
from edgegen.ir.tensor import Tensor
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.pool2d.op import Pooling
from edgegen.ops.reduce import Reduce


def _pool(
    op: Operator,
    x: Tensor,
    pooling: Pooling,
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    pads: tuple[int, ...],
    auto_pad: str,
    dilations: tuple[int, ...],
    ceil_mode: int,
) -> Tensor:
    spatial = x.rank - 2
    kernel = per_axis(op, kernel, spatial, 1, "kernel_shape")
    stride = per_axis(op, strides, spatial, 1, "strides")
    if any(d != 1 for d in dilations):
        raise op.unsupported(f"dilations {list(dilations)} are not supported")
    before, after = padding(op, auto_pad, pads, x.shape[2:], kernel, stride, (1,) * spatial)
    if ceil_mode:
        # windows that start inside the image or its padding before count, so the padding behind grows to hold the last
        after = tuple(
            a + max(0, ((math.ceil((n + b + a - k) / s)) * s) + k - (n + b + a))
            if math.ceil((n + b + a - k) / s) * s < n + b
            else a
            for n, b, a, k, s in zip(x.shape[2:], before, after, kernel, stride, strict=True)
        )
    pad = (*two(before, 0), *two(after, 0))
    op2d = Pool2d(pooling, two(kernel, 1), two(stride, 1), pad)
    return from_images(op, op.add(op2d, [to_images(op, x)]), x.rank)


@operator("MaxPool")
def max_pool(
    op: Operator,
    x: Tensor,
    *,
    kernel_shape: tuple[int, ...],
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    dilations: tuple[int, ...] = (),
    pads: tuple[int, ...] = (),
    storage_order: int = 0,
    strides: tuple[int, ...] = (),
) -> Tensor:
    del storage_order  # of the indices, which are refused
    return _pool(op, x, "max", kernel_shape, strides, pads, auto_pad, dilations, ceil_mode)


@operator("AveragePool")
def average_pool(
    op: Operator,
    x: Tensor,
    *,
    kernel_shape: tuple[int, ...],
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    count_include_pad: int = 0,
    dilations: tuple[int, ...] = (),
    pads: tuple[int, ...] = (),
    strides: tuple[int, ...] = (),
) -> Tensor:
    if count_include_pad and (any(pads) or auto_pad.startswith("SAME")):
        raise op.unsupported("an average that counts padding is not supported")
    return _pool(op, x, "average", kernel_shape, strides, pads, auto_pad, dilations, ceil_mode)


@operator("GlobalAveragePool")
def global_average_pool(op: Operator, x: Tensor) -> Tensor:
    return op.add(Reduce("mean", tuple(range(2, x.rank)), True), [x])


@operator("GlobalMaxPool")
def global_max_pool(op: Operator, x: Tensor) -> Tensor:
    return op.add(Reduce("max", tuple(range(2, x.rank)), True), [x])
