"""Which channels go, which stay, and that no byte of the results changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgegen.ir.dtypes import F32, S32
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Graph
from edgegen.ir.op import Op, Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.concat import Concat
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.reduce import Reduce
from edgegen.ops.requantize import Dequantize
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice
from edgegen.passes.optimize.eliminate_constant_channels import eliminate_constant_channels
from edgegen.targets import Target
from tests.build_graph import GENERIC, Builder, transform

NARROW = replace(GENERIC, alignment=1)
RELU = Range(-128, 127)
DEAD, ALIVE = -1_000_000, 0
ZERO = -128  # what RELU lets through of a dead channel
HALF = FixedPoint.from_scales([0.5], 0)


def factors(units: int) -> FixedPoint:
    return FixedPoint.from_scales([0.003 + 0.0005 * i for i in range(units)], ZERO)


class Network(Builder):
    """Layers with random weights; a bias of DEAD makes a channel constant."""

    def __init__(self) -> None:
        super().__init__()
        self.random = np.random.default_rng(4)

    def weights(self, *shape: int) -> Tensor:
        return self.constant(self.random.integers(-127, 128, shape).astype(np.int8))

    def pointwise(self, x: Tensor, bias: list[int], size: int = 1, x_zero: int = ZERO, pad: int = 0) -> Tensor:
        op = Conv2d(pad=(pad,) * 4, x_zero=x_zero, requantize=factors(len(bias)), clamp=RELU)
        weights = self.weights(len(bias), size, size, x.shape[3])
        return self.add(op, x, weights, self.constant(np.array(bias), S32))

    def depthwise(self, x: Tensor, x_zero: int = ZERO) -> Tensor:
        channels = x.shape[3]
        op = DepthwiseConv2d(pad=(1, 1, 1, 1), x_zero=x_zero, requantize=factors(channels), clamp=RELU)
        bias = self.constant(self.random.integers(-3000, 1, channels), S32)
        return self.add(op, x, self.weights(3, 3, channels), bias)

    def image(self) -> Tensor:
        return self.input((1, 4, 4, 3))


def widths(graph: Graph, target: Target = NARROW) -> list[int]:
    """Channels of each node's result after the pass."""
    after = transform(graph, lambda g, _: eliminate_constant_channels(g, target))
    return [n.out.shape[-1] for n in after.nodes]


MIXED = [DEAD, ALIVE, DEAD, DEAD, ALIVE, ALIVE]


def test_a_convolution_takes_constant_channels_into_its_bias() -> None:
    n = Network()
    y = n.pointwise(n.pointwise(n.image(), MIXED, x_zero=3), [ALIVE] * 4, x_zero=7)
    assert widths(n.graph(y)) == [3, 4]


def test_depthwise_layers_get_narrower_with_their_neighbours() -> None:
    n = Network()
    y = n.depthwise(n.depthwise(n.pointwise(n.image(), MIXED, x_zero=3)))
    assert widths(n.graph(n.pointwise(y, [ALIVE] * 4))) == [3, 3, 3, 4]


def test_a_channel_that_only_a_constant_depthwise_channel_reads_is_not_needed() -> None:
    """Nothing is constant in the first layer; what the depthwise layer makes constant again frees it."""
    n = Network()
    x = n.pointwise(n.image(), [ALIVE] * 4, x_zero=3)
    op = DepthwiseConv2d(x_zero=ZERO, requantize=factors(4), clamp=RELU)
    y = n.add(op, x, n.weights(3, 3, 4), n.constant(np.array([DEAD, 0, 0, DEAD]), S32))
    assert widths(n.graph(n.pointwise(y, [ALIVE] * 4))) == [2, 2, 4]


def test_padding_with_another_value_than_the_constant_keeps_it() -> None:
    n = Network()
    x = n.pointwise(n.image(), MIXED, x_zero=3)
    assert widths(n.graph(n.pointwise(x, [ALIVE] * 4, 3, 7, 1))) == [6, 4]
    n = Network()
    x = n.pointwise(n.image(), MIXED, x_zero=3)
    assert widths(n.graph(n.pointwise(x, [ALIVE] * 4, 3, ZERO, 1))) == [3, 4]
    n = Network()
    x = n.depthwise(n.pointwise(n.image(), MIXED, x_zero=3), x_zero=7)
    assert widths(n.graph(n.pointwise(x, [ALIVE] * 4))) == [6, 6, 4]


def test_weights_of_zero_need_no_channel() -> None:
    n = Network()
    x = n.pointwise(n.image(), [ALIVE] * 3, x_zero=3)
    weights = n.constant(np.array([[[[1, 0, 2]]], [[[3, 0, 4]]]], np.int8))
    y = n.add(Conv2d(x_zero=ZERO, requantize=factors(2)), x, weights, None)
    assert widths(n.graph(y)) == [2, 2]


def test_branches_that_are_added_lose_what_both_can_spare() -> None:
    n = Network()
    image = n.image()
    a = n.pointwise(image, [DEAD, DEAD, ALIVE, ALIVE], x_zero=3)
    b = n.pointwise(image, [DEAD, ALIVE, DEAD, ALIVE], x_zero=3)
    total = n.add(Binary("add", ZERO, ZERO, 20, HALF, HALF, FixedPoint.from_scales([2 / (1 << 20)], ZERO)), a, b)
    assert widths(n.graph(n.pointwise(total, [ALIVE] * 4))) == [3, 3, 3, 4]


def test_a_second_reader_that_needs_the_channel_keeps_it() -> None:
    n = Network()
    x = n.pointwise(n.image(), MIXED, x_zero=3)
    y = n.pointwise(x, [ALIVE] * 4)
    assert widths(n.graph(y, n.add(Dequantize((0.1,), (0,)), x))) == [6, 4, 6]
    n = Network()
    x = n.pointwise(n.image(), MIXED, x_zero=3)
    y = n.pointwise(x, [ALIVE] * 4)
    assert widths(n.graph(y, x)) == [6, 4]
    n = Network()
    x = n.pointwise(n.image(), MIXED, x_zero=3)
    y = n.pointwise(x, [ALIVE] * 4)
    assert widths(n.graph(y, n.add(Concat(3), x, x))) == [6, 4, 12]


@pytest.mark.parametrize(
    "op",
    [
        Pool2d("average", (2, 2)),
        Pool2d("max", (2, 2)),
        Reduce("mean", (1, 2), False, ZERO, FixedPoint.from_scales([1 / 16], ZERO)),
    ],
)
def test_pools_and_flattening_pass_the_channels_on_to_a_dense_layer(op: Op) -> None:
    n = Network()
    y = n.add(op, n.pointwise(n.image(), MIXED, x_zero=3))
    flat = n.add(Reshape((1, y.type.elements)), y)
    out = n.add(Dense(ZERO, factors(5)), flat, n.weights(5, flat.shape[1]), n.constant(np.arange(5), S32))
    assert widths(n.graph(out)) == [3, 3, 3 * flat.shape[1] // 6, 5]


def test_operators_that_join_other_widths_do_not_tie_them() -> None:
    n = Network()
    x = n.pointwise(n.image(), MIXED, x_zero=3)
    y = n.pointwise(x, [ALIVE] * 5)
    assert widths(n.graph(n.add(Slice((0, 0, 0, 1), (1, 4, 4, 4), (1,) * 4), y))) == [3, 5, 4]


def test_constants_of_each_channel_are_cut_too() -> None:
    n = Network()
    x = n.pointwise(n.image(), MIXED, x_zero=3)
    y = n.add(Binary("mul", ZERO, ZERO, requantize=FixedPoint.from_scales([0.01], ZERO)), n.weights(6), x)
    assert widths(n.graph(n.pointwise(y, [ALIVE] * 4))) == [3, 3, 4]


@pytest.mark.parametrize(("granule", "left"), [(1, 5), (2, 6), (4, 8), (8, 8), (16, 12)])
def test_vectors_stay_full(granule: int, left: int) -> None:
    n = Network()
    y = n.depthwise(n.pointwise(n.image(), [DEAD] * 7 + [ALIVE] * 5, x_zero=3))
    graph = n.graph(n.pointwise(y, [ALIVE] * 4))
    target = replace(GENERIC, alignment=granule)
    if left == 12:
        assert not eliminate_constant_channels(graph, target)
    else:
        assert widths(graph, target) == [left, left, 4]


def test_a_layer_that_is_constant_altogether_keeps_a_channel() -> None:
    n = Network()
    y = n.pointwise(n.pointwise(n.image(), [DEAD] * 4, x_zero=3), [ALIVE] * 4)
    assert widths(n.graph(y)) == [1, 4]


def test_a_missing_bias_appears_where_a_constant_contributes() -> None:
    n = Network()
    x = n.pointwise(n.image(), MIXED, x_zero=3)
    y = n.add(Conv2d(x_zero=7, requantize=factors(2)), x, n.weights(2, 1, 1, 6), None)
    after = transform(n.graph(y), lambda g, _: eliminate_constant_channels(g, NARROW))
    assert after.nodes[1].inputs[2] is not None
    m = Network()
    y = m.add(
        Conv2d(x_zero=ZERO, requantize=factors(2)), m.pointwise(m.image(), MIXED, x_zero=3), m.weights(2, 1, 1, 6), None
    )
    after = transform(m.graph(y), lambda g, _: eliminate_constant_channels(g, NARROW))
    assert after.nodes[1].inputs[2] is None


def test_the_pass_comes_to_rest() -> None:
    n = Network()
    graph = n.graph(n.pointwise(n.pointwise(n.image(), MIXED, x_zero=3), [ALIVE] * 4))
    assert eliminate_constant_channels(graph, GENERIC)
    assert not eliminate_constant_channels(graph, GENERIC)


def test_floats_stay() -> None:
    b = Builder()
    weights = [b.constant(np.zeros((4, 1, 1, 4), np.float32)) for _ in range(2)]
    y = b.add(Conv2d(), b.add(Conv2d(), b.input((1, 2, 2, 4), F32), weights[0], None), weights[1], None)
    assert not eliminate_constant_channels(b.graph(y), NARROW)
