"""SelectBoxes: non-maximum suppression over all classes of all images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, S64
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.chosen import roomy
from edgegen.ops.non_max_suppression import NonMaxSuppression


@dataclass(frozen=True)
class SelectBoxes(Op):
    """boxes f32[B,N,4], scores f32[B,C,N] -> (chosen s64[B*C*most, 3], shape s64[2]): image, class and box of each.

    ONNX NonMaxSuppression: the boxes of one class of one image as NonMaxSuppression chooses them, classes and images
    in turn. Fields as there.
    """

    most: int = 1
    score: float = 0.0
    overlap: float = 0.5

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        boxes, scores = known(inputs[0], "boxes"), known(inputs[1], "scores")
        if (boxes.dtype, scores.dtype) != (F32, F32) or len(scores.shape) != 3 or not scores.elements:
            raise InvalidGraph(f"boxes {boxes} and scores {scores} must be f32[B,N,4] and f32[B,C,N]")
        if boxes.shape != (scores.shape[0], scores.shape[2], 4) or not 1 <= self.most <= scores.shape[2]:
            raise InvalidGraph(f"{self.most} of boxes {boxes} for scores {scores}")
        return (TensorType(S64, (scores.shape[0] * scores.shape[1] * self.most, 3)), TensorType(S64, (2,)))

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        boxes, scores = present(inputs[0], "boxes"), present(inputs[1], "scores")
        one, rows = NonMaxSuppression(self.most, self.score, self.overlap), []
        for image in range(scores.shape[0]):
            for of in range(scores.shape[1]):
                chosen, _, count = one.reference(boxes[image], scores[image, of])
                rows += [(image, of, int(k)) for k in chosen[: int(count)]]
        found = np.array(rows, np.int64).reshape(-1, 3)
        return roomy(found, (scores.shape[0] * scores.shape[1] * self.most, 3))


def _pack(node: Node) -> Packed:
    """scratch: of one class: indices and scores of its results, then what non_max_suppression needs."""
    op, scores = node.op, node.input(1).shape
    assert isinstance(op, SelectBoxes)
    params: dict[str, Literal] = {"images": scores[0], "classes": scores[1], "boxes": scores[2], "most": op.most}
    params |= {"score": op.score, "overlap": op.overlap}
    return Packed("edgegen_select_boxes", params, inputs=(0, 1), scratch=8 * op.most + 8 * scores[2])


SelectBoxes.kernels = (Kernel("select_boxes_f32", "f32 f32 -> s64 s64", _pack, header="select_boxes"),)
