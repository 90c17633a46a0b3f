"""NON_MAX_SUPPRESSION, and TFLite_Detection_PostProcess, the custom operator that ends SSD object detectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgegen.frontends.tflite.operator import Operator, operator
from edgegen.ir.dtypes import F32, U8
from edgegen.ops.detection_postprocess import DetectionPostprocess, Scale
from edgegen.ops.non_max_suppression import NonMaxSuppression

MAX_ROWS = 1 << 16


@operator("custom:TFLite_Detection_PostProcess", last_version=1)
def detection_postprocess(op: Operator) -> None:
    """Boxes, scores and anchors of f32 or u8, as both judges have them, to boxes, classes, scores and their count."""
    boxes, scores, anchors = op.input(0), op.input(1), op.input(2)
    types = [t.dtype for t in (boxes, scores, anchors)]
    if types not in ([F32] * 3, [U8] * 3):
        raise op.unsupported(f"{', '.join(map(str, types))} are not supported", "use f32 or uint8 for all three")
    options = op.custom_options()
    detections, per_box = options.integer("max_detections"), options.integer("max_classes_per_detection")
    per_class, classes = options.integer("detections_per_class", 100), options.integer("num_classes")
    if not (min(detections, per_box, classes, per_class) > 0 and detections * per_box <= MAX_ROWS):
        raise op.invalid(f"has {detections} detections of {per_box} classes each, of {classes}, {per_class} of a class")
    y, x, h, w = (options.number(f"{side}_scale") for side in "yxhw")
    iou, threshold = options.number("nms_iou_threshold"), options.number("nms_score_threshold")
    if not 0 < iou <= 1:
        raise op.invalid(f"the overlap {iou} must be above 0 and at most 1")
    scales: tuple[Scale, ...] = ((1.0, 0),) * 3
    if boxes.dtype == U8:
        scales = tuple(op.per_tensor(t) for t in (boxes, scores, anchors))
    regular = options.flag("use_regular_nms", False)
    step = DetectionPostprocess(classes, detections, (y, x, h, w), threshold, iou, per_box, regular, per_class, *scales)
    if len(op.outputs) != 4:
        raise op.invalid(f"has {len(op.outputs)} outputs instead of 4")
    for output, type in zip(op.outputs, step.infer(boxes.type, scores.type, anchors.type), strict=True):
        if output.shape == ():  # converters leave them open like this
            output.type = replace(output.type, shape=type.shape)
    op.add_all(step, [boxes, scores, anchors], op.outputs)


def _scalar(op: Operator, i: int, what: str) -> float:
    """A constant f32 of one element."""
    values = op.constant(i, what)
    if values.size != 1 or values.dtype != np.float32 or not np.isfinite(values).all():
        raise op.invalid(f"{what} must be a finite f32, is {op.input(i).type}")
    return float(values.reshape(-1)[0])


def _suppress(op: Operator, soft: bool) -> None:
    """Inputs are boxes, scores and constants: how many, the overlap, the least score, and the decay's sigma."""
    counts = op.integers(2, "the number of results")
    overlap, score = _scalar(op, 3, "the overlap"), _scalar(op, 4, "the least score")
    sigma = _scalar(op, 5, "sigma") if soft else 0.0
    if len(counts) != 1 or not 0 < counts[0] <= MAX_ROWS or sigma < 0:
        raise op.invalid(f"cannot keep {list(counts)[:8]} boxes with sigma {sigma}")
    decay = float(np.float32(-0.5) / np.float32(sigma)) if sigma > 0 else 0.0
    if not np.isfinite(decay) or len(op.outputs) != (3 if soft else 2):
        raise op.invalid(f"has sigma {sigma} and {len(op.outputs)} outputs")
    outputs = op.outputs if soft else [op.outputs[0], None, op.outputs[1]]
    op.add_all(NonMaxSuppression(counts[0], score, overlap, decay), [op.input(0), op.input(1)], outputs)


@operator("NON_MAX_SUPPRESSION_V4", last_version=1)
def non_max_suppression_v4(op: Operator) -> None:
    _suppress(op, False)


@operator("NON_MAX_SUPPRESSION_V5", last_version=1)
def non_max_suppression_v5(op: Operator) -> None:
    _suppress(op, True)
