"""TILE, BROADCAST_TO, FILL, MATRIX_DIAG and MATRIX_SET_DIAG."""

from __future__ import annotations

import numpy as np

from tests.generated.movement import MOVED
from tests.generated.single import Draw, Single, Tensor, generates, like, numbers
from tests.models.tflite_builder import Operator, options


@generates("TILE", *MOVED)
def tile(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 4, 4)
    times = [draw.integer(1, 3) for _ in shape]
    x = draw.tensor("x", kind, shape)
    y = like("y", x, tuple(n * t for n, t in zip(shape, times, strict=True)))
    return Single([x, numbers("n", times), y], Operator("TILE", ["x", "n"], ["y"], options("TileOptions")))


@generates("BROADCAST_TO", *MOVED)
def broadcast_to(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 5, 4)
    x = draw.tensor("x", kind, draw.broadcast(shape) or (1,))
    tensors = [x, numbers("s", shape, draw.choice((np.int32, np.int64))), like("y", x, shape)]
    return Single(tensors, Operator("BROADCAST_TO", ["x", "s"], ["y"], options("BroadcastToOptions")))


@generates("FILL", *MOVED)
def fill(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 4)
    value = draw.tensor("v", kind, ())
    tensors = [numbers("s", shape), value, like("y", value, shape)]
    return Single(tensors, Operator("FILL", ["s", "v"], ["y"], options("FillOptions")))


# LiteRT leaves matrices of BOOL as they lie in memory, or refuses them
@generates("MATRIX_DIAG", *MOVED, unjudged=("BOOL",))
def matrix_diag(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 3)
    x = Tensor("x", kind, shape)
    y = Tensor("y", kind, (*shape, shape[-1]))
    return Single([x, y], Operator("MATRIX_DIAG", ["x"], ["y"], options("MatrixDiagOptions")))


@generates("MATRIX_SET_DIAG", *MOVED, unjudged=("BOOL",))
def matrix_set_diag(draw: Draw, kind: str) -> Single:
    shape = draw.shape(2, 4)
    x, d = Tensor("x", kind, shape), Tensor("d", kind, (*shape[:-2], min(shape[-2:])))
    operator = Operator("MATRIX_SET_DIAG", ["x", "d"], ["y"], options("MatrixSetDiagOptions"))
    return Single([x, d, Tensor("y", kind, shape)], operator)
