"""NonMaxSuppression: which of many boxes stand for an object each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, S32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType


def _overlap(a: Array, b: Array) -> np.float32:
    """Intersection over union in f32 of boxes [4] between any two opposite corners (y, x, y, x); 0 if one is empty."""
    corners = [(np.minimum(box[:2], box[2:]), np.maximum(box[:2], box[2:])) for box in (a, b)]
    areas = [(high[0] - low[0]) * (high[1] - low[1]) for low, high in corners]
    if areas[0] <= 0 or areas[1] <= 0:
        return np.float32(0)
    sides = np.minimum(corners[0][1], corners[1][1]) - np.maximum(corners[0][0], corners[1][0])
    common = np.maximum(sides[0], np.float32(0)) * np.maximum(sides[1], np.float32(0))
    return np.float32(common / (areas[0] + areas[1] - common))


@dataclass(frozen=True)
class NonMaxSuppression(Op):
    """boxes f32[N,4], scores f32[N] -> indices s32[most] of the kept, best first, their scores and count s32[].

    As TFLite NON_MAX_SUPPRESSION_V4 and _V5; what follows the last is 0, and among equals the lower index comes first,
    which TFLite leaves to its C++ library.

    score:   boxes must exceed it
    overlap: from which intersection over union a box gives way to a better one
    decay:   0, or -1 / (2 sigma): scores shrink by exp(decay * overlap^2) for each box that is kept before
    """

    most: int = 1
    score: float = 0.0
    overlap: float = 0.5
    decay: float = 0.0

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        boxes, scores = known(inputs[0], "boxes"), known(inputs[1], "scores")
        if (boxes.dtype, scores.dtype) != (F32, F32) or boxes.shape != (*scores.shape, 4) or len(scores.shape) != 1:
            raise InvalidGraph(f"boxes {boxes} and scores {scores} must be f32[N,4] and f32[N]")
        if self.most < 1:
            raise InvalidGraph(f"{self.most} results")
        return (TensorType(S32, (self.most,)), TensorType(F32, (self.most,)), TensorType(S32, ()))

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        boxes, scores = present(inputs[0], "boxes"), present(inputs[1], "scores").copy()
        least, f32 = np.float32(self.score), np.float32
        waiting, seen = set(np.nonzero(scores > least)[0].tolist()), np.zeros(len(scores), np.int64)
        kept: list[tuple[int, float]] = []
        while waiting and len(kept) < self.most:
            best = max(waiting, key=lambda i: (scores[i], -i))
            waiting.remove(best)
            before, gone = scores[best], False
            for k in range(len(kept) - 1, int(seen[best]) - 1, -1):
                overlap = _overlap(boxes[best], boxes[kept[k][0]])
                gone = bool(overlap >= f32(self.overlap))
                if gone:
                    break
                if self.decay:
                    scores[best] *= np.exp(np.float64(f32(self.decay) * overlap * overlap)).astype(f32)
                if scores[best] <= least:
                    break
            seen[best] = len(kept)
            if not gone and scores[best] == before:
                kept.append((best, float(before)))
            elif not gone and scores[best] > least:
                waiting.add(best)
        indices, values = np.zeros(self.most, np.int32), np.zeros(self.most, f32)
        indices[: len(kept)], values[: len(kept)] = [i for i, _ in kept], [s for _, s in kept]
        return (indices, values, np.array(len(kept), np.int32))


def _pack(node: Node) -> Packed:
    """scratch: each box's score as it stands, and how many of the kept it was compared with."""
    op, boxes = node.op, node.input(1).shape[0]
    assert isinstance(op, NonMaxSuppression)
    params = {"boxes": boxes, "most": op.most, "score": op.score, "overlap": op.overlap, "decay": op.decay}
    return Packed("edgegen_non_max_suppression", params, inputs=(0, 1), scratch=8 * boxes)


NonMaxSuppression.kernels = (
    Kernel("non_max_suppression_f32", "f32 f32 -> s32 f32 s32", _pack, header="non_max_suppression"),
)
