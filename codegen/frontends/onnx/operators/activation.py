"""Activation functions."""

from __future__ import annotations

import math

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.ir.op import Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.compare import Compare
from edgegen.ops.prelu import Prelu
from edgegen.ops.select_op import Select
from edgegen.ops.unary import Unary


@operator("Relu")
def relu(op: Operator, x: Tensor) -> Tensor:
    return op.add(Clamp(Range(0, math.inf)), [x])


@operator("LeakyRelu")
def leaky_relu(op: Operator, x: Tensor, *, alpha: float = 0.01) -> Tensor:
    return op.add(Unary("leaky_relu", alpha), [x])


@operator("PRelu", until=6)
def prelu_of_channels(op: Operator, x: Tensor, slope: Tensor, *, consumed_inputs: tuple[int, ...] = ()) -> Tensor:
    """A slope for each channel, or one for all."""
    del consumed_inputs
    return prelu(op, x, op.reshape(slope, (slope.type.elements, *(1,) * max(0, x.rank - 2))))


@operator("PRelu", since=7)
def prelu(op: Operator, x: Tensor, slope: Tensor) -> Tensor:
    return op.add(Prelu(), [x, slope])


@operator("Elu")
def elu(op: Operator, x: Tensor, *, alpha: float = 1.0) -> Tensor:
    """x, and alpha * (exp(x) - 1) where x < 0."""
    if alpha == 1:
        return op.add(Unary("elu"), [x])
    return _two_sided(op, x, op.scaled(op.add(Unary("elu"), [x]), alpha))


def _two_sided(op: Operator, x: Tensor, negative: Tensor) -> Tensor:
    """x where it is above 0, `negative` elsewhere."""
    above = op.add(Compare("greater"), [x, op.constant(0, x.dtype)])
    return op.add(Select(), [above, x, negative])


@operator("Selu")
def selu(
    op: Operator, x: Tensor, *, alpha: float = 1.67326319217681884765625, gamma: float = 1.05070102214813232421875
) -> Tensor:
    """gamma * elu(x, alpha)."""
    return op.scaled(elu(op, x, alpha=alpha), gamma)


@operator("Celu", since=12)
def celu(op: Operator, x: Tensor, *, alpha: float = 1.0) -> Tensor:
    """x, and alpha * (exp(x / alpha) - 1) where x < 0."""
    if alpha == 0:
        raise op.invalid("alpha is 0")
    return _two_sided(op, x, op.scaled(op.add(Unary("elu"), [op.scaled(x, 1 / alpha)]), alpha))


@operator("ThresholdedRelu", since=10)
def thresholded_relu(op: Operator, x: Tensor, *, alpha: float = 1.0) -> Tensor:
    """x where it is above alpha, else 0."""
    above = op.add(Compare("greater"), [x, op.constant(alpha, x.dtype)])
    return op.add(Select(), [above, x, op.constant(0, x.dtype)])


@operator("Shrink", since=9)
def shrink(op: Operator, x: Tensor, *, bias: float = 0.0, lambd: float = 0.5) -> Tensor:
    """x + bias below -lambd, x - bias above lambd, else 0."""
    zero = op.constant(0, x.dtype)
    low, high = op.constant(-lambd, x.dtype), op.constant(lambd, x.dtype)
    up = op.add(Binary("add"), [x, op.constant(bias, x.dtype)])
    down = op.add(Binary("sub"), [x, op.constant(bias, x.dtype)])
    inner = op.add(Select(), [op.add(Compare("greater"), [x, high]), down, zero])
    return op.add(Select(), [op.add(Compare("less"), [x, low]), up, inner])


@operator("Swish", since=24)
def swish(op: Operator, x: Tensor, *, alpha: float = 1.0) -> Tensor:
    return op.add(Unary("silu", alpha), [x])


@operator("HardSigmoid")
def hard_sigmoid(op: Operator, x: Tensor, *, alpha: float = 0.2, beta: float = 0.5) -> Tensor:
    """max(0, min(1, alpha * x + beta))."""
    scaled = op.add(Binary("mul"), [x, op.constant(alpha, x.dtype)])
    return op.add(Binary("add", clamp=Range(0, 1)), [scaled, op.constant(beta, x.dtype)])


@operator("HardSwish", since=14)
def hard_swish(op: Operator, x: Tensor) -> Tensor:
    return op.add(Unary("hard_swish"), [x])


@operator("Gelu", since=20)
def gelu(op: Operator, x: Tensor, *, approximate: str = "none") -> Tensor:
    if approximate not in ("none", "tanh"):
        raise op.invalid(f'approximate is "{approximate}", neither "none" nor "tanh"')
    return op.add(Unary("gelu_tanh" if approximate == "tanh" else "gelu"), [x])


@operator("Clip", until=10)
def clip_by_attributes(
    op: Operator,
    x: Tensor,
    *,
    max: float = math.inf,
    min: float = -math.inf,
    consumed_inputs: tuple[int, ...] = (),
) -> Tensor:
    del consumed_inputs  # a hint that opset 6 dropped
    return op.add(Clamp(Range(min, max)), [x])


@operator("Clip", since=11)
def clip(op: Operator, x: Tensor, min: Tensor | None = None, max: Tensor | None = None) -> Tensor:
    """Bounds that are known ahead of time become a clamp; others are compared at run time."""
    constants = all(t is None or t.is_constant for t in (min, max))
    if constants and x.dtype.name in ("f32", "f16", "bf16", "s8", "u8", "s16"):
        low = -math.inf if min is None else float(min.values.reshape(-1)[0])
        high = math.inf if max is None else float(max.values.reshape(-1)[0])
        return op.add(Clamp(Range(low, high)), [x])
    y = x
    if min is not None:
        y = op.add(Binary("maximum"), [y, min])
    if max is not None:
        y = op.add(Binary("minimum"), [y, max])
    return y
