"""Products of s16 by s8 as LiteRT computes them, and dense layers of s8 with weights of run time as TFLM does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from edgegen.ir.fixed_point import FixedPoint, WideFixedPoint
from edgegen.ir.op import Range
from edgegen.ops.batch_matmul import BatchMatmul
from edgegen.ops.dense import Dense
from tests.frontends.tflite.strategies import SEEDS, scales, values, zero_points
from tests.harness import Case, check_nodes, constant_input
from tests.judge import check_against_judge, judge_litert
from tests.models.tflite_builder import Operator, Tensor, build_model, options

ROWS = 5


def product(x: Tensor, w: Tensor, y: Tensor, adj_x: bool = False, adj_y: bool = False) -> bytes:
    table = options("BatchMatMulOptions", AdjX=adj_x, AdjY=adj_y)
    return build_model(
        [x, w, y], [Operator("BATCH_MATMUL", ["x", "w"], ["y"], table, 1)], inputs=["x", "w"][: 1 + (w.data is None)]
    )


@settings(max_examples=40)
@given(st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.integers(1, 40), scales(), scales(), SEEDS)
def test_s16_by_s8(
    adj_x: bool, adj_y: bool, known: bool, flat: bool, depth: int, scale_x: float, scale_w: float, seed: int
) -> None:
    lead, units = (() if flat else (2, 3)), 4
    x_shape = (*lead, *((depth, ROWS) if adj_x else (ROWS, depth)))
    w_shape = (units, depth) if adj_y else (depth, units)
    given_x, given_w = values("INT16", x_shape, seed), values("INT8", w_shape, seed + 1)
    x = Tensor("x", "INT16", x_shape, scale=scale_x)
    w = Tensor("w", "INT8", w_shape, data=given_w if known else None, scale=scale_w)
    y = Tensor("y", "INT16", (*lead, ROWS, units), scale=float(scale_x * scale_w * 100 * np.sqrt(depth)))
    inputs = [given_x] if known else [given_x, given_w]
    check_against_judge(product(x, w, y, adj_x, adj_y), inputs, by=judge_litert)


@pytest.mark.parametrize("adj_y", [False, True])
def test_columns_with_scales_of_their_own(adj_y: bool) -> None:
    """LiteRT takes their scale for 0, and so gives zeros. Here each column is what it is with its scale alone."""
    w = values("INT8", (9, 3), 1)
    each = [0.01, 0.02, 0.005]
    given_x = values("INT16", (ROWS, 9), 2)
    x, y = Tensor("x", "INT16", (ROWS, 9), scale=0.001), Tensor("y", "INT16", (ROWS, 3), scale=0.02)
    weights = Tensor("w", data=np.ascontiguousarray(w.T) if adj_y else w, scale=each, axis=0 if adj_y else 1)
    data = product(x, weights, y, adj_y=adj_y)
    assert not judge_litert(data, [given_x])[0].any()
    (got,) = evaluate(read_tflite(data, "m", {}), [given_x])
    for i, scale in enumerate(each):
        alone = product(
            x, Tensor("w", data=w[:, i : i + 1].copy(), scale=scale), Tensor("y", "INT16", (ROWS, 1), scale=0.02)
        )
        np.testing.assert_array_equal(got[:, i : i + 1], judge_litert(alone, [given_x])[0])


def test_refusals() -> None:
    x, y = Tensor("x", "INT16", (ROWS, 9), scale=0.001), Tensor("y", "INT16", (ROWS, 3), scale=0.02)
    with pytest.raises(UnsupportedModel, match="must be constant"):
        read_tflite(product(x, Tensor("w", "INT8", (9, 3), scale=[0.1, 0.2, 0.3], axis=1), y), "m", {})
    w = np.ones((9, 3), np.int8)
    with pytest.raises(InvalidModel, match="on axis 0, not 1"):
        read_tflite(product(x, Tensor("w", data=w, scale=[0.1] * 9, axis=0), y), "m", {})
    with pytest.raises(UnsupportedModel, match="zero points of 0"):
        read_tflite(product(x, Tensor("w", data=w, scale=0.1, zero_point=1), y), "m", {})
    with pytest.raises(InvalidModel, match="do not multiply"):
        read_tflite(product(x, Tensor("w", data=w[:4], scale=0.1), y), "m", {})


@settings(max_examples=30)
@given(st.data(), st.booleans(), st.integers(1, 30), st.integers(0, 3), SEEDS)
def test_dense_layers_with_weights_of_run_time(
    data: st.DataObject, biased: bool, depth: int, fused: int, seed: int
) -> None:
    units = 4
    x = Tensor("x", "INT8", (ROWS, depth), scale=data.draw(scales()), zero_point=data.draw(zero_points("INT8")))
    w = Tensor(
        "w",
        "INT8",
        (units, depth),
        scale=data.draw(scales()),
        zero_point=0 if biased else data.draw(zero_points("INT8")),
    )
    assert isinstance(x.scale, float)
    assert isinstance(w.scale, float)
    scale = float(x.scale * w.scale * 50 * np.sqrt(depth))
    tensors, names = (
        [x, w, Tensor("y", "INT8", (ROWS, units), scale=scale, zero_point=data.draw(zero_points("INT8")))],
        ["x", "w"],
    )
    if biased:
        tensors.append(Tensor("b", data=np.arange(-2, 2, dtype=np.int32) * 1000, scale=x.scale * w.scale))
        names.append("b")
    table = options("FullyConnectedOptions", FusedActivationFunction=fused)
    model = build_model(tensors, [Operator("FULLY_CONNECTED", names, ["y"], table, 4)], inputs=["x", "w"])
    check_against_judge(model, [values("INT8", (ROWS, depth), seed), values("INT8", (units, depth), seed + 1)])


def cases() -> list[Case]:
    rng = np.random.default_rng(3)
    x, w = rng.integers(-128, 128, (3, 7)).astype(np.int8), rng.integers(-128, 128, (4, 7)).astype(np.int8)
    bias = constant_input(rng.integers(-999, 999, 4).astype(np.int32))
    dense = Dense(-5, FixedPoint.from_scales([0.004], 3), Range(-100, 100))
    wide = BatchMatmul(False, True, requantize=WideFixedPoint.from_scales([0.0003], 0))
    return [
        Case(dense, [x, w, bias], "dense_s8_computed"),
        Case(dense, [x, w, None], "dense_s8_computed"),
        Case(wide, [x.astype(np.int16) << 8, w], "batch_matmul_s16_s8"),
    ]


def test_portable() -> None:
    check_nodes(cases(), "generic", sanitize=True)


@pytest.mark.cross
def test_cortex_m4() -> None:
    check_nodes(cases(), "cortex-m4")
