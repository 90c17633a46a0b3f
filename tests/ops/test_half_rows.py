"""Images of f16, computed a few rows at a time by the rows of f32, on each kind of core."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.op import Op, Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pool2d import Pool2d
from tests.harness import Case, check_nodes, constant_input, node_graph, run_nodes
from tests.overlapping import Overlapping, check_overlaps
from tests.x86 import AVX2

SAME = (1, 1, 1, 1)


def half(op: Op, x: tuple[int, ...], w: tuple[int, ...] = (), kernel: str = "", stored: bool = False) -> Case:
    """w: of the weights, none for pooling; stored: they are f16 numbers"""
    rng = np.random.default_rng(sum(x))
    inputs: list[np.ndarray | Tensor | None] = [rng.normal(size=x).astype(np.float16)]
    if w:
        weights = (rng.normal(size=w) / 4).astype(np.float32)
        weights = weights.astype(np.float16).astype(np.float32) if stored else weights
        bias = rng.normal(size=w[2] if isinstance(op, DepthwiseConv2d) else w[0]).astype(np.float32)
        inputs += [constant_input(weights), constant_input(bias)]
    return Case(op, inputs, kernel, f"{op.kind} {x} {w}")


ROWS = {
    "generic": ("conv2d_f32", "conv2d_f32", "depthwise_conv2d_f32", "max_pool2d_f32", "average_pool2d_f32"),
    "x86-avx2": ("conv2d_f32_avx2_direct", "conv2d_f32_avx2", "depthwise_conv2d_f32_avx2", "", ""),
    "arm-neon": ("conv2d_f32_neon", "conv2d_f32_neon_scratch", "depthwise_conv2d_f32_3x3_neon_bordered", "", ""),
    "cortex-m4": ("conv2d_f32_dsp", "conv2d_f32_dsp", "depthwise_conv2d_f32_dsp", "", ""),
}


def cases(target: str) -> list[Case]:
    """Windows that leave the image above, below and beside it; bands of several rows; two images."""
    point, window, depthwise, most, average = (f"{k}_half_rows" if k else "" for k in ROWS[target])
    return [
        half(Conv2d(clamp=Range(0, 6)), (2, 6, 5, 16), (24, 1, 1, 16), point),
        half(Conv2d((2, 1), pad=SAME), (1, 9, 18, 8), (16, 3, 3, 8), window),
        half(Conv2d((1, 1), (2, 1), (2, 1, 2, 1)), (1, 5, 17, 8), (16, 3, 3, 8)),
        half(DepthwiseConv2d(pad=SAME), (1, 7, 18, 16), (3, 3, 16), depthwise),
        half(Pool2d("max", (3, 3), (2, 2), (1, 1, 0, 0)), (1, 9, 20, 16), kernel=most),
        half(Pool2d("average", (2, 2), (2, 2)), (2, 8, 10, 16), kernel=average),
    ]


# f16 has 11 bits: results are a rounding of f32 results that are right to a few of their 24
EXACT = 1


@pytest.mark.parametrize(
    "target",
    [
        "generic",
        AVX2,
        pytest.param("arm-neon", marks=pytest.mark.cross),
        pytest.param("cortex-m4", marks=pytest.mark.cross),
    ],
)
def test_images_of_halves(target: str) -> None:
    check_nodes(cases(target), target, ulp=EXACT)


def test_under_sanitizers_and_clang_and_where_flash_counts() -> None:
    check_nodes(cases("generic")[:4], ulp=EXACT, sanitize=True)
    stored = half(Conv2d(pad=SAME), (1, 5, 9, 8), (16, 3, 3, 8), "conv2d_f32_stored_half_rows", stored=True)
    check_nodes([*cases("generic")[3:], stored], ulp=EXACT, cc="clang", optimize="size")


def test_padding_that_averages_leave_out_is_not_computed_in_bands() -> None:
    (row,) = {k.name: k for k in Pool2d.kernels if k.name == "average_pool2d_f32_half_rows"}.values()
    case = half(Pool2d("average", (3, 3), (1, 1), SAME), (1, 6, 6, 4))
    graph, _ = node_graph(case)
    assert row.when(graph.nodes[0]) == "padding above and below is not there"


def test_bands_lie_over_their_input() -> None:
    check_overlaps([Overlapping(half(Conv2d(), (1, 8, 16, 8), (8, 1, 1, 8), "conv2d_f32_half_rows"))], "generic")
    check_overlaps([Overlapping(half(Conv2d(pad=SAME), (1, 8, 16, 8), (8, 3, 3, 8)))], "generic")


def test_the_arena_holds_halves() -> None:
    case = half(Conv2d(), (1, 32, 32, 16), (16, 1, 1, 16))
    (run,) = run_nodes([case])
    assert run.arena_bytes < 1.2 * 2 * 32 * 32 * 16  # the result lies over x; a band of floats is beside it
