"""DIV, MAXIMUM, POW, EQUAL, SELECT and their like, with every kind of broadcast, as the judges compute them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.tensor import Array
from tests.frontends.tflite.strategies import SEEDS, activations, values
from tests.frontends.tflite.test_arithmetic import broadcast_shapes
from tests.judge import check_against_judge, judge, judge_litert
from tests.models.tflite_builder import Operator, Options, Tensor, build_model, options

Shape = tuple[int, ...]
SHAPES = broadcast_shapes()
RELATIONS = {
    "EQUAL": options("EqualOptions"),
    "NOT_EQUAL": options("NotEqualOptions"),
    "GREATER": options("GreaterOptions"),
    "GREATER_EQUAL": options("GreaterEqualOptions"),
    "LESS": options("LessOptions"),
    "LESS_EQUAL": options("LessEqualOptions"),
}
LIMITS = {"MAXIMUM": options("MaximumMinimumOptions"), "MINIMUM": options("MaximumMinimumOptions")}


def numbers(kind: str, shape: Shape, seed: int, low: int = -9, high: int = 9) -> Array:
    rng = np.random.default_rng(seed)
    if kind == "BOOL":
        return rng.integers(0, 2, shape).astype(np.bool_)
    return np.asarray(rng.integers(low, high + 1, shape)).astype(kind.lower())


def model(name: str, a: Tensor, b: Tensor, y: Tensor, opts: Options | None) -> bytes:
    return build_model([a, b, y], [Operator(name, ["a", "b"], ["y"], opts)])


def plain(name: str, kind: str, shapes: tuple[Shape, Shape], to: str, opts: Options | None) -> bytes:
    y = Tensor("y", to, np.broadcast_shapes(*shapes))
    return model(name, Tensor("a", kind, shapes[0]), Tensor("b", kind, shapes[1]), y, opts)


@settings(max_examples=40)
@given(st.data(), SHAPES, SEEDS, st.integers(0, 2), st.floats(2.2, 3.5))
def test_div_s8(data: st.DataObject, shapes: tuple[Shape, Shape], seed: int, fused: int, gain: float) -> None:
    """Output scales so fine that the judge never shifts a quotient by more than 31 bits, which C leaves undefined."""
    a, b = data.draw(activations("a", "INT8", shapes[0])), data.draw(activations("b", "INT8", shapes[1]))
    zero = b.zero_point
    assert isinstance(a.scale, float)
    assert isinstance(b.scale, float)
    assert isinstance(zero, int)
    scale = a.scale / b.scale / 10**gain
    y = Tensor("y", "INT8", np.broadcast_shapes(*shapes), scale=scale, zero_point=data.draw(st.integers(-128, 127)))
    divisor = values("INT8", shapes[1], seed + 1)
    divisor = np.where(divisor == zero, zero + (1 if zero < 127 else -1), divisor).astype(np.int8)
    opts = options("DivOptions", FusedActivationFunction=fused)
    check_against_judge(model("DIV", a, b, y, opts), [values("INT8", shapes[0], seed), divisor])


@pytest.mark.parametrize("kind", ["INT8", "INT16"])
@settings(max_examples=40)
@given(st.data(), SHAPES, SEEDS)
def test_squared_difference(kind: str, data: st.DataObject, shapes: tuple[Shape, Shape], seed: int) -> None:
    low, high = (-3.0, 0.0) if kind == "INT8" else (-5.0, -2.0)
    a, b = (
        data.draw(activations("a", kind, shapes[0], low, high)),
        data.draw(activations("b", kind, shapes[1], low, high)),
    )
    y = data.draw(activations("y", kind, np.broadcast_shapes(*shapes), low, high))
    inputs = [values(kind, shapes[0], seed), values(kind, shapes[1], seed + 1)]
    if kind == "INT16":
        inputs = [(x // 2).astype(np.int16) for x in inputs]  # TFLM squares 32 bits: half the range never overflows
    opts = options("SquaredDifferenceOptions")
    check_against_judge(model("SQUARED_DIFFERENCE", a, b, y, opts), inputs)


@pytest.mark.parametrize("name", LIMITS)
@settings(max_examples=15)
@given(SHAPES, SEEDS, st.sampled_from(["FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64"]))
def test_maximum_and_minimum(name: str, shapes: tuple[Shape, Shape], seed: int, kind: str) -> None:
    inputs = [numbers(kind, s, seed + i, 0 if kind == "UINT8" else -99, 99) for i, s in enumerate(shapes)]
    by = judge_litert if kind == "UINT8" else judge
    check_against_judge(plain(name, kind, shapes, kind, LIMITS[name]), inputs, by=by)


@settings(max_examples=15)
@given(SHAPES, SEEDS)
def test_division_of_floats(shapes: tuple[Shape, Shape], seed: int) -> None:
    a, b = values("FLOAT32", shapes[0], seed), values("FLOAT32", shapes[1], seed + 1)
    for name, opts in (
        ("DIV", options("DivOptions")),
        ("FLOOR_DIV", options("FloorDivOptions")),
        ("FLOOR_MOD", options("FloorModOptions")),
        ("SQUARED_DIFFERENCE", options("SquaredDifferenceOptions")),
    ):
        check_against_judge(plain(name, "FLOAT32", shapes, "FLOAT32", opts), [a, b], 1e-7)
    data = plain("POW", "FLOAT32", shapes, "FLOAT32", options("PowOptions"))
    check_against_judge(data, [np.abs(a), b / 2], 3e-7, judge_litert)


@settings(max_examples=15)
@given(SHAPES, SEEDS)
def test_division_of_integers(shapes: tuple[Shape, Shape], seed: int) -> None:
    a, b = numbers("INT32", shapes[0], seed, -99, 99), numbers("INT32", shapes[1], seed + 1)
    b = np.where(b == 0, 7, b).astype(np.int32)
    check_against_judge(plain("DIV", "INT32", shapes, "INT32", options("DivOptions")), [a, b])
    data = plain("SQUARED_DIFFERENCE", "INT32", shapes, "INT32", options("SquaredDifferenceOptions"))
    check_against_judge(data, [a, b])
    for name, opts in (("FLOOR_DIV", options("FloorDivOptions")), ("FLOOR_MOD", options("FloorModOptions"))):
        check_against_judge(plain(name, "INT32", shapes, "INT32", opts), [a, b], by=judge_litert)
    wide = [a.astype(np.int64) << 33, b.astype(np.int64) << 31]
    data = plain("FLOOR_MOD", "INT64", shapes, "INT64", options("FloorModOptions"))
    check_against_judge(data, wide, by=judge_litert)
    data = plain("POW", "INT32", shapes, "INT32", options("PowOptions"))
    check_against_judge(data, [a // 9, np.abs(b)], by=judge_litert)


@pytest.mark.parametrize("name", RELATIONS)
@settings(max_examples=20)
@given(st.data(), SHAPES, SEEDS)
def test_relations(name: str, data: st.DataObject, shapes: tuple[Shape, Shape], seed: int) -> None:
    kind = data.draw(st.sampled_from(["FLOAT32", "INT32", "INT64", *(["BOOL"] if "EQUAL" in name[-9:] else [])]))
    if kind == "BOOL" and name not in ("EQUAL", "NOT_EQUAL"):
        kind = "INT32"
    inputs = [numbers(kind, s, seed + i) for i, s in enumerate(shapes)]
    check_against_judge(plain(name, kind, shapes, "BOOL", RELATIONS[name]), inputs)
    a = data.draw(activations("a", "INT8", shapes[0], high=-0.01))
    b = data.draw(activations("b", "INT8", shapes[1], high=-0.01))
    y = Tensor("y", "BOOL", np.broadcast_shapes(*shapes))
    s8 = [values("INT8", s, seed + i) for i, s in enumerate(shapes)]
    check_against_judge(model(name, a, b, y, RELATIONS[name]), s8)
    same = Tensor("b", "INT8", shapes[1], scale=a.scale, zero_point=a.zero_point)
    check_against_judge(model(name, a, same, y, RELATIONS[name]), s8)


@settings(max_examples=10)
@given(SHAPES, SEEDS)
def test_logical(shapes: tuple[Shape, Shape], seed: int) -> None:
    inputs = [numbers("BOOL", s, seed + i) for i, s in enumerate(shapes)]
    for name, opts in (("LOGICAL_AND", options("LogicalAndOptions")), ("LOGICAL_OR", options("LogicalOrOptions"))):
        check_against_judge(plain(name, "BOOL", shapes, "BOOL", opts), inputs)


@settings(max_examples=20)
@given(SHAPES, SEEDS, st.sampled_from(["FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64"]), st.booleans())
def test_select_v2(shapes: tuple[Shape, Shape], seed: int, kind: str, whole: bool) -> None:
    out = np.broadcast_shapes(*shapes)
    condition = out if whole else shapes[0]
    tensors = [Tensor("c", "BOOL", condition), Tensor("a", kind, shapes[0]), Tensor("b", kind, shapes[1])]
    data = build_model(
        [*tensors, Tensor("y", kind, out)],
        [Operator("SELECT_V2", ["c", "a", "b"], ["y"], options("SelectV2Options"))],
    )
    inputs = [numbers("BOOL", condition, seed), *(numbers(kind, s, seed + i, 0, 99) for i, s in enumerate(shapes))]
    check_against_judge(data, inputs, by=judge_litert)


@pytest.mark.parametrize("condition", [(3, 2, 2), (3,), ()])
def test_select(condition: Shape) -> None:
    tensors = [Tensor("c", "BOOL", condition), *(Tensor(n, "INT32", (3, 2, 2)) for n in "aby")]
    data = build_model(tensors, [Operator("SELECT", ["c", "a", "b"], ["y"], options("SelectOptions"))])
    inputs = [numbers("BOOL", condition, 5), numbers("INT32", (3, 2, 2), 1), numbers("INT32", (3, 2, 2), 2)]
    check_against_judge(data, inputs, by=judge_litert)


@pytest.mark.parametrize(("kind", "by"), [("FLOAT32", judge), ("INT32", judge_litert)])
def test_add_n(kind: str, by: object) -> None:
    tensors = [Tensor(n, kind, (2, 5)) for n in "abcy"]
    data = build_model(tensors, [Operator("ADD_N", ["a", "b", "c"], ["y"], options("AddNOptions"))])
    check_against_judge(data, [numbers(kind, (2, 5), i) for i in range(3)], by=judge if by is judge else judge_litert)


def test_what_is_not_built_is_refused_by_name() -> None:
    def read(name: str, kind: str, to: str, opts: Options, scale: float | None = None) -> None:
        tensors = [Tensor(n, kind, (2,), scale=scale) for n in "ab"]
        read_tflite(model(name, *tensors, Tensor("y", to, (2,), scale=scale), opts), "m", {})

    for name, kind, opts in (
        ("DIV", "INT64", options("DivOptions")),
        ("POW", "INT64", options("PowOptions")),
        ("FLOOR_DIV", "INT64", options("FloorDivOptions")),
        ("ADD_N", "INT16", options("AddNOptions")),
    ):
        with pytest.raises(UnsupportedModel, match=f'{name} "y": .* is not supported'):
            read(name, kind, kind, opts, 0.5)
    with pytest.raises(UnsupportedModel, match="scale of 1 or more"):
        read("LESS", "INT8", "BOOL", RELATIONS["LESS"], 1.0)
    with pytest.raises(UnsupportedModel, match="u16 with u16"):
        read("LESS", "UINT16", "BOOL", RELATIONS["LESS"], 0.5)
