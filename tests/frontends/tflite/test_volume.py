"""CONV_3D and CONV_3D_TRANSPOSE as LiteRT computes them, and the emitted C."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.dtypes import DTYPES
from edgegen.ir.op import Range
from edgegen.ops.conv3d import Conv3d
from tests.frontends.tflite.strategies import FUSED, SEEDS
from tests.harness import Case, check_nodes, constant_input
from tests.judge import check_against_judge, judge_litert
from tests.models.tflite_builder import Operator, Tensor, build_model, options

Triple = tuple[int, int, int]
SMALL = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))


def model(
    x: tuple[int, ...], w: np.ndarray, y: tuple[int, ...], bias: bool, shape: tuple[int, ...] = (), **fields: Any
) -> bytes:
    """A CONV_3D, or with the output's `shape` a CONV_3D_TRANSPOSE."""
    sizes = {f"Stride{a}": 1 for a in "DHW"} | {f"Dilation{a}Factor": 1 for a in "DHW"}
    tensors = [Tensor("x", "FLOAT32", x), Tensor("w", data=w), Tensor("y", "FLOAT32", y)]
    names = ["s", "w", "x"] if shape else ["x", "w"]
    if shape:
        tensors.append(Tensor("s", data=np.array(shape, np.int32)))
    if bias:
        tensors.append(Tensor("b", data=np.arange(y[4], dtype=np.float32) - 1))
        names.append("b")
    table = options("Conv3DOptions", **(sizes | fields))
    return build_model(tensors, [Operator("CONV_3D_TRANSPOSE" if shape else "CONV_3D", names, ["y"], table)])


def output(size: Triple, kernel: Triple, stride: Triple, dilation: Triple, padding: int) -> tuple[int, ...]:
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    each = zip(size, spans, stride, strict=True)
    return tuple(-(-n // s) if padding == 0 else (n - e) // s + 1 for n, e, s in each)


@pytest.mark.parametrize("transposed", [False, True])
@settings(max_examples=30)
@given(SMALL, SMALL, SMALL, st.integers(0, 1), FUSED, st.booleans(), SEEDS)
def test_volumes(
    transposed: bool,
    kernel: Triple,
    stride: Triple,
    dilation: Triple,
    padding: int,
    fused: int,
    bias: bool,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    size = (7, 8, 9)
    places = output(size, kernel, stride, dilation, padding)
    fields = {f"Stride{a}": s for a, s in zip("DHW", stride, strict=True)}
    fields |= {f"Dilation{a}Factor": d for a, d in zip("DHW", dilation, strict=True)}
    fields |= {"Padding": padding, "FusedActivationFunction": fused}
    large, small = (2, *size, 3), (2, *places, 4)
    w = rng.normal(0, 0.1, (*kernel, 3, 4)).astype(np.float32)
    if transposed:
        data, shape = model(small, w, large, bias, large, **fields), small
    else:
        data, shape = model(large, w, small, bias, **fields), large
    check_against_judge(data, [rng.normal(0, 1, shape).astype(np.float32)], 1e-6, judge_litert)


def test_refusals() -> None:
    w = np.ones((2, 2, 2, 3, 4), np.float32)
    for data, text in (
        (model((1, 4, 4, 4, 2), w, (1, 3, 3, 3, 4), False, Padding=1), "do not fit x"),
        (model((1, 4, 4, 1, 3), w, (1, 3, 3, 1, 4), False, Padding=1), "do not fit into"),
        (model((1, 4, 4, 4, 3), w, (1, 4, 4, 4, 4), False, StrideD=0), "must be 1 to"),
        (model((1, 4, 4, 4, 3), w, (1, 4, 4, 4, 4), False, DilationHFactor=1 << 20), "must be 1 to"),
        (model((1, 2, 4, 4, 4), w, (1, 4, 4, 4, 3), False, (1, 4, 4, 4, 3)), "do not make an output"),
        (model((1, 4, 4, 4, 4), w, (1, 4, 4, 4, 3), False, (4, 4, 4)), "must have rank 5"),
    ):
        with pytest.raises(InvalidModel, match=text):
            read_tflite(data, "m", {})
    with pytest.raises(UnsupportedModel, match="s32 to f32 is not supported"):
        read_tflite(model((1, 4, 4, 4, 3), w.astype(np.int32), (1, 4, 4, 4, 4), False), "m", {})


def cases() -> list[Case]:
    rng = np.random.default_rng(2)
    cases = []
    for dtype in ("f32", "f64"):
        w = rng.normal(0, 1, (4, 2, 3, 2, 3)).astype(DTYPES[dtype].np)
        b, single = w[:, 0, 0, 0, 0], w[:3, ..., :1]
        x, small = (rng.normal(0, 1, s).astype(w.dtype) for s in ((2, 5, 6, 5, 3), (1, 3, 3, 5, 3)))
        plain = Conv3d((3, 3, 5), (2, 2, 1), (1, 1, 2), (1, 0, 1), Range(-1, 4))
        spread = Conv3d((5, 6, 6), (2, 2, 1), (1, 1, 2), (1, 0, 0), transposed=True)
        cases += [
            Case(plain, [x, constant_input(w), constant_input(b)], f"conv3d_{dtype}"),
            Case(plain, [x, single, constant_input(b[:3])], f"conv3d_{dtype}", "computed weights in 3 groups"),
            Case(spread, [small, constant_input(w), constant_input(b)], f"transpose_conv3d_{dtype}"),
            Case(spread, [small, w, None], f"transpose_conv3d_{dtype}", "computed weights"),
            Case(spread, [small, constant_input(single), None], f"transpose_conv3d_{dtype}", "3 groups"),
        ]
    return cases


@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_portable(cc: str) -> None:
    check_nodes(cases(), "generic", cc=cc, sanitize=True, ulp=16)


@pytest.mark.cross
def test_cortex_m4() -> None:
    check_nodes(cases(), "cortex-m4", ulp=16)
