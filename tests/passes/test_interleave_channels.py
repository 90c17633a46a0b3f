"""Channel shuffles are written by what comes before them; results stay, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.dtypes import F32, S8, S32, DType
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Range
from edgegen.ir.quantization import Quantization
from edgegen.ir.tensor import Tensor, constant
from edgegen.ops.concat import Concat
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.shuffle import Shuffle
from edgegen.passes.optimize.interleave_channels import interleave_channels
from edgegen.passes.pre_optimize.eliminate_dead_nodes import eliminate_dead_nodes
from edgegen.passes.pre_optimize.simplify_algebra import simplify_algebra
from edgegen.targets import Target
from tests.build_graph import Builder, Graph, kinds, transform

RANDOM = np.random.default_rng(5)
SCALES = tuple(0.01 + 0.002 * i for i in range(12))


def shuffled(b: Builder, x: Tensor, groups: int) -> Tensor:
    return b.add(Shuffle(x.rank - 1, groups), x)


def settle(graph: Graph, target: Target) -> bool:
    passes = (interleave_channels, simplify_algebra, eliminate_dead_nodes)
    return sum([one(graph, target) for one in passes]) > 0


def filters(b: Builder, shape: tuple[int, ...], dtype: DType) -> list[Tensor]:
    """Weights with scales of each filter, and a bias."""
    values, bias = RANDOM.integers(-127, 128, shape), RANDOM.integers(-1000, 1000, shape[0])
    scales = None if dtype == F32 else Quantization(SCALES[: shape[0]], (0,) * shape[0], 0)
    return [constant("w", values, dtype, scales), b.constant(bias, F32 if dtype == F32 else S32)]


@pytest.mark.parametrize("dtype", [S8, F32])
@pytest.mark.parametrize(("depth", "groups", "interleaved"), [(6, 3, False), (2, 3, True), (3, 2, True), (6, 4, False)])
def test_convolutions(dtype: DType, depth: int, groups: int, interleaved: bool) -> None:
    """One that mixes all channels before any shuffle, one of groups before that of as many."""
    b = Builder()
    requantize = None if dtype == F32 else FixedPoint.from_scales(list(SCALES), -4)
    op = Conv2d((1, 2), pad=(1, 0, 1, 0), x_zero=0 if dtype == F32 else 3, requantize=requantize)
    y = shuffled(b, b.add(op, b.input((2, 4, 5, 6), dtype), *filters(b, (12, 3, 2, depth), dtype)), groups)
    after = transform(b.graph(y), settle, relative=1e-6)
    assert kinds(after) == ["Conv2d"]
    (node,) = after.nodes
    assert isinstance(node.op, Conv2d)
    assert node.op.interleaved == interleaved
    if dtype == S8:
        scales = node.input(1).type.quantization
        assert scales is not None
        order = np.arange(12).reshape(groups, -1).T.reshape(-1)
        assert scales.scale == tuple(SCALES[i] for i in order)


def test_dense_layers() -> None:
    b = Builder()
    x = b.add(
        Dense(requantize=FixedPoint.from_scales([0.01], 0), clamp=Range(-9, 9)),
        b.input((3, 5)),
        *filters(b, (12, 5), S8),
    )
    assert kinds(transform(b.graph(shuffled(b, x, 4)), settle)) == ["Dense"]


@pytest.mark.parametrize("parts", [2, 3])
def test_parts_are_joined_channel_by_channel(parts: int) -> None:
    b = Builder()
    pieces = [b.input((2, 3, 1, 4)) for _ in range(parts)]
    y = shuffled(b, b.add(Concat(3), *pieces), parts)
    assert kinds(transform(b.graph(y), settle)) == [*["Reshape"] * parts, "Concat", "Reshape"]


def test_what_stays() -> None:
    """Other groups, parts of other sizes, channels that others read, filters that are computed, another axis."""
    b = Builder()
    x = b.input((1, 2, 2, 6))
    requantize = FixedPoint.from_scales([0.01], 0)
    of_three = b.add(Conv2d(requantize=requantize), x, *filters(b, (12, 1, 1, 2), S8))
    unequal = b.add(Concat(3), x, b.input((1, 2, 2, 2)))
    computed = b.add(Conv2d(requantize=requantize), x, b.input((12, 1, 1, 6)), None)
    read_twice = b.add(Conv2d(requantize=requantize), x, *filters(b, (12, 1, 1, 6), S8))
    makers = [of_three, unequal, computed, read_twice]
    ends = [shuffled(b, y, groups) for y, groups in zip(makers, (4, 2, 3, 3), strict=True)]
    rows = b.add(Shuffle(1, 2), b.add(Conv2d(requantize=requantize), x, *filters(b, (12, 1, 1, 6), S8)))
    graph = b.graph(*ends, read_twice, rows)
    assert kinds(transform(graph, settle)) == kinds(graph)
