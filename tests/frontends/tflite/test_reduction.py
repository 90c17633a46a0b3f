"""MEAN and SUM over any axes, as TensorFlow Lite Micro computes them."""

from __future__ import annotations

import numpy as np
import pytest
from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.frontends.tflite.strategies import SEEDS, activations, values
from tests.judge import check_against_judge
from tests.models.tflite_builder import Operator, Tensor, build_model, options

Shape = tuple[int, ...]


@st.composite
def reductions(draw: st.DrawFn) -> tuple[Shape, list[int], Shape, bool]:
    """(shape of x, axes as a file may give them, shape of y, keep_dims)."""
    shape = tuple(draw(st.lists(st.integers(1, 7), min_size=1, max_size=4)))
    rank = len(shape)
    axes = draw(st.lists(st.integers(0, rank - 1), min_size=1, max_size=rank, unique=True))
    if rank == 4 and draw(st.booleans()):
        axes = [1, 2]
    given_axes = [a - rank if draw(st.booleans()) else a for a in axes]
    keep = draw(st.booleans())
    out = tuple(1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes)
    return shape, given_axes, out, keep


def model(name: str, x: Tensor, y: Tensor, axes: list[int], keep: bool) -> bytes:
    opts = options("ReducerOptions", KeepDims=keep)
    tensors = [x, Tensor("axes", data=np.array(axes, np.int32)), y]
    return build_model(tensors, [Operator(name, ["x", "axes"], ["y"], opts)])


@pytest.mark.parametrize("name", ["MEAN", "SUM"])
@pytest.mark.parametrize("kind", ["INT8", "FLOAT32"])
@settings(max_examples=50)
@given(st.data(), reductions(), st.booleans(), SEEDS)
def test_reduce(
    name: str, kind: str, data: st.DataObject, case: tuple[Shape, list[int], Shape, bool], same: bool, seed: int
) -> None:
    shape, axes, out, keep = case
    x, y = data.draw(activations("x", kind, shape)), data.draw(activations("y", kind, out))
    if same:
        y = Tensor("y", kind, out, scale=x.scale, zero_point=x.zero_point)
    inputs = [values(kind, shape, seed)]
    if kind == "FLOAT32":
        inputs = [np.abs(inputs[0])]  # so that nothing cancels
    check_against_judge(model(name, x, y, axes, keep), inputs, 1e-6)


def test_axes_must_be_constant_and_there() -> None:
    x, y = Tensor("x", "FLOAT32", (2, 3)), Tensor("y", "FLOAT32", (2,))
    with pytest.raises(InvalidModel, match="axis 2"):
        read_tflite(model("MEAN", x, y, [2], False), "m", {})
    tensors = [x, Tensor("axes", "INT32", (1,)), y]
    data = build_model(tensors, [Operator("MEAN", ["x", "axes"], ["y"], options("ReducerOptions"))])
    with pytest.raises(UnsupportedModel, match="known ahead of time"):
        read_tflite(data, "m", {})
    with pytest.raises(UnsupportedModel, match="s32"):
        read_tflite(model("SUM", Tensor("x", "INT32", (2, 3)), Tensor("y", "INT32", (2,)), [1], False), "m", {})
