"""NON_MAX_SUPPRESSION_V4 and V5 as LiteRT computes them, and the emitted C."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.tensor import Array
from edgegen.ops.non_max_suppression import NonMaxSuppression
from tests.frontends.tflite.strategies import SEEDS
from tests.harness import Case, check_nodes
from tests.judge import check_against_judge, judge_litert
from tests.models.tflite_builder import Operator, Tensor, build_model

BOXES = 20


def model(version: int, most: int, overlap: float, score: float, sigma: float = 0.0) -> bytes:
    constants = {"i": overlap, "t": score, "g": sigma}
    tensors = [
        Tensor("b", "FLOAT32", (BOXES, 4)),
        Tensor("s", "FLOAT32", (BOXES,)),
        Tensor("m", data=np.array(most, np.int32)),
        *(Tensor(name, data=np.array(v, np.float32)) for name, v in constants.items()),
        Tensor("index", "INT32", (max(most, 1),)),
        Tensor("score", "FLOAT32", (max(most, 1),)),
        Tensor("n", "INT32", ()),
    ]
    soft = version == 5
    inputs = ["b", "s", "m", "i", "t", *(["g"] if soft else [])]
    outputs = ["index", *(["score"] if soft else []), "n"]
    op = Operator(f"NON_MAX_SUPPRESSION_V{version}", inputs, outputs)
    return build_model(tensors, [op], inputs=["b", "s"], outputs=outputs)


def arrays(seed: int) -> list[Array]:
    """Boxes between any two corners, and scores that all differ."""
    rng = np.random.default_rng(seed)
    corner, size = rng.uniform(0, 1, (BOXES, 2)), rng.uniform(-0.6, 0.6, (BOXES, 2))
    boxes = np.concatenate([corner, corner + size], 1).astype(np.float32)
    return [boxes, rng.permutation(BOXES).astype(np.float32) / BOXES]


@settings(max_examples=40)
@given(st.integers(1, 25), st.sampled_from([0.1, 0.4, 1.0]), st.sampled_from([-1.0, 0.2, 0.5]), SEEDS)
def test_v4(most: int, overlap: float, score: float, seed: int) -> None:
    check_against_judge(model(4, most, overlap, score), arrays(seed), by=judge_litert)


@settings(max_examples=40)
@given(
    st.integers(1, 25),
    st.sampled_from([0.1, 0.4, 1.0]),
    st.sampled_from([0.0, 0.2]),
    st.sampled_from([0.0, 0.5, 5.0]),
    SEEDS,
)
def test_v5(most: int, overlap: float, score: float, sigma: float, seed: int) -> None:
    check_against_judge(model(5, most, overlap, score, sigma), arrays(seed), 1e-6, judge_litert)


def test_refusals() -> None:
    for data in (model(4, 0, 0.5, 0.0), model(5, 3, 0.5, 0.0, -1.0)):
        with pytest.raises(InvalidModel, match="cannot keep"):
            read_tflite(data, "m", {})
    with pytest.raises(InvalidModel, match="finite f32"):
        read_tflite(model(4, 3, float("nan"), 0.0), "m", {})


def cases() -> list[Case]:
    ways = ((30, -1.0, 0.3, 0.0), (5, 0.1, 0.9, -1.0), (6, 0.3, 1.0, -0.25))
    return [Case(NonMaxSuppression(*way), arrays(i)) for i, way in enumerate(ways)]


@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_portable(cc: str) -> None:
    check_nodes(cases(), "generic", cc=cc, sanitize=True)


@pytest.mark.cross
def test_cortex_m4() -> None:
    check_nodes(cases(), "cortex-m4")
