"""Operators over images and volumes beside onnxruntime, where the standard's suite has few cases; refusals."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
import pytest

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.onnx import ValueNeeded, import_proto
from edgegen.ir.evaluate import evaluate
from edgegen.ir.tensor import Array
from tests.frontends.onnx.onnxruntime_judge import Question, check
from tests.harness import compile_for_test

RNG = np.random.default_rng(11)


def normal(*shape: int) -> Array:
    return RNG.normal(0, 1, shape).astype(np.float32)


def ask(kind: str, *inputs: Array | None, fixed: tuple[int, ...] = (), opset: int = 20, **attributes: Any) -> Question:
    outputs = attributes.pop("outputs", ["y"])
    return Question(kind, inputs, outputs, attributes, fixed, opset=opset)


class Places(Question):
    """MaxPool with its second output, which is s64."""

    def model(self, shapes: Sequence[Sequence[int] | None] | None = None) -> onnx.ModelProto:
        model = super().model(shapes)
        model.graph.output[1].type.tensor_type.elem_type = onnx.TensorProto.INT64
        return model


def convolutions() -> list[Question]:
    x, w, b = normal(2, 4, 9, 8), normal(6, 2, 3, 2), normal(6)
    questions = [
        ask("Conv", x, w, b, group=2, auto_pad="SAME_LOWER", strides=[2, 3]),
        ask("Conv", x, w, b, group=2, fixed=(1,), dilations=[2, 1], pads=[1, 0, 2, 1]),
        ask("Conv", x, normal(8, 1, 2, 2), normal(8), group=4),
        ask("Conv", normal(1, 4, 9), normal(3, 4, 4), None, strides=[3], auto_pad="VALID"),
        ask("Conv", normal(1, 2, 4, 5, 3), normal(4, 1, 2, 3, 1), normal(4), group=2, pads=[1, 0, 0, 0, 1, 1]),
    ]
    w = normal(4, 3, 3, 2)
    for more in (
        {},
        {"output_padding": [1, 0]},
        {"dilations": [2, 3]},
        {"pads": [1, 0, 2, 1]},
        {"auto_pad": "SAME_UPPER"},
        {"auto_pad": "SAME_LOWER"},
        {"output_shape": [19, 15]},
    ):
        questions.append(ask("ConvTranspose", x, w, normal(3), fixed=(1, 2), strides=[2, 2], **more))
    questions += [
        ask("ConvTranspose", x, w, normal(6), group=2, strides=[1, 2]),
        ask("ConvTranspose", normal(1, 4, 5), normal(4, 2, 3), None, strides=[2]),
        ask("ConvTranspose", normal(1, 2, 3, 2, 3), normal(2, 2, 2, 3, 2), None, group=2, dilations=[1, 1, 2]),
    ]
    return questions


def pools() -> list[Question]:
    x, volume = normal(2, 3, 9, 8), normal(1, 2, 5, 6, 4)
    questions = [
        ask("MaxPool", x, kernel_shape=[3, 2], strides=[2, 3], pads=[1, 0, 1, 1], ceil_mode=1),
        ask("MaxPool", x, kernel_shape=[3, 2], dilations=[2, 3], ceil_mode=1),
        ask("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"),
        ask("MaxPool", volume, kernel_shape=[2, 3, 2], strides=[2, 1, 2], pads=[0, 1, 1, 1, 1, 0]),
        ask("MaxPool", normal(2, 3, 9), kernel_shape=[4], strides=[3], ceil_mode=1),
        ask("LpPool", x, kernel_shape=[3, 2], strides=[2, 1], pads=[1, 1, 1, 0], p=3),
        ask("LpPool", volume, kernel_shape=[2, 2, 2], p=1),
        ask("GlobalLpPool", x, p=3),
        ask("GlobalMaxPool", volume),
        ask("LRN", x, size=3, alpha=0.5, beta=0.6, bias=1.5),
        ask("LRN", normal(1, 7, 4, 4), size=5, alpha=0.5),
    ]
    for counted in (0, 1):
        for x_, kernel, pads in ((x, [3, 3], [1, 1, 0, 1]), (volume, [2, 3, 2], [1, 1, 0, 0, 1, 1])):
            for ceil in (0, 1):
                stride = [2] * len(kernel)
                questions.append(
                    ask(
                        "AveragePool",
                        x_,
                        kernel_shape=kernel,
                        pads=pads,
                        strides=stride,
                        ceil_mode=ceil,
                        count_include_pad=counted,
                    )
                )
    for order in (0, 1):
        how = {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 0, 1], "storage_order": order}
        questions.append(Places("MaxPool", [x], ["y", "places"], how))
    questions.append(Places("MaxPool", [volume], ["y", "places"], {"kernel_shape": [2, 2, 2], "dilations": [2, 1, 1]}))
    return questions


def resizes() -> list[Question]:
    x = normal(1, 2, 5, 6)
    questions = []
    for mode in ("nearest", "linear", "cubic"):
        for coordinates in ("half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners", "half_pixel_symmetric"):
            for size in ([1, 2, 9, 4], [1, 2, 3, 1]):
                sizes = np.array(size)
                how = {"mode": mode, "coordinate_transformation_mode": coordinates}
                questions.append(ask("Resize", x, None, None, sizes, fixed=(3,), opset=19, **how))
    doubled = np.array([1, 1, 2, 2], np.float32)
    for nearest in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"):
        questions.append(ask("Resize", x, None, doubled, fixed=(2,), opset=13, nearest_mode=nearest))
    for mode in ("linear", "cubic"):
        sizes = np.array([1, 2, 2, 3])
        questions.append(ask("Resize", x, None, None, sizes, fixed=(3,), opset=19, mode=mode, antialias=1))
    crop = np.array([0, 0, -0.2, 0.3, 1, 1, 0.7, 1.2], np.float32)
    how = {"mode": "linear", "coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": 7.0}
    questions.append(ask("Resize", x, crop, None, np.array([1, 2, 4, 5]), fixed=(1, 3), opset=13, **how))
    questions.append(ask("Upsample", x, doubled, fixed=(1,), opset=9, mode="linear"))
    questions.append(ask("Resize", x, doubled, fixed=(1,), opset=10, mode="linear"))
    return questions


def grids() -> list[Question]:
    x, volume = normal(2, 3, 5, 4), normal(1, 2, 3, 4, 5)
    grid, points = (RNG.uniform(-1.4, 1.4, s).astype(np.float32) for s in ((2, 6, 3, 2), (1, 2, 3, 2, 3)))
    questions = []
    for mode in ("nearest", "linear", "cubic"):
        for padding in ("zeros", "border", "reflection"):
            for corners in (0, 1):
                how = {"mode": mode, "padding_mode": padding, "align_corners": corners}
                questions.append(ask("GridSample", x, grid, **how))
                if mode != "cubic":
                    questions.append(ask("GridSample", volume, points, **how))
    return questions


@pytest.mark.parametrize("family", [convolutions, pools, resizes, grids])
def test_as_onnxruntime(family: Callable[[], list[Question]]) -> None:
    check(family(), rtol=1e-4, atol=1e-5)


def test_places_lead_back() -> None:
    """In the image that the windows cover; output_shape adds zeros behind it, as the standard's suite has it."""
    x = np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2) + 1
    places, shape = np.array([[[[0, 3], [9, 14]]]]), np.array([1, 1, 4, 5])
    question = ask("MaxUnpool", x, places, shape, fixed=(2,), kernel_shape=[2, 2], strides=[2, 2])
    (y,) = evaluate(question.graph(), [x, places])
    wanted = np.zeros((4, 5))
    wanted[0, 0], wanted[0, 3], wanted[2, 1], wanted[3, 2] = 1, 2, 3, 4
    np.testing.assert_array_equal(y[0, 0], wanted)


def test_integers_are_interpolated_in_floats_and_rounded() -> None:
    x = np.array([[[[250, 255, 0]]]], np.uint8)
    how = {"mode": "cubic", "coordinate_transformation_mode": "align_corners"}
    question = ask("Resize", x, None, None, np.array([1, 1, 1, 5]), fixed=(3,), **how)
    (y,) = evaluate(question.graph(), [x])
    assert y.dtype == np.uint8
    np.testing.assert_array_equal(y[0, 0, 0], [250, 255, 255, 128, 0])


def test_no_transposes_between_convolutions() -> None:
    """An NCHW network is computed as NHWC: what is left is at most one transpose at its input and at its output."""
    nodes, constants, before = [], [], "x"
    for i, kind in enumerate(("Conv", "MaxPool", "Conv", "AveragePool", "Resize", "Conv", "ConvTranspose")):
        more: dict[str, Any] = {"kernel_shape": [2, 2]} if "Pool" in kind else {}
        inputs = [before]
        if "Conv" in kind:
            inputs.append(f"w{i}")
            constants.append(onnx.numpy_helper.from_array(normal(4, 4, 3, 3), f"w{i}"))
        if kind == "Resize":
            inputs += ["", "scales"]
            constants.append(onnx.numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales"))
        nodes.append(onnx.helper.make_node(kind, inputs, [f"y{i}"], **more))
        before = f"y{i}"
    ports = [onnx.helper.make_tensor_value_info(n, 1, s) for n, s in (("x", (1, 4, 16, 16)), (before, None))]
    graph = onnx.helper.make_graph(nodes, "g", ports[:1], ports[1:], constants)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=8)
    compiled = compile_for_test(import_proto(model, "g", {}, {}), "generic")
    kinds = [n.op.kind for n in compiled.graph.nodes if n.kernel is not None]
    assert kinds.count("Transpose") <= 2, kinds
    assert len(kinds) <= 9, kinds


def test_no_transposes_around_tensors_that_are_read_twice() -> None:
    """Blocks as BlazeFace has them: what a convolution adds to is joined with zeros for the channels that it lacks."""
    nodes, constants, before = [], [onnx.numpy_helper.from_array(np.zeros((1, 2, 8, 8), np.float32), "zeros")], "x"
    for i, depth in enumerate((4, 6, 8)):
        constants.append(onnx.numpy_helper.from_array(normal(depth + 2, depth, 3, 3), f"w{i}"))
        nodes += [
            onnx.helper.make_node("Conv", [before, f"w{i}"], [f"c{i}"], pads=[1, 1, 1, 1]),
            onnx.helper.make_node("Concat", [before, "zeros"], [f"j{i}"], axis=1),
            onnx.helper.make_node("Add", [f"c{i}", f"j{i}"], [f"s{i}"]),
            onnx.helper.make_node("Relu", [f"s{i}"], [f"y{i}"]),
        ]
        before = f"y{i}"
    ports = [onnx.helper.make_tensor_value_info(n, 1, s) for n, s in (("x", (1, 4, 8, 8)), (before, None))]
    graph = onnx.helper.make_graph(nodes, "g", ports[:1], ports[1:], constants)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=8)
    compiled = compile_for_test(import_proto(model, "g", {}, {}), "arm-neon")
    kinds = [n.op.kind for n in compiled.graph.nodes if n.kernel is not None]
    assert kinds.count("Transpose") <= 2, kinds


@pytest.mark.parametrize(
    ("question", "text"),
    [
        (ask("Conv", normal(1, 3, 4, 4), normal(2, 2, 3, 3)), "do not fit x"),
        (ask("Conv", normal(1, 3, 4, 4), normal(2, 3, 3, 3), normal(3)), "does not have 2 elements"),
        (ask("Conv", normal(1, 3, 2, 2, 2), normal(2, 3, 3, 3, 3)), "do not fit x"),
        (ask("Conv", normal(1, 3, 4, 4), normal(2, 3, 3, 3), strides=[0, 1]), "must be positive"),
        (ask("Conv", normal(1, 3, 4, 4), normal(2, 3, 3, 3), auto_pad="SAME"), 'auto_pad is "SAME"'),
        (ask("ConvTranspose", normal(1, 3, 4, 4), normal(2, 3, 3, 3)), "do not fit x"),
        (ask("ConvTranspose", normal(1, 1, 2, 2), normal(1, 1, 1, 1), pads=[1, 1, 1, 1]), "leave nothing"),
        (ask("MaxPool", normal(1, 3, 4, 4), kernel_shape=[5, 5]), "do not fit x"),
        (ask("MaxPool", normal(1, 3, 4, 4), kernel_shape=[2]), "do not fit 2 spatial"),
        (ask("AveragePool", normal(1, 3, 4, 4), kernel_shape=[0, 2]), "must be positive"),
        (ask("Resize", normal(1, 3, 4, 4), mode="best"), "neither scales nor sizes"),
        (ask("Resize", normal(2, 2), None, normal(2) * 0 - 1, fixed=(2,)), "do not resize 2 axes"),
        (ask("Resize", normal(2, 2), None, normal(2) * 0 + 1, fixed=(2,), mode="best"), 'mode is "best"'),
        (ask("Resize", normal(2, 2), None, None, np.array([2, 0]), fixed=(3,)), "do not resize 2 axes"),
        (ask("GridSample", normal(1, 3, 4, 4), normal(1, 5, 5, 3)), "does not fit x"),
        (ask("RoiAlign", normal(1, 3, 4), normal(1, 4), np.array([0])), "must have rank 4"),
        (ask("LRN", normal(1, 3, 4, 4), size=0), "0 neighbours"),
        (ask("Col2Im", normal(1, 4, 3), np.array([3, 3]), np.array([2, 2]), fixed=(1, 2)), "does not have [2, 2] win"),
        (ask("DeformConv", normal(1, 2, 3, 3), normal(1, 2, 2, 2), normal(1, 6, 2, 2)), "does not move"),
        (ask("MaxUnpool", normal(1, 1, 2, 2), np.zeros((1, 1, 2, 3), int), kernel_shape=[2, 2]), "do not fit x"),
        (ask("CenterCropPad", normal(2, 3), np.array([2]), fixed=(1,)), "does not fit 2 axes"),
    ],
)
def test_misfits_are_refused(question: Question, text: str) -> None:
    with pytest.raises(InvalidModel, match=re.escape(text)):
        question.graph()


@pytest.mark.parametrize(
    ("question", "text"),
    [
        (ask("ImageDecoder", np.zeros(9, np.uint8)), "compressed image"),
        (ask("GridSample", normal(1, 1, 4, 4).astype(np.float64), normal(1, 5, 5, 2)), "f64 is not supported"),
        (ask("MaxPool", normal(1, 1, 2, 2, 2, 2), kernel_shape=[1] * 4), "4 spatial dimensions"),
        (ask("LpPool", normal(1, 1, 4), kernel_shape=[2], p=0), "norm of order 0"),
    ],
)
def test_the_unsupported_is_refused_by_name(question: Question, text: str) -> None:
    with pytest.raises(UnsupportedModel, match=text):
        question.graph()


def test_sizes_must_be_known() -> None:
    with pytest.raises(ValueNeeded, match="the sizes"):
        ask("Resize", normal(1, 1, 2, 2), None, None, np.array([1, 1, 3, 3])).graph()
