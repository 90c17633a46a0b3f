"""RESHAPE, SQUEEZE and EXPAND_DIMS."""

from __future__ import annotations

import math

import numpy as np

from tests.generated.movement import MOVED
from tests.generated.single import NUMPY, Draw, Single, Tensor, generates, like, numbers
from tests.models.tflite_builder import Operator, options


def _regrouped(draw: Draw, count: int) -> list[int]:
    """Factors of `count`, in any order, some of them multiplied."""
    factors = []
    rest, divisor = count, 2
    while rest > 1:
        while rest % divisor == 0:
            factors.append(divisor)
            rest //= divisor
        divisor += 1
    draw.rng.shuffle(factors)
    while len(factors) > 4:
        factors[:2] = [factors[0] * factors[1]]
    return factors or [1]


@generates("RESHAPE", *MOVED)
def reshape(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 4)
    wanted = _regrouped(draw, math.prod(shape))
    x = draw.tensor("x", kind, shape)
    y, asked = like("y", x, tuple(wanted)), list(wanted)
    if draw.yes():
        asked[draw.integer(0, len(asked) - 1)] = -1
    if draw.yes(0.3):
        return Single([x, y], Operator("RESHAPE", ["x"], ["y"], options("ReshapeOptions", NewShape=asked)))
    return Single([x, numbers("s", asked), y], Operator("RESHAPE", ["x", "s"], ["y"], options("ReshapeOptions")))


@generates("SQUEEZE", *MOVED)
def squeeze(draw: Draw, kind: str) -> Single:
    shape = tuple(1 if draw.yes(0.4) else n for n in draw.shape(2, 4))
    ones = [i for i, n in enumerate(shape) if n == 1]
    listed = [i for i in ones if draw.yes(0.6)]
    x = draw.tensor("x", kind, shape)
    y = like("y", x, tuple(n for i, n in enumerate(shape) if i not in (listed or ones)))
    fields = {"SqueezeDims": [i - draw.choice((0, len(shape))) for i in listed]} if listed else {}
    return Single([x, y], Operator("SQUEEZE", ["x"], ["y"], options("SqueezeOptions", **fields)))


@generates("EXPAND_DIMS", *MOVED)
def expand_dims(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 4)
    axis = draw.integer(0, len(shape))
    x = draw.tensor("x", kind, shape)
    y = like("y", x, (*shape[:axis], 1, *shape[axis:]))
    axes = numbers("a", axis - draw.choice((0, len(shape) + 1)))
    return Single([x, axes, y], Operator("EXPAND_DIMS", ["x", "a"], ["y"], options("ExpandDimsOptions")))


@generates("SHAPE", *MOVED)
def shape_(draw: Draw, kind: str) -> Single:
    shape, to = draw.shape(1, 4), draw.choice(("INT32", "INT64"))
    x, y = draw.tensor("x", kind, shape), Tensor("y", to, (len(shape),))
    table = options("ShapeOptions", OutType=2 if to == "INT32" else 4)
    return Single([x, y], Operator("SHAPE", ["x"], ["y"], table))


@generates("RANK", *MOVED)
def rank(draw: Draw, kind: str) -> Single:
    x, y = draw.tensor("x", kind, draw.shape(1, 5, 3)), Tensor("y", "INT32", ())
    return Single([x, y], Operator("RANK", ["x"], ["y"], options("RankOptions")))


@generates("BROADCAST_ARGS", "INT32", "INT64")
def broadcast_args(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 4)
    a, b = (np.array(s, NUMPY.get(kind, np.int32)) for s in (draw.broadcast(shape) or (1,), shape))
    tensors = [Tensor("a", kind, a.shape), Tensor("b", kind, b.shape), Tensor("y", kind, (len(shape),))]
    return Single(tensors, Operator("BROADCAST_ARGS", ["a", "b"], ["y"]), {"a": a, "b": b})


@generates("RANGE", "FLOAT32", "INT32", "INT64")
def range_(draw: Draw, kind: str) -> Single:
    """All three are constant: how many numbers there are must be known."""
    dtype = NUMPY.get(kind, np.int32)
    start, delta, count = draw.integer(-20, 20), draw.integer(1, 7) * draw.choice((1, -1)), draw.integer(1, 9)
    limit = start + delta * count - draw.integer(0, abs(delta) - 1) * (1 if delta > 0 else -1)
    tensors = [Tensor(n, data=np.array(v).astype(dtype)) for n, v in (("s", start), ("l", limit), ("d", delta))]
    tensors.append(Tensor("y", kind, (count,), signature=(-1,)))
    return Single(tensors, Operator("RANGE", ["s", "l", "d"], ["y"], options("RangeOptions")))
