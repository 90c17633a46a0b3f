"""Activation functions."""

from __future__ import annotations

import math

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.ir.op import Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.prelu import Prelu
from edgegen.ops.unary import Unary


@operator("Relu")
def relu(op: Operator, x: Tensor) -> Tensor:
    return op.add(Clamp(Range(0, math.inf)), [x])


@operator("LeakyRelu")
def leaky_relu(op: Operator, x: Tensor, *, alpha: float = 0.01) -> Tensor:
    return op.add(Unary("leaky_relu", alpha), [x])


@operator("PRelu", since=7)
def prelu(op: Operator, x: Tensor, slope: Tensor) -> Tensor:
    return op.add(Prelu(), [x, slope])


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


@operator("Clip", since=6, until=10)
def clip_by_attributes(op: Operator, x: Tensor, *, max: float = math.inf, min: float = -math.inf) -> Tensor:
    return op.add(Clamp(Range(min, max)), [x])


@operator("Clip", since=11)
def clip(op: Operator, x: Tensor, min: Tensor | None = None, max: Tensor | None = None) -> Tensor:
    """Bounds that are known ahead of time become a clamp; others are compared at run time."""
    constants = all(t is None or t.is_constant for t in (min, max))
    if constants and x.dtype.name in ("f32", "s8", "u8", "s16"):
        low = -math.inf if min is None else float(min.values.reshape(-1)[0])
        high = math.inf if max is None else float(max.values.reshape(-1)[0])
        return op.add(Clamp(Range(low, high)), [x])
    y = x
    if min is not None:
        y = op.add(Binary("maximum"), [y, min])
    if max is not None:
        y = op.add(Binary("minimum"), [y, max])
    return y
