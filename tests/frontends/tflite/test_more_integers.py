"""Integer forms of operators that one of the judges alone computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from edgegen.ir.fixed_point import WideFixedPoint
from edgegen.ops.reduce import Reduce
from tests.frontends.tflite.strategies import NUMPY, SEEDS, activations, scales, values, zero_points
from tests.harness import Case, check_nodes
from tests.judge import Judge, check_against_judge, judge, judge_litert
from tests.models.tflite_builder import Operator, Tensor, build_model, options

SHAPE = (2, 5, 3)


def plain(name: str, kind: str, count: int) -> bytes:
    """An operator of `count` inputs without quantization."""
    xs = [Tensor(f"x{i}", kind, SHAPE) for i in range(count)]
    return build_model([*xs, Tensor("y", kind, SHAPE)], [Operator(name, [x.name for x in xs], ["y"])])


@settings(max_examples=40)
@given(st.data(), st.integers(2, 6), SEEDS)
def test_add_n_of_s8(data: st.DataObject, count: int, seed: int) -> None:
    """TFLM starts the sum at minus the zero point; its 32 bits hold 16 numbers and that."""
    scale, zero = data.draw(scales()), data.draw(zero_points("INT8"))
    xs = [Tensor(f"x{i}", "INT8", SHAPE, scale=scale, zero_point=zero) for i in range(count)]
    y = data.draw(activations("y", "INT8", SHAPE, np.log10(scale), np.log10(scale) + 1))
    model = build_model([*xs, y], [Operator("ADD_N", [x.name for x in xs], ["y"])])
    check_against_judge(model, [values("INT8", SHAPE, seed + i) for i in range(count)])


@settings(max_examples=40)
@given(st.data(), st.integers(0, 2), st.booleans(), st.booleans(), SEEDS)
def test_cumsum_of_s8(data: st.DataObject, axis: int, exclusive: bool, reverse: bool, seed: int) -> None:
    shape = (3, 20, 2)
    x = data.draw(activations("x", "INT8", shape, -2, -1))
    y = data.draw(activations("y", "INT8", shape, -2, 0))
    table = options("CumsumOptions", Exclusive=exclusive, Reverse=reverse)
    tensors = [x, Tensor("axis", data=np.array([axis], np.int32)), y]
    check_against_judge(
        build_model(tensors, [Operator("CUMSUM", ["x", "axis"], ["y"], table)]), [values("INT8", shape, seed)]
    )


@pytest.mark.parametrize("name", ["FLOOR_DIV", "FLOOR_MOD"])
@pytest.mark.parametrize("kind", ["INT8", "INT16"])
def test_floored_division(name: str, kind: str) -> None:
    """The least number divided by -1 is left out: LiteRT computes it in f64, and casts what no integer holds."""
    a, b = values(kind, SHAPE, 1), values(kind, SHAPE, 2)
    b[0, 0, :2], a[0, 0, 0] = (-1, 1), np.iinfo(NUMPY[kind]).min + 1
    check_against_judge(plain(name, kind, 2), [a, np.where(b == 0, 3, b).astype(b.dtype)], by=judge_litert)


@pytest.mark.parametrize("name", ["EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL"])
def test_relations_of_s16(name: str) -> None:
    """Scales differ where the order alone counts."""
    rng = np.random.default_rng(5)
    a, b = (rng.integers(-9, 9, SHAPE).astype(np.int16) for _ in "ab")
    scales = (0.1, 0.1 if name in ("EQUAL", "NOT_EQUAL") else 0.3)
    tensors = [Tensor(n, "INT16", SHAPE, scale=s) for n, s in zip("ab", scales, strict=True)]
    model = build_model([*tensors, Tensor("y", "BOOL", SHAPE)], [Operator(name, ["a", "b"], ["y"])])
    check_against_judge(model, [a, b], by=judge_litert)


@pytest.mark.parametrize("kind", ["INT8", "INT16"])
def test_negation(kind: str) -> None:
    check_against_judge(plain("NEG", kind, 1), [values(kind, SHAPE, 3)], by=judge_litert)


@settings(max_examples=30)
@given(st.data(), SEEDS)
def test_division_of_s16(data: st.DataObject, seed: int) -> None:
    """Where a quotient is below a half, LiteRT may shift by 32 bits and more, and so give any number: those are 0."""
    a, b = (data.draw(activations(name, "INT16", SHAPE)) for name in "ab")
    y = data.draw(activations("y", "INT16", SHAPE, -4, -1))
    divisor = values("INT16", SHAPE, seed + 1)
    inputs = [values("INT16", SHAPE, seed), np.where(divisor == 0, 1, divisor).astype(np.int16)]
    model = build_model([a, b, y], [Operator("DIV", ["a", "b"], ["y"])])
    (got,), (want,) = evaluate(read_tflite(model, "m", {}), inputs), judge_litert(model, inputs)
    assert isinstance(a.scale, float)
    assert isinstance(b.scale, float)
    assert isinstance(y.scale, float)
    factor = a.scale / b.scale / y.scale
    near = np.abs(inputs[0] / inputs[1] * factor) < 0.499
    np.testing.assert_array_equal(got, np.where(near, 0, want))


def reduction(name: str, x: Tensor, y: Tensor, keep: bool = False) -> bytes:
    tensors = [x, Tensor("axes", data=np.array([2, 0], np.int32)), y]
    return build_model(tensors, [Operator(name, ["x", "axes"], ["y"], options("ReducerOptions", KeepDims=keep))])


@settings(max_examples=15)
@given(st.data(), SEEDS)
def test_sum_of_s16(data: st.DataObject, seed: int) -> None:
    x = data.draw(activations("x", "INT16", SHAPE, -2, -1))
    y = data.draw(activations("y", "INT16", (5,), -2, 0))
    check_against_judge(reduction("SUM", x, y), [values("INT16", SHAPE, seed)])


@pytest.mark.parametrize("kind", ["INT8", "INT16"])
@pytest.mark.parametrize("keep", [False, True])
@settings(max_examples=20)
@given(st.data(), SEEDS)
def test_quantized_products(kind: str, keep: bool, data: st.DataObject, seed: int) -> None:
    x = data.draw(activations("x", kind, SHAPE, -2, -0.2))
    y = data.draw(activations("y", kind, (1, 5, 1) if keep else (5,), -3, 0))
    check_against_judge(reduction("REDUCE_PROD", x, y, keep), [values(kind, SHAPE, seed)], by=judge_litert)


@pytest.mark.parametrize("target", ["generic", pytest.param("cortex-m4", marks=pytest.mark.cross)])
def test_the_c_of_quantized_products(target: str) -> None:
    cases = []
    for kind, zero in (("INT8", -7), ("INT16", 0)):
        op = Reduce("prod", (0, 2), True, zero, WideFixedPoint.from_scales([0.3], 2 if zero else 0))
        cases.append(Case(op, [values(kind, (2, 3, 4, 2), 5)], f"reduce_product_{'s8' if zero else 's16'}"))
    check_nodes(cases, target, sanitize=target == "generic")


@pytest.mark.parametrize("kind", ["INT32", "INT64"])
@pytest.mark.parametrize("keep", [False, True])
def test_mean_of_whole_numbers(kind: str, keep: bool) -> None:
    shape = (1, 5, 1) if keep else (5,)
    x = np.random.default_rng(4).integers(-(2**31), 2**31, SHAPE).astype(kind.lower())
    check_against_judge(
        reduction("MEAN", Tensor("x", kind, SHAPE), Tensor("y", kind, shape), keep), [x], by=judge_litert
    )


@pytest.mark.parametrize("kind", ["INT8", "UINT8", "FLOAT32"])
@settings(max_examples=20)
@given(st.data(), SEEDS)
def test_relu_0_to_1(kind: str, data: st.DataObject, seed: int) -> None:
    x, y = data.draw(activations("x", kind, SHAPE, -2.5, -1)), data.draw(activations("y", kind, SHAPE, -2.5, -1))
    check_against_judge(
        build_model([x, y], [Operator("RELU_0_TO_1", ["x"], ["y"])]), [values(kind, SHAPE, seed)], by=judge_litert
    )


def test_refusals() -> None:
    def add_n(x0: Tensor, x1: Tensor, y: Tensor) -> bytes:
        return build_model([x0, x1, y], [Operator("ADD_N", ["x0", "x1"], ["y"])])

    def s8(name: str, scale: float, shape: Any = SHAPE) -> Tensor:
        return Tensor(name, "INT8", shape, scale=scale)

    with pytest.raises(UnsupportedModel, match="cannot requantize"):
        read_tflite(add_n(s8("x0", 0.1), s8("x1", 0.2), s8("y", 0.1)), "m", {})
    with pytest.raises(InvalidModel, match="not of the shape"):
        read_tflite(add_n(s8("x0", 0.1), s8("x1", 0.1, (1,)), s8("y", 0.1)), "m", {})
    with pytest.raises(UnsupportedModel, match="too small"):
        read_tflite(add_n(s8("x0", 0.1), s8("x1", 0.1), s8("y", 1e-8)), "m", {})


@pytest.mark.parametrize("by", [judge])
def test_sums_of_s8_wrap_around_in_32_bits_as_the_judges_do(by: Judge) -> None:
    shape = (1, 60)
    x = Tensor("x", "INT8", shape, scale=1.0, zero_point=-128)
    y = Tensor("y", "INT8", shape, scale=100.0, zero_point=3)
    tensors = [x, Tensor("axis", data=np.array([1], np.int32)), y]
    model = build_model(tensors, [Operator("CUMSUM", ["x", "axis"], ["y"], options("CumsumOptions"))])
    check_against_judge(model, [np.full(shape, 127, np.int8)], by=by)
