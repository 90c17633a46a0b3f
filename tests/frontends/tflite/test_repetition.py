"""TILE, BROADCAST_TO, FILL and diagonal matrices, as TensorFlow Lite Micro and LiteRT compute them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from tests.frontends.tflite.single import Shape, activation, judge_of, model, s32, unary, values
from tests.harness import compile_for_test
from tests.judge import check_against_judge, judge, judge_litert
from tests.models.tflite_builder import Tensor

KINDS = ("INT8", "UINT8", "INT16", "INT32", "INT64", "BOOL", "FLOAT32")


@pytest.mark.parametrize("kind", KINDS)
def test_tile(kind: str) -> None:
    for shape, times in (((3,), [4]), ((2, 3), [1, 2]), ((2, 1, 3), [2, 3, 1]), ((2, 3, 1, 2), [2, 1, 3, 2])):
        out = tuple(n * t for n, t in zip(shape, times, strict=True))
        check_against_judge(unary("TILE", kind, shape, out, [s32("t", times)]), [values(kind, shape)], by=judge_litert)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=6))
def test_tile_of_any_shape(axes: list[tuple[int, int]]) -> None:
    shape, times = tuple(n for n, _ in axes), [t for _, t in axes]
    out = tuple(n * t for n, t in axes)
    data = unary("TILE", "INT8", shape, out, [s32("t", times)])
    compile_for_test(check_against_judge(data, [values("INT8", shape)], by=judge_litert), "generic")


@pytest.mark.parametrize("kind", KINDS)
def test_broadcast_to(kind: str) -> None:
    for shape, out in (((3,), (2, 3)), ((2, 1, 3), (4, 2, 5, 3)), ((), (2, 2)), ((1, 1), (3, 2)), ((2, 3), (2, 3))):
        data = unary("BROADCAST_TO", kind, shape, out, [s32("s", out)], version=2)
        check_against_judge(data, [values(kind, shape)], by=judge if shape else judge_litert)


@pytest.mark.parametrize("kind", KINDS)
def test_fill(kind: str) -> None:
    for out in ((3,), (2, 3, 4)):
        data = model("FILL", [s32("s", out), activation("x", kind, ())], [activation("y", kind, out)])
        check_against_judge(data, [values(kind, ())], by=judge_of(kind, "INT8", "INT32", "FLOAT32"))


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "BOOL"])
def test_diagonals(kind: str) -> None:
    """LiteRT accepts bool, too, but leaves the output as it was."""
    data = unary("MATRIX_DIAG", kind, (2, 3), (2, 3, 3), [])
    check_against_judge(data, [values(kind, (2, 3))], by=judge_litert)
    for shape, diagonal in (((2, 3, 3), (2, 3)), ((3, 5), (3,)), ((5, 3), (3,))):
        tensors = [activation("x", kind, shape), activation("d", kind, diagonal)]
        data = model("MATRIX_SET_DIAG", tensors, [activation("y", kind, shape)])
        check_against_judge(data, [values(kind, shape), values(kind, diagonal, 1)], by=judge_litert)


@pytest.mark.parametrize(
    ("name", "inputs", "out", "why"),
    [
        ("TILE", [activation("x", "INT8", (2, 3)), s32("t", [2])], (2, 3), "do not repeat"),
        ("TILE", [activation("x", "INT8", (2, 3)), s32("t", [2, -1])], (2, 3), "not negative"),
        ("TILE", [activation("x", "INT8", (2, 3)), s32("t", [2, 0])], (4, 0), "no elements"),
        ("TILE", [activation("x", "INT8", (2, 3)), s32("t", [1 << 20, 1 << 20])], (2, 3), "bytes"),
        ("BROADCAST_TO", [activation("x", "INT8", (2, 3)), s32("s", [2, 2])], (2, 2), "does not broadcast"),
        ("BROADCAST_TO", [activation("x", "INT8", (2, 3)), s32("s", [3])], (3,), "does not broadcast"),
        ("BROADCAST_TO", [activation("x", "INT8", (1,)), Tensor("s", "INT32", (1,))], (3,), "known ahead of time"),
        ("FILL", [s32("s", [3]), activation("x", "INT8", (1,))], (3,), "must be a scalar"),
        ("MATRIX_SET_DIAG", [activation("x", "INT8", (2, 3)), activation("d", "INT8", (3,))], (2, 3), "no diagonal"),
    ],
)
def test_refusals(name: str, inputs: list[Tensor], out: Shape, why: str) -> None:
    y = Tensor("y", "INT8", np.clip(out, 1, None).tolist(), scale=0.25, zero_point=-7)
    with pytest.raises((InvalidModel, UnsupportedModel), match=why):
        read_tflite(model(name, inputs, [y]), "m", {})
