"""Operators whose indices are known at run time: any type, and whatever the indices are, no byte of another tensor."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, S8, S16, S32, DType
from edgegen.ir.op import Op
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.gather import Gather
from edgegen.ops.gather_nd import GatherNd
from edgegen.ops.one_hot import OneHot
from edgegen.ops.reverse_sequence import ReverseSequence
from edgegen.ops.scatter_nd import ADDED, ScatterNd
from edgegen.ops.top_k import TopK
from edgegen.ops.update_slice import UpdateSlice
from tests.harness import Case, check_nodes, constant_input

DTYPES = ("int8", "bool", "int16", "float32", "int64")
INDEX_TYPES = ("int16", "int32", "int64")
NUMPY = {"s8": "int8", "u8": "uint8", "s16": "int16", "s32": "int32", "s64": "int64", "f32": "float32", "bool": "bool"}
ROWS = {v: k for k, v in NUMPY.items()}


def numbered(shape: tuple[int, ...], dtype: str = "int8") -> Array:
    return (np.arange(np.prod(shape)) * 37 % 251 - 100).reshape(shape).astype(dtype)


def wild(shape: tuple[int, ...], extent: int, dtype: str, seed: int = 0) -> Array:
    """Indices half of which lie inside of [-extent, extent), the others anywhere that the type reaches."""
    rng = np.random.default_rng([seed, *shape])
    ends = np.iinfo(dtype)
    tame = rng.integers(-extent, extent, shape)
    far = rng.choice([ends.min, ends.min + 1, ends.max, -extent - 1, extent], shape)
    return np.where(rng.random(shape) < 0.5, tame, far).astype(dtype)


def gathers() -> list[Case]:
    cases = []
    for dtype, index in zip(DTYPES, itertools.cycle(INDEX_TYPES), strict=False):
        x = numbered((2, 3, 5), dtype)
        cases.append(Case(Gather(2), [x, wild((4,), 5, index)], f"gather_{ROWS[index]}", f"{dtype} {index}"))
        cases.append(Case(Gather(1), [x, wild((2, 2), 3, index)], label=f"runs {dtype} {index}"))
    x = numbered((2, 3, 5))
    cases.append(Case(Gather(1, 1), [x, wild((2, 4), 3, "int32")], label="batched"))
    cases.append(Case(Gather(2, 1), [x, wild((2, 4), 5, "int32")], label="batched, outer axes between"))
    cases.append(Case(Gather(2, 2), [x, wild((2, 3), 5, "int32")], label="batched twice"))
    cases.append(Case(Gather(0), [x, np.int32(-1).reshape(())], label="scalar"))
    cases.append(Case(Gather(0), [constant_input(numbered((7, 6))), wild((9,), 7, "int32")], label="a table in flash"))
    cases.append(Case(Gather(1), [x, constant_input(np.array([2, 0], np.int32))], label="constant indices"))
    return cases


def gathers_nd() -> list[Case]:
    cases = []
    for dtype, index in zip(DTYPES, itertools.cycle(INDEX_TYPES), strict=False):
        x = numbered((4, 3, 5), dtype)
        cases.append(Case(GatherNd(), [x, wild((6, 3), 3, index)], f"gather_nd_{ROWS[index]}", f"{dtype} {index}"))
    x = numbered((2, 3, 4, 5))
    for batch, depth in ((0, 1), (0, 2), (1, 1), (1, 2), (2, 2)):
        shape = (*x.shape[:batch], 2, depth)
        cases.append(Case(GatherNd(batch), [x, wild(shape, 3, "int32")], label=f"batch {batch}, depth {depth}"))
    return cases


def scatters() -> list[Case]:
    cases = []
    for dtype, index in itertools.product((*DTYPES, "uint8", "int32"), ("int32", "int64")):
        bits = 8 * np.dtype(dtype).itemsize
        tuples, updates = wild((9, 1), 4, index), numbered((9, 3), dtype)
        x = numbered((4, 3), dtype)
        if dtype in DTYPES[1:]:
            cases.append(Case(ScatterNd(), [x, tuples, updates], f"scatter_nd_{bits}_{ROWS[index]}"))
        added = ROWS[np.dtype(dtype).name]
        assert added in ADDED
        cases.append(Case(ScatterNd("add"), [x, tuples, updates], f"scatter_nd_add_{added}_{ROWS[index]}"))
    x = numbered((3, 4, 2))
    cases.append(Case(ScatterNd("add"), [x, wild((2, 8, 2), 3, "int32"), numbered((2, 8, 2))], label="tuples of 2"))
    cases.append(Case(ScatterNd(), [x, wild((9, 3), 2, "int32"), numbered((9,))], label="tuples of 3"))
    return cases


def one_hots() -> list[Case]:
    cases = []
    for dtype, index in zip(DTYPES, itertools.cycle(("int32", "int64")), strict=False):
        on, off = np.ones((1,), dtype), np.zeros((), dtype)
        row = f"one_hot_{ROWS[index]}"
        cases.append(Case(OneHot(4, 1), [wild((3, 5), 4, index), on, off], row, f"{dtype} {index}"))
        cases.append(Case(OneHot(4, 2, True), [wild((3, 5), 4, index), on, off], row, f"{dtype} {index} from the end"))
    on, off = constant_input(np.float32(3)), constant_input(np.float32(-1))
    cases.append(Case(OneHot(3, 0), [wild((2, 2), 3, "int32"), on, off], label="constant values"))
    return cases


def tops() -> list[Case]:
    cases = []
    rng = np.random.default_rng(8)
    for (i, of), to in itertools.product(enumerate(("f32", "s8", "u8", "s16", "s32", "s64")), ("s16", "s32", "s64")):
        x = rng.integers(0, 9, (2, 12, 3)).astype(NUMPY[of])  # many are equal
        axis = (i + len(to)) % 3
        count, largest = ((1, True), (x.shape[axis] - 1, False), (x.shape[axis], True))[(i + len(cases)) % 3]
        cases.append(Case(TopK(count, axis, largest, to), [x], f"top_k_{of}_{to}", f"{count} {axis} {largest}"))
    x = rng.standard_normal((3, 40)).astype(np.float32)
    x[:, ::7], x[1, 3], x[2, 5], x[0, 1] = np.nan, np.inf, -np.inf, -np.inf
    cases += [Case(TopK(k, 1, largest), [x], label="NaN") for k in (5, 36, 40) for largest in (True, False)]
    return cases


def updates() -> list[Case]:
    cases = []
    for dtype, index in itertools.product(DTYPES, ("int32", "int64")):
        x, box = numbered((3, 4, 5), dtype), numbered((2, 2, 3), dtype)
        start = wild((3,), 3, index, len(cases))
        cases.append(Case(UpdateSlice(), [x, box, start], f"update_slice_{ROWS[index]}", f"{dtype} {index}"))
    for shape in ((1, 4, 5), (3, 1, 5), (3, 4, 5), (3, 4, 1), (1, 1, 1)):
        cases.append(
            Case(UpdateSlice(), [numbered((3, 4, 5)), -numbered(shape), wild((3,), 2, "int32")], label=str(shape))
        )
    deep = (2, 3, 2, 3, 2, 3)
    cases.append(Case(UpdateSlice(), [numbered(deep), numbered((1, 2, 1, 2, 1, 2)), wild((6,), 2, "int32")]))
    return cases


def reversals() -> list[Case]:
    cases = []
    for axis, batch in ((1, 0), (0, 1), (0, 2), (2, 0), (1, 2)):
        for dtype, index in (("int8", "int32"), ("float32", "int64"), ("int16", "int32")):
            x = numbered((3, 4, 5), dtype)
            lengths = wild((x.shape[batch],), 5, index)
            cases.append(Case(ReverseSequence(axis, batch), [x, lengths], f"reverse_sequence_{ROWS[index]}"))
    return cases


ALL = [gathers, gathers_nd, scatters, one_hots, tops, updates, reversals]


@pytest.mark.parametrize("cases", ALL)
def test_rows_touch_only_their_own_bytes_whatever_the_indices(cases: Callable[[], list[Case]]) -> None:
    check_nodes(cases(), "generic", sanitize=True)


def test_shared_functions_compute_the_same() -> None:
    some = [c for cases in ALL for c in cases()[::6]]
    check_nodes(some, "generic", optimize="size", cc="clang")


@pytest.mark.cross
@pytest.mark.parametrize("target", ["arm-neon", "cortex-m4"])
def test_rows_on_arm(target: str) -> None:
    check_nodes([c for cases in ALL for c in cases()[::6]], target)


def type_of(dtype: DType, *shape: int) -> TensorType:
    return TensorType(dtype, shape)


@pytest.mark.parametrize(
    ("op", "types"),
    [
        (Gather(2), [type_of(F32, 2, 3), type_of(S32, 2)]),
        (Gather(1, 1), [type_of(F32, 2, 3), type_of(S32, 3)]),
        (Gather(0), [type_of(F32, 2, 3), type_of(F32, 3)]),
        (GatherNd(), [type_of(F32, 2, 3), type_of(S32, 4, 3)]),
        (GatherNd(), [type_of(F32, 2, 3), type_of(S32)]),
        (ScatterNd(), [type_of(F32, 2, 3), type_of(S32, 4, 1), type_of(F32, 4)]),
        (ScatterNd(), [type_of(F32, 2, 3), type_of(S32, 4, 1), type_of(S8, 4, 3)]),
        (OneHot(0, 0), [type_of(S32, 4), type_of(F32), type_of(F32)]),
        (OneHot(3, 2), [type_of(S32, 4), type_of(F32), type_of(F32)]),
        (OneHot(3, 0), [type_of(S32, 4), type_of(F32), type_of(S8)]),
        (OneHot(3, 0), [type_of(S32, 4), type_of(F32, 2), type_of(F32)]),
        (TopK(4, 1), [type_of(F32, 2, 3)]),
        (TopK(1, 2), [type_of(F32, 2, 3)]),
        (TopK(1, 0, True, "s16"), [type_of(F32, 40000)]),
        (UpdateSlice(), [type_of(F32, 2, 3), type_of(F32, 3, 3), type_of(S32, 2)]),
        (UpdateSlice(), [type_of(F32, 2, 3), type_of(F32, 2, 3), type_of(S32, 1)]),
        (UpdateSlice(), [type_of(F32, 2, 3), type_of(F32, 2, 3), type_of(S16, 2)]),
        (ReverseSequence(1, 1), [type_of(F32, 2, 3), type_of(S32, 3)]),
        (ReverseSequence(0, 1), [type_of(F32, 2, 3), type_of(S32, 2)]),
    ],
)
def test_inputs_that_do_not_fit(op: Op, types: list[TensorType]) -> None:
    with pytest.raises(InvalidGraph):
        op.infer(*types)


def test_interpretation_of_indices() -> None:
    """What the operators' docstrings promise for indices that interpreters refuse."""
    x = np.arange(12).reshape(4, 3)
    (y,) = Gather(0).reference(x, np.array([-1, -4, -5, 4, 9]))
    np.testing.assert_array_equal(y, x[[3, 0, 0, 3, 3]])
    (y,) = GatherNd().reference(x, np.array([[-1, 9], [-9, -1]]))
    np.testing.assert_array_equal(y, [x[3, 2], x[0, 2]])
    (y,) = ScatterNd().reference(x, np.array([[-1], [4], [-5]]), np.full((3, 3), 50))
    np.testing.assert_array_equal(y, [*x[:3], [50] * 3])
    (y,) = OneHot(3, 1).reference(np.array([-1, 2, 3]), np.int8(1), np.int8(0))
    np.testing.assert_array_equal(y, [[0, 0, 0], [0, 0, 1], [0, 0, 0]])
    (y,) = OneHot(3, 1, from_end=True).reference(np.array([-1, -4]), np.int8(1), np.int8(0))
    np.testing.assert_array_equal(y, [[0, 0, 1], [0, 0, 0]])
