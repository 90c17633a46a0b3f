from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.dtypes import F32
from edgegen.ir.op import Op, Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.reshape import Reshape
from edgegen.ops.transpose_conv2d import TransposeConv2d
from edgegen.passes.optimize.sink_reshapes import sink_reshapes
from tests.build_graph import Builder, kinds, transform

RANDOM = np.random.default_rng(3)


def values(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


LAYERS: list[tuple[Op, tuple[int, ...], tuple[int, ...], tuple[int, ...]]] = [
    (Conv2d(), (1, 1, 5, 2), (6, 1, 3, 2), (1, 3, 6)),
    (DepthwiseConv2d(), (1, 5, 1, 6), (3, 1, 6), (3, 6)),
    (TransposeConv2d((1, 8), (1, 2)), (1, 1, 4, 2), (6, 1, 2, 2), (1, 8, 6)),
    (Dense(), (3, 4), (6, 4), (1, 3, 1, 6)),
]


def layer(b: Builder, op: Op, x: tuple[int, ...], weights: tuple[int, ...], shape: tuple[int, ...]) -> Tensor:
    return b.add(Reshape(shape), b.add(op, b.input(x, F32), b.constant(values(*weights)), None))


@pytest.mark.parametrize(("op", "x", "weights", "shape"), LAYERS)
def test_what_acts_on_each_channel_follows_the_layer(
    op: Op, x: tuple[int, ...], weights: tuple[int, ...], shape: tuple[int, ...]
) -> None:
    b = Builder()
    made = [layer(b, op, x, weights, shape) for _ in range(3)]
    results = [
        b.add(Binary("mul"), made[0], b.constant(values(1, 6))),
        b.add(Binary("sub"), b.constant(values(1)), made[1]),
        b.add(Clamp(Range(0, 6)), made[2]),
    ]
    graph = transform(b.graph(*results), sink_reshapes)
    for result, kind in zip(graph.outputs, ("Mul", "Sub", "Clamp"), strict=True):
        reshape = graph.producers()[result]
        assert (reshape.op.kind, result.shape) == ("Reshape", shape)
        assert graph.producers()[reshape.input(0)].op.kind == kind


@pytest.mark.parametrize("shape", [(1, 1, 3, 6), (6, 1, 3)])
def test_other_axes_and_other_channels_stay_behind(shape: tuple[int, ...]) -> None:
    b = Builder()
    x = b.add(Conv2d(), b.input((1, 1, 5, 2), F32), b.constant(values(6, 1, 3, 2)), None)
    factor = values(3, 1) if shape[-1] == 6 else values(3)
    y = b.add(Binary("mul"), b.add(Reshape(shape), x), b.constant(factor))
    assert kinds(transform(b.graph(y), sink_reshapes)) == ["Conv2d", "Reshape", "Mul"]


def test_other_readers_keep_the_reshape() -> None:
    b = Builder()
    x = layer(b, *LAYERS[0])
    assert kinds(transform(b.graph(b.add(Clamp(Range(0, 6)), x), x), sink_reshapes)) == ["Conv2d", "Reshape", "Clamp"]
