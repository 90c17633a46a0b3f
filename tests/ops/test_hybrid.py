"""HybridProduct: every kernel row against the operator's reference, equal to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ir.tensor import Array
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.hybrid import HybridProduct
from edgegen.ops.quantize_rows import quantize_rows
from edgegen.ops.row_scale import RowScale
from tests.guarded import check_guarded
from tests.harness import Case, check_nodes, constant_input
from tests.x86 import X86

GROUPED = Conv2d((2, 1), (1, 1), (1, 0, 1, 0))
WIDE = Conv2d((1, 1), (2, 1), (2, 1, 2, 1))
PLAIN = Conv2d()
STRIDED = Conv2d((2, 2), (1, 1), (0, 0, 1, 1))
CLAMP = Range(0.0, 6.0)


def case(
    product: Dense | Conv2d | DepthwiseConv2d,
    x: tuple[int, ...],
    w: tuple[int, ...],
    kernel: str,
    asymmetric: bool = True,
    per_channel: bool = True,
    bias: bool = True,
    clamp: Range = NO_CLAMP,
    weights: tuple[int, int] = (-127, 127),
) -> Case:
    rng = np.random.default_rng(sum(x) + sum(w))
    values = (rng.normal(size=x) + 0.5).astype(np.float32)
    q, scale, zero = quantize_rows(values.reshape(x[0], -1), asymmetric)
    units = w[2] if isinstance(product, DepthwiseConv2d) else w[0]
    scales = tuple(rng.uniform(0.001, 0.1, units if per_channel else 1).astype(np.float32).tolist())
    op = HybridProduct(product, RowScale(scales, isinstance(product, Conv2d) and per_channel), clamp)
    filters = rng.integers(weights[0], weights[1] + 1, w).astype(np.int8)
    b: Array = rng.normal(size=units).astype(np.float32)
    inputs = [q.reshape(x), scale, zero, constant_input(filters), constant_input(b) if bias else None]
    return Case(op, inputs, kernel, f"{product.kind} {x} {w}")


PORTABLE = [
    case(Dense(), (1, 5), (3, 5), "hybrid_dense"),
    case(Dense(), (3, 33), (7, 33), "hybrid_dense", asymmetric=False, per_channel=False, bias=False, clamp=CLAMP),
    case(PLAIN, (2, 4, 3, 5), (6, 1, 1, 5), "hybrid_conv2d"),
    case(GROUPED, (1, 5, 4, 6), (4, 3, 1, 3), "hybrid_conv2d", clamp=CLAMP),
    case(WIDE, (1, 6, 5, 2), (3, 3, 3, 2), "hybrid_conv2d", asymmetric=False, per_channel=False),
    case(STRIDED, (2, 5, 5, 3), (8, 2, 2, 3), "hybrid_conv2d", bias=False),
    case(DepthwiseConv2d(pad=(1, 1, 1, 1)), (2, 4, 5, 3), (3, 3, 3), "hybrid_depthwise_conv2d"),
    case(DepthwiseConv2d((2, 2), (1, 2)), (1, 6, 7, 2), (3, 2, 4), "hybrid_depthwise_conv2d", clamp=CLAMP, bias=False),
]


@pytest.mark.parametrize("optimize", ["speed", "size"])
def test_portable_rows(optimize: str) -> None:
    check_nodes(PORTABLE, ulp=0, optimize="size" if optimize == "size" else "speed")


def test_portable_rows_under_sanitizers_and_clang() -> None:
    check_nodes(PORTABLE, ulp=0, sanitize=True)
    check_nodes(PORTABLE, ulp=0, cc="clang")


DSP = [
    case(Dense(), (1, 5), (3, 5), "hybrid_dense_dsp"),
    case(Dense(), (2, 32), (9, 32), "hybrid_dense_dsp", asymmetric=False, per_channel=False, clamp=CLAMP),
    case(Dense(), (1, 1030), (6, 1030), "hybrid_dense_dsp", bias=False),
    case(Dense(), (1, 7), (8, 7), "hybrid_dense", weights=(-128, -100)),
    case(PLAIN, (2, 4, 3, 5), (6, 1, 1, 5), "hybrid_conv2d_dsp"),
    case(PLAIN, (1, 1, 1, 8), (5, 1, 1, 8), "hybrid_conv2d_dsp"),
    case(STRIDED, (2, 5, 5, 3), (8, 2, 2, 3), "hybrid_conv2d_dsp", bias=False, clamp=CLAMP),
    case(WIDE, (1, 6, 5, 2), (1, 3, 3, 2), "hybrid_conv2d_dsp", asymmetric=False, per_channel=False),
    case(Conv2d(pad=(1, 1, 1, 1)), (1, 7, 9, 24), (23, 3, 3, 24), "hybrid_conv2d_dsp"),
    case(GROUPED, (1, 5, 4, 6), (4, 3, 1, 3), "hybrid_conv2d"),
    case(DepthwiseConv2d(pad=(1, 1, 1, 1)), (2, 4, 5, 6), (3, 3, 6), "hybrid_depthwise_conv2d_dsp", clamp=CLAMP),
    case(DepthwiseConv2d((2, 1), (1, 2)), (1, 6, 7, 4), (3, 1, 4), "hybrid_depthwise_conv2d_dsp", bias=False),
    case(DepthwiseConv2d((2, 2), pad=(1, 1, 1, 1)), (1, 6, 7, 1), (3, 3, 5), "hybrid_conv2d_dsp"),
    case(DepthwiseConv2d(), (1, 6, 7, 2), (3, 2, 4), "hybrid_depthwise_conv2d"),
]


@pytest.mark.cross
def test_dsp_rows() -> None:
    check_nodes(DSP, "cortex-m4", ulp=0)


@pytest.mark.cross
def test_dsp_rows_for_size_touch_nothing_but_their_memory() -> None:
    check_nodes(DSP, "cortex-m4", ulp=0, optimize="size", sanitize=True)


def windows(isa: str) -> list[Case]:
    direct, gathered = f"hybrid_windows_{isa}", f"hybrid_windows_{isa}_gathered"
    return [
        case(Dense(), (3, 32), (9, 32), direct),
        case(Dense(), (2, 37), (4, 37), gathered, asymmetric=False, per_channel=False, clamp=CLAMP),
        case(Dense(), (1, 80), (6, 80), direct, weights=(-128, -128)),
        case(Dense(), (2, 5), (3, 5), "hybrid_dense"),
        case(Dense(), (3, 32), (1, 32), direct),
        case(Conv2d(pad=(1, 1, 1, 1)), (2, 5, 4, 16), (3, 3, 3, 16), gathered, clamp=CLAMP),
        case(PLAIN, (2, 4, 3, 16), (6, 1, 1, 16), direct),
        case(Conv2d((2, 2)), (1, 5, 4, 16), (4, 1, 1, 16), direct, bias=False),
        case(PLAIN, (2, 3, 3, 20), (5, 1, 1, 20), gathered, clamp=CLAMP),
        case(Conv2d(pad=(1, 1, 1, 1)), (2, 5, 4, 3), (8, 3, 3, 3), gathered),
        case(WIDE, (1, 6, 5, 2), (7, 3, 3, 2), gathered),
        case(Conv2d((1, 2), (1, 3), (0, 6, 0, 6)), (1, 4, 5, 6), (4, 2, 3, 6), gathered, asymmetric=False),
        case(Conv2d(pad=(0, 5, 0, 5)), (1, 1, 2, 4), (4, 1, 4, 4), gathered),
        case(GROUPED, (1, 5, 4, 6), (4, 3, 1, 3), "hybrid_conv2d"),
    ]


@pytest.mark.cross
@pytest.mark.parametrize(("target", "isa"), [("arm-neon", "neon"), ("arm-neon-dotprod", "dotprod")])
def test_aarch64_rows(target: str, isa: str) -> None:
    check_guarded(windows(isa), target, ulp=0)


@pytest.mark.parametrize("target", X86)
def test_x86_rows(target: str) -> None:
    check_nodes(
        windows("avx2"), target, ulp=0, sanitize=target == "x86-avx2", cc="" if target == "x86-avx2" else "clang"
    )
