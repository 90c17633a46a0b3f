"""IF, WHILE, CALL and STABLEHLO_COMPOSITE: operators that run other sub-graphs."""

from __future__ import annotations

import numpy as np

from tests.generated.single import Draw, Single, Tensor, generates
from tests.models.tflite_builder import Operator, SubGraph, options

KINDS = ("FLOAT32", "INT32", "INT64")


def _graph(draw: Draw, kind: str, shape: tuple[int, ...], name: str, step: Tensor | None = None) -> SubGraph:
    """x with a constant added, subtracted or multiplied."""
    constant = step or Tensor("c", data=draw.within(-9, 9, shape[-1:]).astype(np.dtype(kind.lower())))
    table = options(f"{name.capitalize()}Options")
    tensors = [Tensor("x", kind, shape), constant, Tensor("y", kind, shape)]
    return SubGraph(tensors, [Operator(name, ["x", "c"], ["y"], table)], ["x"], ["y"])


def _called(draw: Draw, kind: str) -> tuple[list[Tensor], SubGraph]:
    shape = draw.shape(1, 4)
    names = ("ADD", "SUB", "MUL") if kind in KINDS else ("SUB",)  # MUL takes u32, too
    return [Tensor(n, kind, shape) for n in "xy"], _graph(draw, kind, shape, draw.choice(names))


@generates("CALL", unjudged=KINDS)
def call(draw: Draw, kind: str) -> Single:
    tensors, graph = _called(draw, kind)
    return Single(tensors, Operator("CALL", ["x"], ["y"], options("CallOptions", Subgraph=1)), more=[graph])


@generates("STABLEHLO_COMPOSITE", unjudged=KINDS)
def stablehlo_composite(draw: Draw, kind: str) -> Single:
    tensors, graph = _called(draw, kind)
    table = options("StableHLOCompositeOptions", Name="test.any", DecompositionSubgraphIndex=1)
    return Single(tensors, Operator("STABLEHLO_COMPOSITE", ["x"], ["y"], table), more=[graph])


@generates("IF", *KINDS)
def if_(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 4)
    tensors = [Tensor("c", "BOOL", (1,)), *(Tensor(n, kind, shape) for n in "xy")]
    graphs = [_graph(draw, kind, shape, name) for name in draw.rng.sample(("ADD", "SUB", "MUL"), 2)]
    table = options("IfOptions", ThenSubgraphIndex=1, ElseSubgraphIndex=2)
    return Single(tensors, Operator("IF", ["c", "x"], ["y"], table), more=graphs)


@generates("WHILE", *KINDS)
def while_(draw: Draw, kind: str) -> Single:
    """Adds 3 to the only element as long as it is less than 20."""
    dtype = np.dtype(kind.lower())
    limit, step = Tensor("l", data=np.array([20], dtype)), Tensor("c", data=np.array([3], dtype))
    tensors = [Tensor("x", kind, (1,)), limit, Tensor("y", "BOOL", (1,))]
    condition = SubGraph(tensors, [Operator("LESS", ["x", "l"], ["y"], options("LessOptions"))], ["x"], ["y"])
    body = _graph(draw, kind, (1,), "ADD", step)
    table = options("WhileOptions", CondSubgraphIndex=1, BodySubgraphIndex=2)
    values = {"x": draw.within(-10, 30, (1,)).astype(dtype)}
    return Single(
        [Tensor(n, kind, (1,)) for n in "xy"], Operator("WHILE", ["x"], ["y"], table), values, more=[condition, body]
    )
