"""Recurrent layers between two reversals run from the end instead, and compute what they did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgegen.ir.dtypes import F32, S32
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.ir.op import Op
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.gru import Gru
from edgegen.ops.lstm import Lstm
from edgegen.ops.rnn import Rnn
from edgegen.ops.slice import Slice
from edgegen.passes.optimize.turn_sequences import turn_sequences
from tests.build_graph import GENERIC, Builder

STEPS, BATCH, DEPTH, UNITS = 5, 2, 3, 4
GATES = {Lstm: 4, Gru: 3, Rnn: 1}


def _reversed(b: Builder, x: Tensor, axis: int) -> Tensor:
    begin = tuple(n - 1 if i == axis else 0 for i, n in enumerate(x.shape))
    return b.add(Slice(begin, x.shape, tuple(-1 if i == axis else 1 for i in range(x.rank))), x)


def _some(*shape: int) -> Array:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def between(op: Lstm | Gru | Rnn, axes: tuple[int, int], lengths: bool = False, read_again: bool = False) -> Graph:
    """A layer between reversals along two axes; the result, then the state that it leaves."""
    b, gates = Builder(), GATES[type(op)]
    x = b.input((STEPS, BATCH, DEPTH) if op.time_major else (BATCH, STEPS, DEPTH), F32)
    states = [b.constant(_some(BATCH, UNITS)) for _ in range(2 if isinstance(op, Lstm) else 1)]
    bias = b.constant(_some((gates + isinstance(op, Gru)) * UNITS))
    weights = [b.constant(_some(gates * UNITS, DEPTH)), b.constant(_some(gates * UNITS, UNITS)), bias]
    own = b.input((BATCH,), S32) if lengths else None
    rest: list[Tensor | None] = [None] * (10 - 6 if isinstance(op, Lstm) else 0)
    y, *after = b.add_all(op, _reversed(b, x, axes[0]), *states, *weights, *rest, own)
    return b.graph(_reversed(b, y, axes[1]), *after, *([y] if read_again else []))


@pytest.mark.parametrize("op", [Lstm(), Lstm(False, True), Gru(False), Gru(True, True, True), Rnn(), Rnn(False, True)])
def test_the_layer_runs_the_other_way(op: Lstm | Gru | Rnn) -> None:
    axis = 0 if op.time_major else 1
    graph = between(op, (axis, axis))
    x = [_some(*graph.inputs[0].shape)]
    names, want = [t.name for t in graph.outputs], evaluate(graph, x)
    assert turn_sequences(graph, GENERIC)
    (layer,) = [n for n in graph.nodes if not isinstance(n.op, Slice)]
    turned: Op = replace(op, reverse=not op.reverse)
    assert layer.op == turned
    assert layer.inputs[0] is graph.inputs[0]
    assert [t.name for t in graph.outputs] == names
    for got, expected in zip(evaluate(graph, x), want, strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    "graph",
    [
        between(Lstm(), (0, 1)),
        between(Lstm(False), (0, 0)),
        between(Rnn(), (0, 0), read_again=True),
        between(Gru(), (0, 0), lengths=True),
    ],
)
def test_other_layers_stay(graph: Graph) -> None:
    """Another axis than that of the steps, a result that is read as it is, and sequences of their own lengths."""
    assert not turn_sequences(graph, GENERIC)
