"""Normalizations: BatchNormalization, InstanceNormalization, LayerNormalization, Softmax and LogSoftmax."""

from __future__ import annotations

import math

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.ir.op import Op
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.compare import Compare
from edgegen.ops.log_softmax import LogSoftmax
from edgegen.ops.reduce import Reduce
from edgegen.ops.select_op import Select
from edgegen.ops.softmax import Softmax
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
    return batch_normalization(
        op, x, scale, b, mean, variance, epsilon=epsilon, momentum=momentum, spatial=spatial, training_mode=1 - is_test
    )


@operator("BatchNormalization", since=7)
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
    spatial: int = 1,
    training_mode: int = 0,
) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) * scale + b, one number of each for a channel: x * factor + offset."""
    del momentum
    if training_mode or not spatial:
        raise op.unsupported("training, and statistics for each element, are not supported")
    shape = (-1, *(1,) * (x.rank - 2))
    deviation = op.add(Unary("sqrt"), [op.add(Binary("add"), [variance, op.constant(epsilon, variance.dtype)])])
    factor = op.add(Binary("div"), [scale, deviation])
    offset = op.add(Binary("sub"), [b, op.add(Binary("mul"), [mean, factor])])
    channels = x.shape[1] if x.rank > 1 else 1
    shape = (channels, *(1,) * (x.rank - 2))
    y = op.add(Binary("mul"), [x, op.reshape(factor, shape)])
    return op.add(Binary("add"), [y, op.reshape(offset, shape)])


def _standardized(op: Operator, x: Tensor, axes: tuple[int, ...], epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
    """((x - mean) / deviation, mean, 1 / deviation) over `axes`."""
    mean = op.add(Reduce("mean", axes, True), [x])
    centered = op.add(Binary("sub"), [x, mean])
    variance = op.add(Reduce("mean", axes, True), [op.add(Binary("mul"), [centered, centered])])
    inverse = op.add(Unary("rsqrt"), [op.add(Binary("add"), [variance, op.constant(epsilon, x.dtype)])])
    return op.add(Binary("mul"), [centered, inverse]), mean, inverse


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
    y, _, _ = _standardized(op, x, tuple(range(2, x.rank)), epsilon)
    shape = (x.shape[1], *(1,) * (x.rank - 2))
    y = op.add(Binary("mul"), [y, op.reshape(scale, shape)])
    return op.add(Binary("add"), [y, op.reshape(b, shape)])


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
    axes = tuple(range(op.axis(axis, x.rank), x.rank))
    y, mean, inverse = _standardized(op, x, axes, epsilon)
    y = op.add(Binary("mul"), [y, scale])
    if b is not None:
        y = op.add(Binary("add"), [y, b])
    return [y, mean, inverse][: len(op.wanted)]


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
    flat = op.reshape(x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))
    return op.reshape(op.add(kernel, [flat]), x.shape)


@operator("Softmax", until=12)
def softmax_flattened(op: Operator, x: Tensor, *, axis: int = 1) -> Tensor:
    return _flattened(op, Softmax(), x, axis)


@operator("Softmax", since=13)
def softmax(op: Operator, x: Tensor, *, axis: int = -1) -> Tensor:
    return _along_last(op, Softmax(), x, axis)


@operator("LogSoftmax", until=12)
def log_softmax_flattened(op: Operator, x: Tensor, *, axis: int = 1) -> Tensor:
    return _flattened(op, LogSoftmax(), x, axis)


@operator("LogSoftmax", since=13)
def log_softmax(op: Operator, x: Tensor, *, axis: int = -1) -> Tensor:
    return _along_last(op, LogSoftmax(), x, axis)
