"""Windows over images and volumes: where ONNX's auto_pad puts them, and the images as [N,H,W,C]."""

from __future__ import annotations

import math
from collections.abc import Sequence

from edgegen.frontends.onnx.importer import Operator
from edgegen.ir.tensor import Tensor
from edgegen.ops.transpose import Transpose

Counts = tuple[int, ...]


def per_axis(op: Operator, given: Sequence[int], count: int, default: int, what: str) -> Counts:
    """An attribute with a number for each spatial axis. Raises InvalidModel if it has another length."""
    values = tuple(given) or (default,) * count
    if len(values) != count or min(values) < 0:
        raise op.invalid(f"{what} {list(values)} do not fit {count} spatial dimensions")
    return values


def steps(op: Operator, kernel: Counts, strides: Sequence[int], dilations: Sequence[int]) -> tuple[Counts, Counts]:
    """(stride, dilation) along each axis of windows of that size. Raises InvalidModel unless all are positive."""
    stride = per_axis(op, strides, len(kernel), 1, "strides")
    dilation = per_axis(op, dilations, len(kernel), 1, "dilations")
    if min(*kernel, *stride, *dilation) < 1:
        raise op.invalid(f"kernel {kernel}, strides {stride} and dilations {dilation} must be positive")
    return stride, dilation


def padding(
    op: Operator, mode: str, pads: Sequence[int], extent: Counts, kernel: Counts, strides: Counts, dilations: Counts
) -> tuple[Counts, Counts]:
    """(before, after) along each spatial axis, from `pads` or as auto_pad says."""
    count = len(extent)
    if mode == "NOTSET":
        both = per_axis(op, pads, 2 * count, 0, "pads")
        return both[:count], both[count:]
    if mode == "VALID":
        return (0,) * count, (0,) * count
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise op.invalid(f'auto_pad is "{mode}"')
    before, after = [], []
    for n, k, s, d in zip(extent, kernel, strides, dilations, strict=True):
        total = max(0, (math.ceil(n / s) - 1) * s + d * (k - 1) + 1 - n)
        half = total // 2
        before.append(half if mode == "SAME_UPPER" else total - half)
        after.append(total - before[-1])
    return tuple(before), tuple(after)


def covered(
    extent: Counts, before: Counts, after: Counts, kernel: Counts, strides: Counts, dilations: Counts
) -> Counts:
    """How many whole windows fit along each axis, its padding included; below 1 where none does."""
    each = zip(extent, before, after, kernel, strides, dilations, strict=True)
    return tuple((n + b + a - ((k - 1) * d + 1)) // s + 1 for n, b, a, k, s, d in each)


def _channels_last(op: Operator, x: Tensor, spatial: int) -> Tensor:
    """[N,C,...] with up to `spatial` dimensions as [N,...,C] with as many. Raises UnsupportedModel for more."""
    if not 3 <= x.rank <= spatial + 2:
        raise op.unsupported(f"{x.type} has {x.rank - 2} spatial dimensions; 1 to {spatial} are supported")
    y = op.add(Transpose((0, *range(2, x.rank), 1)), [x])  # in x's own rank: it cancels that of `from_images`
    return op.reshape(y, (y.shape[0], *(1,) * (spatial + 2 - x.rank), *y.shape[1:]))


def to_images(op: Operator, x: Tensor) -> Tensor:
    """[N,C,W] or [N,C,H,W] as [N,H,W,C]. Raises UnsupportedModel for other ranks."""
    return _channels_last(op, x, 2)


def to_volumes(op: Operator, x: Tensor) -> Tensor:
    """[N,C,W], [N,C,H,W] or [N,C,D,H,W] as [N,D,H,W,C]. Raises UnsupportedModel for other ranks."""
    return _channels_last(op, x, 3)


def from_images(op: Operator, y: Tensor, rank: int) -> Tensor:
    """The inverse of `to_images` and `to_volumes`, whose source had rank `rank`."""
    y = op.reshape(y, (y.shape[0], *y.shape[y.rank - rank + 1 :]))
    return op.add(Transpose((0, rank - 1, *range(1, rank - 1))), [y])


def two(values: Counts, default: int) -> tuple[int, int]:
    """A number for height and width, from one for width alone or for both."""
    return (default, values[0]) if len(values) == 1 else (values[0], values[1])


def three(values: Counts, default: int) -> tuple[int, int, int]:
    """A number for depth, height and width, from those for the last of them."""
    depth, height, width = (*(default,) * (3 - len(values)), *values)
    return depth, height, width
