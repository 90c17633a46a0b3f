"""MEAN, SUM, REDUCE_MAX and their like, ARG_MAX, ARG_MIN and CUMSUM."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tests.generated.single import NUMPY, QUANTIZED, Draw, Single, Tensor, generates, like, numbers
from tests.models.tflite_builder import Operator, options


def _reduction(draw: Draw, name: str, kind: str) -> Single:
    """Of some of the axes; the output has x's quantization."""
    shape = draw.shape(1, 4)
    axes = sorted(draw.rng.sample(range(len(shape)), draw.integer(1, len(shape))))
    keep = draw.yes()
    out = tuple(1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes)
    asked = [a - draw.choice((0, len(shape))) for a in axes]
    draw.rng.shuffle(asked)
    x, values = draw.tensor("x", kind, shape), draw.values(kind, shape)
    operator = Operator(name, ["x", "a"], ["y"], options("ReducerOptions", KeepDims=keep))
    tensors, count = [x, numbers("a", asked), like("y", x, out)], math.prod(shape[a] for a in axes)
    # a rounding for each term, of a sum that may cancel
    scale = float(np.abs(values).sum(tuple(axes)).max()) if kind == "FLOAT32" else 0.0
    return Single(tensors, operator, {"x": values}, count, scale / count if name == "MEAN" else scale)


def _rescaled(draw: Draw, single: Single, factor: float) -> Single:
    x, axes, y = single.tensors
    if x.scale is None:
        return single
    scale = float(np.float32(x.scale * factor * 10 ** draw.real(-0.5, 0.7)))
    y = Tensor("y", y.type, y.shape, scale=scale, zero_point=draw.zero(str(y.type)))
    return replace(single, tensors=[x, axes, y])


@generates("MEAN", "FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64", weight=2)
def mean(draw: Draw, kind: str) -> Single:
    single = _reduction(draw, "MEAN", kind)
    return _rescaled(draw, single, 1.0) if draw.yes(0.7) else single


@generates("SUM", "BOOL", "FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64")
def sum_(draw: Draw, kind: str) -> Single:
    single = _reduction(draw, "SUM", kind)
    return _rescaled(draw, single, math.sqrt(single.ulp))


_ORDERED = ("BOOL", "FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64")


@generates("REDUCE_MAX", *_ORDERED)
def reduce_max(draw: Draw, kind: str) -> Single:
    return replace(_reduction(draw, "REDUCE_MAX", kind), ulp=0, scale=0.0)


@generates("REDUCE_MIN", *_ORDERED)
def reduce_min(draw: Draw, kind: str) -> Single:
    return replace(_reduction(draw, "REDUCE_MIN", kind), ulp=0, scale=0.0)


@generates("REDUCE_PROD", "BOOL", "FLOAT32", "INT8", "INT16", "INT32", "INT64")
def reduce_prod(draw: Draw, kind: str) -> Single:
    """Integers are -1 or 1 but for a few, floats about 1: products do not overflow."""
    single = replace(_reduction(draw, "REDUCE_PROD", kind), scale=0.0)
    shape = single.tensors[0].shape
    if kind == "FLOAT32":
        return replace(single, values={"x": np.asarray(draw.values(kind, shape, 0.3) + 1, np.float32)})
    if kind in QUANTIZED:  # numbers of about 1, so that their products are; scales to a power that f64 holds
        while single.ulp > 40:
            single = replace(_reduction(draw, "REDUCE_PROD", kind), scale=0.0)
        x, axes, y = single.tensors
        steps = float(np.iinfo(NUMPY[kind]).max) / 2
        x = replace(x, scale=float(np.float32(draw.real(1, 2) / steps)))
        y = replace(y, scale=float(np.float32(draw.real(1, 4) / steps)), zero_point=draw.zero(kind))
        return replace(single, tensors=[x, axes, y])
    if kind not in ("INT32", "INT64"):
        return single
    return replace(single, values={"x": _signs(draw, shape, kind)})


def _signs(draw: Draw, shape: tuple[int, ...], kind: str) -> np.ndarray:
    values = np.where(draw.within(0, 1, shape) == 0, -1, 1).astype(NUMPY[kind])
    values.reshape(-1)[:8] *= draw.within(1, 5, (min(8, values.size),), kind)
    return values


@generates("REDUCE_ALL", "BOOL")
def reduce_all(draw: Draw, kind: str) -> Single:
    return _reduction(draw, "REDUCE_ALL", kind)


@generates("REDUCE_ANY", "BOOL")
def reduce_any(draw: Draw, kind: str) -> Single:
    return _reduction(draw, "REDUCE_ANY", kind)


def _arg(draw: Draw, name: str, table: str, kind: str) -> Single:
    shape = draw.shape(1, 4)
    axis = draw.integer(0, len(shape) - 1)
    to = draw.choice(("INT32", "INT32", "INT64"))
    x, y = draw.tensor("x", kind, shape), Tensor("y", to, (*shape[:axis], *shape[axis + 1 :]))
    values = {}
    if draw.yes() and kind in (*QUANTIZED, "INT32"):  # several largest elements
        values["x"] = draw.within(0, 3, shape, kind)
    axes = numbers("a", [axis - draw.choice((0, len(shape)))])
    operator = Operator(name, ["x", "a"], ["y"], options(table, OutputType=2 if to == "INT32" else 4))
    return Single([x, axes, y], operator, values)


@generates("ARG_MAX", "BOOL", "FLOAT32", "INT8", "UINT8", "INT32", unjudged=("INT16",))
def arg_max(draw: Draw, kind: str) -> Single:
    return _arg(draw, "ARG_MAX", "ArgMaxOptions", kind)


@generates("ARG_MIN", "BOOL", "FLOAT32", "INT8", "UINT8", "INT32", unjudged=("INT16",))
def arg_min(draw: Draw, kind: str) -> Single:
    return _arg(draw, "ARG_MIN", "ArgMinOptions", kind)


@generates("CUMSUM", "FLOAT32", "INT8", "INT32", "INT64")
def cumsum(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 4)
    axis = draw.integer(0, len(shape) - 1)
    x, axes = draw.tensor("x", kind, shape), numbers("a", [axis - draw.choice((0, len(shape)))])
    table = options("CumsumOptions", Exclusive=draw.yes(), Reverse=draw.yes())
    return Single([x, axes, like("y", x)], Operator("CUMSUM", ["x", "a"], ["y"], table))
