"""The s8 softmax row for the DSP extension, in the emulator and on the host, against the operator's reference."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ops.softmax import Softmax
from tests.dsp_host import check_nodes_on_host
from tests.harness import Case, check_nodes


def softmax(scale: float) -> Softmax:
    """TFLM's SOFTMAX of s8 with beta 1 and this input scale: differences with 5 integer bits (PreprocessSoftmaxScaling,
    CalculateInputRadius)."""
    difference = FixedPoint.from_scales([min(scale * 2.0**26, 2.0**31 - 1)], 0)
    radius = 31 * 2.0**26 / 2.0 ** difference.shift[0]
    return Softmax(difference=difference, diff_min=-int(radius))


def cases() -> list[Case]:
    rng = np.random.default_rng(3)
    found = []
    for scale in (0.02, 0.1, 0.6):
        for shape in ((1, 12), (5, 3), (2, 1), (2, 3, 130)):
            x = rng.integers(-128, 128, shape, np.int8)
            found.append(Case(softmax(scale), [x], "softmax_s8_dsp", f"{shape} {scale}"))
    for value in (-128, 127, 0):
        found.append(Case(softmax(0.05), [np.full((1, 9), value, np.int8)], "softmax_s8_dsp", f"all {value}"))
    return found


@pytest.mark.cross
def test_softmax_is_exact_on_cortex_m4() -> None:
    check_nodes(cases(), "cortex-m4")


def test_the_forms_in_c_are_exact_and_stay_in_bounds() -> None:
    """What compilers without the instructions are given, on the host under sanitizers."""
    check_nodes_on_host(cases()[::2])
