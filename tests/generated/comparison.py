"""EQUAL, LESS and their like, LOGICAL_AND and LOGICAL_OR, SELECT and SELECT_V2."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.generated.arithmetic import operands
from tests.generated.single import Draw, Single, Tensor, generates, like
from tests.models.tflite_builder import Operator, Options, options


def _relation(name: str, table: Options | None, *kinds: str) -> Callable[[Draw, str], Single]:
    """Registers a generator of a relation. Some elements are equal."""

    @generates(name, *kinds)
    def relation(draw: Draw, kind: str) -> Single:
        a, b, shape = operands(draw, kind, -3, -0.01)
        x = draw.values(kind, a.shape)
        values = {"a": x}
        if a.shape == b.shape and b.data is None:
            values["b"] = np.where(draw.values("BOOL", a.shape), x, draw.values(kind, a.shape))
        return Single([a, b, Tensor("y", "BOOL", shape)], Operator(name, ["a", "b"], ["y"], table), values)

    return relation


_NUMBERS = ("FLOAT16", "FLOAT32", "INT8", "UINT8", "INT32", "INT64")
equal = _relation("EQUAL", options("EqualOptions"), *_NUMBERS, "INT16", "BOOL")
not_equal = _relation("NOT_EQUAL", options("NotEqualOptions"), *_NUMBERS, "INT16", "BOOL")
greater = _relation("GREATER", options("GreaterOptions"), *_NUMBERS, "INT16")
greater_equal = _relation("GREATER_EQUAL", options("GreaterEqualOptions"), *_NUMBERS, "INT16")
less = _relation("LESS", options("LessOptions"), *_NUMBERS, "INT16")
less_equal = _relation("LESS_EQUAL", options("LessEqualOptions"), *_NUMBERS, "INT16")
logical_and = _relation("LOGICAL_AND", options("LogicalAndOptions"), "BOOL")
logical_or = _relation("LOGICAL_OR", options("LogicalOrOptions"), "BOOL")

_ANY = ("FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64", "UINT32", "BOOL")


@generates("SELECT", *_ANY)
def select(draw: Draw, kind: str) -> Single:
    """The condition has the operands' shape, or none, or one element for each index of their first axis."""
    shape = draw.shape(1, 4)
    condition = Tensor("c", "BOOL", draw.choice((shape, (), shape[:1])))
    a = draw.tensor("a", kind, shape)
    tensors = [condition, a, like("b", a), like("y", a)]
    return Single(tensors, Operator("SELECT", ["c", "a", "b"], ["y"], options("SelectOptions")))


@generates("SELECT_V2", *_ANY)
def select_v2(draw: Draw, kind: str) -> Single:
    """All three broadcast; one at least has every dimension."""
    shape = draw.shape(1, 4)
    shapes = [shape, draw.broadcast(shape), draw.broadcast(shape)] if draw.yes(0.7) else [shape] * 3
    draw.rng.shuffle(shapes)
    a = draw.tensor("a", kind, shapes[1])
    tensors = [Tensor("c", "BOOL", shapes[0]), a, like("b", a, shapes[2]), like("y", a, shape)]
    return Single(tensors, Operator("SELECT_V2", ["c", "a", "b"], ["y"], options("SelectV2Options")))
