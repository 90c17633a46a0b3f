"""Pooling over windows and over whole images, and its way back."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.operators.windows import (
    Counts,
    from_images,
    padding,
    per_axis,
    steps,
    three,
    to_images,
    to_volumes,
    two,
)
from edgegen.ir.dtypes import F64
from edgegen.ir.tensor import Tensor
from edgegen.ops.elements import ScatterElements
from edgegen.ops.pad import Pad
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.pool3d import Pool3d, Pooling
from edgegen.ops.reduce import Reduce


@dataclass(frozen=True)
class _Windows:
    """Windows over the spatial axes of x; a number for each axis.

    after: padding behind, as the model says; size: of the output, whose last windows may reach further
    """

    extent: Counts
    kernel: Counts
    stride: Counts
    dilation: Counts
    before: Counts
    after: Counts
    size: Counts

    @property
    def reach(self) -> Counts:
        """How far windows reach beyond x on each axis, at least the padding behind where none overhangs."""
        each = zip(self.extent, self.kernel, self.stride, self.before, self.after, self.size, strict=True)
        return tuple(max(a, (o - 1) * s + k - n - b) for n, k, s, b, a, o in each)

    @property
    def overhang(self) -> bool:
        return self.reach != self.after

    @property
    def plain(self) -> bool:
        """Whether each window is contiguous and sees at least one pixel of an image."""
        each = zip(self.extent, self.kernel, self.stride, self.before, self.size, strict=True)
        seen = all(b < k and (o - 1) * s - b < n for n, k, s, b, o in each)
        return len(self.extent) <= 2 and set(self.dilation) == {1} and seen


def _windows(
    op: Operator,
    x: Tensor,
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    pads: tuple[int, ...],
    auto_pad: str,
    dilations: tuple[int, ...],
    ceil_mode: int,
) -> _Windows:
    spatial = x.rank - 2
    if not 1 <= spatial <= 3:
        raise op.unsupported(f"{x.type} has {spatial} spatial dimensions; 1 to 3 are supported")
    kernel = per_axis(op, kernel, spatial, 1, "kernel_shape")
    stride, dilation = steps(op, kernel, strides, dilations)
    extent = x.shape[2:]
    before, after = padding(op, auto_pad, pads, extent, kernel, stride, dilation)
    size = []
    for n, k, s, d, b, a in zip(extent, kernel, stride, dilation, before, after, strict=True):
        room = n + b + a - ((k - 1) * d + 1)
        count = (-(-room // s) if ceil_mode else room // s) + 1
        # a window must begin in the image or in the padding before it
        size.append(count - 1 if ceil_mode and (count - 1) * s >= n + b else count)
    if min(size) < 1:
        raise op.invalid(f"windows of {list(kernel)} do not fit x {x.type}")
    return _Windows(extent, kernel, stride, dilation, before, after, tuple(size))


def _images(op: Operator, x: Tensor, pool: Pool2d) -> Tensor:
    return from_images(op, op.add(pool, [to_images(op, x)]), x.rank)


def _volumes(op: Operator, x: Tensor, pool: Pool3d) -> Tensor:
    return from_images(op, op.add(pool, [to_volumes(op, x)]), x.rank)


def _pool3d(pooling: Pooling, w: _Windows) -> Pool3d:
    geometry = (three(w.stride, 1), three(w.dilation, 1), three(w.before, 0))
    return Pool3d(pooling, three(w.size, 1), three(w.kernel, 1), *geometry)


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
) -> list[Tensor]:
    """The second output says where the maxima stand in x as ONNX stores it; storage_order 1: first axis fastest."""
    w = _windows(op, x, kernel_shape, strides, pads, auto_pad, dilations, ceil_mode)
    if op.wanted[1:2] == (True,):
        pool = replace(_pool3d("argmax", w), column_major=bool(storage_order))
        images = op.reshape(x, (x.shape[0] * x.shape[1], *three(w.extent, 1), 1))
        return [op.reshape(y, (*x.shape[:2], *w.size)) for y in op.add_all(pool, [images])]
    if w.plain and x.dtype != F64:
        return [
            _images(op, x, Pool2d("max", two(w.kernel, 1), two(w.stride, 1), (*two(w.before, 0), *two(w.reach, 0))))
        ]
    return [_volumes(op, x, _pool3d("max", w))]


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
    """Padding counts if count_include_pad says so; what lies beyond the padding never does."""
    w = _windows(op, x, kernel_shape, strides, pads, auto_pad, dilations, ceil_mode)
    counted = bool(count_include_pad) and any((*w.before, *w.after))
    if w.plain and x.dtype != F64 and not (counted and w.overhang):
        kernel, stride = two(w.kernel, 1), two(w.stride, 1)
        if not counted:
            return _images(op, x, Pool2d("average", kernel, stride, (*two(w.before, 0), *two(w.reach, 0))))
        border = Pad((0, *two(w.before, 0), 0), (0, *two(w.after, 0), 0))
        y = op.add(Pool2d("average", kernel, stride), [op.add(border, [to_images(op, x)])])
        return from_images(op, y, x.rank)
    return _volumes(op, x, replace(_pool3d("average", w), counted=three(w.after, 0) if counted else None))


@operator("LpPool")
def lp_pool(
    op: Operator,
    x: Tensor,
    *,
    kernel_shape: tuple[int, ...],
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    dilations: tuple[int, ...] = (),
    p: float = 2,
    pads: tuple[int, ...] = (),
    strides: tuple[int, ...] = (),
) -> Tensor:
    """(sum |x|^p)^(1/p) over each window."""
    w = _windows(op, x, kernel_shape, strides, pads, auto_pad, dilations, ceil_mode)
    return _volumes(op, x, replace(_pool3d("lp", w), power=_power(op, p)))


def _power(op: Operator, p: float) -> int:
    if p < 1 or p != int(p):
        raise op.unsupported(f"a norm of order {p} is not supported; 1, 2, 3, ... are")
    return int(p)


@operator("GlobalAveragePool")
def global_average_pool(op: Operator, x: Tensor) -> Tensor:
    return op.add(Reduce("mean", tuple(range(2, x.rank)), True), [x])


@operator("GlobalMaxPool")
def global_max_pool(op: Operator, x: Tensor) -> Tensor:
    return op.add(Reduce("max", tuple(range(2, x.rank)), True), [x])


@operator("GlobalLpPool")
def global_lp_pool(op: Operator, x: Tensor, *, p: float = 2) -> Tensor:
    """(sum |x|^p)^(1/p) over each image."""
    if x.rank < 3 or 0 in x.shape:
        raise op.invalid(f"{x.type} has no images")
    pixels = math.prod(x.shape[2:])
    images = op.reshape(x, (x.shape[0] * x.shape[1], 1, 1, pixels, 1))
    y = op.add(Pool3d("lp", (1, 1, 1), (1, 1, pixels), power=_power(op, p)), [images])
    return op.reshape(y, (*x.shape[:2], *(1,) * (x.rank - 2)))


@operator("MaxUnpool", since=9)
def max_unpool(
    op: Operator,
    x: Tensor,
    places: Tensor,
    output_shape: Tensor | None = None,
    *,
    kernel_shape: tuple[int, ...],
    pads: tuple[int, ...] = (),
    strides: tuple[int, ...] = (),
) -> Tensor:
    """Each number at its place in an image that is 0 elsewhere. Places count in the image that the windows cover,
    which has zeros behind it where output_shape is larger, as the standard's suite has it."""
    spatial = x.rank - 2
    if spatial < 1 or places.shape != x.shape or not x.dtype.is_float:
        raise op.invalid(f"places {places.type} do not fit x {x.type}")
    kernel = per_axis(op, kernel_shape, spatial, 1, "kernel_shape")
    stride = per_axis(op, strides, spatial, 1, "strides")
    both = per_axis(op, pads, 2 * spatial, 0, "pads")
    each = zip(x.shape[2:], kernel, stride, both[:spatial], both[spatial:], strict=True)
    shape = (*x.shape[:2], *((n - 1) * s + k - b - a for n, k, s, b, a in each))
    wanted = shape if output_shape is None else op.integers(output_shape, "the output's shape")
    if min(shape) < 1 or len(wanted) != x.rank or any(a > b for a, b in zip(shape, wanted, strict=True)):
        raise op.invalid(f"an output of {list(wanted)} does not hold the image {list(shape)}")
    blank = op.constant(np.zeros(math.prod(shape)), x.dtype)
    flat = [op.reshape(t, (t.type.elements,)) for t in (places, x)]
    y = op.reshape(op.add(ScatterElements(0), [blank, *flat]), shape)
    behind = tuple(b - a for a, b in zip(shape, wanted, strict=True))
    return op.add(Pad((0,) * x.rank, behind), [y]) if any(behind) else y
