"""Conv and ConvTranspose."""

from __future__ import annotations

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.operators.windows import from_images, padding, per_axis, to_images, two
from edgegen.ir.tensor import Tensor
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.transpose import Transpose


def _check_kernel(op: Operator, kernel_shape: tuple[int, ...], w: Tensor) -> tuple[int, ...]:
    if kernel_shape and tuple(kernel_shape) != w.shape[2:]:
        raise op.invalid(f"kernel_shape {list(kernel_shape)} does not fit weights {w.type}")
    return w.shape[2:]


@operator("Conv")
def conv(
    op: Operator,
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: tuple[int, ...] = (),
    group: int = 1,
    kernel_shape: tuple[int, ...] = (),
    pads: tuple[int, ...] = (),
    strides: tuple[int, ...] = (),
) -> Tensor:
    """x[N,C,...] * w[O,C/group,...] + b[O]."""
    if x.rank != w.rank or x.rank < 3 or group < 1 or x.shape[1] != w.shape[1] * group or w.shape[0] % group:
        raise op.invalid(f"weights {w.type} in {group} groups do not fit x {x.type}")
    spatial = x.rank - 2
    kernel = _check_kernel(op, kernel_shape, w)
    stride = per_axis(op, strides, spatial, 1, "strides")
    dilation = per_axis(op, dilations, spatial, 1, "dilations")
    before, after = padding(op, auto_pad, pads, x.shape[2:], kernel, stride, dilation)
    pad = (*two(before, 0), *two(after, 0))
    image = to_images(op, x)
    if x.rank == 3:
        w = op.reshape(w, (w.shape[0], w.shape[1], 1, w.shape[2]))
    if group == x.shape[1] and w.shape[1] == 1:
        depthwise = DepthwiseConv2d(two(stride, 1), two(dilation, 1), pad)
        taps = op.reshape(w, (w.shape[0], *w.shape[2:]))
        y = op.add(depthwise, [image, op.add(Transpose((1, 2, 0)), [taps]), b])
    else:
        full = Conv2d(two(stride, 1), two(dilation, 1), pad)
        y = op.add(full, [image, op.add(Transpose((0, 2, 3, 1)), [w]), b])
    return from_images(op, y, x.rank)
