"""ATAN2, BITWISE_XOR, RIGHT_SHIFT and StableHLO's element-wise operators as LiteRT computes them."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ops.binary import Binary
from tests.harness import Case, check_nodes
from tests.judge import check_against_judge, judge_litert
from tests.models.tflite_builder import Operator, Tensor, build_model

INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32")
SHAPE = (3, 20)


def model(name: str, kind: str, a: tuple[int, ...] = SHAPE, b: tuple[int, ...] = SHAPE) -> bytes:
    tensors = [Tensor("a", kind, a), Tensor("b", kind, b), Tensor("y", kind, SHAPE)]
    return build_model(tensors, [Operator(name, ["a", "b"], ["y"])])


def whole(kind: str, seed: int, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    info = np.iinfo(kind)
    x = np.random.default_rng(seed).integers(info.min, info.max, shape, np.dtype(kind), endpoint=True)
    x[..., 0], x[..., 1] = info.min, info.max
    return x


@pytest.mark.parametrize("kind", INTEGERS)
def test_bits(kind: str) -> None:
    a, b = whole(kind, 1), whole(kind, 2, SHAPE[1:])
    check_against_judge(model("BITWISE_XOR", kind.upper(), b=b.shape), [a, b], by=judge_litert)
    low = -3 if kind.startswith("int") else 0
    steps = np.random.default_rng(3).integers(low, 40, SHAPE).astype(kind)
    check_against_judge(model("RIGHT_SHIFT", kind.upper()), [a, steps], by=judge_litert)


@pytest.mark.parametrize("kind", [*INTEGERS, "int64", "float32"])
@pytest.mark.parametrize("name", ["ADD", "MULTIPLY", "MAXIMUM", "MINIMUM"])
def test_stablehlo(name: str, kind: str) -> None:
    rng = np.random.default_rng(7)
    pair = [rng.normal(0, 9, SHAPE).astype(np.float32) if kind == "float32" else whole(kind, i) for i in (4, 5)]
    check_against_judge(model(f"STABLEHLO_{name}", kind.upper()), pair, by=judge_litert)


def test_atan2() -> None:
    rng = np.random.default_rng(6)
    a, b = (rng.choice([-2.0, -1.0, -0.0, 0.0, 0.5, 3.0], SHAPE).astype(np.float32) for _ in "ab")
    check_against_judge(model("ATAN2", "FLOAT32"), [a, b], 1e-6, judge_litert)
    halves = [a.astype(np.float16), b.astype(np.float16)]
    check_against_judge(model("ATAN2", "FLOAT16"), halves, 1e-3, judge_litert)


def test_refusals() -> None:
    with pytest.raises(UnsupportedModel, match="f32 with f32 to f32 is not supported"):
        read_tflite(model("BITWISE_XOR", "FLOAT32"), "m", {})
    with pytest.raises(UnsupportedModel, match="f64 with f64"):
        read_tflite(model("STABLEHLO_ADD", "FLOAT64"), "m", {})
    with pytest.raises(InvalidModel, match="differ in shape"):
        read_tflite(model("STABLEHLO_ADD", "FLOAT32", b=(20,)), "m", {})


def cases() -> list[Case]:
    made = []
    for kind in ("int32", "int64"):
        a, b = whole(kind, 8), whole(kind, 9)
        steps = np.random.default_rng(3).integers(-3, 80, SHAPE[1:]).astype(kind)
        made += [Case(Binary("xor"), [a, b]), Case(Binary("shift_right"), [a, steps])]
    rng = np.random.default_rng(6)
    made.append(Case(Binary("atan2"), [rng.normal(0, 2, SHAPE).astype(np.float32) for _ in "ab"]))
    return made


def test_portable() -> None:
    check_nodes(cases(), "generic", sanitize=True)


@pytest.mark.cross
def test_cortex_m4() -> None:
    check_nodes(cases(), "cortex-m4")
