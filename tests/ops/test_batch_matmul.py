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
from tests.harness import Case, check_nodes, constant_input

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


@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_portable(cc: str) -> None:
    check_nodes(cases(), "generic", cc=cc, sanitize=True)


@pytest.mark.cross
def test_cortex_m4() -> None:
    check_nodes(cases(), "cortex-m4")


def test_what_does_not_fit_is_invalid() -> None:
    x = TensorType(S8, (2, 3))
    with pytest.raises(InvalidGraph, match="matrices of one type, or"):
        BatchMatmul().infer(x, TensorType(S8, (3,)))
    with pytest.raises(InvalidGraph, match="multipliers"):
        BatchMatmul(requantize=FixedPoint((1, 1), (0, 0), 0)).infer(x, TensorType(S8, (3, 2)))
