"""Portable rows of functions of one number, and of casts, against their references, in every build."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Range
from edgegen.ops.clamp import Clamp
from edgegen.ops.unary import Unary
from edgegen.ops.unary.op import FUNCTIONS, INTEGER_FUNCTIONS
from edgegen.ops.unary_quantized import Magnitude, ReciprocalRoot, TwoSlopes
from edgegen.ops.unary_tables import Sigmoid16, interpolated
from tests.harness import Case, check_nodes

SHORTS = np.unique(np.append(np.arange(-32768, 32768, 97), [-1, 0, 1, 2, 32767])).astype(np.int16)
INTEGERS = {"s16": np.int16, "s32": np.int32, "s64": np.int64}
NUMPY = {"s8": "i1", "u8": "u1", "s16": "i2", "u16": "u2", "s32": "i4", "u32": "u4", "s64": "i8", "u64": "u8"}


def factor(real: float, zero: int = 0) -> FixedPoint:
    return FixedPoint.from_scales([real], zero)


def functions() -> list[Case]:
    reals = np.concatenate([np.linspace(-9, 9, 181), [0.0, -0.0, 1e-30, 0.5, 1.5, 2.5, -0.5]]).astype(np.float32)
    positive = np.abs(reals) + np.float32(1e-3)
    cases = [
        Case(Unary(f, 0.3), [positive if f in ("log", "rsqrt", "sqrt") else reals], f"{f}_f32", f) for f in FUNCTIONS
    ]
    for name, dtype in INTEGERS.items():
        ends = np.iinfo(dtype)
        x = np.array([ends.min, ends.min + 1, -5, -1, 0, 1, 7, ends.max], dtype)
        cases += [Case(Unary(f), [x], f"{f}_{name}", f"{f} {name}") for f in INTEGER_FUNCTIONS]
    cases.append(Case(Unary("not"), [np.array([True, False, True])], "not_bool"))
    exp = interpolated(np.exp, 3e-4, 1.0)
    log = interpolated(lambda x: np.log(np.maximum(x, 1e-9)), 3e-4, 3e-4)
    cases += [
        Case(Unary("leaky_relu", quantized=TwoSlopes(0, factor(1.3), factor(0.2))), [SHORTS], "leaky_relu_s16"),
        Case(Unary("abs", quantized=Magnitude(0, factor(1.3))), [SHORTS], "magnitude_s16"),
        Case(Unary("rsqrt", quantized=ReciprocalRoot(0, factor(0.9 / 2**7))), [SHORTS], "rsqrt_s16"),
        Case(Unary("exp", quantized=exp), [SHORTS], "interpolate_s16", "exp"),
        Case(Unary("log", quantized=log), [SHORTS], "interpolate_s16", "log"),
        Case(Clamp(Range(-300, 1000)), [SHORTS], "clamp_s16"),
        Case(Clamp(Range(3, 200)), [np.arange(256).astype(np.uint8)], "clamp_u8"),
    ]
    for f in ("logistic", "tanh"):
        for multiplier, shift in ((3, 0), (6, 0), (30000, 14), (20000, 0)):
            op = Unary(f, quantized=Sigmoid16(f, multiplier, shift))
            cases.append(Case(op, [SHORTS], f"{f}_s16", f"{f} {multiplier} {shift}"))
    return cases


def test_inlined_and_sanitized() -> None:
    check_nodes(functions(), "generic", sanitize=True)


def test_shared_functions_by_clang() -> None:
    check_nodes(functions(), "generic", optimize="size", cc="clang")


@pytest.mark.cross
@pytest.mark.parametrize("core", ["arm-neon", "cortex-m4"])
def test_on_an_emulated_core(core: str) -> None:
    check_nodes(functions(), core)
