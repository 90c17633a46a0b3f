"""AArch64's rows as shared functions and compiled by clang: other code than what the other tests of them run."""

from __future__ import annotations

import pytest

from tests.guarded import check_guarded
from tests.harness import Case
from tests.ops import (
    test_binary_neon,
    test_conv2d_neon,
    test_dense_neon,
    test_depthwise_conv2d_neon,
    test_pool2d_neon,
    test_quantize_neon,
    test_softmax_neon,
)

pytestmark = pytest.mark.cross


def cases(start: int) -> list[Case]:
    """Every third case of each operator; the rows that the target selects, which other tests pin."""
    families = [
        test_conv2d_neon.S8_CASES,
        test_conv2d_neon.F32_CASES,
        test_depthwise_conv2d_neon.S8_CASES,
        test_depthwise_conv2d_neon.S8_3X3_CASES,
        test_depthwise_conv2d_neon.F32_CASES,
        test_dense_neon.S8_CASES,
        test_dense_neon.F32_CASES,
        test_pool2d_neon.CASES,
        test_quantize_neon.CASES,
        test_binary_neon.F32_CASES,
        test_binary_neon.tail_cases(),
        test_softmax_neon.S8_CASES,
        test_softmax_neon.F32_CASES,
    ]
    return [Case(c.op, c.inputs, label=c.label) for family in families for c in family[start::3]]


@pytest.mark.parametrize("target", ["arm-neon", "arm-neon-dotprod"])
def test_shared_functions(target: str) -> None:
    check_guarded(cases(0), target, ulp=16, optimize="size")


@pytest.mark.parametrize("target", ["arm-neon", "arm-neon-dotprod"])
def test_clang(target: str) -> None:
    check_guarded(cases(1), target, ulp=16, cc="clang")


def test_shared_functions_by_clang() -> None:
    check_guarded(cases(2), "arm-neon-dotprod", ulp=16, optimize="size", cc="clang")
