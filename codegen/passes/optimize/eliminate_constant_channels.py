"""Removes channels that hold one value whatever the input, and channels that nobody needs.

Quantized networks with fused activations have many: their accumulator never leaves the side on which the activation
is flat. A convolution that reads such a channel takes its contribution into the bias; it and the one that computed it
get narrower. In between, depthwise convolutions, pools and element-wise operators, whose channel c depends on channel
c only, get narrower together.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edgegen.ir.dtypes import S8, S32
from edgegen.ir.fixed_point import FixedPoint, IntArray
from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Array, Tensor, constant
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.copy import Copy
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.reduce import Reduce
from edgegen.ops.requantize import Requantize
from edgegen.ops.reshape import Reshape
from edgegen.ops.table import Table
from edgegen.ops.unary import Unary
from edgegen.passes.value_ranges import Ranges, value_ranges
from edgegen.targets import Target

Mask = npt.NDArray[np.bool_]
Masks = dict[Tensor, Mask]

_ELEMENTWISE = (Clamp, Copy, Pool2d, Requantize, Table, Unary)


def _mixes_channels(node: Node) -> bool:
    """Conv2d without groups, or Dense, with constants that can be cut."""
    if not isinstance(node.op, Conv2d | Dense) or node.op.requantize is None:
        return False
    x = node.input(0)
    if x.is_constant or x.dtype != S8 or node.out.dtype != S8:
        return False
    return node.input(1).shape[-1] == x.shape[-1] and all(t is None or t.is_constant for t in node.inputs[1:])


def _keeps_channels(node: Node) -> bool:
    """Whether channel c of the result depends on channel c of the activations only, and can be cut with them."""
    if not node.inputs or len(node.outputs) != 1:
        return False
    op, out = node.op, node.out
    if isinstance(op, DepthwiseConv2d):
        fixed = all(t is None or t.is_constant for t in node.inputs[1:])
        return fixed and op.requantize is not None and node.input(0).shape[-1] == out.shape[-1]
    if isinstance(op, Reduce):
        return node.input(0).rank - 1 not in op.axes
    if isinstance(op, Reshape):  # trailing axes flattened into one: whole pixels in a row
        old, new = node.input(0).shape, out.shape
        return bool(new) and new[:-1] == old[: len(new) - 1] and len(new) <= len(old)
    if isinstance(op, Binary):
        return all(t is not None and (t.is_constant or t.shape[-1:] == out.shape[-1:]) for t in node.inputs)
    return isinstance(op, _ELEMENTWISE)


def _not_needed(node: Node, ranges: Ranges) -> Mask:
    """Channels of x that a channel-mixing node can do without: its bias can stand for them, or their weights are 0.

    Where the window reaches into padding, a constant counts only if it is what padding reads as.
    """
    op, x, w = node.op, node.input(0), node.input(1).values
    assert isinstance(op, Conv2d | Dense)
    known = ranges[x]
    padded = isinstance(op, Conv2d) and any(op.pad)
    replaceable = known.constant & ((known.low == op.x_zero) | (not padded))
    return replaceable | ~w.any(axis=tuple(range(w.ndim - 1)))


def _link(node: Node, masks: Masks) -> bool:
    """Makes all tensors of a channel-keeping node agree on what is removed; whether that changed anything."""
    tensors = [t for t in (*node.inputs, node.out) if t is not None and not t.is_constant]
    if not all(t in masks for t in tensors):
        return _forbid(node, masks)
    narrow = min(tensors, key=lambda t: t.shape[-1])  # the flattened side of a reshape repeats the other's channels
    width = narrow.shape[-1]
    common = np.logical_and.reduce([masks[t].reshape(-1, width).all(axis=0) for t in tensors])
    changed = False
    for tensor in tensors:
        new = np.tile(common, tensor.shape[-1] // width)
        changed |= bool((new != masks[tensor]).any())
        masks[tensor] = new
    return changed


def _forbid(node: Node, masks: Masks) -> bool:
    """Keeps every channel of all that the node touches."""
    touched = [t for t in (*node.inputs, *node.outputs) if t in masks and t is not None and masks[t].any()]
    for tensor in touched:
        masks[tensor] = np.zeros_like(masks[tensor])
    return bool(touched)


def _removable(graph: Graph, ranges: Ranges) -> Masks:
    """bool[C] of each s8 activation: the largest sets of channels such that no node misses one."""
    masks: Masks = {t: np.ones(t.shape[-1], bool) for t in ranges if t.type.elements}
    for tensor in (*graph.sources, *graph.sinks):
        if tensor in masks:
            masks[tensor] = np.zeros_like(masks[tensor])
    linked: list[Node] = []
    for node in graph.nodes:
        if _mixes_channels(node):
            masks[node.input(0)] &= _not_needed(node, ranges)
        elif _keeps_channels(node):
            linked.append(node)
        else:
            _forbid(node, masks)
    while sum([_link(n, masks) for n in (*linked, *reversed(linked))]):
        continue
    return masks


def _round_up(graph: Graph, masks: Masks, granule: int) -> None:
    """Keeps so many constant channels that what is left fills whole vectors, alike in all tensors that go together."""
    group = {t: t for t in masks}

    def root(tensor: Tensor) -> Tensor:
        while group[tensor] is not tensor:
            tensor = group[tensor]
        return tensor

    for node in graph.nodes:
        if _keeps_channels(node):
            tied = [root(t) for t in (*node.inputs, *node.outputs) if t is not None and t in masks]
            for tensor in tied[1:]:
                group[root(tensor)] = root(tied[0])
    width: dict[Tensor, int] = {}
    for tensor in masks:
        width[root(tensor)] = min(width.get(root(tensor), tensor.shape[-1]), tensor.shape[-1])
    for tensor, mask in masks.items():
        channels = width[root(tensor)]
        removed = np.flatnonzero(mask[:channels])
        kept = max(channels - len(removed), 1)
        extra = min(-(-kept // granule) * granule, channels) - (channels - len(removed))
        thinner = mask[:channels].copy()
        thinner[removed[:extra]] = False
        masks[tensor] = np.tile(thinner, len(mask) // channels)


def _cut_factors(requantize: FixedPoint | None, keep: IntArray) -> FixedPoint | None:
    return None if requantize is None else requantize.of_channels(keep.tolist())


def _cut(tensor: Tensor, values: Array) -> Tensor:
    return constant(tensor.name, np.ascontiguousarray(values), tensor.dtype)


def _narrow_mixing(node: Node, removed: Mask, keep: IntArray, ranges: Ranges) -> None:
    """Rows of the weights go with the result's channels, columns with x's; what those contributed goes to the bias."""
    op, x, w = node.op, node.input(0), node.input(1)
    assert isinstance(op, Conv2d | Dense)
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    sums = w.values.astype(np.int64).reshape(w.shape[0], -1, w.shape[-1]).sum(axis=1)
    value = np.where(removed & ranges[x].constant, ranges[x].low - op.x_zero, 0)
    moved = sums @ value
    if bias is not None or moved.any():
        old = np.zeros(w.shape[0], np.int64) if bias is None else bias.values.astype(np.int64)
        name = f"{node.name}/bias" if bias is None else bias.name
        bias = constant(name, (old + moved)[keep].astype(np.int32), S32)
    node.inputs = [x, _cut(w, w.values[keep][..., ~removed]), bias]
    node.op = replace(op, requantize=_cut_factors(op.requantize, keep))


def _narrow_keeping(node: Node, keep: IntArray, channels: int) -> None:
    """Constants with an entry for each channel lose the same entries."""
    node.inputs = [
        _cut(t, t.values[..., keep]) if t is not None and t.is_constant and t.shape[-1:] == (channels,) else t
        for t in node.inputs
    ]
    if isinstance(node.op, DepthwiseConv2d):
        node.op = replace(node.op, requantize=_cut_factors(node.op.requantize, keep))
    if isinstance(node.op, Reshape):
        node.op = Reshape((*node.out.shape[:-1], len(keep)))


def eliminate_constant_channels(graph: Graph, target: Target) -> bool:
    """s8 only, exact for every input. A multiple of the target's alignment remains, so that vectors stay full."""
    ranges = value_ranges(graph)
    masks = _removable(graph, ranges)
    _round_up(graph, masks, target.alignment)
    if not any(mask.any() for mask in masks.values()):
        return False
    for node in graph.nodes:
        if _mixes_channels(node):
            removed = masks[node.input(0)]
            keep = np.flatnonzero(~masks[node.out])
            if removed.any() or len(keep) < node.out.shape[-1]:
                _narrow_mixing(node, removed, keep, ranges)
        elif node.out in masks and masks[node.out].any():
            _narrow_keeping(node, np.flatnonzero(~masks[node.out]), len(masks[node.out]))
    for tensor, mask in masks.items():
        if mask.any():
            tensor.type = replace(tensor.type, shape=(*tensor.shape[:-1], int((~mask).sum())))
    return True
