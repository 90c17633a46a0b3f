"""Rnn: every row computes what the operator defines, whether the state is rewritten in place or not."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.gates import WeightScales
from edgegen.ops.rnn import Rnn
from tests.dsp_host import check_nodes_on_host
from tests.harness import Case, check_nodes, constant_input
from tests.x86 import X86

ULP = 64  # what single precision adds up to over a few steps


def case(op: Rnn, sizes: tuple[int, int, int, int], row: str, bias: bool = True) -> Case:
    """sizes: steps, batch, inputs, units"""
    steps, batch, depth, units = sizes
    rng = np.random.default_rng(sum(sizes))

    def some(*shape: int, scale: float = 1.0) -> Array:
        return (rng.standard_normal(shape) * scale).astype(np.float32)

    w, r = some(units, depth, scale=depth**-0.5), some(units, units, scale=units**-0.5)
    if op.scales is not None:
        w, r = (np.clip(np.rint(a * 60), -127, 127).astype(np.int8) for a in (w, r))
    inputs = [
        some(*((steps, batch) if op.time_major else (batch, steps)), depth),
        some(batch, units),
        constant_input(w),
        constant_input(r),
        constant_input(some(units)) if bias else None,
    ]
    return Case(op, inputs, row, f"{op} {sizes}")


def float_cases(row: str) -> list[Case]:
    return [
        case(Rnn(), (4, 1, 5, 8), row),
        case(Rnn(time_major=False, activation="relu6"), (2, 3, 4, 7), row, bias=False),
        case(Rnn(reverse=True, activation="logistic"), (3, 2, 1, 1), row),
        case(Rnn(False, True, "none"), (2, 2, 9, 3), row),
    ]


def hybrid_cases() -> list[Case]:
    even, uneven = WeightScales((0.01,), (0.02,)), WeightScales((0.01,), (0.02,), asymmetric=True)
    return [
        case(Rnn(scales=even), (3, 2, 5, 6), "rnn_hybrid"),
        case(Rnn(False, scales=uneven), (2, 2, 7, 5), "rnn_hybrid_asymmetric"),
    ]


@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_portable(cc: str) -> None:
    check_nodes([*float_cases("rnn_f32"), *hybrid_cases()], "generic", ulp=ULP, cc=cc, sanitize=True)


def test_dsp_rows_in_c() -> None:
    check_nodes_on_host(float_cases("rnn_f32_dsp"), ulp=ULP)


@pytest.mark.parametrize("target", X86[:1])
def test_x86(target: str) -> None:
    check_nodes(float_cases("rnn_f32_avx2"), target, ulp=ULP, sanitize=True)


@pytest.mark.cross
def test_neon() -> None:
    check_nodes(float_cases("rnn_f32_neon"), "arm-neon", ulp=ULP, sanitize=True)


@pytest.mark.cross
def test_cortex_m4() -> None:
    check_nodes([*float_cases("rnn_f32_dsp"), *hybrid_cases()], "cortex-m4", ulp=ULP, sanitize=True)


def test_what_does_not_fit_is_invalid() -> None:
    def of(*shape: int) -> TensorType:
        return TensorType(F32, shape)

    x, h, w, r = of(3, 1, 5), of(1, 2), of(2, 5), of(2, 2)
    assert Rnn().macs(x, h, w, r) == 3 * 2 * 7
    with pytest.raises(InvalidGraph, match="do not fit"):
        Rnn().infer(x, of(1, 3), w, r)
    with pytest.raises(InvalidGraph, match="must be a sequence"):
        Rnn().infer(of(3, 5), h, w, r)
    with pytest.raises(InvalidGraph, match="bias"):
        Rnn().infer(x, h, w, r, of(3))
    with pytest.raises(InvalidGraph, match="not one of"):
        Rnn(activation="sine").infer(x, h, w, r)
