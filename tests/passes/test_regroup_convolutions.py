from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.dtypes import F32, S8, S32, DType
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Op, Range
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.passes.optimize.regroup_convolutions import regroup_convolutions
from tests.build_graph import Builder, kinds, transform

REQUANTIZE = FixedPoint.from_scales([0.01 + 0.002 * i for i in range(6)], -4)
RANDOM = np.random.default_rng(3)


def left(
    kind: type[Conv2d] | type[DepthwiseConv2d], channels: int, weights: tuple[int, ...], dtype: DType = S8
) -> list[str]:
    b = Builder()
    w = RANDOM.integers(-127, 128, weights).astype(dtype.np)
    bias = RANDOM.integers(-1000, 1000, 6)
    op: Op = kind((2, 1), (1, 2), (1, 0, 1, 2), 3, REQUANTIZE, Range(-100, 90))
    if dtype == F32:
        op = kind((2, 1), (1, 2), (1, 0, 1, 2), clamp=Range(-1e3, 1e3))
    y = b.add(op, b.input((2, 5, 7, channels), dtype), b.constant(w), b.constant(bias, F32 if dtype == F32 else S32))
    return kinds(transform(b.graph(y), regroup_convolutions, relative=1e-6))


@pytest.mark.parametrize("dtype", [S8, F32])
@pytest.mark.parametrize("channels", [2, 3, 6])
def test_one_channel_per_group_is_depthwise(channels: int, dtype: DType) -> None:
    assert left(Conv2d, channels, (6, 3, 2, 1), dtype) == ["DepthwiseConv2d"]


@pytest.mark.parametrize("dtype", [S8, F32])
def test_depthwise_over_one_channel_is_a_convolution(dtype: DType) -> None:
    assert left(DepthwiseConv2d, 1, (3, 2, 6), dtype) == ["Conv2d"]


def test_others_stay() -> None:
    assert left(Conv2d, 1, (6, 3, 2, 1)) == ["Conv2d"]
    assert left(Conv2d, 4, (6, 3, 2, 2)) == ["Conv2d"]
    assert left(DepthwiseConv2d, 3, (3, 2, 6)) == ["DepthwiseConv2d"]


def test_weights_computed_at_run_time_stay() -> None:
    b = Builder()
    y = b.add(Conv2d(requantize=REQUANTIZE), b.input((1, 5, 5, 6)), b.input((6, 2, 2, 1)), None)
    assert kinds(transform(b.graph(y), regroup_convolutions)) == ["Conv2d"]
