"""What each operator needs so that nothing beyond the size gets into its results, where a dimension is free."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import reduce

import numpy as np

from edgegen.frontends.length import Beyond, Length, Lengths, Rule, others_fixed, own
from edgegen.frontends.length_layers import (
    attended,
    convolved,
    mirrored,
    pooled,
    recurrent,
    resampled,
    resized,
    spread,
)
from edgegen.ir.dtypes import S32
from edgegen.ir.graph import Node
from edgegen.ir.op import Op
from edgegen.ir.tensor import Tensor, constant
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
from edgegen.ops.unary import Unary


def _element_by_element(node: Node, model: Lengths) -> bool:
    found: dict[int, Length] = {}
    fixed: set[int] = set()
    for tensor in (t for t in node.inputs if t is not None):
        axes, before = model.axes(tensor), node.out.rank - tensor.rank
        for axis, n in enumerate(tensor.shape):
            if axis not in axes:
                fixed |= {axis + before} if n != 1 else set()
            elif found.setdefault(axis + before, axes[axis]) != axes[axis]:
                return False
    model.keep(node)
    return not fixed & set(found) and model.lies(node.out, found)


def _broadcast(node: Node, model: Lengths) -> bool:
    """Repeated along the dimension, too."""
    x, y = node.input(0), node.out
    found = {a + y.rank - x.rank: length for a, length in own(node, model).items()}
    for axis, extents in enumerate(zip(*(n.out.shape for n in model.at_sizes(node)), strict=True)):
        repeated = axis < y.rank - x.rank or (x.shape[axis - y.rank] == 1 and axis not in found)
        length = model.inferred(extents) if repeated and len(set(extents)) > 1 else None
        if length is not None:
            found[axis] = length
    model.keep(node)
    return model.lies(y, found)


def _on_rows(node: Node, model: Lengths) -> bool:
    """Layers over the last axis."""
    axes = own(node, model)
    if node.input(0).rank - 1 in axes or not others_fixed(node, model):
        return False
    model.keep(node)
    return model.lies(node.out, axes)


def _sums_of_rows(beyond: Beyond) -> Rule:
    """Layers over the last axis to which `beyond` adds nothing."""

    def rule(node: Node, model: Lengths) -> bool:
        axes, x = own(node, model), node.input(0)
        if x.rank - 1 not in axes:
            return _on_rows(node, model)
        if not x.dtype.is_float:
            return False
        model.keep(node, [model.replaced(x, (x.rank - 1,), beyond)])
        return model.lies(node.out, axes)

    return rule


def _multiplied(node: Node, model: Lengths) -> bool:
    """Products of matrices; along the axis that adds up both factors are 0 beyond the size."""
    op, x, w = node.op, node.input(0), node.input(1)
    assert isinstance(op, BatchMatmul)
    rank = node.out.rank
    x_rows, x_sum = (x.rank - 1, x.rank - 2) if op.adj_x else (x.rank - 2, x.rank - 1)
    w_sum, w_units = (w.rank - 1, w.rank - 2) if op.adj_y else (w.rank - 2, w.rank - 1)
    along_x, along_w = model.axes(x), model.axes(w)
    found = {a - t.rank + rank: n for t in (x, w) for a, n in model.axes(t).items() if a < t.rank - 2}
    found |= {rank - 2: along_x[x_rows]} if x_rows in along_x else {}
    found |= {rank - 1: along_w[w_units]} if w_units in along_w else {}
    sums = (along_x.get(x_sum), along_w.get(w_sum))
    if sums[0] != sums[1] or (sums[0] is not None and op.requantize is not None):
        return False
    if any(model.axes(t) for t in node.inputs[2:]) or any(
        found.get(a - t.rank + rank) != model.axes(t).get(a)
        for t in (x, w)
        for a, n in enumerate(t.shape[:-2])
        if n != 1
    ):
        return False
    both = None if sums[0] is None else [model.replaced(x, (x_sum,), 0), model.replaced(w, (w_sum,), 0)]
    model.keep(node, None if both is None else [*both, *node.inputs[2:]])
    return model.lies(node.out, found)


_NOTHING: Mapping[str, Beyond] = {
    "sum": 0,
    "mean": 0,
    "max": -math.inf,
    "min": math.inf,
    "prod": 1,
    "all": True,
    "any": False,
}


def _extreme(function: str, tensor: Tensor) -> Beyond:
    """What adds nothing to a reduction of the tensor's type."""
    if function in ("max", "min") and tensor.dtype.is_integer:
        low, high = tensor.dtype.range
        return low if function == "max" else high
    return _NOTHING[function]


def _reduced(node: Node, model: Lengths) -> bool:
    op, x, axes = node.op, node.input(0), own(node, model)
    assert isinstance(op, Reduce)
    gone = tuple(a for a in axes if a in op.axes)
    kept = {a if op.keep_dims else a - sum(r < a for r in op.axes): n for a, n in axes.items() if a not in gone}
    if gone and op.requantize is not None:
        return False
    if not gone:
        model.keep(node)
        return model.lies(node.out, kept)
    whole = model.replaced(x, gone, _extreme(op.function, x))
    if op.function != "mean":
        model.keep(node, [whole])
        return model.lies(node.out, kept)
    places = math.prod(x.shape[a] for a in op.axes if a not in gone)
    total = model.add(Reduce("sum", op.axes, op.keep_dims), [whole], f"{node.out.name}/sum")
    counted = [model.add(Cast(x.dtype.name), [model.count(axes[a])], f"{node.out.name}/count") for a in gone]
    factor = constant(f"{node.out.name}/places", np.array(places), x.dtype)
    number = reduce(lambda a, b: model.add(Binary("mul"), [a, b], f"{node.out.name}/number"), counted, factor)
    model.keep(replace(node, op=Binary("div")), [total, number])
    return model.lies(node.out, kept)


def _argument(node: Node, model: Lengths) -> bool:
    op, x, axes = node.op, node.input(0), own(node, model)
    assert isinstance(op, ArgReduce)
    model.keep(node, [model.replaced(x, (op.axis,), _extreme(op.function, x))] if op.axis in axes else None)
    return model.lies(node.out, {a - (op.axis < a): n for a, n in axes.items() if a != op.axis})


def _greatest(node: Node, model: Lengths) -> bool:
    """Along another axis than the dimension."""
    op, axes = node.op, own(node, model)
    assert isinstance(op, TopK)
    model.keep(node)
    return op.axis not in axes and all(model.lies(t, axes) for t in node.outputs)


def _one_hot(node: Node, model: Lengths) -> bool:
    assert isinstance(node.op, OneHot)
    before = node.op.axis
    model.keep(node)
    return others_fixed(node, model) and model.lies(
        node.out, {a + (a >= before): n for a, n in own(node, model).items()}
    )


def _transposed(node: Node, model: Lengths) -> bool:
    assert isinstance(node.op, Transpose)
    model.keep(node)
    return model.lies(node.out, {node.op.perm.index(a): n for a, n in own(node, model).items()})


def _reshaped(node: Node, model: Lengths) -> bool:
    """Axes along the dimension stay axes of their own, with as many elements before them, or become one with those
    behind them."""
    x, y = node.input(0), node.out
    found: dict[int, Length] = {}
    for axis, length in own(node, model).items():
        before, behind = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
        for place, n in enumerate(y.shape):
            if math.prod(y.shape[:place]) != before or n * math.prod(y.shape[place + 1 :]) != x.shape[axis] * behind:
                continue
            behind_place = math.prod(y.shape[place + 1 :])
            now = length.then(behind, 0, behind_place)
            exact = behind == behind_place or all(
                length.at(s) * behind % behind_place == 0 for s in range(1, model.sizes[0] + 1)
            )
            if exact and [n.out.shape[place] for n in model.at_sizes(node)] == [now.at(s) for s in model.sizes]:
                found[place] = now
                break
        else:
            return False
    model.keep(node)
    return model.lies(y, found)


def _joined(node: Node, model: Lengths) -> bool:
    """Along the dimension only the last input's number of places may vary, so that the others' are where they are."""
    op = node.op
    assert isinstance(op, Concat)
    axes = [dict(model.axes(t)) for t in node.inputs]
    along = [each.pop(op.axis, None) for each in axes]
    if any(each != axes[0] for each in axes) or any(length is not None for length in along[:-1]):
        return False
    last = along[-1]
    if last is not None:
        axes[0][op.axis] = last.then(1, sum(node.input(i).shape[op.axis] for i in range(len(along) - 1)))
    model.keep(node)
    return model.lies(node.out, axes[0])


def _cut(node: Node, model: Lengths) -> bool:
    """Along the dimension: from one place on, or up to one counted from the end, or as many as stand before the end."""
    op, x, axes = node.op, node.input(0), own(node, model)
    assert isinstance(op, Slice)
    nodes = [n.op for n in model.at_sizes(node) if isinstance(n.op, Slice)]
    found: dict[int, Length] = {}
    moved: dict[int, tuple[Length, int]] = {}
    for axis, length in axes.items():
        begins, counts = [n.begin[axis] for n in nodes], [n.size[axis] for n in nodes]
        extents = [length.at(s) for s in model.sizes]
        step, first = op.stride[axis], op.begin[axis]
        if (begins, counts, step) == ([0] * len(nodes), extents, 1):
            found[axis] = length
            continue
        if step < 1 or len(set(extents)) == 1:
            return False
        left = length.then(1, counts[0] - extents[0])
        stepped = length.windows(0, first + 1, step)
        if set(begins) == {first} and step == 1 and counts == [left.at(s) for s in model.sizes]:
            found[axis] = left
        elif set(begins) == {first} and counts == [stepped.at(s) for s in model.sizes]:
            found[axis] = stepped
        elif set(begins) == {first} and len(set(counts)) == 1:
            model.need(length, first + (counts[0] - 1) * step + 1)
        elif len({n - b for n, b in zip(extents, begins, strict=True)}) == 1 and len(set(counts)) == 1:
            moved[axis] = (length, extents[0] - first)
            model.need(length, extents[0] - first)
        else:
            return False
    if any(n.begin[a] != op.begin[a] or n.size[a] != op.size[a] for n in nodes for a in range(x.rank) if a not in axes):
        return False
    result = model.now(x)
    for axis, (length, behind) in moved.items():
        at = constant("at", np.arange(op.size[axis]) * op.stride[axis] - behind, S32)
        chosen = model.add(Binary("add"), [at, model.count(length)], f"{node.out.name}/chosen")
        result = model.add(Gather(axis), [result, chosen], f"{node.out.name}/last")
    rest = replace(
        op,
        begin=tuple(0 if a in moved else n for a, n in enumerate(op.begin)),
        stride=tuple(1 if a in moved else n for a, n in enumerate(op.stride)),
    )
    model.keep(replace(node, op=rest), [result])
    return model.lies(node.out, found)


def _padded(node: Node, model: Lengths) -> bool:
    op, x, axes = node.op, node.input(0), own(node, model)
    assert isinstance(op, Pad)
    behind = [a for a in axes if op.after[a]]
    model.keep(node, [model.replaced(x, behind, op.value)] if behind else None)
    return model.lies(node.out, {a: n.then(1, op.before[a] + op.after[a]) for a, n in axes.items()})


def _gathered(node: Node, model: Lengths) -> bool:
    op, x, indices = node.op, node.input(0), node.input(1)
    assert isinstance(op, Gather)
    axes, chosen = model.axes(x), model.axes(indices)
    if op.batch_dims or (op.axis in axes and not _chosen_within(node, axes[op.axis], model)):
        return False
    moved = {a + (indices.rank - 1 if a > op.axis else 0): n for a, n in axes.items() if a != op.axis}
    model.keep(node)
    return model.lies(node.out, moved | {op.axis + a: n for a, n in chosen.items()})


def _chosen_within(node: Node, length: Length, model: Lengths) -> bool:
    """Whether the places that are chosen along the dimension are known, and within the size where results are."""
    indices = node.input(1)
    if indices.data is None or len({length.at(s) for s in model.sizes}) == 1:
        return False
    if not model.axes(indices):
        model.need(length, int(indices.data.max(initial=0)) + 1)
        return indices.data.min(initial=0) >= 0
    (found, *more) = model.axes(indices).items()
    axis, results = found
    highest = np.maximum.accumulate(indices.data.max(tuple(a for a in range(indices.rank) if a != axis)))
    sizes = range(1, model.sizes[0] + 1)
    kept = [(results.at(s), length.at(s)) for s in sizes if length.at(s) > 0 and results.at(s) > 0]
    return not more and indices.data.min(initial=0) >= 0 and all(highest[n - 1] < m for n, m in kept)


def _cumulated(node: Node, model: Lengths) -> bool:
    op, x, axes = node.op, node.input(0), own(node, model)
    assert isinstance(op, Cumulate)
    model.keep(node, [model.replaced(x, (op.axis,), 0)] if op.axis in axes and op.reverse else None)
    return model.lies(node.out, axes)


_ELEMENTS = (Binary, Cast, Clamp, Compare, Copy, Dequantize, Prelu, Quantize, Requantize, ScaledBinary, Select, Unary)

RULES: Mapping[type[Op], Rule] = {
    **dict.fromkeys(_ELEMENTS, _element_by_element),
    **dict.fromkeys((Dense, LocalResponse, Standardize), _on_rows),
    **dict.fromkeys((LogSoftmax, Softmax), _sums_of_rows(-math.inf)),
    **dict.fromkeys((Conv2d, DepthwiseConv2d), convolved),
    **dict.fromkeys((Gru, Lstm, Rnn), recurrent),
    ArgReduce: _argument,
    Attention: attended,
    BatchMatmul: _multiplied,
    BroadcastTo: _broadcast,
    Concat: _joined,
    Cumulate: _cumulated,
    Gather: _gathered,
    L2Normalize: _sums_of_rows(0),
    MirrorPad: mirrored,
    OneHot: _one_hot,
    Pad: _padded,
    Pool2d: pooled,
    Reduce: _reduced,
    Resample: resampled,
    Reshape: _reshaped,
    Resize: resized,
    Slice: _cut,
    TopK: _greatest,
    Transpose: _transposed,
    TransposeConv2d: spread,
}
"""Operators that are computed with a dimension free; with others the model is refused."""
