"""State is where the next run looks for it, whatever it is computed from, and the emitted C keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from edgegen.compiler import compile_graph
from edgegen.emit.render import Origin
from edgegen.ir.dtypes import F32
from edgegen.ir.evaluate import Evaluation
from edgegen.ir.graph import Graph, State
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.ops.binary import Binary
from edgegen.ops.concat import Concat
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice
from edgegen.passes.pipeline import Options
from edgegen.targets import Optimize, target
from edgegen.verify import Call, build_program
from tests.build_graph import Builder

SHAPE = (1, 4)
ORIGIN = Origin("stream", "0" * 64, "test")


def _state(name: str, first: float) -> State:
    value = Tensor(name, TensorType(F32, SHAPE))
    return State(name, value, value, np.full(SHAPE, first, np.float32) + np.arange(4, dtype=np.float32))


def _queue(b: Builder, x: Tensor) -> tuple[list[State], list[Tensor]]:
    """The usual stream: the newest values push out the oldest; written where the state lies."""
    queue = _state("queue", 1.0)
    joined = b.add(Concat(axis=1), queue.value, x)
    queue.next = b.add(Slice(begin=(0, 4), size=SHAPE, stride=(1, 1)), joined)
    return [queue], [b.add(Reshape((8,)), joined)]


def _sum(b: Builder, x: Tensor) -> tuple[list[State], list[Tensor]]:
    """Updated in place, and the new value is an output."""
    total = _state("total", 0.5)
    total.next = b.add(Binary("add"), total.value, x)
    return [total], [total.next]


def _old_value(b: Builder, x: Tensor) -> tuple[list[State], list[Tensor]]:
    """The old value is an output, the input becomes the new one."""
    last = _state("last", 3.0)
    last.next = x
    return [last], [b.add(Reshape((4,)), last.value), last.value]


def _shift(b: Builder, x: Tensor) -> tuple[list[State], list[Tensor]]:
    """Each state becomes what the one before it was."""
    a, c, d = _state("a", 1.0), _state("c", 2.0), _state("d", 3.0)
    a.next, c.next, d.next = b.add(Binary("mul"), x, x), a.value, c.value
    return [a, c, d], [b.add(Binary("sub"), d.value, a.value)]


def _swap(b: Builder, x: Tensor) -> tuple[list[State], list[Tensor]]:
    """Three that wait for one another, and one that is never written."""
    a, c, d, fixed = _state("a", 1.0), _state("c", 2.0), _state("d", 3.0), _state("fixed", 9.0)
    a.next, c.next, d.next = c.value, d.value, a.value
    return [a, c, d, fixed], [b.add(Binary("add"), b.add(Binary("mul"), a.value, fixed.value), x)]


def _same_next(b: Builder, x: Tensor) -> tuple[list[State], list[Tensor]]:
    """Two states become one tensor, a third a constant."""
    a, c, d = _state("a", 1.0), _state("c", 2.0), _state("d", 3.0)
    a.next = c.next = b.add(Binary("add"), a.value, x)
    d.next = b.constant(np.full(SHAPE, 7.0, np.float32))
    return [a, c, d], [b.add(Binary("add"), c.value, d.value)]


def _graph(make: Callable[[Builder, Tensor], tuple[list[State], list[Tensor]]]) -> Graph:
    b = Builder()
    states, outputs = make(b, b.input(SHAPE, F32))
    return Graph("stream", b.inputs, outputs, b.nodes, states)


@pytest.mark.parametrize("optimize", ["speed", "size"])
@pytest.mark.parametrize("make", [_queue, _sum, _old_value, _shift, _swap, _same_next])
def test_state_survives(
    make: Callable[[Builder, Tensor], tuple[list[State], list[Tensor]]], optimize: Optimize
) -> None:
    graph = _graph(make)
    compiled = compile_graph(
        graph, replace(target("generic"), optimize=optimize), "stream", ORIGIN, Options(check=True)
    )
    random = np.random.default_rng(0)
    samples = [[random.standard_normal(SHAPE).astype(np.float32)] for _ in range(6)]
    reference = Evaluation(graph)
    program = build_program([compiled])
    for outcome, sample in zip(program.execute([Call(s) for s in samples]), samples, strict=True):
        for got, want in zip(outcome.outputs, reference.run(sample), strict=True):
            np.testing.assert_array_equal(got, want)
    reference.reset()
    (again,) = program.execute([Call(samples[0], restart=True)])
    np.testing.assert_array_equal(again.outputs[0], reference.run(samples[0])[0])


@pytest.mark.parametrize(("make", "copies"), [(_queue, 0), (_sum, 0), (_shift, 3), (_swap, 4), (_same_next, 3)])
def test_copies_only_where_needed(
    make: Callable[[Builder, Tensor], tuple[list[State], list[Tensor]]], copies: int
) -> None:
    compiled = compile_graph(_graph(make), target("generic"), "stream", ORIGIN, Options(["find_views"]))
    assert sum(n.op.kind == "Copy" for n in compiled.graph.nodes) == copies
