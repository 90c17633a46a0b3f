"""DetectionPostprocess: boxes and scores of an object detector to the few detections that it means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType

Scale = tuple[float, int]


def _real(x: Array, scale: Scale) -> Array:
    """f32 as they are, integers as TFLite dequantizes them, in f32."""
    if x.dtype == np.float32:
        return x
    return (x.astype(np.float32) - np.float32(scale[1])) * np.float32(scale[0])


def _overlap(a: Array, b: Array) -> np.float32:
    """Intersection over union of two boxes in f32; 0 where one of them is empty."""
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    if areas[0] <= 0 or areas[1] <= 0:
        return np.float32(0)
    height = max(min(a[2], b[2]) - max(a[0], b[0]), np.float32(0))
    width = max(min(a[3], b[3]) - max(a[1], b[1]), np.float32(0))
    common = height * width
    return np.float32(common / (areas[0] + areas[1] - common))


@dataclass(frozen=True)
class DetectionPostprocess(Op):
    """Decodes boxes, drops those that overlap better ones (greedy non-maximum suppression), and keeps the best.

    boxes [1,N,4 or more] (y, x, h, w relative to its anchor, each divided by one of `scales`), scores
    [1,N,offset + classes] and anchors [N,4] (center y and x, height, width) become boxes [1,R,4] (top, left, bottom,
    right), classes [1,R], scores [1,R] and their count [1], f32; R = detections * per_box. Rows behind the last
    detection are 0. As TensorFlow Lite's TFLite_Detection_PostProcess, which decodes in f64; among equal scores the
    lower box, or class, comes first. A box without area overlaps none (TensorFlow Lite Micro fails there). Fast
    suppression with more than one class a box has them in adjacent rows, as TensorFlow Lite writes them
    (TensorFlow Lite Micro writes behind its outputs' end).

    regular:         suppression within each class, at most `per_class` of each; else once, by each box's best class,
                     and the best `per_box` classes of each box that is left
    score_threshold: least score; iou_threshold: least overlap, exclusive, for which the worse box is dropped
    box, score, anchor: (scale, zero point) of integers
    """

    classes: int
    detections: int
    scales: tuple[float, float, float, float]
    score_threshold: float
    iou_threshold: float
    per_box: int = 1
    regular: bool = False
    per_class: int = 100
    box: Scale = (1.0, 0)
    score: Scale = (1.0, 0)
    anchor: Scale = (1.0, 0)

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        boxes, scores, anchors = (
            known(x, what) for x, what in zip(inputs, ("boxes", "scores", "anchors"), strict=True)
        )
        if len(boxes.shape) != 3 or boxes.shape[0] != 1 or boxes.shape[2] < 4:
            raise InvalidGraph(f"boxes {boxes} must be [1,boxes,4 or more]")
        count = boxes.shape[1]
        if len(scores.shape) != 3 or scores.shape[:2] != (1, count) or scores.shape[2] - self.classes not in (0, 1):
            raise InvalidGraph(f"scores {scores} are not of {count} boxes and {self.classes} classes")
        if anchors.shape != (count, 4):
            raise InvalidGraph(f"anchors {anchors} are not of {count} boxes")
        if not len({boxes.dtype, scores.dtype, anchors.dtype}) == 1:
            raise InvalidGraph(f"boxes {boxes}, scores {scores} and anchors {anchors} must be of one type")
        if min(self.classes, self.detections, self.per_box, self.per_class) < 1 or min(map(abs, self.scales)) == 0:
            raise InvalidGraph("counts must be at least 1, and scales other than 0")
        rows, f32 = self.detections * self.per_box, F32
        return (
            TensorType(f32, (1, rows, 4)),
            TensorType(f32, (1, rows)),
            TensorType(f32, (1, rows)),
            TensorType(f32, (1,)),
        )

    def decode(self, boxes: Array, anchors: Array) -> Array:
        """Boxes f32[N,4] of encoded boxes [1,N,4 or more]."""
        e = _real(boxes[0, :, :4], self.box).astype(np.float64) / np.array(self.scales, np.float32).astype(np.float64)
        a = _real(anchors, self.anchor).astype(np.float64)
        center = (e[:, :2] * a[:, 2:] + a[:, :2]).astype(np.float32)
        with np.errstate(over="ignore"):
            half = (0.5 * np.exp(e[:, 2:]) * a[:, 2:]).astype(np.float32)
        return np.concatenate([center - half, center + half], 1)

    def suppress(self, boxes: Array, scores: Array, most: int) -> list[int]:
        """Indices of the boxes that are left, best first."""
        candidates = np.nonzero(scores >= np.float32(self.score_threshold))[0]
        chosen: list[int] = []
        for i in candidates[np.argsort(-scores[candidates], kind="stable")]:
            if len(chosen) == most:
                break
            if all(not _overlap(boxes[k], boxes[i]) > np.float32(self.iou_threshold) for k in chosen):
                chosen.append(int(i))
        return chosen

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        boxes, scores, anchors = (present(x, "an input") for x in inputs)
        decoded = self.decode(boxes, anchors)
        s = _real(scores[0], self.score)[:, scores.shape[2] - self.classes :]
        found: list[tuple[int, int]] = []  # box, class
        if self.regular:
            most = min(self.per_class, self.detections)
            found = [(i, c) for c in range(self.classes) for i in self.suppress(decoded, s[:, c], most)]
            found = sorted(found, key=lambda f: -s[f])[: self.detections]
            count = len(found)
        else:
            left = self.suppress(decoded, s.max(1), self.detections)
            best = np.argsort(-s, axis=1, kind="stable")[:, : self.per_box]
            found = [(i, int(c)) for i in left for c in best[i]]
            count = len(left)
        rows, n = self.detections * self.per_box, len(found)
        y = np.zeros((1, rows, 4), np.float32), np.zeros((1, rows), np.float32), np.zeros((1, rows), np.float32)
        if found:
            y[0][0, :n], y[1][0, :n] = decoded[[i for i, _ in found]], [c for _, c in found]
            y[2][0, :n] = [s[f] for f in found]
        return (*y, np.array([count], np.float32))


def _pack(node: Node) -> Packed:
    op, scores = node.op, node.input(1)
    assert isinstance(op, DetectionPostprocess)
    boxes = scores.shape[1]
    per_class = min(op.per_class, op.detections)
    params: dict[str, Literal] = {
        "boxes": boxes,
        "box_step": node.input(0).shape[2],
        "classes": op.classes,
        "class_step": scores.shape[2],
        "offset": scores.shape[2] - op.classes,
        "detections": op.detections,
        "per_box": op.per_box,
        "categories": min(op.per_box, op.classes),
        "per_class": per_class,
        **dict(zip(("y_scale", "x_scale", "h_scale", "w_scale"), op.scales, strict=True)),
        "score_threshold": op.score_threshold,
        "iou_threshold": op.iou_threshold,
    }
    for name, (scale, zero) in (("box", op.box), ("score", op.score), ("anchor", op.anchor)):
        params |= {f"{name}_scale": scale, f"{name}_zero": float(zero)}
    scratch = 8 * boxes + (16 * per_class if op.regular else 0)
    return Packed("edgegen_detection", params, inputs=(0, 1, 2), scratch=scratch)


def _suppresses(regular: bool) -> Callable[[Node], str | None]:
    def when(node: Node) -> str | None:
        assert isinstance(node.op, DetectionPostprocess)
        return None if node.op.regular == regular else f"is the {'regular' if regular else 'fast'} suppression"

    return when


DetectionPostprocess.kernels = tuple(
    Kernel(
        f"detection_{'regular' if regular else 'fast'}_{dtype}",
        f"{dtype} {dtype} {dtype} -> f32 f32 f32 f32",
        _pack,
        header="detection_postprocess",
        when=_suppresses(regular),
    )
    for dtype in ("f32", "u8")
    for regular in (False, True)
)
