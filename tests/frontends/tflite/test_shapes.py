"""Sizes that the user chooses for free dimensions: every later shape follows from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgegen.errors import InvalidModel, UsageError
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from tests import corpus as corpus_files
from tests.models.tflite_builder import Operator, Options, Tensor, build_model, options

FREE = Tensor("x", "FLOAT32", (1, 4, 3), signature=(-1, 4, 3))


def s32(name: str, numbers: object) -> Tensor:
    return Tensor(name, data=np.array(numbers, np.int32))


@pytest.mark.corpus
@pytest.mark.parametrize(
    "name",
    ["mlperf_kws_int8", "mlperf_ad_int8", "mlperf_strww_int8", "mlperf_vww_int8", "hello_world_f32", "mlperf_ic_f32"],
)
def test_a_batch_gives_what_its_samples_give_one_by_one(corpus: Path, name: str) -> None:
    data = corpus_files.model(corpus, name).read_bytes()
    single = read_tflite(data, name, {})
    (x,) = single.inputs
    samples = [inputs[0] for inputs, _ in corpus_files.samples(corpus, name)][:3]
    batch = read_tflite(data, name, {x.name: (len(samples), *x.shape[1:])})
    assert all(t.shape[0] == len(samples) for t in (*batch.inputs, *batch.outputs))
    (together,) = evaluate(batch, [np.concatenate(samples)])
    apart = np.concatenate([evaluate(single, [s])[0] for s in samples])
    if together.dtype.kind == "f":
        np.testing.assert_allclose(together, apart, rtol=1e-5, atol=1e-6)  # BLAS sums larger matrices in another order
    else:
        np.testing.assert_array_equal(together, apart)


@pytest.mark.parametrize(
    ("operator", "constants", "opts", "out", "grown"),
    [
        ("RESHAPE", [s32("shape", [-1, 12])], None, (1, 12), (5, 12)),
        ("RESHAPE", [], options("ReshapeOptions", NewShape=[-1, 6]), (2, 6), (10, 6)),
        ("EXPAND_DIMS", [s32("axis", [-1])], None, (1, 4, 3, 1), (5, 4, 3, 1)),
        ("PAD", [s32("p", [[0, 0], [1, 2], [0, 0]])], None, (1, 7, 3), (5, 7, 3)),
        ("SLICE", [s32("b", [0, 1, 0]), s32("s", [-1, 2, -1])], None, (1, 2, 3), (5, 2, 3)),
        ("TRANSPOSE", [s32("perm", [1, 0, 2])], None, (4, 1, 3), (4, 5, 3)),
        (
            "STRIDED_SLICE",
            [s32("b", [0, 1]), s32("e", [0, 3]), s32("n", [1, 1])],
            options("StridedSliceOptions", EndMask=1),
            (1, 2, 3),
            (5, 2, 3),
        ),
        (
            "FULLY_CONNECTED",
            [Tensor("w", data=np.ones((7, 3), np.float32))],
            options("FullyConnectedOptions", KeepNumDims=True),
            (1, 4, 7),
            (5, 4, 7),
        ),
        ("FULLY_CONNECTED", [Tensor("w", data=np.ones((7, 12), np.float32))], None, (1, 7), (5, 7)),
    ],
)
def test_operators_follow_their_input(
    operator: str, constants: list[Tensor], opts: Options | None, out: tuple[int, ...], grown: tuple[int, ...]
) -> None:
    data = build_model(
        [FREE, *constants, Tensor("y", "FLOAT32", out)],
        [Operator(operator, ["x", *(c.name for c in constants)], ["y"], opts)],
    )
    assert read_tflite(data, "m", {}).outputs[0].shape == out
    graph = read_tflite(data, "m", {"x": (5, 4, 3)})
    assert graph.outputs[0].shape == grown
    assert evaluate(graph, [np.zeros((5, 4, 3), np.float32)])[0].shape == grown


def test_squeeze_keeps_what_has_grown() -> None:
    x = Tensor("x", "FLOAT32", (1, 1, 3), signature=(-1, 1, 3))
    for dims, out in (([], (3,)), ([1], (1, 3))):
        squeeze = Operator("SQUEEZE", ["x"], ["y"], options("SqueezeOptions", SqueezeDims=dims))
        data = build_model([x, Tensor("y", "FLOAT32", out)], [squeeze])
        assert read_tflite(data, "m", {}).outputs[0].shape == out
        assert read_tflite(data, "m", {"x": (2, 1, 3)}).outputs[0].shape == (2, 3)


def test_a_shape_that_the_model_fixes_is_refused() -> None:
    fixed = Operator("RESHAPE", ["x", "shape"], ["y"])
    data = build_model([FREE, s32("shape", [1, 12]), Tensor("y", "FLOAT32", (1, 12))], [fixed])
    with pytest.raises(InvalidModel, match=r"f32\[5,4,3\] to \[1, 12\]; the model fixes this shape"):
        read_tflite(data, "m", {"x": (5, 4, 3)})


@pytest.mark.parametrize("shape", [(5, 4, 4), (5, 4), (0, 4, 3), (-1, 4, 3), (1, 1, 4, 3)])
def test_only_free_dimensions_can_be_chosen(shape: tuple[int, ...]) -> None:
    data = build_model([FREE], [], ["x"], ["x"])
    with pytest.raises(UsageError, match=r'input "x" has shape \[-1, 4, 3\]'):
        read_tflite(data, "m", {"x": shape})


def test_inputs_that_are_not_there_or_not_free() -> None:
    with pytest.raises(UsageError, match='no input "z"'):
        read_tflite(build_model([FREE], [], ["x"], ["x"]), "m", {"z": (1,)})
    with pytest.raises(UsageError, match="no dimension is free"):
        read_tflite(build_model([Tensor("x", "FLOAT32", (1, 4))], [], ["x"], ["x"]), "m", {"x": (2, 4)})


def test_what_a_free_dimension_declares_follows_from_inference() -> None:
    """Intermediate tensors of a file with free dimensions may say 1 where the operators compute more."""
    y = Tensor("y", "FLOAT32", (1, 12), signature=(-1, 12))
    data = build_model(
        [Tensor("x", "FLOAT32", (2, 4, 3)), s32("s", [-1, 12]), y], [Operator("RESHAPE", ["x", "s"], ["y"])]
    )
    assert read_tflite(data, "m", {}).outputs[0].shape == (2, 12)
