"""SVDF: every row computes what the operator defines, whether the state is rewritten in place or not."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, S8, S16
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Range
from edgegen.ir.tensor import TensorType
from edgegen.ops.svdf import Svdf
from tests.dsp_host import check_nodes_on_host
from tests.harness import Case, check_nodes, constant_input

SHAPES = ((1, 8, 4, 1, 8), (2, 13, 6, 2, 5), (1, 3, 5, 1, 1), (1, 96, 12, 4, 32), (3, 16, 2, 2, 2), (1, 7, 3, 3, 19))
"""batch, depth, units, rank, memory"""


def integer_case(shape: tuple[int, int, int, int, int], state: str, row: str, bias: bool = True) -> Case:
    batch, depth, units, rank, memory = shape
    rng = np.random.default_rng(sum(shape))
    dtype = np.dtype(state)
    high = int(np.iinfo(dtype).max)
    filters = units * rank
    remember = FixedPoint.from_scales([high / (74 * 74 * depth**0.5)], 0 if dtype == np.int16 else -9)
    requantize = FixedPoint.from_scales([60 / (0.3 * high * high * (rank * memory) ** 0.5)], -20)
    op = Svdf(rank, 7, remember.zero_point, remember, requantize, Range(-128, 127))
    values = [
        rng.integers(-128, 128, (batch, depth)).astype(np.int8),
        rng.integers(-high - 1, high + 1, (batch, filters * memory)).astype(dtype),
        constant_input(rng.integers(-127, 128, (filters, depth)).astype(np.int8)),
        constant_input(rng.integers(-high, high + 1, (filters, memory)).astype(dtype)),
        constant_input(rng.integers(-9999, 9999, units).astype(np.int32)) if bias else None,
    ]
    return Case(op, values, row, f"{shape} {state}")


def apart_case() -> Case:
    """Weights of -128 beside negative ones."""
    case = integer_case(SHAPES[1], "int16", "svdf_s8_s16_dsp")
    extreme = np.random.default_rng(3).choice(np.array([-128, -1, 127], np.int8), (12, 13))
    return Case(case.op, [*case.inputs[:2], constant_input(extreme), *case.inputs[3:]], case.kernel, "apart")


def float_case(shape: tuple[int, int, int, int, int], bias: bool) -> Case:
    batch, depth, units, rank, memory = shape
    rng = np.random.default_rng(sum(shape))
    filters = units * rank
    shapes = ((batch, depth), (batch, filters * memory), (filters, depth), (filters, memory), (units,))
    x, state, features, times, b = (rng.standard_normal(s).astype(np.float32) for s in shapes)
    constants = [constant_input(features), constant_input(times), constant_input(b) if bias else None]
    return Case(Svdf(rank, clamp=Range(0, 6)), [x, state, *constants], "svdf_f32", f"{shape} f32")


def hybrid_case(shape: tuple[int, int, int, int, int], asymmetric: bool) -> Case:
    case = float_case(shape, bias=asymmetric)
    features = np.random.default_rng(2).integers(-127, 128, (shape[2] * shape[3], shape[1])).astype(np.int8)
    op = Svdf(shape[3], clamp=Range(-2, 9), scale=0.01, asymmetric=asymmetric)
    inputs = [*case.inputs[:2], constant_input(features), *case.inputs[3:]]
    return Case(op, inputs, "svdf_hybrid", f"{shape} hybrid {asymmetric}")


def portable() -> list[Case]:
    return [
        *(integer_case(s, "int16", "svdf_s8_s16", bias=s[0] > 1) for s in SHAPES),
        *(integer_case(s, "int8", "svdf_s8_s8", bias=s[0] == 1) for s in SHAPES[:3]),
        *(float_case(s, bias=s[0] > 1) for s in SHAPES[:4]),
        *(hybrid_case(s, asymmetric) for s in SHAPES[:2] for asymmetric in (False, True)),
    ]


@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_portable(cc: str) -> None:
    check_nodes(portable(), "generic", ulp=16, cc=cc, sanitize=cc == "gcc")


def test_dsp_rows_in_c() -> None:
    check_nodes_on_host([*(integer_case(s, "int16", "svdf_s8_s16_dsp") for s in SHAPES), apart_case()])


@pytest.mark.cross
def test_cortex_m4() -> None:
    made = [integer_case(s, "int16", "svdf_s8_s16_dsp", bias=s[0] > 1) for s in SHAPES]
    made += [integer_case(SHAPES[1], "int8", "svdf_s8_s8"), float_case(SHAPES[1], bias=True)]
    made += [hybrid_case(SHAPES[1], asymmetric=False), apart_case()]
    check_nodes(made, "cortex-m4", ulp=16, sanitize=True)


def test_what_does_not_fit_is_invalid() -> None:
    x, state = TensorType(S8, (1, 4)), TensorType(S16, (1, 6))
    features, times = TensorType(S8, (2, 4)), TensorType(S16, (2, 3))
    scale = FixedPoint((1 << 30,), (0,), 0)
    op = Svdf(remember=scale, requantize=scale)
    assert op.macs(x, state, features, times) == 14
    with pytest.raises(InvalidGraph, match="rank"):
        Svdf(4, remember=scale, requantize=scale).infer(x, state, features, times)
    with pytest.raises(InvalidGraph, match="remember"):
        op.infer(x, TensorType(S16, (1, 5)), features, times)
    with pytest.raises(InvalidGraph, match="bias"):
        op.infer(x, state, features, times, TensorType(S16, (3,)))
    with pytest.raises(InvalidGraph, match="do not fit"):
        op.infer(TensorType(S8, (1, 5)), state, features, times)
    with pytest.raises(InvalidGraph, match="arithmetic"):
        op.infer(TensorType(F32, (1, 4)), state, features, times)
