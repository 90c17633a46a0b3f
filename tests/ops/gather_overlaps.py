"""Nodes that copy elements or slices chosen by constant indices over their input, for every row that does."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import strategies as st

from edgegen.ir.dtypes import DTYPES
from edgegen.ir.op import Op
from edgegen.ir.tensor import Array
from edgegen.ops.elements import GatherElements
from edgegen.ops.gather import Gather
from edgegen.ops.gather_nd import GatherNd
from tests.harness import Case, constant_input
from tests.ops.elementwise_overlaps import values
from tests.overlapping import Overlapping

INDEX_TYPES = ("int16", "int32", "int64")


def _slices() -> list[tuple[Op, tuple[int, ...], list[int] | Array, int]]:
    """Operator, shape of x, indices, and elements of a slice: single ones, some, and many."""
    return [
        (Gather(0), (9,), [0, 2, 3, 6, 8], 1),
        (Gather(2), (2, 3, 9), [1, 0, -2, 4, 8], 1),
        (Gather(1, 1), (2, 9, 1), np.array([[1, 3, 4], [0, 5, 8]]), 1),
        (Gather(0), (7, 5), [0, 2, 3, 6], 5),
        (Gather(1), (2, 7, 3), [1, 0, 4, 6], 3),
        (Gather(0), (6, 75), [0, 3, 5], 75),
        (Gather(0), (6, 75), [4, 0, 1], 75),
        (GatherNd(), (6, 5), np.array([[0, 1], [0, 4], [3, 2], [5, 4]]), 1),
        (GatherNd(), (6, 5, 7), np.array([[0, 0], [2, 4], [-2, 2]]), 7),
        (GatherNd(1), (2, 6, 5), np.array([[[1], [3]], [[2], [5]]]), 5),
        (GatherNd(), (6, 80), np.array([[0], [2], [-1]]), 80),
    ]


def _case(
    op: Op, dtype: str, shape: tuple[int, ...], chosen: list[int] | Array, index: str, slice: int = 1
) -> Overlapping:
    """One step further than the row says must show where kernels read a slice before they write it; no element is
    chosen twice, and could be written onto itself."""
    inputs = [values(dtype, shape), constant_input(np.array(chosen, index))]
    bytes = slice * DTYPES[dtype].size
    return Overlapping(Case(op, inputs, "", f"{op} {dtype} {index} {shape}"), bytes in (1, 2, 4, 8) or bytes > 256)


def generic() -> list[Overlapping]:
    types = zip(("s8", "s16", "f32", "s64"), itertools.cycle(INDEX_TYPES), strict=False)
    cases = [_case(op, dtype, shape, chosen, index, n) for dtype, index in types for op, shape, chosen, n in _slices()]
    rows, columns = np.array([[0, 2, 3, 6, 8], [1, 0, 4, 5, 7]]), np.array([[0, 2, -6], [3, 1, 2], [6, 4, 5]])
    for dtype, index in itertools.product(("s8", "s16", "f32", "s64"), INDEX_TYPES):
        cases.append(_case(GatherElements(1), dtype, (2, 9), rows, index))
        cases.append(_case(GatherElements(0), dtype, (7, 3), columns, index))
    return cases


@st.composite
def gathers(draw: st.DrawFn) -> Case:
    """Any indices, below 0 and outside of x too, along any axis."""
    shape = tuple(draw(st.lists(st.integers(1, 7), min_size=1, max_size=3)))
    kind = draw(st.sampled_from(["slices", "tuples", "elements"]))
    x = np.arange(1, np.prod(shape) + 1).reshape(shape).astype(draw(st.sampled_from([np.int8, np.int16, np.float32])))
    axis, places = draw(st.integers(0, len(shape) - 1)), st.integers(-8, 7)
    op: Op
    if kind == "slices":
        op, size = Gather(axis), (draw(st.integers(1, 9)),)
    elif kind == "tuples":
        op, size = GatherNd(), (draw(st.integers(1, 9)), axis + 1)
    else:
        op, size = GatherElements(axis), tuple(n if k != axis else draw(st.integers(1, 9)) for k, n in enumerate(shape))
    count = int(np.prod(size))
    chosen = np.array(draw(st.lists(places, min_size=count, max_size=count)), draw(st.sampled_from(INDEX_TYPES)))
    return Case(op, [x, constant_input(chosen.reshape(size))], label=f"{op} {x.dtype} {shape} {chosen.tolist()}")
