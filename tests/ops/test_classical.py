"""Classical models: trees, probabilities of pairs of classes, n-grams, determinants, products so far."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, S32, DType
from edgegen.ir.op import Op
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.arg_reduce import ArgReduce
from edgegen.ops.coupling import Coupling
from edgegen.ops.cumulate import Cumulate
from edgegen.ops.determinant import Determinant
from edgegen.ops.ngrams import Ngrams
from edgegen.ops.top_k import TopK
from edgegen.ops.trees import RELATIONS, Trees, branch_code
from tests.harness import Case, check_nodes, constant_input

FLOATS = {"f32": np.float32, "f64": np.float64}


def forest(dtype: type, features: int, targets: int, seed: int) -> list[Array]:
    """Tables of trees at random: a node's ways are later nodes or leaves, which several ways may share."""
    rng = np.random.default_rng(seed)
    nodes, leaves = 20, 9
    ways = [
        [int(rng.integers(i + 1, nodes)) if rng.random() < 0.6 and i + 1 < nodes else -1 for _ in range(2)]
        for i in range(nodes)
    ]
    branch = [
        [branch_code(int(rng.integers(features)), str(rng.choice(RELATIONS)), bool(rng.integers(2))), *way]
        for way in ways
    ]
    table = np.array(branch, np.int32)
    ends = table[:, 1:] < 0
    table[:, 1:][ends] = ~rng.integers(0, leaves, ends.sum())
    first = np.concatenate([[0], np.cumsum(rng.integers(0, 3, leaves))]).astype(np.int32)
    count = int(first[-1])
    return [
        table,
        rng.integers(-2, 3, nodes).astype(dtype),
        np.array([0, 1, 2, ~0, 5], np.int32),
        first,
        rng.integers(0, targets, count).astype(np.int32),
        rng.integers(-8, 9, count).astype(dtype),
    ]


def trees() -> list[Case]:
    cases = []
    for name, dtype in FLOATS.items():
        for seed, aggregate in enumerate(("sum", "min", "max")):
            x = np.random.default_rng(seed).integers(-3, 4, (9, 4)).astype(dtype)
            x[0, :] = np.nan
            tables = [constant_input(t) for t in forest(dtype, 4, 3, seed)]
            cases.append(Case(Trees(3, aggregate), [x, *tables], f"trees_{name}", f"{name} {aggregate}"))
    return cases


def couplings() -> list[Case]:
    rng = np.random.default_rng(0)
    return [
        Case(Coupling(k), [rng.uniform(0.02, 0.98, (5, k * (k - 1) // 2)).astype(np.float32)], "coupling_f32", f"{k}")
        for k in (2, 3, 6)
    ]


def ngrams() -> list[Case]:
    grams = (((1,), 0), ((2, 3), 1), ((1, 2, 1), 4), ((3, 3), 4))
    cases = []
    for dtype, row in (("int32", "ngrams_s32"), ("int64", "ngrams_s64")):
        for length in (1, 2, 12):
            x = np.random.default_rng(length).integers(0, 4, (3, length)).astype(dtype)
            cases += [Case(Ngrams(grams, skips, 6), [x], row, f"{dtype} {length} {skips}") for skips in (1, 3)]
    return cases


def determinants() -> list[Case]:
    cases = []
    for name, dtype in FLOATS.items():
        for n in (1, 2, 5):
            x = np.random.default_rng(n).integers(-4, 5, (4, n, n)).astype(dtype) + 9 * np.eye(n, dtype=dtype)
            x[1, 0, 0] = 0  # a pivot that must be searched for
            x[2] = 1  # singular, unless of one row
            cases.append(Case(Determinant(), [x], f"determinant_{name}", f"{name} {n}"))
    return cases


def products() -> list[Case]:
    cases = []
    for dtype, of in (("f32", np.float32), ("f64", np.float64), ("s32", np.int32), ("s64", np.int64)):
        x = np.random.default_rng(1).integers(-3, 4, (3, 9, 2)).astype(of) * 1000
        for axis, exclusive, reverse in ((0, False, True), (1, True, False), (1, True, True), (2, False, False)):
            op = Cumulate(axis, exclusive, reverse, "prod")
            cases.append(Case(op, [x], f"cumulate_product_{dtype}", f"{dtype} {axis}"))
    return cases


def extremes() -> list[Case]:
    """Of the types that only ONNX asks for."""
    cases = []
    for dtype, of in (("f64", np.float64), ("s64", np.int64), ("u64", np.uint64)):
        x = np.random.default_rng(2).integers(0, 9, (3, 6, 2)).astype(of)
        x[0, 2, 0] = np.iinfo(of).max if dtype != "f64" else np.inf
        for index in ("s32", "s64"):
            for function in ("max", "min"):
                cases.append(Case(ArgReduce(function, 1, index), [x], f"arg_{function}_{dtype}_{index}"))
            cases += [Case(TopK(4, 1, largest, index), [x], f"top_k_{dtype}_{index}") for largest in (True, False)]
    return cases


def every_case() -> list[Case]:
    return [*trees(), *couplings(), *ngrams(), *determinants(), *products(), *extremes()]


def test_inlined_and_sanitized() -> None:
    check_nodes(every_case(), "generic", ulp=16, sanitize=True)


def test_shared_functions_by_clang() -> None:
    check_nodes(every_case()[::2], "generic", ulp=16, optimize="size", cc="clang")


@pytest.mark.cross
@pytest.mark.parametrize("core", ["arm-neon", "cortex-m4"])
def test_on_an_emulated_core(core: str) -> None:
    check_nodes(every_case()[1::3], core, ulp=16)


def changed(position: int, at: tuple[int, ...], value: int) -> list[Array]:
    tables = [t.copy() for t in forest(np.float32, 4, 3, 0)]
    tables[position][at] = value
    return tables


@pytest.mark.parametrize(
    ("tables", "text"),
    [
        (changed(0, (4, 1), 4), "come before"),
        (changed(0, (4, 1), 99), "not there"),
        (changed(0, (4, 2), ~9), "not there"),
        (changed(0, (4, 0), 16 * 4), "features"),
        (changed(2, (1,), 20), "not there"),
        (changed(3, (0,), 1), "no entries"),
        (changed(4, (0,), 3), "targets"),
    ],
)
def test_hostile_tables_are_refused(tables: list[Array], text: str) -> None:
    with pytest.raises(InvalidGraph, match=text):
        Trees(3).check(4, *tables)


@pytest.mark.parametrize(
    ("op", "inputs", "text"),
    [
        (Determinant(), [(F32, (2, 3))], "no square matrices"),
        (Coupling(3), [(F32, (2, 2))], "each two of 3"),
        (Ngrams((((1,), 0),)), [(F32, (2, 3))], "no rows of tokens"),
        (Ngrams((((1,), 4),)), [(S32, (2, 3))], "one of 1 columns"),
        (Cumulate(0, function="prod"), [(F32, ())], "multiplied"),
    ],
)
def test_misfits_are_refused(op: Op, inputs: list[tuple[DType, tuple[int, ...]]], text: str) -> None:
    with pytest.raises(InvalidGraph, match=text):
        op.infer(*(TensorType(d, s) for d, s in inputs))
