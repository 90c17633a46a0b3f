"""Steps of optimizers (ai.onnx.preview.training): Adagrad, Adam, Momentum."""

from __future__ import annotations

from collections.abc import Sequence

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.ir.dtypes import BOOL
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.compare import Compare
from edgegen.ops.select_op import Select
from edgegen.ops.unary import Unary

_DOMAIN = "ai.onnx.preview.training"


def _groups(op: Operator, tensors: Sequence[Tensor], kinds: int) -> list[tuple[Tensor, ...]]:
    """For each optimized tensor its value, its gradient and its statistics, which come kind by kind."""
    if not tensors or len(tensors) % kinds:
        raise op.invalid(f"has {len(tensors)} tensors, which are not {kinds} for each that is optimized")
    count = len(tensors) // kinds
    return [tuple(tensors[k * count + i] for k in range(kinds)) for i in range(count)]


def _add(op: Operator, a: Tensor, b: Tensor) -> Tensor:
    return op.add(Binary("add"), [a, b])


def _sub(op: Operator, a: Tensor, b: Tensor) -> Tensor:
    return op.add(Binary("sub"), [a, b])


def _mul(op: Operator, a: Tensor, b: Tensor) -> Tensor:
    return op.add(Binary("mul"), [a, b])


def _div(op: Operator, a: Tensor, b: Tensor) -> Tensor:
    return op.add(Binary("div"), [a, b])


def _regularized(op: Operator, x: Tensor, gradient: Tensor, norm: float) -> Tensor:
    """The gradient with that of norm / 2 * |x|^2."""
    return _add(op, op.scaled(x, norm), gradient) if norm else gradient


def _flat(results: Sequence[Sequence[Tensor]]) -> list[Tensor]:
    """Groups of results as the operator returns them: kind by kind."""
    return [tensor for kind in zip(*results, strict=True) for tensor in kind]


@operator("Adagrad", domain=_DOMAIN)
def adagrad(
    op: Operator,
    rate: Tensor,
    step: Tensor,
    *tensors: Tensor,
    decay_factor: float = 0.0,
    epsilon: float = 1e-6,
    norm_coefficient: float = 0.0,
) -> list[Tensor]:
    """(x - r * g / (sqrt(h') + epsilon), h' = h + g^2), r = rate / (1 + step * decay_factor)."""
    slowing = _add(op, op.scaled(op.cast(step, rate.dtype), decay_factor), op.constant(1, rate.dtype))
    rate = _div(op, rate, slowing)
    results = []
    for x, given, squares in _groups(op, tensors, 3):
        gradient = _regularized(op, x, given, norm_coefficient)
        total = _add(op, squares, _mul(op, gradient, gradient))
        size = _add(op, op.add(Unary("sqrt"), [total]), op.constant(epsilon, x.dtype))
        move = _div(op, _mul(op, op.cast(rate, x.dtype), gradient), size)
        results.append((_sub(op, x, move), total))
    return _flat(results)


def _corrected(op: Operator, rate: Tensor, step: Tensor, alpha: float, beta: float) -> Tensor:
    """Adam's rate: times sqrt(1 - beta^step) / (1 - alpha^step) except in step 0."""
    one, t = op.constant(1, rate.dtype), op.cast(step, rate.dtype)
    powers = [op.add(Binary("pow"), [op.constant(base, rate.dtype), t]) for base in (beta, alpha)]
    first, second = (_sub(op, one, p) for p in powers)
    later = _div(op, _mul(op, rate, op.add(Unary("sqrt"), [first])), second)
    started = op.add(Compare("less"), [op.constant(0, step.dtype), step])
    assert started.dtype == BOOL
    return op.add(Select(), [started, later, rate])


@operator("Adam", domain=_DOMAIN)
def adam(
    op: Operator,
    rate: Tensor,
    step: Tensor,
    *tensors: Tensor,
    alpha: float = 0.9,
    beta: float = 0.999,
    epsilon: float = 1e-6,
    norm_coefficient: float = 0.0,
    norm_coefficient_post: float = 0.0,
) -> list[Tensor]:
    """(x - r * v' / (sqrt(h') + epsilon), v' = alpha * v + (1 - alpha) * g, h' = beta * h + (1 - beta) * g^2)."""
    rate = _corrected(op, rate, step, alpha, beta)
    results = []
    for x, given, mean, squares in _groups(op, tensors, 4):
        gradient = _regularized(op, x, given, norm_coefficient)
        v = _add(op, op.scaled(mean, alpha), op.scaled(gradient, 1 - alpha))
        h = _add(op, op.scaled(squares, beta), op.scaled(_mul(op, gradient, gradient), 1 - beta))
        size = _add(op, op.add(Unary("sqrt"), [h]), op.constant(epsilon, x.dtype))
        new = _sub(op, x, _div(op, _mul(op, op.cast(rate, x.dtype), v), size))
        results.append((op.scaled(new, 1 - norm_coefficient_post), v, h))
    return _flat(results)


@operator("Momentum", domain=_DOMAIN)
def momentum(
    op: Operator,
    rate: Tensor,
    step: Tensor,
    *tensors: Tensor,
    alpha: float,
    beta: float,
    mode: str,
    norm_coefficient: float,
) -> list[Tensor]:
    """(x - rate * m, v' = alpha * v + b * g), m = v', or g + alpha * v' ("nesterov"); b is 1 in step 0, else beta."""
    if mode not in ("standard", "nesterov"):
        raise op.invalid(f'mode is "{mode}"')
    started = op.add(Compare("less"), [op.constant(0, step.dtype), step])
    results = []
    for x, given, velocity in _groups(op, tensors, 3):
        gradient = _regularized(op, x, given, norm_coefficient)
        share = op.add(Select(), [started, op.constant(beta, x.dtype), op.constant(1, x.dtype)])
        v = _add(op, op.scaled(velocity, alpha), _mul(op, share, gradient))
        move = v if mode == "standard" else _add(op, gradient, op.scaled(v, alpha))
        results.append((_sub(op, x, _mul(op, op.cast(rate, x.dtype), move)), v))
    return _flat(results)
