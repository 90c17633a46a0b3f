"""MediaPipe's custom operators as XNNPACK computes them, which is where LiteRT has them."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.tensor import Array
from edgegen.ops.unpool2d import ArgmaxPool2d, MaxUnpool2d
from tests.frontends.tflite.strategies import SEEDS
from tests.harness import Case, check_nodes
from tests.judge import check_against_judge
from tests.models.tflite_builder import Operator, Tensor, build_model

SAME, VALID = 1, 2


def judge_default(data: bytes, inputs: Sequence[Array], outputs: int = 1) -> list[Array]:
    """What LiteRT computes as it comes, with XNNPACK."""
    interpreter = Interpreter(model_content=data)
    interpreter.allocate_tensors()
    for detail, array in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    details = interpreter.get_output_details()
    assert len(details) == outputs
    return [interpreter.get_tensor(detail["index"]) for detail in details]


def pool_options(padding: int, stride: Sequence[int], window: Sequence[int], activation: int = 0) -> bytes:
    return struct.pack("<8i", padding, stride[1], stride[0], window[1], window[0], activation, -1, -1)


def pool_and_back(
    shape: tuple[int, ...],
    window: tuple[int, int],
    padding: int,
    back: bytes = b"",
    there: bytes = b"",
    outputs: Sequence[str] = ("y", "z"),
) -> bytes:
    """MaxPoolingWithArgmax2D and MaxUnpooling2D of its results."""
    sizes = zip(shape[1:3], window, strict=True)
    small = [-(-n // k) if padding == SAME else n // k for n, k in sizes]
    pooled = (shape[0], *small, shape[3])
    large = (shape[0], small[0] * window[0], small[1] * window[1], shape[3])
    shapes = {"x": shape, "y": pooled, "places": pooled, "z": large}
    pool = Operator(
        "custom:MaxPoolingWithArgmax2D",
        ["x"],
        ["y", "places"],
        custom=there or pool_options(padding, window, window),
    )
    unpool = Operator(
        "custom:MaxUnpooling2D", ["y", "places"], ["z"], custom=back or pool_options(VALID, window, window)
    )
    tensors = [Tensor(name, "FLOAT32", s) for name, s in shapes.items()]
    return build_model(tensors, [pool, unpool], outputs=outputs)


@settings(max_examples=30)
@given(
    st.tuples(st.integers(1, 3), st.integers(1, 3)).filter(lambda w: w != (1, 1)),
    st.tuples(st.integers(3, 8), st.integers(3, 8)),
    st.sampled_from([SAME, VALID]),
    SEEDS,
)
def test_pool_and_back(window: tuple[int, int], size: tuple[int, int], padding: int, seed: int) -> None:
    shape = (2, *size, 5)
    x = np.random.default_rng(seed).integers(-2, 3, shape).astype(np.float32)  # many of them equal
    check_against_judge(pool_and_back(shape, window, padding), [x], by=judge_default)


def transposed(
    shape: tuple[int, ...], w: Array, bias: Array, padding: int, stride: tuple[int, int], custom: bytes | None = None
) -> bytes:
    extra = [max(k - s, 0) if padding == VALID else 0 for k, s in zip(w.shape[1:3], stride, strict=True)]
    y = (shape[0], shape[1] * stride[0] + extra[0], shape[2] * stride[1] + extra[1], w.shape[0])
    tensors = [Tensor("x", "FLOAT32", shape), Tensor("w", data=w), Tensor("b", data=bias), Tensor("y", "FLOAT32", y)]
    packed = struct.pack("<3i", padding, stride[1], stride[0])
    op = Operator("custom:Convolution2DTransposeBias", ["x", "w", "b"], ["y"], custom=custom or packed)
    return build_model(tensors, [op])


@settings(max_examples=25)
@given(
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.sampled_from([SAME, VALID]),
    SEEDS,
)
def test_transposed_convolution_with_bias(
    kernel: tuple[int, int], stride: tuple[int, int], padding: int, seed: int
) -> None:
    stride = (min(stride[0], kernel[0]), min(stride[1], kernel[1]))  # XNNPACK leaves no gaps
    rng = np.random.default_rng(seed)
    x, w, b = (rng.normal(0, 1, s).astype(np.float32) for s in ((1, 4, 5, 3), (2, *kernel, 3), (2,)))
    check_against_judge(transposed(x.shape, w, b, padding, stride), [x], 1e-6, judge_default)


def test_refusals() -> None:
    shape, window = (1, 4, 4, 2), (2, 2)
    cases = (
        (pool_and_back(shape, window, VALID, there=pool_options(VALID, (1, 1), window)), "as large as the strides"),
        (pool_and_back(shape, window, VALID, there=pool_options(VALID, window, window, 1)), "separate activation"),
        (pool_and_back(shape, window, VALID, back=pool_options(SAME, window, window)), "undo a MaxPooling"),
        (pool_and_back(shape, window, VALID, back=pool_options(VALID, (4, 1), (4, 1))), "are not those"),
        (pool_and_back(shape, window, VALID, outputs=("places", "z")), "no result"),
    )
    for data, text in cases:
        with pytest.raises(UnsupportedModel) as caught:
            read_tflite(data, "m", {})
        assert text in caught.value.what + caught.value.help
    for data, text in (
        (pool_and_back(shape, window, VALID, there=b"\0" * 8), "8 bytes of options"),
        (pool_and_back(shape, window, VALID, there=b"\0" * 32), "padding 0 is unknown"),
        (pool_and_back(shape, window, VALID, there=pool_options(VALID, (0, 0), (0, 0))), "must be positive"),
    ):
        with pytest.raises(InvalidModel, match=text):
            read_tflite(data, "m", {})
    w, b = np.ones((2, 2, 2, 3), np.float32), np.zeros(2, np.float32)
    with pytest.raises(InvalidModel, match="must be positive"):
        read_tflite(transposed((1, 4, 4, 3), w, b, SAME, (1, 1), struct.pack("<3i", SAME, 0, 1)), "m", {})
    huge = struct.pack("<3i", SAME, 1 << 20, 1 << 20)
    with pytest.raises(UnsupportedModel, match="span more than"):
        read_tflite(transposed((1, 4, 4, 3), w, b, SAME, (1, 1), huge), "m", {})


def cases() -> list[Case]:
    rng = np.random.default_rng(3)
    made = []
    for window, pad in (((2, 2), (0, 0, 1, 0)), ((3, 2), (1, 0, 1, 1)), ((1, 4), (0, 0, 0, 0))):
        x = rng.integers(-3, 3, (2, 7, 8, 3)).astype(np.float32)
        pool = ArgmaxPool2d(window, pad)
        made += [Case(pool, [x]), Case(MaxUnpool2d(window), list(pool.reference(x)))]
    return made


def test_portable() -> None:
    check_nodes(cases(), "generic", sanitize=True)


@pytest.mark.cross
def test_cortex_m4() -> None:
    check_nodes(cases(), "cortex-m4")
