"""Normalizations: BatchNormalization, InstanceNormalization, LayerNormalization, Softmax and LogSoftmax."""

from __future__ import annotations

import math

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.ir.op import Op
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.compare import Compare
from edgegen.ops.log_softmax import LogSoftmax
from edgegen.ops.reduce import Reduce
from edgegen.ops.select_op import Select
from edgegen.ops.softmax import Softmax
from edgegen.ops.standardize import Standardize
from edgegen.ops.transpose import Transpose
from edgegen.ops.unary import Unary


@operator("BatchNormalization", until=6)
def batch_normalization_tested(
    op: Operator,
    x: Tensor,
    scale: Tensor,
    b: Tensor,
    mean: Tensor,
    variance: Tensor,
    *,
    consumed_inputs: tuple[int, ...] = (),
    epsilon: float = 1e-5,
    is_test: int = 0,
    momentum: float = 0.9,
    spatial: int = 1,
) -> Tensor:
    """Before opset 7 an attribute said whether the statistics are given."""
    del consumed_inputs
    if not is_test:
        raise op.unsupported("training is not supported", "export the trained model")
    return batch_normalization_given(
        op, x, scale, b, mean, variance, epsilon=epsilon, momentum=momentum, spatial=spatial
    )


@operator("BatchNormalization", since=7, until=13)
def batch_normalization_given(
    op: Operator,
    x: Tensor,
    scale: Tensor,
    b: Tensor,
    mean: Tensor,
    variance: Tensor,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    spatial: int = 1,
) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) * scale + b, one number of each for a channel: x * factor + offset."""
    del momentum
    if not spatial:
        raise op.unsupported("statistics for each element are not supported")
    deviation = op.add(Unary("sqrt"), [op.add(Binary("add"), [variance, op.constant(epsilon, variance.dtype)])])
    factor = op.add(Binary("div"), [scale, deviation])
    offset = op.add(Binary("sub"), [b, op.add(Binary("mul"), [mean, factor])])
    return _scaled_channels(op, x, factor, offset)


@operator("BatchNormalization", since=14)
def batch_normalization(
    op: Operator,
    x: Tensor,
    scale: Tensor,
    b: Tensor,
    mean: Tensor,
    variance: Tensor,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    training_mode: int = 0,
) -> list[Tensor]:
    """In training mode by the batch's own statistics; the given ones move towards these, as further results."""
    if not training_mode:
        return [batch_normalization_given(op, x, scale, b, mean, variance, epsilon=epsilon)]
    axes = (0, *range(2, x.rank))
    y, centre, spread, _ = _standardized(op, x, axes, epsilon)
    y = _scaled_channels(op, y, scale, b)
    now = [op.reshape(centre, mean.shape), op.reshape(spread, variance.shape)]
    moved = [
        op.add(Binary("add"), [op.scaled(given, momentum), op.scaled(found, 1 - momentum)])
        for given, found in zip((mean, variance), now, strict=True)
    ]
    return [y, *moved]


def _scaled_channels(op: Operator, x: Tensor, scale: Tensor, b: Tensor) -> Tensor:
    """x[N,C,...] * scale[C] + b[C]"""
    shape = (x.shape[1] if x.rank > 1 else 1, *(1,) * (x.rank - 2))
    y = op.add(Binary("mul"), [x, op.reshape(scale, shape)])
    return op.add(Binary("add"), [y, op.reshape(b, shape)])


def _standardized(op: Operator, x: Tensor, axes: tuple[int, ...], epsilon: float) -> tuple[Tensor, ...]:
    """((x - mean) / deviation, mean, variance, 1 / deviation) over `axes`."""
    mean = op.add(Reduce("mean", axes, True), [x])
    centered = op.add(Binary("sub"), [x, mean])
    variance = op.add(Reduce("mean", axes, True), [op.add(Binary("mul"), [centered, centered])])
    inverse = op.add(Unary("rsqrt"), [op.add(Binary("add"), [variance, op.constant(epsilon, x.dtype)])])
    return op.add(Binary("mul"), [centered, inverse]), mean, variance, inverse


@operator("InstanceNormalization")
def instance_normalization(
    op: Operator,
    x: Tensor,
    scale: Tensor,
    b: Tensor,
    *,
    epsilon: float = 1e-5,
    consumed_inputs: tuple[int, ...] = (),
) -> Tensor:
    """Standardized over each channel's pixels, times scale, plus b."""
    del consumed_inputs  # a hint that opset 6 dropped
    y, *_ = _standardized(op, x, tuple(range(2, x.rank)), epsilon)
    return _scaled_channels(op, y, scale, b)


@operator("LayerNormalization", since=17)
def layer_normalization(
    op: Operator,
    x: Tensor,
    scale: Tensor,
    b: Tensor | None = None,
    *,
    axis: int = -1,
    epsilon: float = 1e-5,
    stash_type: int = 1,
) -> list[Tensor]:
    """Standardized over the axes from `axis` on, times scale, plus b; also the mean and 1 / deviation."""
    del stash_type  # f32, in which it is computed
    first = op.axis(axis, x.rank)
    if len(op.wanted) == 1:
        return [standardized_rows(op, Standardize(epsilon), x, first, scale, b)]
    y, mean, _, inverse = _standardized(op, x, tuple(range(first, x.rank)), epsilon)
    y = op.add(Binary("mul"), [y, scale])
    if b is not None:
        y = op.add(Binary("add"), [y, b])
    return [y, mean, inverse][: len(op.wanted)]


def standardized_rows(
    op: Operator, core: Standardize, x: Tensor, first: int, scale: Tensor | None = None, bias: Tensor | None = None
) -> Tensor:
    """The axes from `first` on are one row. Scale and bias that are no rows of x apply by themselves."""
    row = x.shape[first:]
    size = math.prod(row)
    fit = [t for t in (scale, bias) if t is not None and t.type.elements == size and t.shape[-len(row) :] == row]
    inside = len(fit) == (scale is not None) + (bias is not None) and (scale is not None or bias is None)
    rows = op.reshape(x, (max(1, x.type.elements // max(1, size)), size))
    y = op.add(core, [rows, *(op.reshape(t, (size,)) for t in fit if inside)])
    y = op.reshape(y, x.shape)
    if inside:
        return y
    y = y if scale is None else op.add(Binary("mul"), [y, scale])
    return y if bias is None else op.add(Binary("add"), [y, bias])


@operator("RMSNormalization")
def rms_normalization(
    op: Operator, x: Tensor, scale: Tensor, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1
) -> Tensor:
    """Rows of mean square 1, times scale."""
    del stash_type  # f32, in which it is computed
    return standardized_rows(op, Standardize(epsilon, False), x, op.axis(axis, x.rank), scale)


@operator("GroupNormalization", since=18)
def group_normalization(
    op: Operator,
    x: Tensor,
    scale: Tensor,
    bias: Tensor,
    *,
    num_groups: int,
    epsilon: float = 1e-5,
    stash_type: int = 1,
) -> Tensor:
    """Standardized over groups of channels and all pixels; scale and bias of each channel, before opset 21 group."""
    del stash_type  # f32, in which it is computed
    if x.rank < 2 or num_groups < 1 or x.shape[1] % num_groups:
        raise op.invalid(f"{num_groups} groups do not divide the channels of {x.type}")
    channels, ones = x.shape[1], (1,) * (x.rank - 2)
    grouped = op.reshape(x, (x.shape[0], num_groups, x.type.elements // (x.shape[0] * num_groups)))
    y = op.reshape(op.add(Standardize(epsilon), [grouped]), x.shape)
    for core, factor in ((Binary("mul"), scale), (Binary("add"), bias)):
        if factor.shape == (num_groups,) and op.version < 21:
            wide = op.add(BroadcastTo((num_groups, channels // num_groups)), [op.reshape(factor, (num_groups, 1))])
        else:
            wide = factor
        y = op.add(core, [y, op.reshape(wide, (channels, *ones))])
    return y


@operator("MeanVarianceNormalization", since=9)
def mean_variance_normalization(op: Operator, x: Tensor, *, axes: tuple[int, ...] = (0, 2, 3)) -> Tensor:
    """(x - mean) / (deviation + 1e-9). The body in the schema loses the default of `axes` when it is inlined."""
    over = op.axes(axes, x.rank)
    mean = op.add(Reduce("mean", over, True), [x])
    centered = op.add(Binary("sub"), [x, mean])
    variance = op.add(Reduce("mean", over, True), [op.add(Binary("mul"), [centered, centered])])
    deviation = op.add(Binary("add"), [op.add(Unary("sqrt"), [variance]), op.constant(1e-9, x.dtype)])
    return op.add(Binary("div"), [centered, deviation])


@operator("LpNormalization")
def lp_normalization(op: Operator, x: Tensor, *, axis: int = -1, p: int = 2) -> Tensor:
    """x divided by the sum of its magnitudes, or the root of the sum of its squares; 0 where that is 0."""
    axes = (op.axis(axis, x.rank),)
    if p not in (1, 2):
        raise op.invalid(f"p is {p}, neither 1 nor 2")
    parts = op.add(Unary("abs"), [x]) if p == 1 else op.add(Binary("mul"), [x, x])
    norm = op.add(Reduce("sum", axes, True), [parts])
    norm = norm if p == 1 else op.add(Unary("sqrt"), [norm])
    zero = op.constant(0, x.dtype)
    divided = op.add(Binary("div"), [x, norm])
    return op.add(Select(), [op.add(Compare("equal"), [norm, zero]), zero, divided])


def _along_last(op: Operator, kernel: Op, x: Tensor, axis: int) -> Tensor:
    """An operator on the last axis, applied to another one."""
    axis = op.axis(axis, x.rank)
    if axis == x.rank - 1:
        return op.add(kernel, [x])
    order = (*(i for i in range(x.rank) if i != axis), axis)
    back = tuple(int(i) for i in np.argsort(order))
    return op.add(Transpose(back), [op.add(kernel, [op.add(Transpose(order), [x])])])


def _flattened(op: Operator, kernel: Op, x: Tensor, axis: int) -> Tensor:
    """Before opset 13, all axes from `axis` on are one."""
    axis = op.axis(axis, x.rank)
    if axis == x.rank - 1:
        return op.add(kernel, [x])
    flat = op.reshape(x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))
    return op.reshape(op.add(kernel, [flat]), x.shape)


_ROWS: dict[str, Op] = {"Softmax": Softmax(), "LogSoftmax": LogSoftmax()}


@operator("Softmax", until=12)
@operator("LogSoftmax", until=12)
def softmax_flattened(op: Operator, x: Tensor, *, axis: int = 1) -> Tensor:
    return _flattened(op, _ROWS.get(op.name, Softmax()), x, axis)


@operator("Softmax", since=13)
@operator("LogSoftmax", since=13)
def softmax(op: Operator, x: Tensor, *, axis: int = -1) -> Tensor:
    return _along_last(op, _ROWS.get(op.name, Softmax()), x, axis)
