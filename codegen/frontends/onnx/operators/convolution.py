"""Conv, ConvTranspose, DeformConv and Col2Im."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.operators.windows import (
    Counts,
    covered,
    from_images,
    padding,
    per_axis,
    steps,
    three,
    to_images,
    to_volumes,
    two,
)
from edgegen.ir.dtypes import F64, S32
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.conv3d import Conv3d
from edgegen.ops.deform_conv2d import DeformConv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.scatter_nd import ScatterNd
from edgegen.ops.transpose import Transpose
from edgegen.ops.transpose_conv2d import TransposeConv2d


def _check_kernel(op: Operator, kernel_shape: tuple[int, ...], w: Tensor) -> tuple[int, ...]:
    if kernel_shape and tuple(kernel_shape) != w.shape[2:]:
        raise op.invalid(f"kernel_shape {list(kernel_shape)} does not fit weights {w.type}")
    return w.shape[2:]


def _geometry(
    op: Operator, x: Tensor, w: Tensor, bias: Tensor | None, channels: int, units: int, kernel_shape: tuple[int, ...]
) -> tuple[int, ...]:
    """The size of the windows of a layer from `channels` to `units`. Raises InvalidModel if its inputs do not fit."""
    if x.rank != w.rank or x.rank < 3 or x.shape[1] != channels or 0 in w.shape:
        raise op.invalid(f"weights {w.type} for {channels} channels do not fit x {x.type}")
    _check_types(op, x, w, bias)
    if bias is not None and bias.shape != (units,):
        raise op.invalid(f"bias {bias.type} does not have {units} elements")
    return _check_kernel(op, kernel_shape, w)


def _check_groups(op: Operator, w: Tensor, group: int) -> None:
    if w.rank < 3 or group < 1 or w.shape[0] % group:
        raise op.invalid(f"weights {w.type} are not those of {group} groups")


def _check_types(op: Operator, *tensors: Tensor | None) -> None:
    types = {t.dtype for t in tensors if t is not None}
    if len(types) != 1 or not next(iter(types)).is_float:
        raise op.invalid(f"{', '.join(sorted(map(str, types)))} are not floats of one type")


def _biased(op: Operator, y: Tensor, bias: Tensor | None) -> Tensor:
    """y[...,O] + bias[O], for a bias that is computed at run time."""
    return y if bias is None or bias.is_constant else op.add(Binary("add"), [y, bias])


def _known(bias: Tensor | None) -> Tensor | None:
    return bias if bias is not None and bias.is_constant else None


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
    _check_groups(op, w, group)
    kernel = _geometry(op, x, w, b, w.shape[1] * group, w.shape[0], kernel_shape)
    stride, dilation = steps(op, kernel, strides, dilations)
    before, after = padding(op, auto_pad, pads, x.shape[2:], kernel, stride, dilation)
    if x.rank > 4 or x.dtype == F64:
        size = covered(x.shape[2:], before, after, kernel, stride, dilation)
        if min(size) < 1:
            raise op.invalid(f"windows of {list(kernel)} do not fit x {x.type}")
        volume = Conv3d(three(size, 1), three(stride, 1), three(dilation, 1), three(before, 0))
        y = op.add(volume, [to_volumes(op, x), to_volumes(op, w), _known(b)])
        return from_images(op, _biased(op, y, b), x.rank)
    pad = (*two(before, 0), *two(after, 0))
    image = to_images(op, x)
    if x.rank == 3:
        w = op.reshape(w, (w.shape[0], w.shape[1], 1, w.shape[2]))
    if group == x.shape[1] and w.shape[1] == 1:
        depthwise = DepthwiseConv2d(two(stride, 1), two(dilation, 1), pad)
        taps = op.reshape(w, (w.shape[0], *w.shape[2:]))
        y = op.add(depthwise, [image, op.add(Transpose((1, 2, 0)), [taps]), _known(b)])
    else:
        full = Conv2d(two(stride, 1), two(dilation, 1), pad)
        y = op.add(full, [image, op.add(Transpose((0, 2, 3, 1)), [w]), _known(b)])
    return from_images(op, _biased(op, y, b), x.rank)


def _spread(
    op: Operator, auto_pad: str, pads: Sequence[int], natural: Counts, wanted: Sequence[int], upsampled: Counts
) -> tuple[Counts, Counts]:
    """(padding before, size of the output) of a transposed convolution whose windows reach `natural` pixels.

    wanted: `output_shape`; where it is longer than what is reached, zeros follow behind
    """
    count = len(natural)
    if wanted and len(wanted) == count + 2:  # before opset 11, models gave the batch and the channels, too
        wanted = wanted[2:]
    if not wanted and auto_pad in ("NOTSET", "VALID"):
        both = per_axis(op, pads if auto_pad == "NOTSET" else (), 2 * count, 0, "pads")
        size = tuple(n - b - a for n, b, a in zip(natural, both[:count], both[count:], strict=True))
        return both[:count], size
    if auto_pad not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise op.invalid(f'auto_pad is "{auto_pad}"')
    size = per_axis(op, wanted or upsampled, count, 1, "output_shape")
    total = [max(0, n - o) for n, o in zip(natural, size, strict=True)]
    return tuple(t // 2 if auto_pad == "SAME_UPPER" else t - t // 2 for t in total), size


@operator("ConvTranspose")
def conv_transpose(
    op: Operator,
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: tuple[int, ...] = (),
    group: int = 1,
    kernel_shape: tuple[int, ...] = (),
    output_padding: tuple[int, ...] = (),
    output_shape: tuple[int, ...] = (),
    pads: tuple[int, ...] = (),
    strides: tuple[int, ...] = (),
) -> Tensor:
    """x[N,C,...] spread through w[C,O/group,...], + b[O]."""
    _check_groups(op, w, group)
    units = w.shape[1] * group
    kernel = _geometry(op, x, w, b, w.shape[0], units, kernel_shape)
    stride, dilation = steps(op, kernel, strides, dilations)
    more = per_axis(op, output_padding, x.rank - 2, 0, "output_padding")
    each = zip(x.shape[2:], stride, dilation, kernel, more, strict=True)
    natural = tuple(s * (n - 1) + d * (k - 1) + 1 + m for n, s, d, k, m in each)
    upsampled = tuple(n * s for n, s in zip(x.shape[2:], stride, strict=True))
    before, size = _spread(op, auto_pad, pads, natural, output_shape, upsampled)
    if min(size) < 1:
        raise op.invalid(f"pads {list(pads)} leave nothing of {list(natural)}")
    if x.rank <= 4 and group == 1 and set(dilation) == {1} and x.dtype != F64:
        plain = TransposeConv2d(two(size, 1), two(stride, 1), two(before, 0))
        w = op.reshape(w, (*w.shape[:2], *two(kernel, 1)))
        y = op.add(plain, [to_images(op, x), op.add(Transpose((1, 2, 3, 0)), [w]), _known(b)])
    else:
        image = to_volumes(op, x)
        w = op.reshape(w, (group, w.shape[0] // group, w.shape[1], *three(kernel, 1)))
        w = op.add(Transpose((0, 2, 3, 4, 5, 1)), [w])
        w = op.reshape(w, (units, *w.shape[2:]))
        spread = Conv3d(three(size, 1), three(stride, 1), three(dilation, 1), three(before, 0), transposed=True)
        y = op.add(spread, [image, w, _known(b)])
    return from_images(op, _biased(op, y, b), x.rank)


@operator("DeformConv", since=19)
def deform_conv(
    op: Operator,
    x: Tensor,
    w: Tensor,
    offset: Tensor,
    b: Tensor | None = None,
    mask: Tensor | None = None,
    *,
    dilations: tuple[int, ...] = (),
    group: int = 1,
    kernel_shape: tuple[int, ...] = (),
    offset_group: int = 1,
    pads: tuple[int, ...] = (),
    strides: tuple[int, ...] = (),
) -> Tensor:
    """offset[N,offset_group*kH*kW*2,oH,oW] and mask[N,offset_group*kH*kW,oH,oW] move and weigh the taps."""
    if x.rank != 4:
        raise op.unsupported(f"{x.type} has {x.rank - 2} spatial dimensions; 2 are supported")
    _check_groups(op, w, group)
    _check_types(op, x, offset, mask)
    if x.dtype == F64:
        raise op.unsupported("f64 is not supported", "export the model in f32")
    kernel = _geometry(op, x, w, b, w.shape[1] * group, w.shape[0], kernel_shape)
    stride, dilation = steps(op, kernel, strides, dilations)
    before, after = padding(op, "NOTSET", pads, x.shape[2:], kernel, stride, dilation)
    taps = offset_group * kernel[0] * kernel[1]
    if offset_group < 1 or offset.rank != 4 or offset.shape[1] != 2 * taps:
        raise op.invalid(f"offset {offset.type} does not move {kernel} taps of {offset_group} groups")
    if mask is not None and mask.shape != (offset.shape[0], taps, *offset.shape[2:]):
        raise op.invalid(f"mask {mask.type} does not fit offset {offset.type}")
    shape = (offset.shape[0], *offset.shape[2:], offset_group, *kernel)
    moved = op.reshape(op.add(Transpose((0, 2, 3, 1)), [offset]), (*shape, 2))
    inputs = [to_images(op, x), op.add(Transpose((0, 2, 3, 1)), [w]), moved]
    if mask is not None:
        inputs.append(op.reshape(op.add(Transpose((0, 2, 3, 1)), [mask]), shape))
    y = op.add(DeformConv2d(two(stride, 1), two(dilation, 1), (*two(before, 0), *two(after, 0))), inputs)
    return from_images(op, y if b is None else op.add(Binary("add"), [y, b]), 4)


def _pixels(image: Counts, block: Counts, before: Counts, steps: Counts, apart: Counts, windows: Counts) -> Array:
    """s64[block,windows]: which pixel each element of each window is; one that there is not beside the image."""
    count = len(image)
    pixel: Array = np.zeros((), np.int64)
    inside: Array = np.ones((), bool)
    for axis, extent in enumerate(image):
        at = np.arange(windows[axis]) * steps[axis] - before[axis] + np.arange(block[axis])[:, None] * apart[axis]
        at = at.reshape([at.shape[i // count] if i % count == axis else 1 for i in range(2 * count)])
        pixel = pixel * extent + at
        inside = inside & (at >= 0) & (at < extent)
    return np.where(inside, pixel, math.prod(image))


@operator("Col2Im", since=18)
def col_to_image(
    op: Operator,
    x: Tensor,
    image_shape: Tensor,
    block_shape: Tensor,
    *,
    dilations: tuple[int, ...] = (),
    pads: tuple[int, ...] = (),
    strides: tuple[int, ...] = (),
) -> Tensor:
    """x[N,C*block,windows], blocks that are added up where they lie in images [N,C,...]."""
    image, block = op.integers(image_shape, "the image's shape"), op.integers(block_shape, "the block's shape")
    count = len(image)
    if x.rank != 3 or len(block) != count or count < 1 or min(*image, *block) < 1 or x.shape[1] % math.prod(block):
        raise op.invalid(f"{x.type} does not hold blocks of {list(block)} of images {list(image)}")
    step, apart = per_axis(op, strides, count, 1, "strides"), per_axis(op, dilations, count, 1, "dilations")
    if min(*step, *apart) < 1:
        raise op.invalid(f"strides {step} and dilations {apart} must be positive")
    before, after = padding(op, "NOTSET", pads, image, block, step, apart)
    windows = covered(image, before, after, block, step, apart)
    if min(windows) < 1 or math.prod(windows) != x.shape[2]:
        raise op.invalid(f"{x.type} does not have {list(windows)} windows")
    n, taps = x.shape[0], math.prod(block)
    channels = x.shape[1] // taps
    columns = op.add(Transpose((2, 3, 0, 1)), [op.reshape(x, (n, channels, taps, x.shape[2]))])
    rows = op.reshape(columns, (taps * x.shape[2], n * channels))
    pixels = _pixels(image, block, before, step, apart, windows).reshape(-1, 1)
    blank = op.constant(np.zeros((math.prod(image), n * channels)), x.dtype)
    y = op.add(ScatterNd("add"), [blank, op.constant(pixels, S32), rows])
    y = op.add(Transpose((1, 2, 0)), [op.reshape(y, (math.prod(image), n, channels))])
    return op.reshape(y, (n, channels, *image))
