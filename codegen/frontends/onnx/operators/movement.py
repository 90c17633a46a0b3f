"""Operators that move elements: Concat, Split, Slice, Transpose, Pad, Expand, Tile, Gather and their like."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.ir.tensor import Tensor
from edgegen.ops.concat import MAX_INPUTS, Concat
from edgegen.ops.pad import Pad
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose


@operator("Transpose")
def transpose(op: Operator, data: Tensor, *, perm: tuple[int, ...] = ()) -> Tensor:
    order = perm or tuple(reversed(range(data.rank)))
    return data if order == tuple(range(data.rank)) else op.add(Transpose(order), [data])


@operator("Concat", since=4)
def concat(op: Operator, *inputs: Tensor, axis: int) -> Tensor:
    if not inputs:
        raise op.invalid("has no inputs")
    axis = op.axis(axis, inputs[0].rank)
    parts = [t for t in inputs if t.type.elements] or list(inputs[:1])
    while len(parts) > 1:
        parts = [
            op.add(Concat(axis), parts[i : i + MAX_INPUTS]) if len(parts[i : i + MAX_INPUTS]) > 1 else parts[i]
            for i in range(0, len(parts), MAX_INPUTS)
        ]
    return parts[0]


def _split(op: Operator, x: Tensor, axis: int, sizes: Sequence[int]) -> list[Tensor]:
    if sum(sizes) != x.shape[axis] or min(sizes, default=0) < 0:
        raise op.invalid(f"parts of {list(sizes)} do not add up to axis {axis} of {x.type}")
    begin, size, parts = [0] * x.rank, list(x.shape), []
    for size[axis] in sizes:
        parts.append(op.add(Slice(tuple(begin), tuple(size), (1,) * x.rank), [x]))
        begin[axis] += size[axis]
    return parts


def _even_parts(op: Operator, extent: int, count: int) -> list[int]:
    """Equal parts, of which the last may be smaller."""
    if count < 1:
        raise op.invalid(f"cannot split into {count} parts")
    each = math.ceil(extent / count)
    return [each] * (count - 1) + [extent - each * (count - 1)]


@operator("Split", until=12)
def split_by_attribute(op: Operator, x: Tensor, *, axis: int = 0, split: tuple[int, ...] = ()) -> list[Tensor]:
    axis = op.axis(axis, x.rank)
    return _split(op, x, axis, split or _even_parts(op, x.shape[axis], len(op.wanted)))


@operator("Split", since=13)
def split(
    op: Operator, x: Tensor, split: Tensor | None = None, *, axis: int = 0, num_outputs: int | None = None
) -> list[Tensor]:
    axis = op.axis(axis, x.rank)
    if split is not None:
        return _split(op, x, axis, op.integers(split, "the sizes of the parts"))
    return _split(op, x, axis, _even_parts(op, x.shape[axis], num_outputs or len(op.wanted)))


def _slice(
    op: Operator,
    x: Tensor,
    starts: Sequence[int],
    ends: Sequence[int],
    axes: Sequence[int] | None,
    steps: Sequence[int] | None,
) -> Tensor:
    """As Python slices; indices beyond an end stand for that end."""
    axes = range(len(starts)) if axes is None else [op.axis(a, x.rank) for a in axes]
    steps = [1] * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps) or len(set(axes)) != len(axes) or len(axes) > x.rank:
        raise op.invalid(f"starts {list(starts)}, ends {list(ends)}, axes {list(axes)} and steps do not slice {x.type}")
    begin, size, stride = [0] * x.rank, list(x.shape), [1] * x.rank
    for first, last, axis, step in zip(starts, ends, axes, steps, strict=True):
        if step == 0:
            raise op.invalid("step 0 never ends")
        chosen = range(*slice(first, last, step).indices(x.shape[axis]))
        begin[axis], size[axis], stride[axis] = (chosen[0] if chosen else 0), len(chosen), step
    if 0 in size:
        raise op.unsupported(f"the slice {size} of {x.type} has no elements")
    if tuple(size) == x.shape and min(stride, default=1) > 0:
        return x
    return op.add(Slice(tuple(begin), tuple(size), tuple(stride)), [x])


@operator("Slice", until=9)
def slice_by_attributes(
    op: Operator, data: Tensor, *, starts: tuple[int, ...], ends: tuple[int, ...], axes: tuple[int, ...] | None = None
) -> Tensor:
    return _slice(op, data, starts, ends, axes, None)


@operator("Slice", since=10)
def slice_(
    op: Operator, data: Tensor, starts: Tensor, ends: Tensor, axes: Tensor | None = None, steps: Tensor | None = None
) -> Tensor:
    return _slice(
        op,
        data,
        op.integers(starts, "the starts of the slice"),
        op.integers(ends, "the ends of the slice"),
        None if axes is None else op.integers(axes, "the axes of the slice"),
        None if steps is None else op.integers(steps, "the steps of the slice"),
    )


def _pad(op: Operator, x: Tensor, pads: Sequence[int], axes: Sequence[int] | None, mode: str, value: float) -> Tensor:
    """pads: all begins, then all ends; negative ones crop."""
    chosen = range(x.rank) if axes is None else [op.axis(a, x.rank) for a in axes]
    if len(pads) != 2 * len(chosen):
        raise op.invalid(f"pads {list(pads)} do not fit {len(chosen)} axes")
    before, after = [0] * x.rank, [0] * x.rank
    for i, axis in enumerate(chosen):
        before[axis], after[axis] = pads[i], pads[i + len(chosen)]
    begin = [max(0, -b) for b in before]
    size = [n + min(0, b) + min(0, a) for n, b, a in zip(x.shape, before, after, strict=True)]
    if min(size, default=1) < 1:
        raise op.invalid(f"pads {list(pads)} leave nothing of {x.type}")
    if tuple(size) != x.shape:
        x = op.add(Slice(tuple(begin), tuple(size), (1,) * x.rank), [x])
    low, high = tuple(max(0, b) for b in before), tuple(max(0, a) for a in after)
    if not any((*low, *high)):
        return x
    if mode != "constant":
        raise op.unsupported(f'mode "{mode}" is not supported')
    return op.add(Pad(low, high, value), [x])


@operator("Pad", until=10)
def pad_by_attributes(
    op: Operator, data: Tensor, *, pads: tuple[int, ...], mode: str = "constant", value: float = 0.0
) -> Tensor:
    return _pad(op, data, pads, None, mode, value)


@operator("Pad", since=11)
def pad(
    op: Operator,
    data: Tensor,
    pads: Tensor,
    constant_value: Tensor | None = None,
    axes: Tensor | None = None,
    *,
    mode: str = "constant",
) -> Tensor:
    value = 0.0 if constant_value is None else op.values(constant_value, "the padding's value").reshape(-1)[0]
    chosen = None if axes is None else op.integers(axes, "the axes")
    return _pad(op, data, op.integers(pads, "the padding"), chosen, mode, float(value))


def _tiled(op: Operator, x: Tensor, repeats: Sequence[int]) -> Tensor:
    for axis, count in enumerate(repeats):
        if count != 1:
            x = concat(op, *([x] * count), axis=axis)
    return x


@operator("Expand", since=8)
def expand(op: Operator, x: Tensor, shape: Tensor) -> Tensor:
    """Broadcast to the shape, which may have dimensions of 1 where x has more."""
    wanted = op.integers(shape, "the shape")
    try:
        full = np.broadcast_shapes(x.shape, wanted)
    except ValueError:
        raise op.invalid(f"{x.type} does not broadcast to {list(wanted)}") from None
    lead = (1,) * (len(full) - x.rank) + x.shape
    y = op.add(Reshape(lead), [x]) if lead != x.shape else x
    return _tiled(op, y, [n // m for n, m in zip(full, lead, strict=True)])


@operator("Tile", since=6)
def tile(op: Operator, x: Tensor, repeats: Tensor) -> Tensor:
    counts = op.integers(repeats, "the repeats")
    if len(counts) != x.rank or min(counts, default=1) < 1:
        raise op.invalid(f"repeats {list(counts)} do not fit {x.type}")
    return _tiled(op, x, counts)
