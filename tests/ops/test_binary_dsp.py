"""Element-wise rows for the DSP extension: every pair of inputs, in the emulator and on the host."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.op import Range
from tests.dsp_host import check_nodes_on_host
from tests.harness import Case, check_nodes
from tests.ops.layer_cases import linear

A, B = (v.astype(np.int8) for v in np.meshgrid(np.arange(-128, 128), np.arange(-128, 128)))


def cases() -> list[Case]:
    add = linear("add", (0.023517, 0.015711, 0.031044), (-128, 4, -128))
    return [
        Case(add, [A, B], "add_s8_dsp", "add"),
        Case(linear("sub", (0.0039, 0.08, 0.1), (127, -128, -1)), [A, B], "add_s8_dsp", "sub"),
        Case(linear("add", (0.70013, 0.010071, 0.10003), (0, 38, -2)), [A, B], "add_s8_dsp", "gain 7"),
        *(Case(add, [A[:1, :n], B[:1, :n]], "add_s8_dsp", f"{n} elements") for n in (1, 3, 4, 7)),
        Case(linear("add", (0.02, 0.02, 0.02), (0, 0, 0), Range(0, 127)), [A, B], "add_s8_dsp", "clamp"),
        Case(linear("sub", (0.0213, 0.0371, 0.0419), (3, -9, 8), Range(-31, 77)), [A, B], "add_s8_dsp", "both"),
        Case(linear("add", (1.0, 0.01, 0.1), (0, 0, 0)), [A, B], "add_s8", "gain 10"),
        Case(add, [A, B[:1, :1]], "add_s8", "broadcast"),
        Case(linear("add", (0.047, 0.0314, 0.062), (-128, 4, -128)), [A, B], "add_s8", "ties"),
    ]


@pytest.mark.cross
def test_quantized_add_and_sub_are_exact_on_cortex_m4() -> None:
    check_nodes(cases(), "cortex-m4")


def test_the_forms_in_c_are_exact_and_stay_in_bounds() -> None:
    """What compilers without the instructions are given, on the host under sanitizers."""
    check_nodes_on_host(cases())
