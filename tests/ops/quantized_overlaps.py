"""Layers with weights of few bits and with inputs quantized at run time, whose output lies over their input."""

from __future__ import annotations

from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from tests.harness import Case
from tests.ops import test_hybrid, test_packed
from tests.ops.test_hybrid import case
from tests.ops.window_overlaps import conv, dense, depthwise, floats
from tests.overlapping import Overlapping, sharing


def generic() -> list[Overlapping]:
    return sharing(test_hybrid.PORTABLE, "generic")


def cortex_m4() -> list[Overlapping]:
    cases = [
        case(Conv2d(pad=(1, 1, 1, 1)), (1, 7, 9, 24), (24, 3, 3, 24), "hybrid_conv2d_dsp"),
        case(Conv2d(), (1, 6, 5, 16), (4, 1, 1, 16), "hybrid_conv2d_dsp"),
    ]
    return sharing([*test_hybrid.DSP, *cases], "cortex-m4")


def windows(isa: str, target: str) -> list[Overlapping]:
    return sharing(test_hybrid.windows(isa), target)


def few_bits() -> list[Overlapping]:
    """Where flash counts."""
    alone = floats(depthwise("", (1, 8, 6, 40)), "depthwise_conv2d_f32_stored")
    return sharing([*test_packed.CASES, *stored(""), alone], "generic", "size")


def few_bits_dsp() -> list[Overlapping]:
    few = (-8, 7)
    cases = [
        case(Conv2d(), (1, 6, 5, 16), (4, 1, 1, 16), "hybrid_windows_s4_dsp", weights=few),
        case(Dense(), (9, 37), (4, 37), "hybrid_windows_s4_dsp_gathered", weights=few),
    ]
    return sharing([*test_packed.DSP, *cases], "cortex-m4", "size")


def stored(suffix: str) -> list[Case]:
    kernel = f"dense_f32_stored{suffix}"
    return [
        floats(dense("", 37, 34, 20), kernel),
        floats(conv("", (1, 7, 9, 24), 40), kernel),
        floats(conv("", (2, 6, 6, 40), 24), kernel),
    ]
