"""Quantized sums, differences and products by way of real numbers."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, S8
from edgegen.ir.op import Range
from edgegen.ir.tensor import TensorType
from edgegen.ops.requantize import Dequantize, Quantize
from edgegen.ops.scaled_binary import FUNCTIONS, ScaledBinary
from tests.guarded import check_guarded
from tests.harness import Case, check_nodes, constant_input
from tests.x86 import X86

EVERY = np.repeat(np.arange(-128, 128), 256).astype(np.int8), np.tile(np.arange(-128, 128), 256).astype(np.int8)


def _op(function: str) -> ScaledBinary:
    """Scales of powers of two, whose sums have many ties; products have them too."""
    return ScaledBinary(function, 0.0625, 3, 0.03125, -17, 0.125 if function != "mul" else 0.25, -9)


def _cases(suffix: str = "") -> list[Case]:
    """suffix: of the rows for operands that lie side by side"""
    random = np.random.default_rng(5)
    x, row = (random.integers(-128, 128, shape).astype(np.int8) for shape in ((2, 3, 5, 4), (5, 1)))
    cases = [Case(_op(f), list(EVERY), kernel=f"scaled_{f}_s8{suffix}", label=f) for f in FUNCTIONS]
    cases += [Case(_op(f), [x, x[::-1].copy()], kernel=f"scaled_{f}_s8{suffix}", label=f"{f}, 120") for f in FUNCTIONS]
    odd = ScaledBinary("add", 0.0371, 100, 0.0213, -90, 0.0544, 12, Range(-100, 55))
    return [*cases, Case(odd, [x, constant_input(row)], label="a constant, repeated"), Case(odd, [row, x], label="a")]


def test_every_pair_is_dequantized_computed_and_quantized() -> None:
    for function, compute in FUNCTIONS.items():
        op = _op(function)
        (a,) = Dequantize((op.a_scale,), (op.a_zero,)).reference(EVERY[0])
        (b,) = Dequantize((op.b_scale,), (op.b_zero,)).reference(EVERY[1])
        (wanted,) = Quantize(op.scale, op.zero_point, "s8", even=True).reference(compute(a, b))
        assert np.array_equal(op.reference(*EVERY)[0], wanted)


def test_portable_rows() -> None:
    check_nodes(_cases(), "generic", sanitize=True)


@pytest.mark.parametrize("target", X86)
def test_rows_of_this_machine(target: str) -> None:
    check_nodes(_cases(f"_{target[4:]}"), target, sanitize=True)
    check_nodes(_cases(f"_{target[4:]}"), target, cc="clang")


@pytest.mark.cross
@pytest.mark.parametrize(("target", "suffix"), [("arm-neon", "_neon"), ("cortex-m4", "")])
def test_rows_of_other_cores(target: str, suffix: str) -> None:
    check_nodes(_cases(suffix)[3:], target)
    check_guarded(_cases(suffix)[3:5], target)


def test_what_is_refused() -> None:
    s8, f32 = TensorType(S8, (4,)), TensorType(F32, (4,))
    with pytest.raises(InvalidGraph, match="must be s8"):
        ScaledBinary("add").infer(s8, f32)
    with pytest.raises(InvalidGraph, match="do not broadcast"):
        ScaledBinary("add").infer(s8, TensorType(S8, (3,)))
    with pytest.raises(InvalidGraph, match="is not one of"):
        ScaledBinary("pow").infer(s8, s8)
