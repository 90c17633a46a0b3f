"""Operators that take parts of a tensor: SLICE, STRIDED_SLICE, SPLIT, SPLIT_V and UNPACK."""

from __future__ import annotations

import math
from dataclasses import dataclass

import tflite

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.frontends.tflite.operators.movement import check_u8
from edgegen.ir.tensor import Tensor
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice


@operator("SLICE", last_version=6, signed="moves")
def slice_(op: Operator) -> None:
    """Inputs 1 and 2 are begin and size; a size of -1 reaches to the end."""
    x = op.input(0)
    begin, size = op.integers(1, "the begin of the slice"), op.integers(2, "the size of the slice")
    if not len(begin) == len(size) == x.rank:
        raise op.invalid(f"begin {list(begin)} and size {list(size)} do not slice {x.type}")
    size = tuple(n - b if k == -1 else k for n, b, k in zip(x.shape, begin, size, strict=True))
    op.add(Slice(begin, size, (1,) * x.rank), [x], op.output)


def _split(op: Operator, x: Tensor, axis: int, sizes: list[int]) -> None:
    if len(sizes) != len(op.outputs):
        raise op.invalid(f"splits into {len(sizes)} parts, has {len(op.outputs)} outputs")
    begin, size = [0] * x.rank, list(x.shape)
    for y, size[axis] in zip(op.outputs, sizes, strict=True):
        op.add(Slice(tuple(begin), tuple(size), (1,) * x.rank), [x], y)
        begin[axis] += size[axis]


def _split_axis(op: Operator, i: int, x: Tensor) -> int:
    axes = op.integers(i, "the axis")
    if len(axes) != 1:
        raise op.invalid(f"has {len(axes)} axes instead of one")
    return op.axis(axes[0], x.rank)


@operator("SPLIT", last_version=4, signed="moves")
def split(op: Operator) -> None:
    """Input 0 is the axis; the parts are equal."""
    x, count = op.input(1), op.options(tflite.SplitOptions).NumSplits
    axis = _split_axis(op, 0, x)
    if count < 1 or x.shape[axis] % count:
        raise op.invalid(f"{x.type} does not split into {count} equal parts along axis {axis}")
    if count != len(op.outputs):
        raise op.invalid(f"splits into {count} parts, has {len(op.outputs)} outputs")
    _split(op, x, axis, [x.shape[axis] // count] * count)


@operator("SPLIT_V", last_version=2, signed="moves")
def split_v(op: Operator) -> None:
    """Input 1 holds the parts' sizes, one of them perhaps -1; input 2 is the axis."""
    x, sizes = op.input(0), list(op.integers(1, "the sizes of the parts"))
    axis = _split_axis(op, 2, x)
    rest = x.shape[axis] - sum(k for k in sizes if k != -1)
    if min(sizes, default=0) < -1 or sizes.count(-1) > 1 or (rest != 0 and -1 not in sizes):
        raise op.invalid(f"parts of {sizes} do not add up to axis {axis} of {x.type}")
    _split(op, x, axis, [rest if k == -1 else k for k in sizes])


@operator("UNPACK", last_version=6, signed="moves")
def unpack(op: Operator) -> None:
    """Each slice along an axis is an output, which does not have that axis."""
    x, options = op.input(0), op.options(tflite.UnpackOptions)
    axis = op.axis(options.Axis, x.rank)
    if not options.Num == x.shape[axis] == len(op.outputs):
        raise op.invalid(f"{x.type} does not unpack into {options.Num} slices along axis {axis}")
    size = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
    for i, y in enumerate(op.outputs):
        check_u8(op, x, y)
        begin = tuple(i if a == axis else 0 for a in range(x.rank))
        op.add(Reshape(size[:axis] + size[axis + 1 :]), [op.add(Slice(begin, size, (1,) * x.rank), [x])], y)


@dataclass(frozen=True)
class _Along:
    """What one entry of a STRIDED_SLICE says of an axis: first index, elements, stride, and whether the axis stays."""

    begin: int
    count: int
    stride: int
    keep: bool


def _along(op: Operator, extent: int, begin: int, end: int, stride: int, masks: tuple[bool, bool, bool]) -> _Along:
    """As tflite::strided_slice::StartForAxis and StopForAxis. masks: begin, end, shrink_axis."""
    if stride == 0:
        raise op.invalid("stride 0 never ends")
    low, high = (0, extent) if stride > 0 else (-1, extent - 1)
    first = min(max(begin + extent if begin < 0 else begin, low), high)
    if masks[0]:
        first = 0 if stride > 0 else extent - 1
    if masks[2]:
        if not 0 <= first < extent:
            raise op.invalid(f"index {begin} is not one of {extent}")
        return _Along(first, 1, 1, False)
    last = min(max(end + extent if end < 0 else end, low), high)
    if masks[1]:
        last = extent if stride > 0 else -1
    return _Along(first, max(0, math.ceil((last - first) / stride)), stride, True)


@operator("STRIDED_SLICE", last_version=8, signed="moves")
def strided_slice(op: Operator) -> None:
    """Inputs 1, 2 and 3 are begin, end and stride. Bit i of a mask is about entry i:

    begin_mask, end_mask:  from the start, to the end
    ellipsis_mask:         the entry stands for all axes that no other entry is about
    new_axis_mask:         the entry inserts a dimension of 1
    shrink_axis_mask:      the axis has one element and is dropped
    offset:                ends count from the begins
    """
    x, options = op.input(0), op.options(tflite.StridedSliceOptions)
    begins, ends, strides = (op.integers(i, name) for i, name in ((1, "begin"), (2, "end"), (3, "the strides")))
    if not len(begins) == len(ends) == len(strides) <= 32:
        raise op.invalid(f"begin {list(begins)}, end {list(ends)} and strides {list(strides)} differ in length")
    entries = range(len(begins))
    ellipsis = [i for i in entries if options.EllipsisMask >> i & 1]
    new = [i for i in entries if options.NewAxisMask >> i & 1 and i not in ellipsis]
    spare = x.rank - (len(begins) - len(ellipsis) - len(new))
    if len(ellipsis) > 1 or spare < 0:
        raise op.invalid(f"{len(begins)} entries with {len(ellipsis)} ellipses do not slice {x.type}")

    axes: list[_Along] = []
    shape: list[int] = []

    def whole(count: int) -> None:
        for n in x.shape[len(axes) : len(axes) + count]:
            axes.append(_Along(0, n, 1, True))
            shape.append(n)

    for i in entries:
        if i in ellipsis:
            whole(spare)
        elif i in new:
            shape.append(1)
        else:
            masks = tuple(bool(m >> i & 1) for m in (options.BeginMask, options.EndMask, options.ShrinkAxisMask))
            end = ends[i] + begins[i] if options.Offset else ends[i]
            axes.append(_along(op, x.shape[len(axes)], begins[i], end, strides[i], (masks[0], masks[1], masks[2])))
            if axes[-1].keep:
                shape.append(axes[-1].count)
    whole(x.rank - len(axes))

    box = Slice(tuple(a.begin for a in axes), tuple(a.count for a in axes), tuple(a.stride for a in axes))
    if tuple(shape) == box.size:
        op.add(box, [x], op.output)
    else:
        op.add(Reshape(tuple(shape)), [op.add(box, [x])], op.output)
