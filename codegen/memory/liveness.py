"""When each activation's bytes matter, and which activations can share them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgegen.ir.graph import Graph, Node, State
from edgegen.ir.kernel import EXACTLY, Overlap
from edgegen.ir.tensor import Tensor
from edgegen.memory.arena import Buffer

Span = tuple[int, int]


@dataclass(frozen=True)
class Storage:
    """Activations that lie at one place: a tensor, its views, and results that took its bytes over.

    size:       bytes, a multiple of the alignment
    persistent: it holds state, and keeps its bytes from run to run
    """

    tensors: tuple[Tensor, ...]
    size: int
    first: int
    last: int
    persistent: bool = False

    @property
    def buffer(self) -> Buffer:
        return Buffer(self.size, self.first, self.last)


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


def round_up(size: int, alignment: int) -> int:
    """Bytes that `size` takes where everything starts at a multiple of `alignment`; at least one unit."""
    return -(-max(size, 1) // alignment) * alignment


class _Sharing:
    """Groups of activations under way: a root each, with the size and span of all that joined it."""

    def __init__(self, spans: dict[Tensor, Span], alignment: int) -> None:
        self.root = {t: t for t in spans}
        self.groups: dict[Tensor, Storage] = {
            t: Storage((t,), round_up(t.type.bytes, alignment), *span) for t, span in spans.items()
        }

    def group(self, tensor: Tensor) -> Storage:
        return self.groups[self.root[tensor]]

    def joined(self, tensor: Tensor, source: Tensor) -> Storage:
        """What the source's group would be with the tensor's in it."""
        a, b = self.group(source), self.group(tensor)
        return Storage(
            a.tensors + b.tensors,
            max(a.size, b.size),
            min(a.first, b.first),
            max(a.last, b.last),
            a.persistent or b.persistent,
        )

    def join(self, tensor: Tensor, source: Tensor) -> None:
        """Both lie in one place; nothing changes if they do already."""
        keep, gone = self.root[source], self.root[tensor]
        if keep is gone:
            return
        merged = self.joined(tensor, source)
        for member in self.groups.pop(gone).tensors:
            self.root[member] = keep
        self.groups[keep] = merged

    def keep(self, state: State) -> None:
        """What the state becomes is written where its value lies, which is in use all the time."""
        self.join(state.next, state.value)
        root = self.root[state.value]
        self.groups[root] = replace(self.groups[root], persistent=True)


def _take_over(node: Node, step: int, sharing: _Sharing) -> None:
    """Lets the node's result lie in the bytes of an input of its size that dies at this step, if its kernel allows."""
    for position in node.kernel.in_place if node.kernel is not None else ():
        if not node.may_overwrite(position):
            continue
        group, result = sharing.group(node.input(position)), sharing.group(node.out)
        if group.size != result.size or _overlap(node, step, group, result) != EXACTLY:
            continue
        sharing.join(node.out, node.input(position))
        return


def _overlap(node: Node, step: int, group: Storage, result: Storage) -> Overlap | None:
    """How the node's first result, in `result`, may lie over the inputs in `group`; None: not at all."""
    # the result's place may be in use earlier, where another branch writes it
    if group.last != step or result.first != step or group.persistent or result.persistent or node.packed is None:
        return None
    here = [i for i in node.packed.inputs if i < len(node.inputs) and node.inputs[i] in group.tensors]
    found = [node.overlap(i) for i in here]
    if not found or None in found:
        return None
    overlaps = [o for o in found if o is not None]
    if len(overlaps) == 1:
        return overlaps[0]
    if all(o.step == 1 for o in overlaps):
        return Overlap(min(o.most for o in overlaps))
    # reading the bytes twice is safe only where the kernel reads both element by element, in step with its writes
    same = all(o == EXACTLY for o in overlaps) and len({node.input(i).shape for i in here}) == 1
    return EXACTLY if same else None


def _aligned(overlap: Overlap, alignment: int) -> Overlap | None:
    """The overlap where all starts are multiples of the alignment."""
    if overlap.step == 0:
        return overlap if overlap.most % alignment == 0 else None
    step = math.lcm(overlap.step, alignment) if overlap.step > 1 else 1
    reachable = range(overlap.most, overlap.most - max(step, alignment), -overlap.step)
    most = next((m for m in reachable if m % alignment == 0), None)
    return None if most is None else Overlap(most, step)


def overlaps(graph: Graph, places: Sequence[Storage], alignment: int) -> dict[tuple[int, int], Overlap]:
    """{(i, j): how storage j, which begins as a node's first result, may lie over storage i, which the node ends}."""
    number = {t: i for i, s in enumerate(places) for t in s.tensors}
    found: dict[tuple[int, int], Overlap] = {}
    for step, node in enumerate(graph.steps()):
        if not node.has_kernel or node.out not in number:
            continue
        j = number[node.out]
        for i in {number[t] for t in node.inputs if t in number} - {j}:
            overlap = _overlap(node, step, places[i], places[j])
            fitting = _aligned(overlap, alignment) if overlap is not None else None
            if fitting is not None and fitting.most > -places[j].size:
                found[i, j] = fitting
    return found


def storages(graph: Graph, alignment: int) -> list[Storage]:
    """Every activation in exactly one storage, in order of first use.

    Views lie in their source's bytes. A result takes over the bytes of an input of its size where its kernel works in
    place and nothing, views included, needs the input afterwards; other `overlaps` are left to the placement. What
    state becomes lies where the state does, and inputs and outputs of sub-graphs lie where those of their node do:
    store_state and store_results have made that safe.
    """
    spans = lifetimes(graph)
    sharing = _Sharing(spans, alignment)
    steps = graph.steps()
    for node in steps:
        if node.is_view:
            sharing.join(node.out, node.input(0))
        for inner in node.op.graphs:
            for tensor, source in (*node.arguments(inner), *node.results(inner)):
                sharing.join(tensor, source)
        for i, k in node.updates:
            sharing.join(node.outputs[k], node.input(i))
    for state in graph.state:
        sharing.keep(state)
    for step, node in enumerate(steps):
        if node.has_kernel:
            _take_over(node, step, sharing)
    return list(sharing.groups.values())
