"""DILATE, STABLEHLO_PAD and BITCAST as LiteRT computes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ops.bitcast import Bitcast
from tests.harness import Case, check_nodes
from tests.judge import check_against_judge, judge_litert
from tests.models.tflite_builder import Operator, Tensor, build_model, options

KINDS = st.sampled_from(["FLOAT32", "INT8", "INT16", "INT32", "INT64"])


def dilated(kind: str, shape: tuple[int, ...], steps: list[int], fill: object = 9) -> bytes:
    y = tuple((n - 1) * s + 1 for n, s in zip(shape, steps, strict=False))
    tensors = [
        Tensor("x", kind, shape),
        Tensor("d", data=np.array(steps, np.int32)),
        Tensor("v", data=np.array(fill, kind.lower())),
        Tensor("y", kind, tuple(max(n, 1) for n in y)),
    ]
    return build_model(tensors, [Operator("DILATE", ["x", "d", "v"], ["y"])])


@settings(max_examples=25)
@given(KINDS, st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=4))
def test_dilate(kind: str, axes: list[tuple[int, int]]) -> None:
    shape = tuple(n for n, _ in axes)
    x = np.arange(np.prod(shape)).reshape(shape).astype(kind.lower())
    check_against_judge(dilated(kind, shape, [s for _, s in axes]), [x], by=judge_litert)


def padded(
    kind: str, shape: tuple[int, ...], low: list[int], high: list[int], gaps: list[int], fill: object = 7
) -> bytes:
    y = [n + a + b + max(n - 1, 0) * g for n, a, b, g in zip(shape, low, high, gaps, strict=False)]
    vectors = {"EdgePaddingLow": low, "EdgePaddingHigh": high, "InteriorPadding": gaps}
    table = options("StablehloPadOptions", **{k: np.array(v, np.int64) for k, v in vectors.items()})
    tensors = [Tensor("x", kind, shape), Tensor("v", data=np.array(fill, kind.lower()))]
    tensors.append(Tensor("y", kind, [min(max(n, 1), 99) for n in y]))
    return build_model(tensors, [Operator("STABLEHLO_PAD", ["x", "v"], ["y"], table)])


@settings(max_examples=40)
@given(
    KINDS,
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(-2, 3), st.integers(-2, 3), st.integers(0, 2)).filter(
            lambda a: a[0] + (a[0] - 1) * a[3] + min(a[1], 0) + min(a[2], 0) > 0
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_stablehlo_pad(kind: str, axes: list[tuple[int, int, int, int]]) -> None:
    shape = tuple(a[0] for a in axes)
    x = np.arange(np.prod(shape)).reshape(shape).astype(kind.lower())
    low, high, gaps = ([a[i] for a in axes] for i in (1, 2, 3))
    check_against_judge(padded(kind, shape, low, high, gaps), [x], by=judge_litert)


def cast(kind: str, shape: tuple[int, ...], to: str, result: tuple[int, ...]) -> bytes:
    return build_model([Tensor("x", kind, shape), Tensor("y", to, result)], [Operator("BITCAST", ["x"], ["y"])])


@pytest.mark.parametrize(
    ("kind", "shape", "to", "result"),
    [
        ("FLOAT32", (2, 3), "INT32", (2, 3)),
        ("INT32", (3,), "INT16", (3, 2)),
        ("INT8", (3, 4), "UINT32", (3,)),
        ("INT16", (5,), "UINT16", (5,)),
    ],
)
def test_bitcast(kind: str, shape: tuple[int, ...], to: str, result: tuple[int, ...]) -> None:
    x = np.random.default_rng(1).integers(-100, 100, shape).astype(kind.lower())
    check_against_judge(cast(kind, shape, to, result), [x], by=judge_litert)


def test_refusals() -> None:
    for data, text in (
        (dilated("INT8", (2, 2), [1]), "do not fit"),
        (dilated("INT8", (2, 2), [1, 0]), "must be positive"),
        (dilated("INT8", (2, 2), [1, 2], [1, 2]), "puts s8"),
        (padded("INT8", (2, 2), [0, 0], [0, 0], [0, -1]), "must not be negative"),
        (padded("INT8", (2, 2), [0], [0, 0], [0, 0]), "do not fit"),
        (padded("INT8", (2, 2), [0, 1 << 40], [0, 0], [0, 0]), "more elements"),
        (cast("INT16", (3,), "INT32", (1,)), "no axis"),
        (cast("BOOL", (3,), "INT8", (3,)), "cannot be read"),
    ):
        with pytest.raises(InvalidModel, match=text):
            read_tflite(data, "m", {})
    with pytest.raises(UnsupportedModel, match="leaves nothing"):
        read_tflite(padded("INT8", (2, 2), [0, -3], [0, 0], [0, 0]), "m", {})
    with pytest.raises(UnsupportedModel, match="64-bit floats"):
        read_tflite(padded("INT64", (2, 2), [0, 1], [0, 0], [0, 0], (1 << 53) + 1), "m", {})


def test_bytes_as_another_type() -> None:
    x = np.random.default_rng(1).integers(-100, 100, (3, 4)).astype(np.int8)
    check_nodes([Case(Bitcast("s32", (3,)), [x], "bitcast")], "generic", sanitize=True)


@pytest.mark.cross
def test_bytes_as_another_type_on_cortex_m4() -> None:
    check_nodes([Case(Bitcast("s16", (3, 2)), [np.arange(3, dtype=np.int32) << 15])], "cortex-m4")
