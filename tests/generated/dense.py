"""FULLY_CONNECTED and BATCH_MATMUL."""

from __future__ import annotations

from dataclasses import replace

from tests.generated.convolution import FINE, bias, filters, linear, real, result
from tests.generated.single import Draw, Single, generates
from tests.models.tflite_builder import Operator, options


@generates("FULLY_CONNECTED", "FLOAT32", "HYBRID", "INT8", "UINT8", FINE, "INT16", weight=3)
def fully_connected(draw: Draw, kind: str) -> Single:
    depth, units, keep = draw.choice((1, 2, 5, 8, 16, 33)), draw.choice((1, 2, 3, 8, 17)), draw.yes(0.3)
    leading = draw.shape(1, 3, 4)
    x, w = draw.tensor("x", real(kind), (*leading, depth)), filters(draw, kind, (units, depth), 0)
    rows = 1
    for n in leading:
        rows *= n
    y = result(draw, kind, (*leading, units) if keep else (rows, units), x, w, depth)
    table = options("FullyConnectedOptions", KeepNumDims=keep, FusedActivationFunction=draw.choice((0, 0, 1, 2, 3)))
    tensors = [x, w, y]
    if draw.yes(0.8) or kind == FINE:  # without a bias LiteRT reads what is not there
        tensors.append(bias(draw, kind, units, depth, x, w))
    names = ["x", "w", "b"] if len(tensors) == 4 else ["x", "w", None]
    return linear(draw, tensors, Operator("FULLY_CONNECTED", names, ["y"], table), depth)


@generates("BATCH_MATMUL", "FLOAT32", "INT8", "INT16", weight=2)
def batch_matmul(draw: Draw, kind: str) -> Single:
    rows, depth, units, adj_x, adj_y = *(draw.integer(1, 9) for _ in range(3)), draw.yes(), draw.yes()
    leading = draw.shape(0, 2, 3)
    a = (*draw.broadcast(leading), *((depth, rows) if adj_x else (rows, depth)))
    b = (*leading, *((units, depth) if adj_y else (depth, units)))
    x, w = draw.tensor("x", kind, a, -3, -1), draw.tensor("w", kind, b, -3, -1)
    if draw.yes(0.3):
        w = replace(w, data=draw.values(kind, b))
    y = result(draw, kind, (*leading, rows, units), x, w, depth)
    table = options("BatchMatMulOptions", AdjX=adj_x, AdjY=adj_y)
    return linear(draw, [x, w, y], Operator("BATCH_MATMUL", ["x", "w"], ["y"], table), depth)
