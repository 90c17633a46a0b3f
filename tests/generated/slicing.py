"""SLICE, STRIDED_SLICE, SPLIT and SPLIT_V."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.generated.movement import MOVED
from tests.generated.single import Draw, Single, generates, like, numbers
from tests.models.tflite_builder import Operator, options


@generates("SLICE", *MOVED)
def slice_(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 4)
    begin = [draw.integer(0, n - 1) for n in shape]
    size = [draw.integer(1, n - b) for n, b in zip(shape, begin, strict=True)]
    x = draw.tensor("x", kind, shape)
    asked = [-1 if b + k == n and draw.yes() else k for n, b, k in zip(shape, begin, size, strict=True)]
    tensors = [x, numbers("b", begin), numbers("s", asked), like("y", x, tuple(size))]
    return Single(tensors, Operator("SLICE", ["x", "b", "s"], ["y"], options("SliceOptions")))


@generates("STRIDED_SLICE", *MOVED)
def strided_slice(draw: Draw, kind: str) -> Single:
    """Every axis has an entry; masks let it start or end at the ends, or drop it. No part is empty."""
    while True:
        shape = draw.shape(1, 4)
        begin = [draw.integer(-n, n - 1) for n in shape]
        end = [draw.integer(-n - 1, n + 1) for n in shape]
        stride = [draw.choice((1, 1, 2, 3, -1, -2)) for _ in shape]
        masks = {name: draw.integer(0, 15) & draw.integer(0, 15) & ((1 << len(shape)) - 1) for name in ("b", "e", "s")}
        parts: list[Any] = []
        for i in range(len(shape)):
            if masks["s"] >> i & 1:
                stride[i] = 1
                masks["b"] &= ~(1 << i)
                parts.append(begin[i])
                continue
            first = None if masks["b"] >> i & 1 else begin[i]
            parts.append(slice(first, None if masks["e"] >> i & 1 else end[i], stride[i]))
        result = np.zeros(shape)[tuple(parts)]
        if result.size:
            break
    x = draw.tensor("x", kind, shape)
    table = options("StridedSliceOptions", BeginMask=masks["b"], EndMask=masks["e"], ShrinkAxisMask=masks["s"])
    tensors = [x, numbers("b", begin), numbers("e", end), numbers("s", stride), like("y", x, result.shape)]
    return Single(tensors, Operator("STRIDED_SLICE", ["x", "b", "e", "s"], ["y"], table))


_SPLIT = tuple(kind for kind in MOVED if kind not in ("UINT32", "BOOL"))


@generates("SPLIT", *_SPLIT, unjudged=("UINT32", "BOOL"))
def split(draw: Draw, kind: str) -> Single:
    shape, count, part = list(draw.shape(1, 4)), draw.integer(1, 4), draw.integer(1, 3)
    axis = draw.integer(0, len(shape) - 1)
    shape[axis] = count * part
    x = draw.tensor("x", kind, tuple(shape))
    shape[axis] = part
    ys = [like(f"y{i}", x, tuple(shape)) for i in range(count)]
    axes = numbers("a", axis - draw.choice((0, len(shape))))
    table = options("SplitOptions", NumSplits=count)
    return Single([axes, x, *ys], Operator("SPLIT", ["a", "x"], [y.name for y in ys], table))


@generates("SPLIT_V", *_SPLIT, unjudged=("UINT32", "BOOL"))
def split_v(draw: Draw, kind: str) -> Single:
    shape, sizes = list(draw.shape(1, 4)), [draw.integer(1, 4) for _ in range(draw.integer(1, 4))]
    axis = draw.integer(0, len(shape) - 1)
    shape[axis] = sum(sizes)
    x = draw.tensor("x", kind, tuple(shape))
    ys = [like(f"y{i}", x, (*shape[:axis], n, *shape[axis + 1 :])) for i, n in enumerate(sizes)]
    asked = list(sizes)
    if draw.yes(0.4):
        asked[draw.integer(0, len(asked) - 1)] = -1
    tensors = [x, numbers("s", asked), numbers("a", [axis - draw.choice((0, len(shape)))]), *ys]
    table = options("SplitVOptions", NumSplits=len(sizes))
    return Single(tensors, Operator("SPLIT_V", ["x", "s", "a"], [y.name for y in ys], table))


@generates("UNPACK", *MOVED, unjudged=("INT64", "UINT32"))
def unpack(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 4, 4)
    axis = draw.integer(0, len(shape) - 1)
    x = draw.tensor("x", kind, shape)
    ys = [like(f"y{i}", x, (*shape[:axis], *shape[axis + 1 :])) for i in range(shape[axis])]
    table = options("UnpackOptions", Num=shape[axis], Axis=axis - draw.choice((0, len(shape))))
    return Single([x, *ys], Operator("UNPACK", ["x"], [y.name for y in ys], table))
