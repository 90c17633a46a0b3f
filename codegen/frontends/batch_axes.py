"""Where the elements of a batch lie in what an operator gives, if it keeps them apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from edgegen.ir.graph import Node
from edgegen.ir.op import Op
from edgegen.ops.arg_reduce import ArgReduce
from edgegen.ops.attention import Attention
from edgegen.ops.batch_matmul import BatchMatmul
from edgegen.ops.binary import Binary
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.cast import Cast
from edgegen.ops.clamp import Clamp
from edgegen.ops.compare import Compare
from edgegen.ops.concat import Concat
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.conv3d import Conv3d
from edgegen.ops.copy import Copy
from edgegen.ops.cumulate import Cumulate
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.gather import Gather
from edgegen.ops.gru import Gru
from edgegen.ops.l2_normalize import L2Normalize
from edgegen.ops.local_response import LocalResponse
from edgegen.ops.log_softmax import LogSoftmax
from edgegen.ops.lstm import Lstm
from edgegen.ops.mirror_pad import MirrorPad
from edgegen.ops.one_hot import OneHot
from edgegen.ops.pad import Pad
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.pool3d import Pool3d
from edgegen.ops.prelu import Prelu
from edgegen.ops.reduce import Reduce
from edgegen.ops.requantize import Dequantize, Quantize, Requantize
from edgegen.ops.resample import Resample
from edgegen.ops.reshape import Reshape
from edgegen.ops.resize import Resize
from edgegen.ops.rnn import Rnn
from edgegen.ops.scaled_binary import ScaledBinary
from edgegen.ops.select_op import Select
from edgegen.ops.slice import Slice
from edgegen.ops.softmax import Softmax
from edgegen.ops.standardize import Standardize
from edgegen.ops.top_k import TopK
from edgegen.ops.transpose import Transpose
from edgegen.ops.transpose_conv2d import TransposeConv2d
from edgegen.ops.trees import Trees
from edgegen.ops.unary import Unary

Axes = Sequence[int | None]
"""Along which axis the elements of a batch lie, of each input; None for what all elements share."""

Kept = int | tuple[int | None, ...] | None
"""Along which axis they lie in the results, in all or in each; None if they are mixed."""


def _aligned(node: Node, axes: Axes) -> Kept:
    """Of operators that take element by element: counted from the last axis, as inputs are broadcast."""
    places = {a - t.rank for t, a in zip(node.inputs, axes, strict=True) if t is not None and a is not None}
    return node.out.rank + places.pop() if len(places) == 1 else None


def _only_first(axes: Axes) -> int | None:
    return axes[0] if all(a is None for a in axes[1:]) else None


def _outermost(node: Node, axes: Axes) -> Kept:
    return 0 if _only_first(axes) == 0 and node.out.rank else None


def _not_last(node: Node, axes: Axes) -> Kept:
    axis = _only_first(axes)
    return axis if axis is not None and axis < node.input(0).rank - 1 else None


def _reshaped(node: Node, axes: Axes) -> Kept:
    """Elements of the batch are that far apart that as many of them make up the tensor as before."""
    axis = axes[0]
    before = math.prod(node.input(0).shape[:axis])
    for i in range(node.out.rank):
        if math.prod(node.out.shape[:i]) == before and node.out.shape[i] > 1:
            return i
    return None


def _transposed(node: Node, axes: Axes) -> Kept:
    assert isinstance(node.op, Transpose)
    assert axes[0] is not None
    return node.op.perm.index(axes[0])


def _reduced(node: Node, axes: Axes) -> Kept:
    op, axis = node.op, _only_first(axes)
    assert isinstance(op, Reduce)
    if axis is None or axis in op.axes:
        return None
    return axis if op.keep_dims else axis - sum(a < axis for a in op.axes)


def _argument(node: Node, axes: Axes) -> Kept:
    assert isinstance(node.op, ArgReduce)
    axis = axes[0]
    return None if axis is None or axis == node.op.axis else axis - (node.op.axis < axis)


def _along(node: Node, axes: Axes) -> Kept:
    """Of operators that mix what lies along their own axis, which is no other's."""
    assert isinstance(node.op, Cumulate | TopK)
    axis = _only_first(axes)
    return None if axis == node.op.axis else axis


def _joined(node: Node, axes: Axes) -> Kept:
    assert isinstance(node.op, Concat)
    found = set(axes)
    return found.pop() if len(found) == 1 and node.op.axis not in found else None


def _cut(node: Node, axes: Axes) -> Kept:
    axis = axes[0]
    assert isinstance(node.op, Slice)
    assert axis is not None
    whole = node.out.shape[axis] == node.input(0).shape[axis] and node.op.stride[axis] == 1
    return axis if whole else None


def _padded(node: Node, axes: Axes) -> Kept:
    axis = axes[0]
    assert isinstance(node.op, Pad | MirrorPad)
    assert axis is not None
    return None if node.op.before[axis] or node.op.after[axis] else axis


def _gathered(node: Node, axes: Axes) -> Kept:
    op = node.op
    assert isinstance(op, Gather)
    x, indices = axes[0], axes[1]
    if op.batch_dims or (x is not None and indices is not None):
        return None
    if x is None:
        return None if indices is None else op.axis + indices
    return None if x == op.axis else x + (node.input(1).rank - 1 if x > op.axis else 0)


def _multiplied(node: Node, axes: Axes) -> Kept:
    """Of leading axes as they are broadcast; of rows of x where all take the same matrix."""
    op = node.op
    assert isinstance(op, BatchMatmul)
    x, w = axes[0], axes[1]
    rows = node.input(0).rank - (1 if op.adj_x else 2)
    if any(a is not None for a in axes[2:]):
        return None
    if x is not None and x == rows and w is None:
        return node.out.rank - 2
    leading = [a - t.rank for t, a in zip(node.inputs[:2], (x, w), strict=True) if t is not None and a is not None]
    if len(set(leading)) != 1 or leading[0] >= -2:
        return None
    return node.out.rank + leading[0]


def _attended(node: Node, axes: Axes) -> Kept:
    q, k, v, mask, lengths = axes
    return 0 if {q, k, v, lengths} == {0} and (mask is None or (mask == 0 and node.input(3).rank == 4)) else None


def _recurrent(node: Node, axes: Axes) -> Kept:
    """Sequences side by side: axis 1 of steps, or axis 0; the states' first axis that is longer than 1; lengths."""
    op = node.op
    assert isinstance(op, Rnn | Gru | Lstm)
    states = 2 if isinstance(op, Lstm) else 1
    lengths = 10 if isinstance(op, Lstm) else 5
    if axes[0] != (1 if op.time_major else 0):
        return None
    for i in range(1, len(axes)):
        axis = axes[i]
        if i <= states:
            if axis is None or math.prod(node.input(i).shape[:axis]) != 1:
                return None
        elif axis is not None and i != lengths:
            return None
    if len(axes) > lengths and node.inputs[lengths] is not None and axes[lengths] is None:
        return None
    return (axes[0], *axes[1 : 1 + states])


def _pooled(node: Node, axes: Axes) -> Kept:
    """The places of the largest are counted from the start of the batch."""
    assert isinstance(node.op, Pool3d)
    return None if node.op.pooling == "argmax" else _outermost(node, axes)


def _resampled(node: Node, axes: Axes) -> Kept:
    assert isinstance(node.op, Resample)
    axis = _only_first(axes)
    return None if axis == node.op.axis else axis


def _one_hot(node: Node, axes: Axes) -> Kept:
    assert isinstance(node.op, OneHot)
    axis = _only_first(axes)
    return None if axis is None else axis + (axis >= node.op.axis)


_BY_ELEMENT = (Binary, BroadcastTo, Cast, Clamp, Compare, Copy, Dequantize, Prelu, Quantize, Requantize, ScaledBinary)
_ALONG_ROWS = (L2Normalize, LocalResponse, LogSoftmax, Softmax, Standardize)
_OF_IMAGES = (Conv2d, Conv3d, DepthwiseConv2d, Pool2d, Resize, TransposeConv2d)

RULES: Mapping[type[Op], Callable[[Node, Axes], Kept]] = {
    **dict.fromkeys((*_BY_ELEMENT, Select, Unary), _aligned),
    **dict.fromkeys((*_OF_IMAGES, Dense, Trees), _outermost),
    **dict.fromkeys(_ALONG_ROWS, _not_last),
    **dict.fromkeys((Cumulate, TopK), _along),
    **dict.fromkeys((Gru, Lstm, Rnn), _recurrent),
    **dict.fromkeys((MirrorPad, Pad), _padded),
    ArgReduce: _argument,
    Attention: _attended,
    BatchMatmul: _multiplied,
    Concat: _joined,
    Gather: _gathered,
    OneHot: _one_hot,
    Pool3d: _pooled,
    Reduce: _reduced,
    Resample: _resampled,
    Reshape: _reshaped,
    Slice: _cut,
    Transpose: _transposed,
}
"""Of operators that keep the elements of a batch apart: the axis where they lie in the results, given those of the
inputs, of which one at least has them; None if the operator mixes them after all."""
