"""Transposed convolutions: the emitted C computes what the operator defines."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S8
from edgegen.ir.fixed_point import FixedPoint, WideFixedPoint
from edgegen.ir.op import Range
from edgegen.ir.tensor import TensorType
from edgegen.ops.transpose_conv2d import TransposeConv2d
from tests.harness import Case, check_nodes, constant_input

GEOMETRIES = (
    ((2, 3, 4, 3), (5, 3, 4), (2, 2), (1, 1), (6, 8)),
    ((1, 5, 5, 1), (2, 1, 1), (3, 2), (0, 0), (13, 9)),  # pixels that nothing reaches
    ((1, 1, 5, 8), (4, 3, 4), (1, 2), (0, 0), (7, 9)),  # larger along one axis, cut along the other
)


def cases() -> list[Case]:
    made = []
    rng = np.random.default_rng(3)
    for x_shape, (units, *kernel), stride, pad, size in GEOMETRIES:
        for dtype in ("s8", "s16", "f32"):
            w = rng.integers(-128, 128, (units, *kernel, x_shape[3]))
            factors = [(1 + 0.2 * i) / 400 for i in range(units)]
            if dtype == "s8":
                op = TransposeConv2d(size, stride, pad, -7, FixedPoint.from_scales(factors, 4), Range(-120, 127))
                x = rng.integers(-128, 128, x_shape).astype(np.int8)
                inputs = [
                    x,
                    constant_input(w.astype(np.int8)),
                    constant_input(rng.integers(-999, 999, units, np.int32)),
                ]
            elif dtype == "s16":
                op = TransposeConv2d(size, stride, pad, 0, WideFixedPoint.from_scales(factors[:1], 0))
                x = rng.integers(-32768, 32768, x_shape).astype(np.int16)
                bias = rng.integers(-(1 << 25), 1 << 25, units, np.int64)
                inputs = [x, constant_input(w.astype(np.int8)), constant_input(bias)]
            else:
                op = TransposeConv2d(size, stride, pad, clamp=Range(-500, float("inf")))
                x = rng.integers(-128, 128, x_shape).astype(np.float32)
                inputs = [x, constant_input(w.astype(np.float32)), None]
            made.append(Case(op, inputs, f"transpose_conv2d_{dtype}", f"{dtype} {x_shape}"))
    return made


@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_portable(cc: str) -> None:
    check_nodes(cases(), "generic", cc=cc, sanitize=True)


@pytest.mark.cross
def test_cortex_m4() -> None:
    check_nodes(cases(), "cortex-m4")


def test_what_does_not_fit_is_invalid() -> None:
    x, w = TensorType(S8, (1, 4, 4, 3)), TensorType(S8, (2, 3, 3, 3))
    with pytest.raises(InvalidGraph, match="do not spread"):
        TransposeConv2d((8, 8)).infer(x, TensorType(S8, (2, 3, 3, 4)))
    with pytest.raises(InvalidGraph, match="bias"):
        TransposeConv2d((8, 8)).infer(x, w, TensorType(S8, (3,)))
    with pytest.raises(InvalidGraph, match="must be positive"):
        TransposeConv2d((8, 0)).infer(x, w)
    with pytest.raises(InvalidGraph, match="multipliers"):
        TransposeConv2d((8, 8), requantize=FixedPoint((1, 1, 1), (0, 0, 0), 0)).infer(x, w)
