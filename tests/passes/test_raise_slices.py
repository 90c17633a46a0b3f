"""Slices pass reshapes and transposes; results stay, to the bit."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.ir.op import Range
from edgegen.ops.clamp import Clamp
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose
from edgegen.passes.optimize.cancel_transposes import cancel_transposes
from edgegen.passes.optimize.raise_slices import raise_slices
from edgegen.passes.pre_optimize.eliminate_dead_nodes import eliminate_dead_nodes
from edgegen.passes.pre_optimize.simplify_algebra import simplify_algebra
from edgegen.targets import Target
from tests.build_graph import Builder, Graph, kinds, transform


def settle(graph: Graph, target: Target) -> bool:
    passes = (raise_slices, cancel_transposes, simplify_algebra, eliminate_dead_nodes)
    return sum([one(graph, target) for _ in range(4) for one in passes]) > 0


def test_every_second_channel() -> None:
    """As PyTorch's exporter splits the channels of ShuffleNetV2."""
    b = Builder()
    x = b.add(Transpose((0, 3, 1, 2)), b.input((1, 5, 7, 6)))
    pairs = b.add(Transpose((1, 0, 2)), b.add(Reshape((3, 2, 35)), x))
    halves = b.add(Reshape((2, 1, 3, 5, 7)), pairs)
    chosen = [b.add(Slice((k, 0, 0, 0, 0), (1, 1, 3, 5, 7), (1,) * 5), halves) for k in (0, 1)]
    ends = [b.add(Transpose((0, 2, 3, 1)), b.add(Reshape((1, 3, 5, 7)), y)) for y in chosen]
    after = transform(b.graph(*ends), settle)
    assert kinds(after) == ["Slice", "Slice"]
    assert [n.op for n in after.nodes] == [Slice((0, 0, 0, k), (1, 5, 7, 3), (1, 1, 1, 2)) for k in (0, 1)]


@pytest.mark.parametrize(
    ("shape", "reshaped", "begin", "size", "stride", "passes"),
    [
        ((4, 6), (4, 2, 3), (1, 1, 0), (2, 1, 3), (2, 1, 1), True),  # a run of the second axis
        ((4, 6), (4, 2, 3), (0, 0, 2), (4, 2, 1), (1, 1, 1), True),  # every third
        ((4, 6), (4, 2, 3), (0, 0, 1), (4, 2, 2), (1, 1, 1), False),  # two of each three
        ((4, 6), (4, 2, 3), (0, 1, 1), (4, 1, 1), (1, 1, 1), False),  # of two axes at once
        ((4, 6), (4, 6, 1), (0, 5, 0), (4, 3, 1), (1, -2, 1), True),
        ((4, 6), (4, 2, 3), (0, 1, 0), (4, 2, 3), (1, -1, 1), False),  # runs in another order
        ((4, 6), (24,), (6,), (12,), (1,), False),  # several axes are one
        ((1, 4, 1, 6), (4, 6), (1, 2), (2, 3), (1, 1), True),
        ((2, 2, 6), (4, 6), (0, 1), (4, 2), (1, 1), True),  # of an axis that stays
    ],
)
def test_reshapes(
    shape: tuple[int, ...],
    reshaped: tuple[int, ...],
    begin: tuple[int, ...],
    size: tuple[int, ...],
    stride: tuple[int, ...],
    passes: bool,
) -> None:
    b = Builder()
    y = b.add(Slice(begin, size, stride), b.add(Reshape(reshaped), b.input(shape)))
    assert (kinds(transform(b.graph(y), raise_slices))[-1] == "Reshape") == passes


def test_transposes_that_others_read_stay() -> None:
    b = Builder()
    x = b.add(Transpose((1, 0)), b.input((4, 6)))
    y = b.add(Slice((0, 0), (6, 2), (1, 1)), x)
    graph = b.graph(y, b.add(Clamp(Range(0, 9)), x))
    assert kinds(transform(graph, raise_slices)) == ["Transpose", "Slice", "Clamp"]
    b = Builder()
    x = b.add(Transpose((1, 0)), b.input((4, 6)))
    whole = [b.add(Slice((0, 0), (6, 3), (1, 1)), x) for _ in range(2)]  # more than the transpose moves
    assert kinds(transform(b.graph(*whole), raise_slices)) == ["Transpose", "Slice", "Slice"]


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.data())
def test_random_slices_of_random_reshapes(data: st.DataObject) -> None:
    factors = data.draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    shape: list[int] = []
    for n in factors:
        joins = bool(shape) and data.draw(st.booleans())
        shape = [*shape[:-1], shape[-1] * n] if joins else [*shape, n]
    begin, size, stride = [], [], []
    for n in factors:
        start, step = data.draw(st.integers(0, n - 1)), data.draw(st.sampled_from([1, 2, -1]))
        room = (n - 1 - start) // step + 1 if step > 0 else start + 1
        begin, stride = [*begin, start], [*stride, step]
        size.append(data.draw(st.integers(1, room)))
    b = Builder()
    y = b.add(Slice(tuple(begin), tuple(size), tuple(stride)), b.add(Reshape(tuple(factors)), b.input(shape)))
    transform(b.graph(y), settle)
