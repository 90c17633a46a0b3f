"""STABLEHLO_SCATTER, REDUCE_WINDOW and STABLEHLO_REDUCE_WINDOW: elements combined by a sub-graph, or a function."""

from __future__ import annotations

import numpy as np
import tflite

from tests.generated.single import NUMPY, Draw, Shape, Single, Tensor, generates
from tests.models.tflite_builder import Operator, SubGraph, options

WHOLE = ("INT8", "UINT8", "INT16", "INT32", "INT64")


def _region(kind: str, name: str) -> SubGraph:
    """Of two elements: the second, or what an operator makes of both."""
    tensors = [Tensor(n, kind, ()) for n in "ab"]
    if not name:
        return SubGraph(tensors, [], ["a", "b"], ["b"])
    return SubGraph([*tensors, Tensor("c", kind, ())], [Operator(name, ["a", "b"], ["c"])], ["a", "b"], ["c"])


def _function(draw: Draw, kind: str) -> str:
    if kind == "BOOL":
        return draw.choice(("STABLEHLO_AND", "STABLEHLO_OR"))
    return f"STABLEHLO_{draw.choice(('ADD', 'MULTIPLY', 'MAXIMUM', 'MINIMUM'))}"


@generates("STABLEHLO_SCATTER", "FLOAT32", *WHOLE, "BOOL", weight=2)
def stablehlo_scatter(draw: Draw, kind: str) -> Single:
    """Places may lie outside. Floats are written, or their extremes taken: the order of a sum would matter."""
    shape = draw.shape(1, 4, 4)
    inserted = sorted(draw.rng.sample(range(len(shape)), draw.integer(0, len(shape) - 1)))
    named = draw.rng.sample(range(len(shape)), draw.integer(1, len(shape)))
    sizes = [draw.choice((n, draw.integer(1, n))) for a, n in enumerate(shape) if a not in inserted]
    batch = draw.shape(0, 2, 3)
    window = sorted(draw.rng.sample(range(len(batch) + len(sizes)), len(sizes)))
    along, rest = iter(sizes), iter(batch)
    updates = tuple(next(along) if a in window else next(rest) for a in range(len(batch) + len(sizes)))
    vector = draw.integer(0, len(batch))
    places = (*batch[:vector], len(named), *batch[vector:])
    table = options(
        "StablehloScatterOptions",
        UpdateWindowDims=np.array(window, np.int64),
        InsertedWindowDims=np.array(inserted, np.int64),
        ScatterDimsToOperandDims=np.array(named, np.int64),
        IndexVectorDim=vector,
        UpdateComputationSubgraphIndex=1,
    )
    index = draw.choice(("INT32", "INT64"))
    chosen = draw.within(-1, max(shape), places).astype(NUMPY[index])
    name = draw.choice(("", "STABLEHLO_MAXIMUM", "STABLEHLO_MINIMUM"))
    if kind != "FLOAT32":
        name = "" if kind == "BOOL" else draw.choice(("", _function(draw, kind)))
    tensors = [
        Tensor("x", kind, shape),
        Tensor("i", index, places),
        Tensor("u", kind, updates),
        Tensor("y", kind, shape),
    ]
    values = {"i": chosen}
    if name == "STABLEHLO_MULTIPLY" or kind == "INT64":
        values |= {n: draw.within(-9 if kind[0] == "I" else 0, 9, s, kind) for n, s in (("x", shape), ("u", updates))}
    return Single(
        tensors, Operator("STABLEHLO_SCATTER", ["x", "i", "u"], ["y"], table), values, more=[_region(kind, name)]
    )


def _geometry(draw: Draw, shape: Shape) -> tuple[list[int], list[int], list[int], Shape]:
    """(window, stride, dilation, extents of the output)"""
    window = [draw.integer(1, n) for n in shape]
    stride = [draw.integer(1, 3) for _ in shape]
    dilation = [draw.integer(1, (n - 1) // (k - 1) if k > 1 else 2) for n, k in zip(shape, window, strict=True)]
    spans = [(k - 1) * d + 1 for k, d in zip(window, dilation, strict=True)]
    extents = tuple((n - span) // s + 1 for n, span, s in zip(shape, spans, stride, strict=True))
    return window, stride, dilation, extents


def _small(draw: Draw, kind: str, shape: Shape) -> dict[str, np.ndarray]:
    """Whose products integers hold, and sums of which floats hold exactly."""
    if kind == "BOOL":
        return {"x": draw.values(kind, shape)}
    return {"x": draw.within(0 if kind == "UINT8" else -2, 2, shape).astype(NUMPY[kind])}


@generates("REDUCE_WINDOW", "FLOAT32", *WHOLE, "BOOL", weight=2)
def reduce_window(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 4, 5)
    window, stride, dilation, extents = _geometry(draw, shape)
    functions = tflite.ReduceWindowFunction
    chosen = (functions.ADD, functions.MUL, functions.MINIMUM, functions.MAXIMUM)
    function = draw.choice((functions.ALL, functions.ANY) if kind == "BOOL" else chosen)
    geometry = [Tensor(n, data=np.array(v, np.int64)) for n, v in zip("wsd", (window, stride, dilation), strict=True)]
    first = Tensor("f", data=np.array(draw.integer(0, 1)).astype(NUMPY[kind]))
    tensors = [Tensor("x", kind, shape), first, *geometry, Tensor("y", kind, extents)]
    table = options("ReduceWindowOptions", ReduceFunction=function)
    return Single(
        tensors, Operator("REDUCE_WINDOW", ["x", "f", "w", "s", "d"], ["y"], table), _small(draw, kind, shape)
    )


@generates("STABLEHLO_REDUCE_WINDOW", "FLOAT32", *WHOLE, weight=2, unjudged=("BOOL",))
def stablehlo_reduce_window(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 4, 4)
    base = [draw.integer(1, 2) for _ in shape]
    padding = [draw.integer(0, 2) for _ in range(2 * len(shape))]
    spread = [(n - 1) * d + 1 + a + b for n, d, a, b in zip(shape, base, padding[::2], padding[1::2], strict=True)]
    window, stride, dilation, extents = _geometry(draw, tuple(spread))
    fields = {
        "WindowDimensions": window,
        "WindowStrides": stride,
        "BaseDilations": base,
        "WindowDilations": dilation,
        "Padding": padding,
    }
    table = options(
        "StablehloReduceWindowOptions",
        BodySubgraphIndex=1,
        **{name: np.array(values, np.int64) for name, values in fields.items()},
    )
    region = _region(kind, _function(draw, kind))
    first = Tensor("f", data=np.array(draw.integer(0, 1)).astype(NUMPY[kind]))
    tensors = [Tensor("x", kind, shape), first, Tensor("y", kind, extents)]
    operator = Operator("STABLEHLO_REDUCE_WINDOW", ["x", "f"], ["y"], table)
    return Single(tensors, operator, _small(draw, kind, shape), more=[region])
