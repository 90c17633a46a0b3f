"""Products of matrices known at run time only whose output lies over one of them, by target."""

from __future__ import annotations

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, ScaledRound, WideFixedPoint
from edgegen.ir.tensor import Array
from edgegen.ops.batch_matmul import BatchMatmul
from edgegen.ops.float_vectors import AVX2, AVX512, NEON, PLAIN, FloatVectors
from tests.harness import Case
from tests.ops.elementwise_overlaps import values
from tests.overlapping import Overlapping

Lead = tuple[int, ...]


def _product(op: BatchMatmul, lead: Lead, size: tuple[int, int, int], kernel: str, dtypes: tuple[str, str]) -> Case:
    """size: rows, depth, units"""
    rows, depth, units = size
    x = values(dtypes[0], (*lead, *((depth, rows) if op.adj_x else (rows, depth))))
    w = values(dtypes[1], (*lead, *((units, depth) if op.adj_y else (depth, units))), 1)
    inputs: list[Array] = [np.rint(i * 40) if i.dtype.kind == "f" else i for i in (x, w)]
    return Case(op, inputs, kernel, f"{kernel} {lead} {size} {op.adj_x} {op.adj_y}")


def generic() -> list[Overlapping]:
    """Where flash counts, so that floats take plain loops, too."""
    wide = WideFixedPoint.from_scales([1e-5], 0)
    rows = [
        ("batch_matmul_s8", BatchMatmul(False, False, -3, 9, FixedPoint.from_scales([0.003], 5)), ("s8", "s8")),
        (
            "batch_matmul_s8_scaled",
            BatchMatmul(False, True, 5, -7, ScaledRound.from_scales([2.0**-8], 11)),
            ("s8", "s8"),
        ),
        ("batch_matmul_s8_s32", BatchMatmul(False, False, -128, 3), ("s8", "s8")),
        ("batch_matmul_s16", BatchMatmul(True, False, requantize=wide), ("s16", "s16")),
        ("batch_matmul_s16_s8", BatchMatmul(False, False, requantize=wide), ("s16", "s8")),
        ("batch_matmul_f32", BatchMatmul(), ("f32", "f32")),
        ("batch_matmul_f64", BatchMatmul(False, True), ("f64", "f64")),
    ]
    return [
        Overlapping(_product(op, lead, size, name, dtypes), name.endswith(("s8", "f64")))
        for name, op, dtypes in rows
        for lead, size in (((), (6, 9, 5)), ((3,), (4, 5, 7)), ((2, 2), (3, 11, 2)))
    ]


def tiles(vectors: FloatVectors) -> list[Overlapping]:
    wide = 4 * vectors.lanes
    forms = [
        (False, False, (), (13, 40, wide)),
        (False, False, (), (9, 60, wide + vectors.lanes)),
        (False, False, (2,), (7, 70, wide + 1)),
        (True, False, (2,), (6, 90, 2 * vectors.lanes)),
        (False, True, (3,), (8, 16, wide + 3)),
        (False, True, (), (14, 48, max(wide, 3))),
    ]
    name = f"batch_matmul_f32_tiles{vectors.suffix}"
    cases = []
    for adj_x, adj_y, lead, size in forms:
        packed = "_packed" if adj_y or size[2] % vectors.lanes else ""
        cases.append(_product(BatchMatmul(adj_x, adj_y), lead, size, name + packed, ("f32", "f32")))
    return [Overlapping(c, vectors is not PLAIN) for c in cases]


def plain() -> list[Overlapping]:
    return tiles(PLAIN)


def arm_neon() -> list[Overlapping]:
    return tiles(NEON)


def x86_avx2() -> list[Overlapping]:
    return tiles(AVX2)


def x86_avx512() -> list[Overlapping]:
    return tiles(AVX512)
