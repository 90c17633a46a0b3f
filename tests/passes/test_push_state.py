"""Windows of streams are pushed on in their state's own bytes, where that saves any, and hold what they held before."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32
from edgegen.ir.evaluate import Evaluation
from edgegen.ir.graph import Graph, State
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.ops.concat import Concat
from edgegen.ops.push import Push
from edgegen.ops.reduce import Reduce
from edgegen.ops.slice import Slice
from edgegen.passes.post_optimize.push_state import push_state
from edgegen.targets import target as find_target
from edgegen.verify import Call, build_program
from tests.build_graph import Builder
from tests.harness import Case, check_nodes, compile_for_test

Made = Callable[[], Graph]


def _state(shape: tuple[int, ...], first: float = 1.0) -> State:
    count = int(np.prod(shape))
    value = Tensor("past", TensorType(F32, shape))
    return State("past", value, value, first + np.arange(count, dtype=np.float32).reshape(shape))


def _cut(shape: tuple[int, ...], axis: int, first: int) -> Slice:
    """Without the first slices."""
    size = tuple(n - first if i == axis else n for i, n in enumerate(shape))
    return Slice(tuple(first if i == axis else 0 for i in range(len(shape))), size, (1,) * len(shape))


def joined(kept: int = 12, new: int = 1, also: str = "") -> Graph:
    """Remembers the end of the window [kept + new] that it computes. also: what else reads the state"""
    b = Builder()
    x, past = b.input((1, new, 4), F32), _state((1, kept, 4))
    window = b.add(Concat(1), past.value, x)
    past.next = b.add(_cut(window.shape, 1, new), window)
    y = b.add(Reduce("sum", (1,)), window)
    outputs = {"": [y], "next": [y, past.next], "old": [y, past.value]}[also]
    return Graph("test", b.inputs, outputs, b.nodes, [past])


def whole(kept: int = 13, new: int = 2) -> Graph:
    """Remembers the window that it computes."""
    b = Builder()
    x, past = b.input((1, new, 4), F32), _state((1, kept, 4))
    past.next = b.add(Concat(1), b.add(_cut((1, kept, 4), 1, new), past.value), x)
    y = b.add(Reduce("sum", (1,)), past.next)
    return Graph("test", b.inputs, [y], b.nodes, [past])


def across() -> Graph:
    """Slices that do not lie in one piece."""
    b = Builder()
    x, past = b.input((2, 1, 4), F32), _state((2, 6, 4))
    window = b.add(Concat(1), past.value, x)
    past.next = b.add(_cut(window.shape, 1, 1), window)
    return Graph("test", b.inputs, [b.add(Reduce("sum", (1,)), window)], b.nodes, [past])


def _ran(graph: Graph, inputs: list[np.ndarray]) -> list[list[np.ndarray]]:
    evaluation = Evaluation(graph)
    return [evaluation.run([x]) for x in inputs]


@pytest.mark.parametrize(
    "made", [joined, whole, lambda: joined(5, 3), lambda: joined(2, 7), lambda: joined(also="next")]
)
def test_what_a_stream_computes_stays(made: Made) -> None:
    graph = made()
    rng = np.random.default_rng(0)
    inputs = [rng.integers(-9, 9, graph.inputs[0].shape).astype(np.float32) for _ in range(5)]
    want = _ran(graph, inputs)
    program = build_program([compile_for_test(made(), "generic")])
    got = [outcome.outputs for outcome in program.execute([Call([x]) for x in inputs])]
    push_state(graph, find_target("generic"))
    for found in (_ran(graph, inputs), got):
        for a, b in zip(found, want, strict=True):
            for x, y in zip(a, b, strict=True):
                np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize(("made", "least"), [(joined, 176), (whole, 176)])
def test_windows_are_pushed(made: Made, least: int) -> None:
    """least: bytes saved at least"""
    graph, plain = made(), compile_for_test(made(), "generic", disabled=["push_state"]).graph.plan
    assert push_state(graph, find_target("generic"))
    (push,) = [n for n in graph.nodes if isinstance(n.op, Push)]
    assert push.out is graph.state[0].next
    assert graph.state[0].value.shape == graph.state[0].initial.shape == (1, 13, 4)
    after = compile_for_test(made(), "generic").graph.plan
    assert plain is not None
    assert after is not None
    assert plain.total_bytes - after.total_bytes >= least


@pytest.mark.parametrize(
    "made",
    [
        across,
        lambda: joined(also="old"),
        lambda: joined(1, 40),
    ],
)
def test_other_streams_stay_as_they_are(made: Made) -> None:
    """Slices apart, an old value that is read elsewhere, and a window that would cost the state more than it saves."""
    graph = made()
    assert not push_state(graph, find_target("generic"))
    assert not any(isinstance(n.op, Push) for n in graph.nodes)


def test_pushing_several_slices_along_any_axis() -> None:
    shapes = (((1, 3, 4), (1, 7, 4), 1), ((1, 1, 2, 3), (1, 1, 2, 3), 2), ((2,), (9,), 0))
    rng = np.random.default_rng(1)
    cases = [Case(Push(a), [rng.random(x, np.float32), rng.random(b, np.float32)], "push") for x, b, a in shapes]
    check_nodes(cases, sanitize=True)
    for axis, shape in ((3, (1, 7, 4)), (0, (1, 3, 4)), (1, (1, 8, 4)), (1, (2, 3, 4))):
        with pytest.raises(InvalidGraph, match="slice"):
            Push(axis).infer(TensorType(F32, shape), TensorType(F32, (1, 7, 4)))
