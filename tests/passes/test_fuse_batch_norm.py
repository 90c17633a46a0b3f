from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.dtypes import F32
from edgegen.ir.op import NO_CLAMP, Op, Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.transpose_conv2d import TransposeConv2d
from edgegen.passes.optimize.fuse_batch_norm import fuse_batch_norm
from tests.build_graph import GENERIC, Builder, kinds, transform

RANDOM = np.random.default_rng(3)
ULPS = 2e-6


def values(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


LINEAR: list[tuple[Op, tuple[int, ...], tuple[int, ...]]] = [
    (Conv2d(pad=(1, 1, 1, 1)), (1, 5, 4, 2), (6, 3, 3, 2)),
    (DepthwiseConv2d((2, 2)), (2, 5, 4, 3), (3, 3, 6)),
    (Dense(), (2, 4), (6, 4)),
    (TransposeConv2d((5, 8), (2, 2)), (1, 2, 4, 3), (6, 3, 2, 3)),
]


@pytest.mark.parametrize(("linear", "x", "weights"), LINEAR, ids=["conv2d", "depthwise", "dense", "transposed"])
@pytest.mark.parametrize("bias", [False, True])
def test_scale_and_shift_go_into_weights_and_bias(
    linear: Op, x: tuple[int, ...], weights: tuple[int, ...], bias: bool
) -> None:
    b = Builder()
    y = b.add(linear, b.input(x, F32), b.constant(values(*weights)), b.constant(values(6)) if bias else None)
    y = b.add(Binary("mul"), y, b.constant(values(6)))
    y = b.add(Binary("sub"), y, b.constant(values(*(1,) * (len(x) - 1), 6)))
    y = b.add(Binary("add", clamp=Range(0, 6)), b.constant(values(1)), y)
    after = transform(b.graph(y), fuse_batch_norm, relative=ULPS)
    assert kinds(after) == [linear.kind]
    assert after.nodes[0].op.attributes()["clamp"] == Range(0, 6)


def test_a_constant_minus_the_result_negates_the_weights() -> None:
    b = Builder()
    y = b.add(Dense(), b.input((2, 4), F32), b.constant(values(6, 4)), b.constant(values(6)))
    y = b.add(Binary("sub"), b.constant(values(6)), y)
    assert kinds(transform(b.graph(y), fuse_batch_norm, relative=ULPS)) == ["Dense"]


def test_a_shift_alone_keeps_the_weights_as_they_are() -> None:
    b = Builder()
    weights = b.constant(values(6, 4))
    y = b.add(Binary("add"), b.add(Dense(), b.input((2, 4), F32), weights, None), b.constant(values(6)))
    after = transform(b.graph(y), fuse_batch_norm, relative=ULPS)
    assert np.array_equal(after.nodes[0].input(1).values, weights.values)


def dense(b: Builder, clamp: Range = NO_CLAMP) -> Tensor:
    return b.add(Dense(clamp=clamp), b.input((2, 4), F32), b.constant(values(6, 4)), None)


@pytest.mark.parametrize(
    "factor",
    [
        values(2, 6),  # per row
        values(3, 1, 6),  # repeats the result
        np.full(6, 3e38, np.float32),  # weights would overflow
    ],
)
def test_factors_that_are_not_per_channel_or_overflow_stay(factor: np.ndarray) -> None:
    b = Builder()
    y = b.add(Binary("mul"), dense(b), b.constant(factor))
    graph = b.graph(y)
    with np.errstate(over="ignore"):
        assert not fuse_batch_norm(graph, GENERIC)


def test_a_clamp_in_between_a_second_reader_or_shared_weights_prevent_it() -> None:
    b = Builder()
    clamped = b.add(Binary("mul"), dense(b, Range(0, 6)), b.constant(values(6)))
    plain = dense(b)
    twice = b.add(Binary("mul"), plain, b.constant(values(6)))
    weights, x = b.constant(values(6, 4)), b.input((2, 4), F32)
    shared = b.add(Binary("mul"), b.add(Dense(), x, weights, None), b.constant(values(6)))
    other = b.add(Dense(), x, weights, b.constant(values(6)))
    graph = b.graph(clamped, twice, plain, shared, other)
    assert kinds(transform(graph, fuse_batch_norm)) == kinds(graph)


def test_two_results_added_stay() -> None:
    b = Builder()
    y = b.add(Binary("add"), dense(b), dense(b))
    assert kinds(transform(b.graph(y), fuse_batch_norm)) == ["Dense", "Dense", "Add"]
