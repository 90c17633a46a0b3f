"""PAD, PADV2, CONCATENATION and TRANSPOSE."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.generated.single import Draw, Single, Tensor, generates, like, numbers
from tests.models.tflite_builder import Operator, options

MOVED = ("FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64", "UINT32", "BOOL")
"""Kinds of operators that move elements and compute nothing."""


def _padded(draw: Draw, kind: str) -> tuple[Tensor, Tensor, Tensor]:
    """x, its paddings and y."""
    shape = draw.shape(1, 4, 5)
    counts = draw.within(0, 3, (len(shape), 2))
    x = draw.tensor("x", kind, shape)
    return x, numbers("p", counts), like("y", x, tuple(int(n + sum(c)) for n, c in zip(shape, counts, strict=True)))


_PADDED = ("FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64", "BOOL")


@generates("PAD", *_PADDED, unjudged=("UINT32",))
def pad(draw: Draw, kind: str) -> Single:
    return Single(_padded(draw, kind), Operator("PAD", ["x", "p"], ["y"], options("PadOptions")))


@generates("PADV2", *_PADDED, unjudged=("UINT32",))
def pad_v2(draw: Draw, kind: str) -> Single:
    x, p, y = _padded(draw, kind)
    value = replace(like("v", x, (1,)), data=draw.values(kind, (1,)))
    return Single([x, p, value, y], Operator("PADV2", ["x", "p", "v"], ["y"], options("PadV2Options")))


@generates("CONCATENATION", *MOVED)
def concatenation(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 4)
    axis = draw.integer(0, len(shape) - 1)
    sizes = [draw.integer(1, 5) for _ in range(draw.choice((1, 2, 3, 3, 9)))]
    first = draw.tensor("x0", kind, shape)
    xs = [like(f"x{i}", first, (*shape[:axis], n, *shape[axis + 1 :])) for i, n in enumerate(sizes)]
    if len(xs) > 1 and draw.yes(0.3):
        xs[1] = replace(xs[1], data=draw.values(kind, xs[1].shape))
    y = like("y", first, (*shape[:axis], sum(sizes), *shape[axis + 1 :]))
    table = options("ConcatenationOptions", Axis=axis - draw.choice((0, len(shape))))
    return Single([*xs, y], Operator("CONCATENATION", [x.name for x in xs], ["y"], table))


@generates("TRANSPOSE", *MOVED)
def transpose(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 5, 4)
    order = draw.permutation(len(shape))
    x = draw.tensor("x", kind, shape)
    y = like("y", x, tuple(np.array(shape)[order].tolist()))
    return Single([x, numbers("p", order), y], Operator("TRANSPOSE", ["x", "p"], ["y"], options("TransposeOptions")))


@generates("MIRROR_PAD", *MOVED)
def mirror_pad(draw: Draw, kind: str) -> Single:
    """Mode 0 leaves the edge out of the mirror image, so there is one element less to take."""
    shape, mode = draw.shape(1, 4, 5), draw.integer(0, 1)
    counts = [[draw.integer(0, n - 1 + mode) for _ in range(2)] for n in shape]
    x = draw.tensor("x", kind, shape)
    y = like("y", x, tuple(n + sum(c) for n, c in zip(shape, counts, strict=True)))
    operator = Operator("MIRROR_PAD", ["x", "p"], ["y"], options("MirrorPadOptions", Mode=mode))
    return Single([x, numbers("p", counts), y], operator)


@generates("PACK", *MOVED, unjudged=("BOOL",))
def pack(draw: Draw, kind: str) -> Single:
    shape, count = draw.shape(1, 3), draw.integer(1, 4)
    axis = draw.integer(0, len(shape))
    first = draw.tensor("x0", kind, shape)
    xs = [like(f"x{i}", first) for i in range(count)]
    y = like("y", first, (*shape[:axis], count, *shape[axis:]))
    table = options("PackOptions", ValuesCount=count, Axis=axis - draw.choice((0, len(shape) + 1)))
    return Single([*xs, y], Operator("PACK", [x.name for x in xs], ["y"], table))


@generates("REVERSE_V2", *MOVED, unjudged=("UINT32",))
def reverse_v2(draw: Draw, kind: str) -> Single:
    """Axes beside each other, which is all that LiteRT takes."""
    shape = draw.shape(1, 4)
    first = draw.integer(0, len(shape) - 1)
    axes = list(range(first, draw.integer(first, len(shape) - 1) + 1))
    x = draw.tensor("x", kind, shape)
    operator = Operator("REVERSE_V2", ["x", "a"], ["y"], options("ReverseV2Options"))
    return Single([x, numbers("a", axes), like("y", x)], operator)


@generates("REVERSE_SEQUENCE", *MOVED, unjudged=("INT8", "UINT32", "BOOL"))
def reverse_sequence(draw: Draw, kind: str) -> Single:
    shape = draw.shape(2, 4)
    axis, batch = draw.permutation(len(shape))[:2]
    lengths = Tensor("n", draw.choice(("INT32", "INT64")), (shape[batch],))
    x = Tensor("x", kind, shape)
    table = options("ReverseSequenceOptions", SeqDim=axis, BatchDim=batch)
    values = {"n": draw.within(0, shape[axis], (shape[batch],), str(lengths.type))}
    return Single([x, lengths, like("y", x)], Operator("REVERSE_SEQUENCE", ["x", "n"], ["y"], table), values)
