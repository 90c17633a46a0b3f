"""Keeps the window of a stream in its state: the newest slices are pushed into it, and nothing else is moved.

A streaming layer joins what its state remembers and what has come since, computes that window and remembers its end.
The window then lies beside the state, and both are copied once a run. A state of the whole window is pushed on in its
own place instead. It is larger than what was remembered by the slices that came last, so that is done where the plan,
arena and state together, gets smaller. A state that is the window already is pushed on in any case.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edgegen.ir.graph import Graph, Node, State
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.ops.concat import Concat
from edgegen.ops.push import Push
from edgegen.ops.slice import Slice
from edgegen.passes.substitution import uses
from edgegen.passes.trial import planned
from edgegen.targets import Target

MOST_TRIALS = 6


@dataclass(frozen=True)
class _Window:
    """How a state is joined with what is new: `join` makes the window of both, `cut` what is left of one.

    state: its number in the graph
    grows: bytes by which the window is larger than the state
    """

    state: int
    join: Node
    cut: Node
    grows: int


def _joins(node: Node, old: Tensor) -> bool:
    """Whether the node puts one tensor behind `old`, which lies in one piece then."""
    if not isinstance(node.op, Concat) or len(node.inputs) != 2 or node.inputs[0] is not old:
        return False
    return math.prod(node.out.shape[: node.op.axis]) == 1 and node.input(1) is not old


def _cuts(node: Node, axis: int, first: int) -> bool:
    """Whether the node drops the first slices of its input, so many along the axis, and nothing else."""
    if not isinstance(node.op, Slice):
        return False
    op, shape = node.op, list(node.input(0).shape)
    shape[axis] -= first
    begin = tuple(first if i == axis else 0 for i in range(len(shape)))
    steps = zip(op.size, op.stride, strict=True)
    return op.begin == begin and op.size == tuple(shape) and all(n == 1 or step == 1 for n, step in steps)


def _windows(graph: Graph) -> Iterator[_Window]:
    made, readers, count = graph.producers(), graph.consumers(), uses(graph)
    for i, state in enumerate(graph.state):
        old, last = state.value, made.get(state.next)
        if count[old] != 1 or old not in readers or last is None:
            continue
        (reader,) = readers[old]
        if _joins(reader, old) and _follows(reader, last):
            yield _Window(i, reader, last, reader.out.type.bytes - old.type.bytes)
        elif _joins(last, reader.out) and count[reader.out] == 1 and _follows(last, reader, old):
            yield _Window(i, last, reader, 0)


def _follows(join: Node, cut: Node, of: Tensor | None = None) -> bool:
    """Whether `cut` drops as many slices of the window, or of `of`, as `join` puts behind."""
    assert isinstance(join.op, Concat)
    axis = join.op.axis
    return cut.inputs[0] is (of or join.out) and _cuts(cut, axis, join.input(1).shape[axis])


def _grown(state: State, window: TensorType, axis: int) -> None:
    """Lets the state remember a whole window, whose first slices are dropped before they are read."""
    more = list(window.shape)
    more[axis] -= state.initial.shape[axis]
    fill = np.full(more, state.initial.flat[0], state.initial.dtype)  # one value to reset to, if it was one
    state.initial = np.concatenate([fill, state.initial], axis=axis)
    state.value = Tensor(state.value.name, TensorType(window.dtype, window.shape, window.quantization))


def _pushed(graph: Graph, chosen: Collection[int]) -> None:
    """Rewrites the states with these numbers."""
    for window in [w for w in _windows(graph) if w.state in chosen]:
        state, join = graph.state[window.state], window.join
        assert isinstance(join.op, Concat)
        axis = join.op.axis
        if window.grows:
            _grown(state, join.out.type, axis)
            state.next = join.out
        join.op, join.inputs = Push(axis), [join.input(1), state.value]
        if uses(graph)[window.cut.out] == 0:
            graph.remove([window.cut])


def _choices(windows: Sequence[_Window]) -> list[set[int]]:
    """States to try: those whose windows add at most so many bytes, with ever less of them."""
    sizes = sorted({w.grows for w in windows if w.grows}, reverse=True)
    return [{w.state for w in windows if w.grows <= most} for most in sizes[:MOST_TRIALS]]


def push_state(graph: Graph, target: Target) -> bool:
    """In place. Sub-graphs have no state."""
    windows = list(_windows(graph))
    best = {w.state for w in windows if not w.grows}
    choices = _choices(windows)
    if choices:

        def bytes_with(chosen: set[int]) -> int:
            trial = graph.copy()
            _pushed(trial, chosen)
            return planned(trial, target).bytes

        # the smaller plan and, of equals, the one that moves less
        best = min([*choices, best], key=bytes_with)
    _pushed(graph, best)
    return bool(best)
