"""Results whose extents depend on values: what is chosen stands first, its shape beside it, and 0 follows."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import BOOL, F32, S64, DType
from edgegen.ir.op import Op
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.chosen import Compress, NonZero, Unique
from edgegen.ops.select_boxes import SelectBoxes
from tests.harness import Case, check_nodes

NUMPY = {
    "f32": "float32",
    "f64": "float64",
    "s8": "int8",
    "u8": "uint8",
    "s16": "int16",
    "s32": "int32",
    "s64": "int64",
    "u64": "uint64",
}


def few_values(shape: tuple[int, ...], dtype: str, seed: int = 0) -> Array:
    """Numbers many of which are equal, zeros of both signs among those of floats."""
    rng = np.random.default_rng([seed, *shape])
    x = rng.integers(0 if dtype[0] == "u" else -2, 3, shape).astype(NUMPY[dtype])
    return -x if dtype[0] == "f" else x


def non_zeros() -> list[Case]:
    cases = []
    for dtype in NUMPY:
        for shape in ((7,), (2, 3, 4)):
            cases.append(Case(NonZero(), [few_values(shape, dtype)], f"non_zero_{dtype}", f"{dtype} {shape}"))
    cases.append(Case(NonZero(), [few_values((3, 5), "s8") > 0], "non_zero_bool"))
    cases.append(Case(NonZero(), [np.zeros((3, 2), np.int32)], label="nothing"))
    cases.append(Case(NonZero(), [np.array([[np.nan, -0.0], [0.0, 1e-45]], np.float32)], label="NaN is not 0"))
    cases.append(Case(NonZero(), [few_values((1, 2, 1, 2, 1, 2, 1, 2), "s32")], label="8 axes"))
    return cases


def compressions() -> list[Case]:
    cases = []
    for seed, (dtype, axis) in enumerate((("f32", 0), ("s8", 1), ("s64", 2), ("f64", 1))):
        for count in (1, 2, 3):
            condition = np.random.default_rng(seed).random(count) < 0.6
            inputs = [few_values((3, 4, 5), dtype, seed), condition]
            cases.append(Case(Compress(axis), inputs, "compress", f"{dtype} {axis} {condition}"))
    cases.append(Case(Compress(0), [few_values((4,), "s16"), np.zeros(4, bool)], label="none"))
    cases.append(Case(Compress(0), [few_values((4,), "s16"), np.ones(4, bool)], label="all"))
    return cases


def uniques() -> list[Case]:
    cases = []
    for dtype in NUMPY:
        for ascending in (True, False):
            x = few_values((17,), dtype, int(ascending))
            cases.append(Case(Unique(0, ascending), [x], f"unique_{dtype}", f"{dtype} {ascending}"))
    for axis in range(3):
        for ascending in (True, False):
            x = few_values((4, 5, 2), "s32", axis) // 2
            cases.append(Case(Unique(axis, ascending), [x], label=f"axis {axis} {ascending}"))
    nan = np.array([np.nan, 1, -np.inf, np.nan, np.inf, 1], np.float32)
    cases += [Case(Unique(0, ascending), [nan], label="NaN") for ascending in (True, False)]
    cases.append(Case(Unique(), [np.zeros(9, np.int8)], label="all equal"))
    cases.append(Case(Unique(), [np.arange(40, dtype=np.int64)[::-1].copy()], label="all different"))
    return cases


def selections() -> list[Case]:
    rng = np.random.default_rng(3)
    corner = rng.random((2, 12, 2)).astype(np.float32) * 4
    boxes = np.concatenate([corner, corner + rng.random((2, 12, 2)).astype(np.float32) * 3], -1)
    scores = rng.random((2, 3, 12)).astype(np.float32).round(1)
    return [
        Case(SelectBoxes(most, score, overlap), [boxes, scores], "select_boxes_f32", f"{most} {score} {overlap}")
        for most, score, overlap in ((1, 0.0, 0.5), (4, 0.3, 0.2), (12, float("-inf"), 0.9), (3, 2.0, 0.5))
    ]


def every_case() -> list[Case]:
    return [*non_zeros(), *compressions(), *uniques(), *selections()]


def test_inlined_and_sanitized() -> None:
    check_nodes(every_case(), "generic", sanitize=True)


def test_shared_functions_by_clang() -> None:
    check_nodes(every_case()[::2], "generic", optimize="size", cc="clang")


@pytest.mark.cross
@pytest.mark.parametrize("core", ["arm-neon", "cortex-m4"])
def test_on_an_emulated_core(core: str) -> None:
    check_nodes(every_case()[1::3], core)


def test_the_reference_is_numpys() -> None:
    x = few_values((6, 4), "s32")
    y, shape, first, inverse, counts, number = Unique(0).reference(x)
    wanted = np.unique(x, True, True, True, axis=0)
    found = y.reshape(-1)[: shape.prod()].reshape(shape)
    (n,) = number
    for got, want in zip((found, first[:n], inverse, counts[:n]), wanted, strict=True):
        np.testing.assert_array_equal(got, want.reshape(got.shape))


@pytest.mark.parametrize(
    ("op", "inputs", "text"),
    [
        (NonZero(), [(F32, ())], "not 0 are not defined"),
        (Compress(1), [(F32, (2, 3)), (F32, (2,))], "chooses nothing"),
        (Compress(1), [(F32, (2, 3)), (BOOL, (4,))], "longer than axis 1"),
        (Unique(2), [(F32, (2, 3))], "different along axis 2"),
        (SelectBoxes(1), [(F32, (1, 4, 4)), (F32, (1, 2, 5))], "1 of boxes"),
        (SelectBoxes(1), [(S64, (1, 4, 4)), (F32, (1, 2, 4))], "must be f32"),
    ],
)
def test_misfits_are_refused(op: Op, inputs: list[tuple[DType, tuple[int, ...]]], text: str) -> None:
    with pytest.raises(InvalidGraph, match=text):
        op.infer(*(TensorType(d, s) for d, s in inputs))
