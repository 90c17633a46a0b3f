"""Products of matrices: the emitted C computes what the operator defines."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S8
from edgegen.ir.fixed_point import FixedPoint, WideFixedPoint
from edgegen.ir.op import Range
from edgegen.ir.tensor import TensorType
from edgegen.ops.batch_matmul import BatchMatmul
from edgegen.ops.float_vectors import AVX2, AVX512, NEON, PLAIN, FloatVectors
from tests.guarded import check_guarded
from tests.harness import Case, check_nodes, constant_input
from tests.x86 import X86

LEADS = (((), ()), ((2,), (2,)), ((3, 1), (2,)), ((2, 1, 2), (3, 1)))
ROWS, DEPTH, UNITS = 3, 17, 4


def cases() -> list[Case]:
    made = []
    rng = np.random.default_rng(7)
    ways = itertools.product((False, True), (False, True))
    for (adj_x, adj_y), (x_lead, w_lead) in zip(ways, LEADS, strict=True):
        x_shape = (*x_lead, *((DEPTH, ROWS) if adj_x else (ROWS, DEPTH)))
        w_shape = (*w_lead, *((UNITS, DEPTH) if adj_y else (DEPTH, UNITS)))
        for dtype in ("s8", "s16", "s16_s8", "f32"):
            if dtype == "s8":
                op = BatchMatmul(adj_x, adj_y, -3, 9, FixedPoint.from_scales([0.003], 5), Range(-100, 127))
                x, w = (rng.integers(-128, 128, s).astype(np.int8) for s in (x_shape, w_shape))
            elif dtype in ("s16", "s16_s8"):
                op = BatchMatmul(adj_x, adj_y, 0, 0, WideFixedPoint.from_scales([1e-5 if dtype == "s16" else 1e-3], 0))
                x, w = (rng.integers(-32768, 32768, s).astype(np.int16) for s in (x_shape, w_shape))
                w = w if dtype == "s16" else (w >> 8).astype(np.int8)
            else:
                op = BatchMatmul(adj_x, adj_y, clamp=Range(0, 2000))
                x, w = (rng.integers(-99, 99, s).astype(np.float32) for s in (x_shape, w_shape))
            label = f"{dtype} {x_shape} {w_shape}"
            inputs = [x, constant_input(w)] if adj_x else [x, w]
            made.append(Case(op, inputs, f"batch_matmul_{dtype}", label))
    return made


def tiles(vectors: FloatVectors) -> list[Case]:
    """Of f32, in whole numbers, whose sums are exact in any order: blocks of columns of every width, whole and not."""
    rng, made = np.random.default_rng(8), []
    for i, (rows, depth, units) in enumerate(((3, 8, 5), (6, 12, 112), (5, 7, 64), (13, 6, 47), (1, 9, 1), (4, 5, 64))):
        for adj_y in (False, True):
            adj_x, (x_lead, w_lead) = i % 2 == 0, LEADS[i % 4]
            x_shape = (*x_lead, *((depth, rows) if adj_x else (rows, depth)))
            w_shape = (*w_lead, *((units, depth) if adj_y else (depth, units)))
            x, w = (rng.integers(-9, 10, shape).astype(np.float32) for shape in (x_shape, w_shape))
            laid_out = "_packed" if (adj_y and units > 1) or units % vectors.lanes else ""
            row = f"batch_matmul_f32_tiles{vectors.suffix}{laid_out}"
            op = BatchMatmul(adj_x, adj_y, clamp=Range(-200, 2000))
            made.append(Case(op, [x, w], row, f"{x_shape} {w_shape}, {adj_x=} {adj_y=}"))
    return made


@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_portable(cc: str) -> None:
    check_nodes(cases(), "generic", cc=cc, sanitize=True, optimize="size")


@pytest.mark.cross
def test_cortex_m4() -> None:
    check_nodes(cases(), "cortex-m4", optimize="size")


def test_portable_tiles() -> None:
    check_guarded(tiles(PLAIN), "generic")


@pytest.mark.cross
@pytest.mark.parametrize(("target", "vectors"), [("cortex-m4", PLAIN), ("arm-neon", NEON)])
def test_tiles_of_emulated_cores(target: str, vectors: FloatVectors) -> None:
    check_guarded(tiles(vectors), target)


@pytest.mark.parametrize("target", X86)
def test_tiles_of_this_machine(target: str) -> None:
    check_guarded(tiles(AVX2 if target == "x86-avx2" else AVX512), target)


def test_what_does_not_fit_is_invalid() -> None:
    x = TensorType(S8, (2, 3))
    with pytest.raises(InvalidGraph, match="matrices of one type, or"):
        BatchMatmul().infer(x, TensorType(S8, (3,)))
    with pytest.raises(InvalidGraph, match="multipliers"):
        BatchMatmul(requantize=FixedPoint((1, 1), (0, 0), 0)).infer(x, TensorType(S8, (3, 2)))
