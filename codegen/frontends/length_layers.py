"""What layers need so that nothing beyond the size gets into their results: windows, samples, recurrence, attention."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from edgegen.frontends.length import Axes, Length, Lengths, others_fixed, own
from edgegen.ir.dtypes import F32, S32
from edgegen.ir.graph import Node
from edgegen.ir.tensor import Tensor, constant
from edgegen.ops.attention import Attention
from edgegen.ops.binary import Binary
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.cast import Cast
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.gather import Gather
from edgegen.ops.gru import Gru
from edgegen.ops.lstm import Lstm
from edgegen.ops.mirror_pad import MirrorPad
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.resample import Resample
from edgegen.ops.reshape import Reshape
from edgegen.ops.resize import Resize
from edgegen.ops.rnn import Rnn
from edgegen.ops.transpose_conv2d import TransposeConv2d
from edgegen.ops.window import Pads, Pair


def _windows(axes: Axes, kernel: Pair, stride: Pair, dilation: Pair, pad: Pads) -> dict[int, Length]:
    """How many windows lie along each axis of an image that is free."""

    def along(length: Length, i: int) -> Length:
        return length.windows(pad[i] + pad[i + 2], (kernel[i] - 1) * dilation[i] + 1, stride[i])

    return {a: along(length, a - 1) if a else length for a, length in axes.items()}


def convolved(node: Node, model: Lengths) -> bool:
    """Windows of a convolution that reach beyond the size read what padding holds."""
    op, x, w, axes = node.op, node.input(0), node.input(1), own(node, model)
    assert isinstance(op, Conv2d | DepthwiseConv2d)
    kernel = (w.shape[1], w.shape[2]) if isinstance(op, Conv2d) else (w.shape[0], w.shape[1])
    if 3 in axes or not others_fixed(node, model):
        return False
    # windows of results within the size see as much beyond it as there is padding
    seen = [a for a in axes if a and op.pad[a + 1]]
    model.keep(node, [model.replaced(x, seen, op.x_zero), *node.inputs[1:]] if seen else None)
    return model.lies(node.out, _windows(axes, kernel, op.stride, op.dilation, op.pad))


def pooled(node: Node, model: Lengths) -> bool:
    """Elements beyond the size are never the greatest; an average counts those that are not."""
    op, x, axes = node.op, node.input(0), own(node, model)
    assert isinstance(op, Pool2d)
    seen = [a for a in axes if a and op.pad[a + 1]]
    if 3 in axes or (seen and op.pooling != "max" and (op.pooling != "average" or x.dtype != F32)):
        return False
    if not seen:
        model.keep(node)
    elif op.pooling == "max":
        lowest = x.dtype.range[0] if x.dtype.is_integer else -math.inf
        model.keep(node, [model.replaced(x, seen, lowest, least=True)])
    else:
        total = model.add(op, [model.replaced(x, seen, 0)], f"{node.out.name}/total")
        for axis in seen:
            inside = model.add(Cast("f32"), [model.within(axes[axis], x.shape[axis])], f"{node.out.name}/inside")
            shape = tuple(n if a == axis else 1 for a, n in enumerate(x.shape))
            counted = model.add(Reshape(shape), [inside], f"{node.out.name}/inside")
            alone = replace(
                op,
                kernel=_only(op.kernel, axis),
                stride=_only(op.stride, axis),
                pad=(op.pad[0], 0, op.pad[2], 0) if axis == 1 else (0, op.pad[1], 0, op.pad[3]),
            )
            share = model.add(alone, [counted], f"{node.out.name}/share")
            total = model.add(Binary("div"), [total, share], f"{node.out.name}/average")
        model.keep(replace(node, op=Reshape(node.out.shape)), [total])
    return model.lies(node.out, _windows(axes, op.kernel, op.stride, (1, 1), op.pad))


def _only(pair: Pair, axis: int) -> Pair:
    """Of an image that is one pixel wide but along the axis."""
    return (pair[0], 1) if axis == 1 else (1, pair[1])


def spread(node: Node, model: Lengths) -> bool:
    """Pixels beyond the size add 0 to what a transposed convolution spreads."""
    op, x, w, axes = node.op, node.input(0), node.input(1), own(node, model)
    assert isinstance(op, TransposeConv2d)
    if 3 in axes or not others_fixed(node, model):
        return False
    results = {0: axes[0]} if 0 in axes else {}
    images = [a for a in axes if a]
    for axis in images:
        apart = op.stride[axis - 1]
        length = axes[axis].then(apart, node.out.shape[axis] - apart * x.shape[axis])
        results[axis] = length
    # a pixel reaches kernel - stride pixels into what the next one begins
    seen = [a for a in images if w.shape[a] > op.stride[a - 1] or op.pad[a - 1]]
    model.keep(node, [model.replaced(x, seen, op.x_zero), *node.inputs[1:]] if seen else None)
    return model.lies(node.out, results)


def resized(node: Node, model: Lengths) -> bool:
    """Each pixel a whole number of times, or between neighbours, of which the last one's is itself."""
    op, x, axes = node.op, node.input(0), own(node, model)
    assert isinstance(op, Resize)
    images = [a for a in axes if a]
    if 3 in axes or (op.align_corners and images) or len(images) > 1:
        return False
    results = dict(axes)
    for axis in images:
        results[axis] = axes[axis].then(op.size[axis - 1] // x.shape[axis])
    mixes = bool(images) and op.interpolation != "nearest"
    model.keep(node, [model.continued(x, images[0])] if mixes else None)
    return model.lies(node.out, results)


def resampled(node: Node, model: Lengths) -> bool:
    """Places beyond x stand for its last element, which is another for each size."""
    op, x, axes, places = node.op, node.input(0), own(node, model), model.axes(node.inputs[1])
    assert isinstance(op, Resample)
    if op.axis not in axes:
        model.keep(node)
        return not places and others_fixed(node, model) and model.lies(node.out, axes)
    if set(places) != {0} or model.axes(node.inputs[2]) != places or not _in_step(node, model):
        return False
    model.keep(node, [model.continued(x, op.axis), *node.inputs[1:]])
    return model.lies(node.out, {**axes, op.axis: places[0]})


def _in_step(node: Node, model: Lengths) -> bool:
    """Whether there are as many samples to each of x's elements with all sizes, which then are those of any size."""
    op = node.op
    assert isinstance(op, Resample)
    scales = {n.out.shape[op.axis] / n.input(0).shape[op.axis] for n in model.at_sizes(node)}
    return len(scales) == 1


def mirrored(node: Node, model: Lengths) -> bool:
    """Elements of an axis that is free are chosen as the size says."""
    op, axes = node.op, own(node, model)
    assert isinstance(op, MirrorPad)
    padded = [a for a in axes if op.before[a] or op.after[a]]
    results = {a: n.then(1, op.before[a] + op.after[a]) for a, n in axes.items()}
    result = model.now(node.input(0))
    edge = int(op.mode == "reflect")
    for axis in padded:
        before, after, length = op.before[axis], op.after[axis], axes[axis]
        model.need(length, max(before, after) + edge)
        at = np.arange(-before, node.out.shape[axis] - before)
        first = constant("first", np.where(at < 0, -at - 1 + edge, at), S32)
        last = model.count(length.then(2, -1 - edge))
        back = model.add(Binary("sub"), [last, first], f"{node.out.name}/back")
        nearer = model.add(Binary("minimum"), [first, back], f"{node.out.name}/nearer")
        none = constant("none", np.array(0), S32)
        chosen = model.add(Binary("maximum"), [nearer, none], f"{node.out.name}/chosen")
        result = model.add(Gather(axis), [result, chosen], f"{node.out.name}/continued")
    widths = [tuple(0 if a in padded else n for a, n in enumerate(each)) for each in (op.before, op.after)]
    model.keep(replace(node, op=replace(op, before=widths[0], after=widths[1])), [result])
    return model.lies(node.out, results)


def _absent_parameters(node: Node) -> dict[int, tuple[int, ...]]:
    """Shapes, by their position, of what kernels of sequences with lengths of their own must be given, even if it is 0:
    biases and peepholes."""
    if isinstance(node.op, Lstm):
        units, cells = node.input(3).shape[0], node.input(4).shape[1]
        return {5: (units,), 6: (units - cells,)}
    return {4: (node.input(2).shape[0],)} if isinstance(node.op, Rnn) else {}


def recurrent(node: Node, model: Lengths) -> bool:
    """Steps along the dimension; how many there are matters to those that read backwards and to the last state."""
    op, x, axes = node.op, node.input(0), own(node, model)
    assert isinstance(op, Rnn | Gru | Lstm)
    time, batch = (0, 1) if op.time_major else (1, 0)
    at = 10 if isinstance(op, Lstm) else 5
    if set(axes) != {time} or not others_fixed(node, model):
        return False
    given = [*node.inputs, *[None] * (at + 1 - len(node.inputs))]
    if not op.reverse and not any(model.is_read(t) for t in node.outputs[1:]):
        model.keep(node)
    elif x.dtype != F32 or (isinstance(op, Lstm) and any(t is not None for t in given[7:10])):
        return False
    else:
        for i, shape in _absent_parameters(node).items():
            given[i] = given[i] or constant(f"{node.name}/zeros{i}", np.zeros(shape), F32)
        steps = model.count(axes[time])
        given[at] = given[at] or model.add(BroadcastTo((x.shape[batch],)), [steps], f"{node.name}/lengths")
        model.keep(node, [None if t is None else model.now(t) for t in given])
    return all(model.lies(t, {} if i else axes) for i, t in enumerate(node.outputs))


def attended(node: Node, model: Lengths) -> bool:
    """Queries, or keys and values, along the dimension; as many keys count as the size says."""
    op = node.op
    assert isinstance(op, Attention)
    q, k, v, mask = (model.axes(t) for t in node.inputs[:4])
    rows, keys = (1 if op.q_by_row else 2), (1 if op.kv_by_row else 2)
    if not {*q} <= {rows} or not {*k} <= {keys} or v != k or (op.from_end and q) or len(node.outputs) > 1:
        return False
    rank = node.input(3).rank
    wanted = {rank - 2: q.get(rows), rank - 1: k.get(keys)}
    if any(wanted.get(a) != length for a, length in mask.items()):
        return False
    inputs: list[Tensor | None] = [model.now(node.input(i)) for i in range(4)]
    if k:
        wide = model.add(Cast("s64"), [model.count(k[keys])], f"{node.name}/keys")
        lengths = model.add(BroadcastTo(node.input(4).shape), [wide], f"{node.name}/lengths")
        if not node.input(4).is_constant:
            lengths = model.add(Binary("minimum"), [lengths, model.now(node.input(4))], f"{node.name}/counted")
        inputs.append(lengths)
    else:
        inputs.append(model.now(node.input(4)))
    model.keep(node, inputs)
    return model.lies(node.out, q)
