"""Random layers on the rows for the DSP extension: shapes, paddings, zero points, clamps and factors of every kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.op import Range
from tests.harness import Case, check_nodes, node_graph
from tests.ops.test_conv2d_dsp import conv_case
from tests.ops.test_dense_dsp import dense_case
from tests.ops.test_depthwise_conv2d_dsp import depthwise_case

GAINS = (1.0, 1.0, 1.0, 0.01, 30.0, 300.0, 3000.0)


class Dice:
    """One random layer after the other, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.count = seed * 1000

    def number(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def often(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def zero_point(self) -> int:
        return int(self.rng.choice([-128, -128, 127, 0, self.number(-128, 127)]))

    def clamp(self, zero: int) -> Range:
        if self.often(0.6):
            return Range(-128, 127)
        if self.often(0.5):
            return Range(zero, 127)
        return Range(*sorted((self.number(-128, 127), self.number(-128, 127))))

    def case(self) -> Case:
        self.count += 1
        zero, x_zero, gain = self.zero_point(), self.zero_point(), float(self.rng.choice(GAINS))
        clamp, kind, n = self.clamp(zero), self.number(0, 2), self.number
        if kind == 0:
            kernel = (n(1, 80), 1, 1) if self.often(0.4) else (n(1, 40), n(1, 5), n(1, 5))
            size, pad = (n(1, 2), n(1, 12), n(1, 12), n(1, 40)), [n(0, kernel[1 + k % 2] - 1) for k in range(4)]
            stride, dilation = (n(1, 3), n(1, 3)), (n(1, 2), n(1, 2))
            weights = "extreme" if self.often(0.3) else "any"
            top, left, bottom, right = pad
            pads = (top, left, bottom, right)
            return conv_case(
                self.count, size, kernel, stride, dilation, pads, x_zero, zero, clamp, gain, "", weights, n(0, 4) > 0
            )
        if kind == 1:
            window = (3, 3) if self.often(0.6) else (n(1, 7), n(1, 7))
            size, same = (n(1, 2), n(1, 14), n(1, 14), n(1, 21)), n(1, 2)
            stride = (same, same) if self.often(0.8) else (n(1, 3), n(1, 3))
            dilation = (1, 1) if self.often(0.8) else (n(1, 3), n(1, 3))
            top, left, bottom, right = (n(0, window[k % 2]) for k in range(4))
            pads, many = (top, left, bottom, right), 1 if self.often(0.8) else n(1, 3)
            return depthwise_case(
                "", size, window, stride, dilation, pads, x_zero, zero, clamp, gain, many, self.often(0.2)
            )
        weights = str(self.rng.choice(["any", "any", "extreme", "large"]))
        return dense_case(n(1, 5), n(1, 200), n(1, 50), "", zero, clamp, gain, weights, x_zero)


def random_cases(seed: int, count: int) -> list[Case]:
    """Layers whose windows fit their images."""
    dice, cases = Dice(seed), []
    while len(cases) < count:
        try:
            case = dice.case()
            node_graph(case)
        except InvalidGraph:
            continue
        cases.append(replace(case, label=f"{len(cases)}: {case.label}"))
    return cases


@pytest.mark.cross
def test_random_layers_are_exact_on_cortex_m4() -> None:
    rows = {k for run in check_nodes(random_cases(1, 48), "cortex-m4") for k in run.kernels}
    assert {"conv2d_s8_dsp", "dense_s8_dsp", "dense_s8_dsp_any", "depthwise_conv2d_s8_dsp"} < rows
    assert {"depthwise_conv2d_s8_dsp_3x3", "depthwise_conv2d_s8_dsp_3x3_corrected"} < rows
