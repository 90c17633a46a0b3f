"""Operators that move elements: Concat, Split, Slice, Transpose, Pad, Expand, Tile, Gather and their like."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.ir.dtypes import S32, S64
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.concat import MAX_INPUTS, Concat
from edgegen.ops.elements import GatherElements, ScatterElements
from edgegen.ops.gather import Gather, bounded
from edgegen.ops.gather_nd import GatherNd
from edgegen.ops.mirror_pad import MirrorPad
from edgegen.ops.one_hot import OneHot
from edgegen.ops.pad import Pad
from edgegen.ops.reverse_sequence import ReverseSequence
from edgegen.ops.scatter_nd import REDUCED, Reduction, ScatterNd
from edgegen.ops.slice import Slice
from edgegen.ops.top_k import TopK
from edgegen.ops.transpose import Transpose


@operator("Transpose")
def transpose(op: Operator, data: Tensor, *, perm: tuple[int, ...] = ()) -> Tensor:
    order = perm or tuple(reversed(range(data.rank)))
    return data if order == tuple(range(data.rank)) else op.add(Transpose(order), [data])


@operator("Concat", until=3)
def concat_from_1(op: Operator, *inputs: Tensor, axis: int = 1) -> Tensor:
    return concat(op, *inputs, axis=axis)


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
        part = Slice(tuple(begin), tuple(size), (1,) * x.rank)
        parts.append(op.add(part, [x]) if 0 not in size else op.constant(np.zeros(size), x.dtype))
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
        return op.constant(np.zeros(size), x.dtype)
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
    if mode == "reflect":
        return op.add(MirrorPad(low, high, "reflect"), [x])
    if mode in ("edge", "wrap"):
        return _taken(op, x, low, high, mode)
    if mode != "constant":
        raise op.invalid(f'mode is "{mode}"')
    return op.add(Pad(low, high, value), [x])


def _taken(op: Operator, x: Tensor, before: Sequence[int], after: Sequence[int], mode: str) -> Tensor:
    """Padding by copies of x's own elements: the nearest ("edge") or those from the other end ("wrap")."""
    for axis, (b, a) in enumerate(zip(before, after, strict=True)):
        if b or a:
            at = np.arange(-b, x.shape[axis] + a)
            chosen = np.clip(at, 0, x.shape[axis] - 1) if mode == "edge" else at % x.shape[axis]
            x = op.add(Gather(axis), [x, op.constant(chosen, S32)])
    return x


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


@operator("Expand", since=8)
def expand(op: Operator, x: Tensor, shape: Tensor) -> Tensor:
    """Broadcast to the shape, which may have dimensions of 1 where x has more."""
    wanted = op.integers(shape, "the shape")
    try:
        full = np.broadcast_shapes(x.shape, wanted)
    except ValueError:
        raise op.invalid(f"{x.type} does not broadcast to {list(wanted)}") from None
    return x if full == x.shape else op.add(BroadcastTo(full), [x])


REPEATED = 3
"""Axes that are repeated at once: the loops of copies hold no more."""


@operator("Tile", until=5)
def tile_along_axis(op: Operator, x: Tensor, tiles: Tensor, axis: Tensor) -> Tensor:
    (count,), (along,) = op.integers(tiles, "the count"), op.integers(axis, "the axis")
    chosen = op.axis(along, x.rank)
    return tile(op, x, op.constant([count if i == chosen else 1 for i in range(x.rank)], S64))


@operator("Tile", since=6)
def tile(op: Operator, x: Tensor, repeats: Tensor) -> Tensor:
    counts = op.integers(repeats, "the repeats")
    if len(counts) != x.rank or min(counts, default=1) < 1:
        raise op.invalid(f"repeats {list(counts)} do not fit {x.type}")
    axes = [i for i in reversed(range(x.rank)) if counts[i] > 1]
    for k in range(0, len(axes), REPEATED):  # the innermost first, so that later copies are long
        now = [count if i in axes[k : k + REPEATED] else 1 for i, count in enumerate(counts)]
        # [n, ...] -> [1, n, ...] -> [count, n, ...] -> [count * n, ...] along these axes at once
        apart = [m for n in x.shape for m in (1, n)]
        repeated = [m for n, count in zip(x.shape, now, strict=True) for m in (count, n)]
        y = op.add(BroadcastTo(tuple(repeated)), [op.reshape(x, apart)])
        x = op.reshape(y, [n * count for n, count in zip(x.shape, now, strict=True)])
    return x


@operator("Gather")
def gather(op: Operator, data: Tensor, indices: Tensor, *, axis: int = 0) -> Tensor:
    """One element that is known ahead of time is a slice, which other operators see through."""
    axis = op.axis(axis, data.rank)
    if indices.data is None or indices.type.elements != 1 or not data.type.elements:
        return op.add(Gather(axis), [data, indices])
    begin, size = [0] * data.rank, list(data.shape)
    begin[axis], size[axis] = int(bounded(indices.data, data.shape[axis]).reshape(-1)[0]), 1
    part = op.add(Slice(tuple(begin), tuple(size), (1,) * data.rank), [data])
    return op.reshape(part, (*data.shape[:axis], *indices.shape, *data.shape[axis + 1 :]))


@operator("GatherND", since=11)
def gather_nd(op: Operator, data: Tensor, indices: Tensor, *, batch_dims: int = 0) -> Tensor:
    return op.add(GatherNd(batch_dims), [data, indices])


@operator("ScatterND", since=11)
def scatter_nd(op: Operator, data: Tensor, indices: Tensor, updates: Tensor, *, reduction: str = "none") -> Tensor:
    return op.add(ScatterNd(_reduction(op, reduction)), [data, indices, updates])


def _reduction(op: Operator, name: str) -> Reduction:
    if name not in ("none", *REDUCED):
        raise op.invalid(f'reduction is "{name}"')
    return name


@operator("TensorScatter", since=24)
def tensor_scatter(
    op: Operator,
    past_cache: Tensor,
    update: Tensor,
    write_indices: Tensor | None = None,
    *,
    axis: int = -2,
    mode: str = "linear",
) -> Tensor:
    """A cache [B, ...], `update` written along the axis from write_indices[B] on; "circular": beyond its end, too."""
    axis = op.axis(axis, past_cache.rank)
    if axis == 0 or past_cache.rank != update.rank or mode not in ("linear", "circular"):
        raise op.invalid(f'{update.type} is not written along axis {axis} of {past_cache.type} ("{mode}")')
    order = (0, axis, *(i for i in range(1, past_cache.rank) if i != axis))
    cache, new = op.add(Transpose(order), [past_cache]), op.add(Transpose(order), [update])
    batch, room, count = cache.shape[0], cache.shape[1], new.shape[1]
    at = op.constant(np.arange(count), S64)  # [batch, count] of the axis
    if write_indices is not None:
        at = op.add(Binary("add"), [op.reshape(op.cast(write_indices, S64), (batch, 1)), at])
    if mode == "circular":
        at = op.add(Binary("floor_mod"), [at, op.constant(room, S64)])
    places = op.add(BroadcastTo((batch, count)), [at]) if at.shape != (batch, count) else at
    rows = op.constant(np.arange(batch).repeat(count).reshape(batch, count, 1), S64)
    pairs = op.add(Concat(2), [rows, op.reshape(places, (batch, count, 1))])
    y = op.add(ScatterNd(), [cache, pairs, new])
    return op.add(Transpose(tuple(int(i) for i in np.argsort(order))), [y])


@operator("GatherElements", since=11)
def gather_elements(op: Operator, data: Tensor, indices: Tensor, *, axis: int = 0) -> Tensor:
    return op.add(GatherElements(op.axis(axis, data.rank)), [data, indices])


@operator("Scatter", since=9)
@operator("ScatterElements", since=11)
def scatter_elements(
    op: Operator, data: Tensor, indices: Tensor, updates: Tensor, *, axis: int = 0, reduction: str = "none"
) -> Tensor:
    kind = ScatterElements(op.axis(axis, data.rank), _reduction(op, reduction))
    return op.add(kind, [data, indices, updates])


@operator("OneHot", since=9)
def one_hot(op: Operator, indices: Tensor, depth: Tensor, values: Tensor, *, axis: int = -1) -> Tensor:
    """values: [off, on]"""
    count = int(op.values(depth, "the depth").reshape(-1)[0])
    indices = indices if indices.dtype in (S32, S64) else op.cast(indices, S64)
    off, on = (op.add(Slice((i,), (1,), (1,)), [values]) for i in (0, 1))
    return op.add(OneHot(count, op.axis(axis, indices.rank + 1), True), [indices, on, off])


@operator("TopK", until=9)
def top_k_by_attribute(op: Operator, x: Tensor, *, k: int, axis: int = -1) -> list[Tensor]:
    return op.add_all(TopK(k, op.axis(axis, x.rank), True, "s64"), [x])


@operator("TopK", since=10)
def top_k(op: Operator, x: Tensor, k: Tensor, *, axis: int = -1, largest: int = 1, sorted: int = 1) -> list[Tensor]:
    del sorted  # unsorted results may come in any order, this one too
    (count,) = op.integers(k, "the count")
    return op.add_all(TopK(count, op.axis(axis, x.rank), bool(largest), "s64"), [x])


@operator("ReverseSequence", since=10)
def reverse_sequence(
    op: Operator, x: Tensor, sequence_lens: Tensor, *, batch_axis: int = 1, time_axis: int = 0
) -> Tensor:
    return op.add(ReverseSequence(time_axis, batch_axis), [x, sequence_lens])


@operator("DepthToSpace")
def depth_to_space(op: Operator, x: Tensor, *, blocksize: int, mode: str = "DCR") -> Tensor:
    """Channels to blocks of pixels; DCR has the block's pixel outermost among the channels, CRD innermost."""
    if x.rank != 4 or blocksize < 1 or x.shape[1] % blocksize**2 or mode not in ("DCR", "CRD"):
        raise op.invalid(f"{x.type} does not spread over blocks of {blocksize} ({mode})")
    n, c, h, w = x.shape
    b, depth = blocksize, c // blocksize**2
    if mode == "DCR":
        y = op.add(Transpose((0, 3, 4, 1, 5, 2)), [op.reshape(x, (n, b, b, depth, h, w))])
    else:
        y = op.add(Transpose((0, 1, 4, 2, 5, 3)), [op.reshape(x, (n, depth, b, b, h, w))])
    return op.reshape(y, (n, depth, h * b, w * b))


@operator("SpaceToDepth")
def space_to_depth(op: Operator, x: Tensor, *, blocksize: int, mode: str = "DCR") -> Tensor:
    """Blocks of pixels to channels; DCR has the block's pixel outermost among the channels, CRD innermost."""
    b = blocksize
    if x.rank != 4 or b < 1 or x.shape[2] % b or x.shape[3] % b or mode not in ("DCR", "CRD"):
        raise op.invalid(f"{x.type} does not divide into blocks of {b} ({mode})")
    n, c, h, w = x.shape
    order = (0, 3, 5, 1, 2, 4) if mode == "DCR" else (0, 1, 3, 5, 2, 4)
    y = op.add(Transpose(order), [op.reshape(x, (n, c, h // b, b, w // b, b))])
    return op.reshape(y, (n, c * b * b, h // b, w // b))
