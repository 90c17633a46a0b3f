"""TFLite_Detection_PostProcess as both judges compute it, and the emitted C as the operator defines it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from edgegen.ir.tensor import Array
from edgegen.ops.detection_postprocess import DetectionPostprocess
from tests.frontends.tflite.strategies import SEEDS
from tests.harness import Case, check_nodes, constant_input
from tests.judge import judge, judge_litert
from tests.models.tflite_builder import Operator, Tensor, build_model, custom_options

BOXES, CLASSES = 40, 3
FIELDS: dict[str, Any] = {
    "max_detections": 10,
    "max_classes_per_detection": 1,
    "num_classes": CLASSES,
    "nms_score_threshold": 0.3,
    "nms_iou_threshold": 0.5,
    **{"y_scale": 10.0, "x_scale": 10.0, "h_scale": 5.0, "w_scale": 4.0},
}


def arrays(
    seed: int, boxes: int = BOXES, depth: int = 4, scores: int = CLASSES + 1, coarse: bool = True
) -> list[Array]:
    """Boxes, scores, many of them equal if `coarse`, and anchors."""
    rng = np.random.default_rng(seed)
    s = rng.uniform(0, 1, (1, boxes, scores)).astype(np.float32)
    anchors = np.concatenate([rng.uniform(0, 1, (boxes, 2)), rng.uniform(0.1, 0.6, (boxes, 2))], 1)
    return [
        rng.normal(0, 1, (1, boxes, depth)).astype(np.float32),
        np.asarray(np.round(s * 8) / 8 if coarse else s, np.float32),
        anchors.astype(np.float32),
    ]


def quantized(real: list[Array]) -> list[Array]:
    """The same as uint8 of the scales that `model` gives them."""
    scales, zeros = (0.03, 1 / 256, 1 / 128), (128, 0, 0)
    pairs = zip(real, scales, zeros, strict=True)
    return [np.clip(np.round(x / s) + z, 0, 255).astype(np.uint8) for x, s, z in pairs]


def model(values: list[Array], rows: int = 0, spoilt: int = -1, **changes: Any) -> bytes:
    """changes: to FIELDS; None leaves one out. rows: declared; by default the right number; -1: left open."""
    fields = {k: v for k, v in (FIELDS | changes).items() if v is not None}
    rows = rows or fields["max_detections"] * fields["max_classes_per_detection"]
    kind, scales = "FLOAT32", (None, None, None)
    if values[0].dtype == np.uint8:
        kind, scales = "UINT8", (0.03, 1 / 256, 1 / 128)
    shapes = ((), (), (), ()) if rows < 0 else ((1, rows, 4), (1, rows), (1, rows), (1,))
    tensors = [
        Tensor("b", kind, values[0].shape, scale=scales[0], zero_point=128),
        Tensor("s", kind, values[1].shape, scale=scales[1]),
        Tensor("a", data=values[2], scale=scales[2]),
        *(Tensor(f"y{i}", "FLOAT32", shape) for i, shape in enumerate(shapes)),
    ]
    custom = custom_options(**fields)
    custom = custom if spoilt < 0 else custom[:spoilt]
    names = [f"y{i}" for i in range(4)]
    op = Operator("custom:TFLite_Detection_PostProcess", ["b", "s", "a"], names, custom=custom)
    return build_model(tensors, [op], outputs=names)


def check(data: bytes, values: list[Array], by: Any) -> None:
    """Equal in every detection; what lies behind the last one the judges leave as it was."""
    got, want = evaluate(read_tflite(data, "m", {}), values[:2]), by(data, values[:2], 4)
    found = int(want[3][0])
    rows = found * (got[1].shape[1] // FIELDS["max_detections"])
    assert got[3][0] == found
    np.testing.assert_array_equal(got[1][0, :rows], want[1][0, :rows])
    np.testing.assert_array_equal(got[2][0, :rows], want[2][0, :rows])
    np.testing.assert_allclose(got[0][0, :rows], want[0][0, :rows], rtol=3e-7, atol=1e-7)
    for y in got[:3]:
        assert not y[0, rows:].any()


@settings(max_examples=60)
@given(
    SEEDS,
    st.sampled_from([4, 7]),
    st.integers(0, 1),
    st.booleans(),
    st.sampled_from([0.0, 0.3, 0.9]),
    st.sampled_from([0.2, 0.5, 1.0]),
    st.booleans(),
    st.sampled_from([None, 2, 50]),
)
def test_both_judges(
    seed: int, depth: int, offset: int, coarse: bool, least: float, iou: float, regular: bool, per_class: int | None
) -> None:
    values = arrays(seed, depth=depth, scores=CLASSES + offset, coarse=coarse)
    changes = {"nms_score_threshold": least, "nms_iou_threshold": iou}
    data = model(values, use_regular_nms=regular, detections_per_class=per_class, **changes)
    check(data, values, judge)
    check(data, values, judge_litert)


@pytest.mark.parametrize("regular", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_uint8(seed: int, regular: bool) -> None:
    values = quantized(arrays(seed))
    check(model(values, use_regular_nms=regular), values, judge_litert)


@pytest.mark.parametrize("seed", range(3))
def test_several_classes_of_a_box_as_litert_has_them(seed: int) -> None:
    """TensorFlow Lite Micro leaves rows between them unwritten, and writes others behind the output's end. Scores are
    all different: the order of equal ones of a box is left to LiteRT's C++ library."""
    values = arrays(seed, coarse=False)
    data = model(values, max_classes_per_detection=2)
    got, want = evaluate(read_tflite(data, "m", {}), values[:2]), judge_litert(data, values[:2], 4)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=3e-7, atol=1e-7)


def test_shapes_of_outputs_may_be_left_open() -> None:
    graph = read_tflite(model(arrays(0), rows=-1), "m", {})
    assert [t.shape for t in graph.outputs] == [(1, 10, 4), (1, 10), (1, 10), (1,)]


def test_refusals() -> None:
    values = arrays(0)
    for changes, text in (
        ({"max_detections": None}, "lacks the option max_detections"),
        ({"max_detections": 1 << 20, "rows": 1}, "1048576 detections"),
        ({"nms_iou_threshold": 0.0}, "overlap 0.0"),
        ({"x_scale": 0.0}, "scales other than 0"),
        ({"num_classes": 9}, "9 classes"),
        ({"rows": 3}, "declared f32"),
        ({"spoilt": 40}, "truncated or corrupt"),
    ):
        if changes.get("max_detections", 1) is None:
            changes = {**changes, "rows": 10}
        with pytest.raises(InvalidModel, match=text):
            read_tflite(model(values, **changes), "m", {})
    with pytest.raises(UnsupportedModel, match="are not supported"):
        read_tflite(model([values[0], values[1], values[2].astype(np.int32)]), "m", {})


def cases(boxes: int = BOXES) -> list[Case]:
    made = []
    for seed, (regular, per_box, least) in enumerate(
        ((False, 1, 0.3), (True, 1, 0.1), (False, 2, 0.6), (True, 2, 0.9))
    ):
        op = DetectionPostprocess(CLASSES, 7, (10.0, 10.0, 5.0, 5.0), least, 0.4, per_box, regular, 3)
        values = arrays(seed, boxes)
        made.append(Case(op, [*values[:2], constant_input(values[2])], label=f"f32 {seed}"))
        integers = replace(op, box=(0.03, 128), score=(1 / 256, 0), anchor=(1 / 128, 0))
        values = quantized(values)
        made.append(Case(integers, [*values[:2], constant_input(values[2])], label=f"u8 {seed}"))
    return made


@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_portable(cc: str) -> None:
    check_nodes(cases(), "generic", cc=cc, sanitize=True)


@pytest.mark.cross
def test_cortex_m4() -> None:
    check_nodes(cases(), "cortex-m4", optimize="size")
