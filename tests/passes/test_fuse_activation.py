from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from edgegen.ir.dtypes import F32, S8, DType
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.concat import Concat
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.requantize import Requantize
from edgegen.passes.optimize.fuse_activation import fuse_activation
from tests.build_graph import Builder, kinds, transform

RANDOM = np.random.default_rng(3)
FACTOR = FixedPoint.from_scales([0.004], -4)


def constant(b: Builder, shape: tuple[int, ...], dtype: DType) -> Tensor:
    return b.constant(RANDOM.integers(-100, 100, shape), dtype)


Make = Callable[[Builder, DType], Tensor]


def requantize(dtype: DType) -> FixedPoint | None:
    return FACTOR if dtype == S8 else None


def conv2d(b: Builder, dtype: DType) -> Tensor:
    return b.add(
        Conv2d(requantize=requantize(dtype)), b.input((1, 4, 4, 2), dtype), constant(b, (3, 2, 2, 2), dtype), None
    )


def depthwise(b: Builder, dtype: DType) -> Tensor:
    op = DepthwiseConv2d(requantize=requantize(dtype), clamp=Range(-90, 60))
    return b.add(op, b.input((1, 4, 4, 2), dtype), constant(b, (2, 2, 4), dtype), None)


def dense(b: Builder, dtype: DType) -> Tensor:
    return b.add(Dense(requantize=requantize(dtype)), b.input((5, 8), dtype), constant(b, (6, 8), dtype), None)


def product(b: Builder, dtype: DType) -> Tensor:
    return b.add(Binary("mul", requantize=requantize(dtype)), b.input((5, 8), dtype), b.input((8,), dtype))


def pool(b: Builder, dtype: DType) -> Tensor:
    return b.add(Pool2d("average", (2, 2)), b.input((1, 4, 4, 2), dtype))


def clamp(b: Builder, dtype: DType) -> Tensor:
    return b.add(Clamp(Range(-50, 50)), b.input((5, 8), dtype))


@pytest.mark.parametrize("make", [conv2d, depthwise, dense, product, pool, clamp])
@pytest.mark.parametrize("dtype", [S8, F32], ids=str)
def test_producers_take_the_clamp_over(make: Make, dtype: DType) -> None:
    b = Builder()
    y = make(b, dtype)
    z = b.add(Clamp(Range(-0.5 if dtype == F32 else -3, 70)), y)
    after = transform(b.graph(z), fuse_activation)
    assert kinds(after) == [b.nodes[0].op.kind]
    assert after.nodes[0].out is after.outputs[0]


def test_rescalings_take_the_clamp_over() -> None:
    b = Builder()
    y = b.add(Requantize(FixedPoint.from_scales([0.7], 3), 2, "s8", Range(-100, 100)), b.input((300,)))
    after = transform(b.graph(b.add(Clamp(Range(3, 120)), y)), fuse_activation)
    assert [n.op for n in after.nodes] == [Requantize(FixedPoint.from_scales([0.7], 3), 2, "s8", Range(3, 100))]


@pytest.mark.parametrize(("low", "high"), [(60, 90), (-90, -60), (-20, 30), (50, 50)])
def test_clamps_in_a_row_merge_even_if_they_are_disjoint(low: int, high: int) -> None:
    b = Builder()
    y = b.add(Clamp(Range(-100, 100)), b.add(Clamp(Range(low, high)), clamp(b, S8)))
    assert kinds(transform(b.graph(y), fuse_activation)) == ["Clamp"]


def test_a_result_that_others_need_unclamped_stays() -> None:
    b = Builder()
    y = dense(b, F32)
    z = b.add(Clamp(Range(0, 6)), y)
    assert kinds(transform(b.graph(z, y), fuse_activation)) == ["Dense", "Clamp"]
    assert kinds(transform(b.graph(z, b.add(Clamp(Range(0, 3)), y)), fuse_activation)) == ["Dense", "Clamp", "Clamp"]


def test_producers_without_a_clamp_leave_it() -> None:
    b = Builder()
    x = b.input((4,), F32)
    y = b.add(Clamp(Range(0, 6)), b.add(Concat(0), x, x))
    z = b.add(Clamp(Range(0, 6)), x)
    assert kinds(transform(b.graph(y, z), fuse_activation)) == ["Concat", "Clamp", "Clamp"]
