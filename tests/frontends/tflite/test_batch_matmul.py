"""BATCH_MATMUL as TensorFlow Lite Micro computes it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from tests.frontends.tflite.strategies import SEEDS, activations, values
from tests.judge import check_against_judge
from tests.models.tflite_builder import Operator, Tensor, build_model, options

Shape = tuple[int, ...]
EXTENTS = st.integers(1, 3)


@st.composite
def batches(draw: st.DrawFn) -> tuple[Shape, Shape]:
    """Leading dimensions of two operands that broadcast."""
    whole = draw(st.lists(EXTENTS, max_size=3))

    def some() -> Shape:
        kept = whole[draw(st.integers(0, len(whole))) :]
        return tuple(n if draw(st.booleans()) else 1 for n in kept)

    return some(), some()


def model(x: Tensor, w: Tensor, y: Tensor, adj_x: bool, adj_y: bool) -> bytes:
    opts = options("BatchMatMulOptions", AdjX=adj_x, AdjY=adj_y)
    return build_model([x, w, y], [Operator("BATCH_MATMUL", ["x", "w"], ["y"], opts, 4)])


@pytest.mark.parametrize("kind", ["INT8", "INT16", "FLOAT32"])
@settings(max_examples=60)
@given(st.data(), batches(), st.booleans(), st.booleans(), st.booleans(), SEEDS)
def test_batch_matmul(
    kind: str, data: st.DataObject, lead: tuple[Shape, Shape], adj_x: bool, adj_y: bool, known: bool, seed: int
) -> None:
    rows, depth, units = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 20), st.integers(1, 6)))
    x_shape = (*lead[0], *((depth, rows) if adj_x else (rows, depth)))
    w_shape = (*lead[1], *((units, depth) if adj_y else (depth, units)))
    x, w = data.draw(activations("x", kind, x_shape, -2, 0)), data.draw(activations("w", kind, w_shape, -3, -1))
    y_shape = (*np.broadcast_shapes(*lead), rows, units)
    y = Tensor("y", kind, y_shape)
    if kind != "FLOAT32":
        assert isinstance(x.scale, float)
        assert isinstance(w.scale, float)
        gain = math.log10(x.scale * w.scale * (100 if kind == "INT8" else 20000) * math.sqrt(depth))
        y = data.draw(activations("y", kind, y_shape, gain - 1, gain + 0.5))
    given_x, given_w = values(kind, x_shape, seed), values(kind, w_shape, seed + 1)
    if known:
        w = Tensor("w", data=given_w, scale=w.scale, zero_point=w.zero_point)
    inputs = [given_x] if known else [given_x, given_w]
    check_against_judge(model(x, w, y, adj_x, adj_y), inputs, 1e-5)


def test_refusals() -> None:
    def read(x: Tensor, w: Tensor, y: Tensor) -> None:
        read_tflite(model(x, w, y, False, False), "m", {})

    x, y = Tensor("x", "INT8", (2, 3), scale=0.5), Tensor("y", "INT8", (2, 4), scale=0.5)
    with pytest.raises(InvalidModel, match="do not multiply"):
        read(x, Tensor("w", "INT8", (4, 4), scale=0.5), y)
    with pytest.raises(InvalidModel, match="broadcast"):
        read(Tensor("x", "FLOAT32", (2, 2, 3)), Tensor("w", "FLOAT32", (3, 3, 4)), Tensor("y", "FLOAT32", (3, 2, 4)))
    with pytest.raises(UnsupportedModel, match="known ahead of time"):
        read(Tensor("x", "FLOAT32", (2, 3)), Tensor("w", "INT8", (3, 4), scale=0.5), Tensor("y", "FLOAT32", (2, 4)))
    shapes = (("x", (2, 3)), ("w", (3, 4)), ("y", (2, 4)))
    wide = [Tensor(name, "INT16", shape, scale=0.5, zero_point=1) for name, shape in shapes]
    with pytest.raises(UnsupportedModel, match="zero points of 0"):
        read(*wide)
