"""Portable rows of arithmetic, relations and selection against their references, in every build."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import BOOL, F32, S8, DType
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Op, Range
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.binary import Binary
from edgegen.ops.compare import RELATIONS, Compare
from edgegen.ops.select_op import Select
from tests.harness import Case, check_nodes

Shape = tuple[int, ...]
NUMPY = {"s8": np.int8, "u8": np.uint8, "s16": np.int16, "s32": np.int32, "s64": np.int64, "f32": np.float32}
BROADCASTS: list[tuple[Shape, Shape]] = [
    ((2, 3, 4), (2, 3, 4)),
    ((2, 3, 1, 5), (1, 4, 5)),
    ((7,), ()),
    ((1, 1), (3, 4)),
]
S8_PAIRS = [m.reshape(-1).astype(np.int8) for m in np.meshgrid(np.arange(-128, 128, 5), np.arange(-128, 128, 3))]


def factor(real: float, zero: int = 0) -> FixedPoint:
    return FixedPoint.from_scales([real], zero)


def values(dtype: str, shape: Shape, seed: int) -> Array:
    rng = np.random.default_rng([seed, *shape])
    if dtype == "bool":
        return np.asarray(rng.integers(0, 2, shape), np.bool_)
    if dtype == "f32":
        return np.asarray(rng.integers(-6, 7, shape) / 4, np.float32)
    return np.asarray(rng.integers(0, 9, shape) - (0 if dtype == "u8" else 4)).astype(NUMPY[dtype])


def arithmetic() -> list[Case]:
    cases = []
    for function in ("div", "maximum", "minimum", "squared_difference", "floor_div", "floor_mod", "pow"):
        for dtype in ("f32", "s32", "s64"):
            for i, shapes in enumerate(BROADCASTS[: 4 if dtype == "f32" else 2]):
                a, b = values(dtype, shapes[0], i), values(dtype, shapes[1], i + 9)
                if dtype == "f32":
                    b = np.where(b == 0, np.float32(0.5), b)
                    a = np.abs(a) if function == "pow" else a
                cases.append(Case(Binary(function), [a, b], f"{function}_{dtype}", f"{function} {dtype} {shapes}"))
        for dtype in ("s32", "s64"):
            ends = np.iinfo(NUMPY[dtype])
            a = np.array([ends.min, ends.min, ends.max, ends.max, 0, -7, 7, 5], NUMPY[dtype])
            b = np.array([-1, 0, ends.min, ends.max, 0, 2, -2, -1], NUMPY[dtype])
            cases.append(Case(Binary(function), [a, b], f"{function}_{dtype}", f"{function} {dtype} ends"))
    for function in ("maximum", "minimum"):
        for dtype in ("s8", "u8", "s16"):
            inputs = [values(dtype, (3, 1, 4), 1), values(dtype, (2, 4), 2)]
            cases.append(Case(Binary(function), inputs, f"{function}_{dtype}"))
    for y in (100.0, 1.0, 0.004):
        op = Binary("div", 3, -4, requantize=factor(y, -20), clamp=Range(-100, 127))
        cases.append(Case(op, S8_PAIRS, "div_s8", f"div {y}"))
    squared = Binary("squared_difference", 3, -4, 7, factor(0.5), factor(0.3), factor(2e-7, -100))
    cases.append(Case(squared, S8_PAIRS, "squared_difference_s8"))
    wide = [np.arange(-16000, 16000, 251).astype(np.int16), np.arange(16000, -16000, -251).astype(np.int16)]
    squared = Binary("squared_difference", 0, 0, 0, factor(0.5), factor(0.3), factor(1e-4))
    cases.append(Case(squared, wide, "squared_difference_s16"))
    return cases


def relations() -> list[Case]:
    cases = []
    for i, relation in enumerate(RELATIONS):
        logical = relation in ("and", "or")
        for dtype in ("bool",) if logical else ("f32", "s8", "u8", "s16", "s32", "s64"):
            shapes = BROADCASTS[i % 4]
            inputs = [values(dtype, s, i + k) for k, s in enumerate(shapes)]
            cases.append(Case(Compare(relation), inputs, f"{relation}_{dtype}"))
        if not logical:
            op = Compare(relation, 3, -4, 8, factor(0.5), factor(0.25))
            cases.append(Case(op, S8_PAIRS, f"{relation}_s8_rescaled"))
    for relation in ("equal", "not_equal"):
        cases.append(Case(Compare(relation), [values("bool", (5,), i) for i in (1, 2)], f"{relation}_bool"))
    for dtype, bits in (("s8", 8), ("s16", 16), ("f32", 32), ("s64", 64), ("bool", 8)):
        for condition, a, b in (((2, 3, 4), (2, 3, 4), (2, 3, 4)), ((3, 1), (2, 1, 1), (4,)), ((), (5,), ())):
            inputs = [values("bool", condition, 3), values(dtype, a, 4), values(dtype, b, 5)]
            cases.append(Case(Select(), inputs, f"select_{bits}", f"select {dtype} {condition}"))
    return cases


@pytest.mark.parametrize("family", ["arithmetic", "relations"])
def test_inlined_and_sanitized(family: str) -> None:
    check_nodes((arithmetic() if family == "arithmetic" else relations())[1::2], "generic", sanitize=True)


@pytest.mark.parametrize("family", ["arithmetic", "relations"])
def test_shared_functions_by_clang(family: str) -> None:
    cases = arithmetic() if family == "arithmetic" else relations()
    check_nodes(cases[::2], "generic", optimize="size", cc="clang")


@pytest.mark.cross
@pytest.mark.parametrize("core", ["arm-neon", "cortex-m4"])
def test_on_an_emulated_core(core: str) -> None:
    check_nodes([*arithmetic()[1::4], *relations()[1::4]], core)


@pytest.mark.parametrize(
    ("op", "inputs", "text"),
    [
        (Compare("xor"), [(F32, (2,)), (F32, (2,))], "not one of"),
        (Compare("and"), [(F32, (2,)), (F32, (2,))], "not defined"),
        (Compare("less"), [(BOOL, (2,)), (BOOL, (2,))], "not defined"),
        (Compare("less"), [(F32, (2,)), (S8, (2,))], "differ in type"),
        (Compare("less"), [(F32, (2,)), (F32, (3,))], "do not broadcast"),
        (Select(), [(F32, (2,)), (F32, (2,)), (F32, (2,))], "do not fit together"),
        (Select(), [(BOOL, (2,)), (F32, (3,)), (F32, (1,))], "do not broadcast"),
    ],
)
def test_misfits_are_refused(op: Op, inputs: list[tuple[DType, Shape]], text: str) -> None:
    with pytest.raises(InvalidGraph, match=text):
        op.infer(*(TensorType(d, s) for d, s in inputs))
