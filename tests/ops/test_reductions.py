"""Portable rows of reductions and normalizations against their references, in every build."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, S8, S32, DType
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Op
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.arg_reduce import ArgReduce
from edgegen.ops.cumulate import Cumulate
from edgegen.ops.l2_normalize import L2Normalize
from edgegen.ops.local_response import LocalResponse
from edgegen.ops.log_softmax import LogSoftmax
from edgegen.ops.reduce import Reduce
from edgegen.ops.reduce_window import Function, ReduceWindow
from tests.harness import Case, check_nodes

Shape = tuple[int, ...]
NUMPY = {"s8": "int8", "u8": "uint8", "s16": "int16", "s32": "int32", "s64": "int64", "f32": "float32", "bool": "bool"}
AXES: list[Shape] = [(1,), (0, 2), (0, 1, 2)]


def factor(real: float, zero: int = 0) -> FixedPoint:
    return FixedPoint.from_scales([real], zero)


def values(dtype: str, shape: Shape, seed: int = 0) -> Array:
    rng = np.random.default_rng([seed, *shape])
    if dtype == "f32":
        return np.asarray(rng.normal(0, 3, shape), np.float32)
    if dtype == "bool":
        return np.asarray(rng.integers(0, 4, shape) > 0)
    ends = np.iinfo(NUMPY[dtype])
    return np.asarray(rng.integers(ends.min, ends.max, shape, endpoint=True, dtype=np.int64), NUMPY[dtype])


def log_softmax(scale: float) -> LogSoftmax:
    difference = factor(min(scale * 2**26, 2.0**31 - 1))
    shift = difference.shift[0]
    return LogSoftmax(difference, -(31 * 2**26 >> shift), factor((1 << (31 - shift)) / difference.multiplier[0]))


def windows() -> list[Case]:
    """Every row of ReduceWindow, and every number of axes."""
    numbers = ("f32", "s8", "u8", "s16", "s32", "s64")
    forms: list[tuple[Shape, Shape, Shape, Shape]] = [
        ((7,), (3,), (2,), (1,)),
        ((5, 6), (2, 3), (1, 2), (3, 1)),
        ((2, 5, 3), (1, 3, 3), (1, 1, 1), (1, 2, 1)),
        ((1, 4, 4, 2), (1, 2, 2, 1), (1, 2, 2, 1), (1, 1, 1, 1)),
        ((2, 3, 2, 3, 2, 3), (2, 2, 1, 2, 1, 2), (1, 1, 1, 1, 2, 1), (1, 2, 1, 1, 1, 1)),
    ]
    functions: tuple[Function, ...] = ("add", "mul", "minimum", "maximum")
    cases = []
    for i, function in enumerate(functions):
        for k, dtype in enumerate((*numbers, "bool") if i > 1 else numbers):
            shape, *geometry = forms[(i + k) % len(forms)]
            op = ReduceWindow(function, *geometry)
            x, first = values(dtype, shape, i), values(dtype, (), k)
            cases.append(Case(op, [x, first], f"reduce_window_{function}_{dtype}", f"{op} {dtype}"))
    return cases


def reductions() -> list[Case]:
    shape = (3, 4, 5)
    functions = {
        **dict.fromkeys(("max", "min"), ("f32", "s8", "u8", "s16", "s32", "s64")),
        **{"prod": ("f32", "s32", "s64"), "sum": ("s32", "s64"), "all": ("bool",), "any": ("bool",)},
    }
    cases = []
    for i, (function, dtypes) in enumerate(functions.items()):
        for k, dtype in enumerate(dtypes):
            op = Reduce(function, AXES[(i + k) % 3], bool(k % 2))
            x = values(dtype, shape, i)
            cases.append(Case(op, [np.abs(x) / 3 if dtype == "f32" else x], f"{function}_{dtype}"))
    for function in ("mean", "sum"):
        op = Reduce(function, (0, 2), False, 0, factor(0.07))
        cases.append(Case(op, [values("s16", shape)], "reduce_s16", f"{function} s16"))
    for i, dtype in enumerate(("f32", "s8", "u8", "s16", "s32")):
        x = values(dtype, shape, i)
        x = x // 16 if dtype[1:] == "8" else x  # so that some are equal
        for k, (function, to) in enumerate((f, to) for f in ("max", "min") for to in ("s32", "s64")):
            cases.append(Case(ArgReduce(function, (i + k) % 3, to), [x], f"arg_{function}_{dtype}_{to}"))
    for k, dtype in enumerate(("f32", "s32", "s64")):
        for exclusive in (False, True):
            x = np.abs(values(dtype, shape)) if dtype == "f32" else values(dtype, shape)
            cases.append(Case(Cumulate(k, exclusive, not exclusive), [x], f"cumulate_{dtype}"))
            cases.append(Case(Cumulate((k + 1) % 3, exclusive, exclusive), [x], f"cumulate_{dtype}"))
    return cases


def normalizations() -> list[Case]:
    cases = []
    for shape in ((1, 12), (3, 1), (2, 3, 300)):
        for scale in (0.003, 0.2, 5.0, 40.0):
            cases.append(Case(log_softmax(scale), [values("s8", shape)], "log_softmax_s8", f"{shape} {scale}"))
        cases.append(Case(LogSoftmax(), [values("f32", shape)], "log_softmax_f32"))
        cases.append(Case(L2Normalize(), [values("f32", shape)], "l2_normalize_f32"))
        cases.append(Case(L2Normalize(-5), [values("s8", shape)], "l2_normalize_s8"))
        cases.append(Case(L2Normalize(9), [np.full(shape, 9, np.int8)], "l2_normalize_s8", "zero vectors"))
        for before, after in ((0, -1), (2, 1), (1, 2), (1000, 999)):
            op = LocalResponse(before, after, 1.5, 0.3, 0.75)
            cases.append(Case(op, [values("f32", shape)], "local_response_f32", f"{shape} {before} {after}"))
    cases.append(Case(log_softmax(0.1), [np.full((1, 4000), 5, np.int8)], "log_softmax_s8", "flat"))
    return cases


@pytest.mark.parametrize("family", [reductions, normalizations, windows])
def test_inlined_and_sanitized(family: Callable[[], list[Case]]) -> None:
    check_nodes(family(), "generic", sanitize=True)


def test_shared_functions_by_clang() -> None:
    check_nodes([*reductions()[::2], *normalizations()[::2], *windows()[::2]], "generic", optimize="size", cc="clang")


@pytest.mark.cross
@pytest.mark.parametrize("core", ["arm-neon", "cortex-m4"])
def test_on_an_emulated_core(core: str) -> None:
    check_nodes([*reductions()[1::3], *normalizations()[1::3], *windows()[1::3]], core)


def test_means_of_large_images() -> None:
    """Of a million pixels all of one sign, as the squares are that InstanceNormalization adds up."""
    x = np.random.default_rng(1).uniform(900, 1100, (1, 1000, 1000, 1)).astype(np.float32)
    check_nodes([Case(Reduce(f, (1, 2)), [x], "reduce_f32") for f in ("mean", "sum")], "generic")


@pytest.mark.parametrize(
    ("op", "inputs", "text"),
    [
        (ArgReduce("max", 2), [(F32, (2, 3))], "nothing along axis 2"),
        (ArgReduce("mean", 0), [(F32, (2, 3))], "not defined"),
        (Cumulate(2), [(F32, (2, 3))], "cannot be summed up"),
        (Cumulate(), [(S8, (2, 3))], "cannot be summed up"),
        (LogSoftmax(), [(F32, ())], "no last axis"),
        (log_softmax(0.1), [(S8, (1, 5000))], "overflows"),
        (L2Normalize(), [(S8, (1, 50000))], "overflow"),
        (L2Normalize(), [(F32, ())], "no last axis"),
        (LocalResponse(), [(S32, (3,))], "no neighbours"),
    ],
)
def test_misfits_are_refused(op: Op, inputs: list[tuple[DType, Shape]], text: str) -> None:
    with pytest.raises(InvalidGraph, match=text):
        op.infer(*(TensorType(d, s) for d, s in inputs))
