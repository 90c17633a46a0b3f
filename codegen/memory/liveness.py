"""When each activation's bytes matter."""

from __future__ import annotations

from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor
from edgegen.memory.row_loops import moments, parts_read, uses

Span = tuple[int, int]


def lifetimes(graph: Graph) -> dict[Tensor, Span]:
    """First and last step at which each activation is in use, by itself.

    Step i is node i of `graph.steps()`. The caller fills all inputs before step 0, which is step -1, and reads all
    outputs after the last node. State has its value before the first step and what it becomes after the last. What a
    loop carries or reads is in use until the loop's own step, which follows those of its sub-graphs.
    """
    spans = dict.fromkeys(graph.sources, (-1, -1))
    end = _live(graph, 0, spans)
    for tensor in graph.sinks:
        _use(tensor, end, spans)
    return spans


def _use(tensor: Tensor | None, step: int, spans: dict[Tensor, Span]) -> None:
    """The tensor, unless it is a constant, is read at the step."""
    if tensor is not None and not tensor.is_constant:
        first, last = spans[tensor]
        spans[tensor] = (first, max(last, step))


def _live(graph: Graph, step: int, spans: dict[Tensor, Span]) -> int:
    """Spans of what the graph's nodes, from number `step` on, read and write; the number after the last."""
    for node in graph.nodes:
        first = step
        if node.op.stretches:
            step = _live_by_rows(node, step, spans)
            continue
        if node.op.is_control:
            step = _live_inside(node, step, spans)
        # A branch is chosen before it runs, and finds its arguments through its own inputs.
        read = first if node.op.is_control and not node.op.is_loop else step
        for tensor in node.inputs:
            _use(tensor, read, spans)
        spans.update((tensor, (step, step)) for tensor in node.outputs)
        step += 1
    return step


def _live_inside(node: Node, step: int, spans: dict[Tensor, Span]) -> int:
    """Spans of what is inside the sub-graphs of a node; the node's own number."""
    first = step
    own = step + sum(len(g.steps()) for g in node.op.graphs)
    for graph in node.op.graphs:
        spans.update((tensor, (first, own if node.op.is_loop else first)) for tensor in graph.inputs)
        step = _live(graph, step, spans)
        returned = own if node.results(graph) else step - 1
        for tensor in graph.outputs:
            _use(tensor, returned, spans)
    return own


def _live_by_rows(loop: Node, step: int, spans: dict[Tensor, Span]) -> int:
    """Spans of a loop over rows and of what is inside; the number after the loop's own."""
    times = moments(loop, step)
    spans.update(uses(loop, step))
    if times[0].stretch.fed:
        del spans[loop.input(0)]
    else:
        _use(loop.input(0), max(times[0].gone, step), spans)
    for time in times:
        graph = time.stretch.graph
        parts = [] if time.stretch.fed else [part for part, _ in parts_read(loop, time.stretch)]
        spans.update(dict.fromkeys(parts, (time.first, time.first)))
        _live(graph, time.first, spans)
        for tensor in graph.outputs:
            _use(tensor, time.last, spans)
        for tensor in parts if time.repeats else ():  # turn by turn they are further down
            _use(tensor, time.gone, spans)
    own = times[-1].last + 1
    spans[loop.out] = (spans[times[-1].stretch.made][0], own)
    return own + 1
