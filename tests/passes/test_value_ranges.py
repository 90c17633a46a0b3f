"""Bounds hold for every input, and are tight where a single layer decides."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.dtypes import S8, S32
from edgegen.ir.evaluate import evaluate_all
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Op, Range
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.reduce import Reduce
from edgegen.ops.reshape import Reshape
from edgegen.passes.check import random_array
from edgegen.passes.value_ranges import Channels, anything, requantized, value_ranges
from tests.build_graph import Builder
from tests.passes.test_random_graphs import RandomGraph

ONE = FixedPoint.from_scales([1.0], 0)


@pytest.mark.parametrize("seed", range(40))
def test_no_value_lies_outside(seed: int) -> None:
    graph = RandomGraph(1000 + seed).graph()
    ranges = value_ranges(graph)
    random = np.random.default_rng(seed)
    extremes = [[np.full(t.shape, v, t.dtype.np) for t in graph.inputs] for v in (-128, 127)]
    for inputs in (*extremes, *([random_array(t.type, random) for t in graph.inputs] for _ in range(3))):
        for tensor, values in evaluate_all(graph, inputs).items():
            if tensor in ranges:
                assert (values >= ranges[tensor].low).all(), tensor
                assert (values <= ranges[tensor].high).all(), tensor


def bounds(found: Channels) -> list[tuple[int, int]]:
    return list(zip(found.low.tolist(), found.high.tolist(), strict=True))


def test_a_layer_is_bounded_by_its_weights() -> None:
    """y = (x - 10) @ w + b for x in [-20, 10] per channel."""
    b = Builder()
    x = b.add(Clamp(Range(-20, 10)), b.input((1, 2)))
    weights = b.constant(np.array([[1, -1], [0, 0], [3, 2]], np.int8))
    y = b.add(Dense(10, ONE, Range(-70, 60)), x, weights, b.constant(np.array([5, 7, 0]), S32))
    assert bounds(value_ranges(b.graph(y))[y]) == [(-25, 35), (7, 7), (-70, 0)]


def test_padding_reads_as_the_zero_point() -> None:
    b = Builder()
    x = b.add(Clamp(Range(30, 40)), b.input((1, 4, 4, 1)))
    weights = b.constant(np.ones((2, 1, 1), np.int8))
    inner = b.add(DepthwiseConv2d(x_zero=10, requantize=ONE), x, weights, None)
    padded = b.add(DepthwiseConv2d(pad=(1, 0, 0, 0), x_zero=10, requantize=ONE), x, weights, None)
    ranges = value_ranges(b.graph(inner, padded))
    assert bounds(ranges[inner]) == [(40, 60)]
    assert bounds(ranges[padded]) == [(0, 60)]


def test_products_take_the_extreme_corner() -> None:
    b = Builder()
    x, y = b.add(Clamp(Range(-3, 2)), b.input((4, 1))), b.add(Clamp(Range(-5, 7)), b.input((4, 1)))
    z = b.add(Binary("mul", requantize=ONE), x, y)
    assert bounds(value_ranges(b.graph(z))[z]) == [(-21, 15)]


def test_flattened_pixels_repeat_their_channels() -> None:
    b = Builder()
    x = b.add(Binary("mul", requantize=ONE), b.input((1, 2, 1, 2)), b.constant(np.array([0, 1], np.int8)))
    flat, mixed = b.add(Reshape((1, 4)), x), b.add(Reshape((4, 1)), x)
    ranges = value_ranges(b.graph(flat, mixed))
    assert bounds(ranges[flat]) == [(0, 0), (-128, 127)] * 2
    assert bounds(ranges[mixed]) == [(-128, 127)]


@pytest.mark.parametrize(("axes", "want"), [((1,), [(-40, 80)] * 3), ((2,), [(-128, 127)] * 4)])
def test_sums_count_what_they_add(axes: tuple[int, ...], want: list[tuple[int, int]]) -> None:
    b = Builder()
    x = b.add(Clamp(Range(-10, 20)), b.input((1, 4, 3)))
    y = b.add(Reduce("sum", axes, requantize=ONE), x)
    assert bounds(value_ranges(b.graph(y))[y]) == want


def test_what_may_overflow_may_be_anything() -> None:
    """(acc << 20) leaves 32 bits beyond 2047: the register wraps, and order is lost."""
    large = FixedPoint.from_scales([2.0**19], 0)
    low, high = np.array([-2047, -2048, 0]), np.array([2047, 0, 2048])
    assert bounds(requantized(low, high, large, Range(-100, 100))) == [(-100, 100), (-128, 127), (-128, 127)]


@pytest.mark.parametrize("op", [Binary("add"), Binary("mul", requantize=FixedPoint.from_scales([2.0**20], 0))])
def test_arithmetic_that_wraps_may_be_anything(op: Op) -> None:
    b = Builder()
    y = b.add(op, b.add(Clamp(Range(100, 110)), b.input((4, 1), S8)), b.constant(np.array([90], np.int8)))
    ranges = value_ranges(b.graph(y))
    assert bounds(ranges[y]) == bounds(anything(y))
