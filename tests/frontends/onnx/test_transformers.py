"""Attention and the layers around it beside onnxruntime, its fused forms among them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.ir.evaluate import evaluate
from edgegen.ir.tensor import Array
from tests.frontends.onnx.onnxruntime_judge import Question, check

BATCH, ROWS, HEADS, WIDTH = 2, 4, 2, 8
HIDDEN = HEADS * WIDTH
rng = np.random.default_rng(11)


def some(*shape: int) -> Array:
    return rng.standard_normal(shape).astype(np.float32)


def fused(kind: str, inputs: list[Array | None], outputs: tuple[str, ...] = ("y",), **attributes: Any) -> Question:
    return Question(kind, inputs, outputs, attributes, domain="com.microsoft")


def multi_head(keys: int = 6) -> list[Array | None]:
    return [some(BATCH, ROWS, HIDDEN), some(BATCH, keys, HIDDEN), some(BATCH, keys, HIDDEN)]


def test_multi_head_attention() -> None:
    padding = np.array([[1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 0]], np.int32)
    past = [some(BATCH, HEADS, 3, WIDTH), some(BATCH, HEADS, 3, WIDTH)]
    present = ("y", "k", "v")
    check(
        [
            fused("MultiHeadAttention", multi_head(), num_heads=HEADS),
            fused("MultiHeadAttention", [*multi_head(), some(3 * HIDDEN)], num_heads=HEADS, scale=0.3),
            fused("MultiHeadAttention", [*multi_head(), None, padding], num_heads=HEADS),
            fused("MultiHeadAttention", [*multi_head(), None, None, some(1, HEADS, ROWS, 6)], num_heads=HEADS),
            fused("MultiHeadAttention", [*multi_head(ROWS)], num_heads=HEADS, unidirectional=1),
            fused("MultiHeadAttention", [*multi_head(ROWS), None, None, None, *past], present, num_heads=HEADS),
            fused("MultiHeadAttention", [multi_head()[0], *past], num_heads=HEADS),
        ]
    )


def test_attention_that_projects() -> None:
    x, w, b = some(BATCH, ROWS, HIDDEN), some(HIDDEN, 3 * HIDDEN), some(3 * HIDDEN)
    lengths, seen = np.array([2, 4], np.int32), np.array([[1, 1, 0, 0], [1, 1, 1, 1]], np.int32)
    forms = [
        fused("Attention", [x, w, b], num_heads=HEADS),
        fused("Attention", [x, w, b], num_heads=HEADS, unidirectional=1),
        fused("Attention", [x, w, b, lengths], num_heads=HEADS),
        fused("Attention", [x, w, b, seen], num_heads=HEADS, scale=0.2),
    ]
    check([*forms, Question("Attention", [x, w, b], ["y"], {"num_heads": HEADS}, (1, 2), "com.microsoft")])


def test_normalized_sums() -> None:
    x, skip, gamma, beta, bias = some(BATCH, ROWS, HIDDEN), some(BATCH, ROWS, HIDDEN), *(some(HIDDEN) for _ in "abc")
    check(
        [
            fused("SkipLayerNormalization", [x, skip, gamma, beta, bias], ("y", "", "", "sum"), epsilon=1e-5),
            fused("SkipLayerNormalization", [x, skip, gamma]),
            fused("SkipSimplifiedLayerNormalization", [x, skip, gamma, bias], epsilon=1e-6),
            Question("LayerNormalization", [x, gamma, beta], ["y"], {}, (1, 2), opset=17),
            Question("LayerNormalization", [x, gamma], ["y"], {"axis": 2}, opset=17),
            Question("LayerNormalization", [x, some(ROWS, HIDDEN), some(HIDDEN)], ["y"], {"axis": 1}, opset=17),
            Question("LayerNormalization", [x, gamma, beta], ["y", "mean", "inverse"], {}, opset=17),
        ]
    )


def test_embeddings() -> None:
    ids, segments = rng.integers(0, 9, (BATCH, ROWS)).astype(np.int32), np.ones((BATCH, ROWS), np.int32)
    tables = [some(9, HIDDEN), some(ROWS + 1, HIDDEN), some(2, HIDDEN), some(HIDDEN), some(HIDDEN)]
    question = fused("EmbedLayerNormalization", [ids, segments, *tables], ("y", "", "sum"))
    graph = question.graph()
    got, _ = evaluate(graph, [question.fed()[t.name] for t in graph.inputs])
    total = tables[0][ids] + tables[1][:ROWS] + tables[2][segments]
    centered = total - total.mean(-1, keepdims=True)
    wanted = centered / np.sqrt((centered**2).mean(-1, keepdims=True)) * tables[3] + tables[4]
    np.testing.assert_allclose(got, wanted, 1e-4, 1e-5)


@pytest.mark.cross
@pytest.mark.parametrize("target", ["cortex-m4", "arm-neon"])
def test_on_other_cores(target: str) -> None:
    x, gamma = some(BATCH, ROWS, HIDDEN), some(HIDDEN)
    check(
        [
            fused("MultiHeadAttention", multi_head(), num_heads=HEADS),
            fused("SkipLayerNormalization", [x, x, gamma, gamma]),
        ],
        target,
    )


def test_refusals() -> None:
    q = some(BATCH, HEADS, ROWS, WIDTH)
    with pytest.raises(InvalidModel, match="qk_matmul_output_mode"):
        Question("Attention", [q, q, q], ["y"], {"qk_matmul_output_mode": 7}, opset=23).graph()
    with pytest.raises(InvalidModel, match="come together"):
        Question("Attention", [q, q, q, None, q], ["y"], {}, opset=23).graph()
    with pytest.raises(InvalidModel, match="not made of 3 heads"):
        fused("MultiHeadAttention", multi_head(), num_heads=3).graph()
    with pytest.raises(UnsupportedModel, match="in one tensor"):
        fused("MultiHeadAttention", [some(BATCH, ROWS, HIDDEN)], num_heads=HEADS).graph()
    with pytest.raises(InvalidModel, match="groups"):
        Question("GroupNormalization", [q, some(2), some(2)], ["y"], {"num_groups": 3}, opset=21).graph()
