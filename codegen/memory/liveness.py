"""When each activation's bytes matter, and which activations can share them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from edgegen.ir.graph import Graph, Node, State
from edgegen.ir.tensor import Tensor
from edgegen.memory.arena import Buffer, lower_bound

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

    Step i is node i. The caller fills all inputs before step 0, which is step -1, and reads all outputs after the last
    node, which is step len(nodes). State has its value before the first step and what it becomes after the last.
    """
    spans = dict.fromkeys(graph.sources, (-1, -1))
    for step, node in enumerate(graph.nodes):
        for tensor in node.inputs:
            if tensor is not None and not tensor.is_constant:
                spans[tensor] = (spans[tensor][0], step)
        for tensor in node.outputs:
            spans[tensor] = (step, step)
    for tensor in graph.sinks:
        if not tensor.is_constant:
            spans[tensor] = (spans[tensor][0], len(graph.nodes))
    return spans


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
        merged = self.joined(tensor, source)
        keep, gone = self.root[source], self.root[tensor]
        for member in self.groups.pop(gone).tensors:
            self.root[member] = keep
        self.groups[keep] = merged

    def keep(self, state: State) -> None:
        """What the state becomes is written where its value lies, which is in use all the time."""
        if self.root[state.next] is not self.root[state.value]:
            self.join(state.next, state.value)
        root = self.root[state.value]
        self.groups[root] = replace(self.groups[root], persistent=True)

    def cost(self, without: Iterable[Tensor] = (), extra: Iterable[Storage] = ()) -> tuple[int, int]:
        """(lower bound, bytes times steps) of all groups."""
        left_out = {self.root[t] for t in without}
        kept = [s for r, s in self.groups.items() if r not in left_out and not s.persistent]
        buffers = [s.buffer for s in (*kept, *extra)]
        return lower_bound(buffers), sum(b.size * (b.last - b.first + 1) for b in buffers)


def _take_over(node: Node, step: int, sharing: _Sharing) -> None:
    """Lets the node's result overwrite an input that dies at this step, if its kernel allows it."""
    read = [i for i in node.packed.inputs if i < len(node.inputs)] if node.packed is not None else []
    for position in node.kernel.in_place if node.kernel is not None else ():
        if not node.may_overwrite(position):
            continue
        source = node.input(position)
        group = sharing.group(source)
        if group.last != step or group.persistent or sharing.group(node.out).persistent:
            continue
        same_bytes = [i for i in read if node.inputs[i] in sharing.root and sharing.group(node.input(i)) is group]
        # reading the bytes twice is safe only where the kernel reads both element by element, in step with its writes
        if any(not node.may_overwrite(i) or node.input(i).shape != source.shape for i in same_bytes):
            continue
        if group.size > sharing.group(node.out).size and sharing.cost() < sharing.cost(
            (source, node.out), (sharing.joined(node.out, source),)
        ):
            continue  # a small result would keep a large buffer alive
        sharing.join(node.out, source)
        return


def storages(graph: Graph, alignment: int) -> list[Storage]:
    """Every activation in exactly one storage, in order of first use.

    Views lie in their source's bytes. A result takes over the bytes of an input where its kernel works in place and
    nothing, views included, needs the input afterwards. What state becomes lies where the state does: store_state has
    made that safe.
    """
    spans = lifetimes(graph)
    sharing = _Sharing(spans, alignment)
    for node in graph.nodes:
        if node.is_view:
            sharing.join(node.out, node.input(0))
    for state in graph.state:
        sharing.keep(state)
    for step, node in enumerate(graph.nodes):
        if not node.is_view:
            _take_over(node, step, sharing)
    return list(sharing.groups.values())
