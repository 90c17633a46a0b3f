"""Blocks of pixels as channels or images, as TensorFlow Lite Micro and LiteRT move them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tflite
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ops.conv2d import Conv2d
from tests import corpus as corpus_files
from tests.frontends.tflite.single import NUMPY, QUANTIZED, Shape, activation, judge_of, model, s32, unary, values
from tests.harness import compile_for_test
from tests.judge import check_against_judge, judge, judge_litert
from tests.models.tflite_builder import Operator, Tensor, build_model, options

KINDS = ("INT8", "UINT8", "INT32", "INT64", "FLOAT32")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("block", [1, 2, 3])
def test_depth_and_space(kind: str, block: int) -> None:
    by = judge_of(kind, "INT8", "FLOAT32")
    image, deep = (2, 2 * block, 3 * block, 2), (2, 2, 3, 2 * block * block)
    data = unary("SPACE_TO_DEPTH", kind, image, deep, [], options("SpaceToDepthOptions", BlockSize=block))
    check_against_judge(data, [values(kind, image)], by=by)
    data = unary("DEPTH_TO_SPACE", kind, deep, image, [], options("DepthToSpaceOptions", BlockSize=block))
    check_against_judge(data, [values(kind, deep)], by=by)


@pytest.mark.parametrize("kind", [*KINDS, "INT16", "BOOL"])
def test_space_to_batch(kind: str) -> None:
    """LiteRT judges the paddings: TensorFlow Lite Micro pads with whatever its memory holds."""
    for shape, block, paddings in (
        ((2, 3, 5, 2), (2, 3), [[1, 2], [0, 1]]),
        ((1, 4, 4, 1), (2, 2), [[0, 0], [2, 0]]),
        ((3, 5, 2), (3,), [[2, 2]]),
        ((1, 4, 6, 3), (2, 3), [[0, 0], [0, 0]]),
    ):
        size = [(n + sum(p)) // b for n, b, p in zip(shape[1:-1], block, paddings, strict=True)]
        out = (shape[0] * int(np.prod(block)), *size, shape[-1])
        data = unary("SPACE_TO_BATCH_ND", kind, shape, out, [s32("b", block), s32("p", paddings)])
        padded = np.array(paddings).any()
        by = judge_litert if padded else judge_of(kind, "INT8", "FLOAT32")
        check_against_judge(data, [values(kind, shape)], by=by)


@pytest.mark.parametrize("kind", [*KINDS, "INT16", "BOOL"])
def test_batch_to_space(kind: str) -> None:
    for shape, block, crops in (
        ((6, 2, 3, 2), (2, 3), [[1, 0], [2, 3]]),
        ((4, 2, 2, 1), (2, 2), [[0, 0], [0, 0]]),
        ((6, 2, 2), (3,), [[1, 2]]),
    ):
        size = [n * b - sum(c) for n, b, c in zip(shape[1:-1], block, crops, strict=True)]
        out = (shape[0] // int(np.prod(block)), *size, shape[-1])
        data = unary("BATCH_TO_SPACE_ND", kind, shape, out, [s32("b", block), s32("c", crops)])
        check_against_judge(data, [values(kind, shape)], by=judge_of(kind, "INT8", "FLOAT32"))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.integers(1, 3),
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(0, 3)), min_size=1, max_size=2),
    st.integers(1, 3),
    st.integers(0, 99),
)
def test_blocks_of_any_size(images: int, axes: list[tuple[int, int, int]], channels: int, seed: int) -> None:
    """axes: (block, blocks, padding before) of each; what is missing to whole blocks is padded after."""
    block = [b for b, _, _ in axes]
    whole = [b * k for b, k, _ in axes]
    before = [min(p, n - 1) for (_, _, p), n in zip(axes, whole, strict=True)]
    shape = (images, *(n - b for n, b in zip(whole, before, strict=True)), channels)
    out = (images * int(np.prod(block)), *(k for _, k, _ in axes), channels)
    margins = [s32("b", block), s32("p", [[b, 0] for b in before])]
    data = unary("SPACE_TO_BATCH_ND", "INT8", shape, out, margins)
    check_against_judge(data, [values("INT8", shape, seed)], by=judge_litert)
    data = unary("BATCH_TO_SPACE_ND", "INT8", out, shape, margins)
    check_against_judge(data, [values("INT8", out, seed)], by=judge)


@pytest.mark.parametrize("kind", ["INT8", "FLOAT32"])
def test_a_convolution_between_blocks_is_one_dilated_convolution(kind: str) -> None:
    rng = np.random.default_rng(2)
    filters, zero = rng.integers(-127, 128, (5, 3, 3, 4)).astype(NUMPY[kind]), QUANTIZED.get(kind, (0, 0))[1]
    quantized = kind == "INT8"
    tensors = [
        activation("x", kind, (1, 11, 9, 4)),
        *(s32("b", [2, 3]), s32("p", [[2, 3], [3, 3]]), s32("c", [[0, 1], [0, 0]])),
        activation("apart", kind, (6, 8, 5, 4)),
        Tensor("w", data=filters, scale=0.01 if quantized else None),
        Tensor("bias", data=np.arange(5).astype("int32" if quantized else "float32")),
        activation("convolved", kind, (6, 6, 3, 5), 3.0),
        activation("y", kind, (1, 11, 9, 5), 3.0),
    ]
    conv = options("Conv2DOptions", Padding=1, StrideH=1, StrideW=1, DilationHFactor=1, DilationWFactor=1)
    data = build_model(
        tensors,
        [
            Operator("SPACE_TO_BATCH_ND", ["x", "b", "p"], ["apart"]),
            Operator("CONV_2D", ["apart", "w", "bias"], ["convolved"], conv),
            Operator("BATCH_TO_SPACE_ND", ["convolved", "b", "c"], ["y"]),
        ],
        inputs=["x"],
    )
    graph = check_against_judge(data, [values(kind, (1, 11, 9, 4))], 1e-6, by=judge_litert)
    nodes = [n for n in compile_for_test(graph, "generic", optimize="size").graph.nodes if not n.is_view]
    assert [n.op.kind for n in nodes] == ["Conv2d"]
    op = nodes[0].op
    assert isinstance(op, Conv2d)
    assert (op.dilation, op.pad, op.x_zero) == ((2, 3), (2, 3, 2, 3), zero)


@pytest.mark.parametrize(
    ("name", "shape", "constants", "why"),
    [
        ("SPACE_TO_BATCH_ND", (1, 3, 4, 2), [[2, 2], [[0, 0], [0, 0]]], "does not divide"),
        ("SPACE_TO_BATCH_ND", (1, 3, 4, 2), [[2, 0], [[0, 0], [0, 0]]], "do not fit"),
        ("SPACE_TO_BATCH_ND", (1, 3, 4, 2), [[2, 2], [[0, -1], [0, 0]]], "do not fit"),
        ("SPACE_TO_BATCH_ND", (1, 3, 4, 2), [[2], [[0, 1]]], "do not fit"),
        ("BATCH_TO_SPACE_ND", (3, 3, 4, 2), [[2, 1], [[0, 0], [0, 0]]], "do not make blocks"),
        ("BATCH_TO_SPACE_ND", (2, 3, 4, 2), [[2, 1], [[3, 3], [0, 0]]], "leave"),
    ],
)
def test_refusals(name: str, shape: Shape, constants: list[object], why: str) -> None:
    inputs = [activation("x", "INT8", shape), *(s32(f"c{i}", c) for i, c in enumerate(constants))]
    with pytest.raises(InvalidModel, match=why):
        read_tflite(model(name, inputs, [activation("y", "INT8", (1, 1, 1, 1))]), "m", {})


def test_blocks_that_do_not_divide() -> None:
    for name, table in (("SPACE_TO_DEPTH", "SpaceToDepthOptions"), ("DEPTH_TO_SPACE", "DepthToSpaceOptions")):
        for size in (0, -1, 5):
            data = unary(name, "INT8", (1, 4, 4, 4), (1, 4, 4, 4), [], options(table, BlockSize=size))
            with pytest.raises(InvalidModel, match="block"):
                read_tflite(data, "m", {})


@pytest.mark.corpus
def test_super_resolution_is_exact_on_a_small_image(corpus: Path) -> None:
    """The file's shapes are made smaller, and DEPTH_TO_SPACE is declared in the version that the judge knows."""
    data = bytearray(corpus_files.model(corpus, "edsr_f32b5_full_qint8").read_bytes())
    for size, small in (((540, 960), (24, 32)), ((1080, 1920), (48, 64))):
        data = data.replace(np.array(size, "<i4").tobytes(), np.array(small, "<i4").tobytes())
    file = tflite.Model.GetRootAs(data)
    for i in range(file.OperatorCodesLength()):
        code = file.OperatorCodes(i)
        if code.BuiltinCode() == tflite.BuiltinOperator.DEPTH_TO_SPACE:
            at = code._tab.Pos + code._tab.Offset(8)
            data[at : at + 4] = (1).to_bytes(4, "little")
    check_against_judge(bytes(data), [values("INT8", (1, 24, 32, 3))], by=judge_litert)
