"""The vector requantization of AArch64 equals the portable one, above all beside ties and at the ends of s32."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgegen.resources import resource
from edgegen.targets import TARGETS
from edgegen.verify import toolchain

pytestmark = pytest.mark.cross

PROGRAM = r"""
#include "simd/neon.h"

#include <stdio.h>

static uint64_t state = 1;
static uint32_t drawn(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 32);
}

/* Whether 4 lanes of one factor give what edgegen_requantize gives, for any output and for one whose low bound is its
 * zero point, where negative values need only stay below it. */
static int agrees(int32_t acc, int32_t multiplier, int32_t shift)
{
    const int32_t constants[8] = { multiplier, multiplier, multiplier, multiplier, shift, shift, shift, shift };
    const edgegen_neon_factor f = edgegen_neon_load_factor(constants);
    const int32_t wanted = edgegen_requantize(acc, multiplier, shift);
    const edgegen_neon_output whole = { 3, -128, 127, shift, 0 }, above = { 3, 3, 127, shift, 0 };
    const edgegen_neon_output mixed = { 3, -128, 127, shift > 0 ? shift : 0, 0 };
    const int32_t got = vgetq_lane_s32(edgegen_neon_scale(vdupq_n_s32(acc), f, &whole), 0);
    const int32_t beside = vgetq_lane_s32(edgegen_neon_scale(vdupq_n_s32(acc), f, &mixed), 3);
    const int32_t clamped = vgetq_lane_s32(edgegen_neon_scale(vdupq_n_s32(acc), f, &above), 0);
    const int same = got == wanted && beside == wanted && (wanted > 0 ? clamped == wanted : clamped <= 0);
    if (!same) {
        printf("%d * %d, shift %d: %d %d %d, not %d\n", acc, multiplier, shift, got, beside, clamped, wanted);
    }
    return same;
}

int main(void)
{
    static const int32_t ends[] = { INT32_MIN, INT32_MIN + 1, -1, 0, 1, INT32_MAX - 1, INT32_MAX };
    int wrong = 0;
    for (int i = 0; i < 60; i++) {
        static const int32_t first[] = { 0, 1 << 30, INT32_MAX };
        const int32_t multiplier = i < 3 ? first[i] : (int32_t)(drawn() >> 2) + (1 << 30);
        for (int32_t shift = -31; shift <= 30; shift++) {
            for (int k = 0; k < 7; k++) {
                wrong += !agrees(ends[k], multiplier, shift);
            }
            for (int k = 0; k < 40 && multiplier != 0; k++) {
                wrong += !agrees((int32_t)drawn() >> (drawn() & 31), multiplier, shift);
                /* beside the accumulators whose scaled value is a whole number and a half */
                const double power = shift >= 0 ? (double)(1u << shift) : 1.0 / (1u << -shift);
                const double tie = ((int32_t)drawn() % 300 + 0.5) / (multiplier / 2147483648.0 * power);
                for (int32_t d = -3; d <= 3 && tie > -2147483000.0 && tie < 2147483000.0; d++) {
                    wrong += !agrees((int32_t)tie + d, multiplier, shift);
                }
            }
        }
    }
    return wrong != 0;
}
"""


@pytest.mark.parametrize("cc", ["", "clang"])
def test_equals_the_portable_requantization(tmp_path: Path, cc: str) -> None:
    target = TARGETS["arm-neon"]
    (tmp_path / "check.c").write_text(PROGRAM, encoding="ascii")
    compiler = toolchain.compiler(target, cc)
    flags = ["-std=c99", *toolchain.core_flags(target, compiler), "-O2", "-I", resource("runtime_c")]
    toolchain.run([compiler, *flags, "-c", "check.c", "-o", "check.o"], "compiling the check", tmp_path)
    toolchain.run([toolchain.compiler(target), "-static", "check.o", "-o", "check"], "linking the check", tmp_path)
    toolchain.run([toolchain.find("qemu-aarch64"), "-cpu", target.cpu, "./check"], "running the check", tmp_path)
