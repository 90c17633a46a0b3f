"""RFFT2D and what takes its result, as LiteRT computes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.verify import Call, build_program
from tests.harness import compile_for_test
from tests.judge import check_against_judge, judge_litert
from tests.models.tflite_builder import Operator, Tensor, build_model


def model(
    shape: Sequence[int], lengths: Sequence[int], takers: Sequence[str] = ("COMPLEX_ABS", "REAL", "IMAG")
) -> bytes:
    spectrum = (*shape[:-2], 1, lengths[-1] // 2 + 1)
    tensors = [
        Tensor("x", "FLOAT32", shape),
        Tensor("n", data=np.array(lengths, np.int32)),
        Tensor("c", "COMPLEX64", spectrum),
        *(Tensor(name, "FLOAT32", spectrum) for name in takers),
    ]
    operators = [Operator("RFFT2D", ["x", "n"], ["c"]), *(Operator(name, ["c"], [name]) for name in takers)]
    return build_model(tensors, operators, outputs=list(takers) or ["c"])


@pytest.mark.parametrize(("width", "length"), [(64, 64), (50, 64), (100, 64), (4, 4)])
def test_rows(width: int, length: int) -> None:
    x = np.random.default_rng(1).normal(0, 1, (2, 3, 1, width)).astype(np.float32)
    check_against_judge(model(x.shape, (1, length)), [x], 1e-6, judge_litert)


@pytest.mark.parametrize("target", ["generic", pytest.param("cortex-m4", marks=pytest.mark.cross)])
def test_the_emitted_c(target: str) -> None:
    x = np.random.default_rng(2).normal(0, 1, (2, 1, 30)).astype(np.float32)
    data = model(x.shape, (1, 32))
    program = build_program([compile_for_test(read_tflite(data, "m", {}), target)])
    (outcome,) = program.execute([Call([x])])
    for got, want in zip(outcome.outputs, judge_litert(data, [x], 3), strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-5)


def test_refusals() -> None:
    for data, text in (
        (model((2, 4, 8), (4, 8)), "more than one row"),
        (model((2, 1, 8), (1, 8), ()), "is complex"),
        (model((2, 1, 8), (1, 8), ("NEG",)), '"c" is complex'),
    ):
        with pytest.raises(UnsupportedModel, match=text):
            read_tflite(data, "m", {})
    for data, text in (
        (model((2, 1, 8), (8,)), "are not those of the last two axes"),
        (model((2, 1, 8), (1, 6)), "no power of 2"),
        (model((2, 1, 8), (1, 2)), "transforms are of"),
    ):
        with pytest.raises(InvalidModel, match=text):
            read_tflite(data, "m", {})
    tensors = [Tensor("c", "COMPLEX64", (4,)), Tensor("y", "FLOAT32", (4,))]
    with pytest.raises(UnsupportedModel, match="which no caller can give"):
        read_tflite(build_model(tensors, [Operator("REAL", ["c"], ["y"])]), "m", {})
    tensors = [Tensor("x", "FLOAT32", (4,)), Tensor("y", "FLOAT32", (4,))]
    with pytest.raises(UnsupportedModel, match="f32 to f32"):
        read_tflite(build_model(tensors, [Operator("REAL", ["x"], ["y"])]), "m", {})
