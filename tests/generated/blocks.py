"""SPACE_TO_DEPTH, DEPTH_TO_SPACE, SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND."""

from __future__ import annotations

import math

from tests.generated.movement import MOVED
from tests.generated.single import Draw, Single, generates, like, numbers
from tests.models.tflite_builder import Operator, options


@generates("SPACE_TO_DEPTH", *MOVED, unjudged=("INT16", "UINT32", "BOOL"))
def space_to_depth(draw: Draw, kind: str) -> Single:
    block, (n, h, w, c) = draw.integer(1, 3), draw.shape(4, 4, 3)
    x = draw.tensor("x", kind, (n, h * block, w * block, c))
    y = like("y", x, (n, h, w, c * block * block))
    return Single([x, y], Operator("SPACE_TO_DEPTH", ["x"], ["y"], options("SpaceToDepthOptions", BlockSize=block)))


@generates("DEPTH_TO_SPACE", *MOVED, unjudged=("INT16", "UINT32", "BOOL"))
def depth_to_space(draw: Draw, kind: str) -> Single:
    block, (n, h, w, c) = draw.integer(1, 3), draw.shape(4, 4, 3)
    x = draw.tensor("x", kind, (n, h, w, c * block * block))
    y = like("y", x, (n, h * block, w * block, c))
    return Single([x, y], Operator("DEPTH_TO_SPACE", ["x"], ["y"], options("DepthToSpaceOptions", BlockSize=block)))


@generates("SPACE_TO_BATCH_ND", *MOVED)
def space_to_batch_nd(draw: Draw, kind: str) -> Single:
    """Unpadded: TFLM pads with what it finds in memory (docs/judges.md)."""
    (n, h, w, c), block = draw.shape(4, 4, 3), [draw.integer(1, 3) for _ in range(2)]
    x = draw.tensor("x", kind, (n, h * block[0], w * block[1], c))
    tensors = [x, numbers("b", block), numbers("p", [[0, 0], [0, 0]]), like("y", x, (n * math.prod(block), h, w, c))]
    return Single(tensors, Operator("SPACE_TO_BATCH_ND", ["x", "b", "p"], ["y"], options("SpaceToBatchNDOptions")))


@generates("BATCH_TO_SPACE_ND", *MOVED)
def batch_to_space_nd(draw: Draw, kind: str) -> Single:
    (n, h, w, c), block = draw.shape(4, 4, 3), [draw.integer(1, 3) for _ in range(2)]
    whole = (h * block[0], w * block[1])
    crops = [[first := draw.integer(0, side - 1), draw.integer(0, side - 1 - first)] for side in whole]
    x = draw.tensor("x", kind, (n * math.prod(block), h, w, c))
    size = [side - sum(crop) for side, crop in zip(whole, crops, strict=True)]
    tensors = [x, numbers("b", block), numbers("c", crops), like("y", x, (n, *size, c))]
    return Single(tensors, Operator("BATCH_TO_SPACE_ND", ["x", "b", "c"], ["y"], options("BatchToSpaceNDOptions")))
