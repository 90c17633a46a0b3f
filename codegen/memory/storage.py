"""Which activations lie at fixed distances from one another, and how results may lie over what dies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgegen.ir.graph import Graph, Node
from edgegen.ir.kernel import EXACTLY, Overlap
from edgegen.ir.tensor import Tensor
from edgegen.memory.buffers import Box, Overlaps
from edgegen.memory.liveness import Span, lifetimes
from edgegen.memory.row_loops import crossings, placed
from edgegen.targets import Io

VIEW_ALIGNMENT = 4  # bytes: kernels load words, so a view starts at a multiple of this, or of its elements if larger


@dataclass(frozen=True)
class Storage:
    """Activations that lie at fixed distances: a tensor, its views, and results that took bytes over.

    offsets:    bytes from the storage's start to each tensor; those in use together share no bytes, unless they hold
                the same values there
    persistent: it holds state or separate inputs and outputs, and keeps its bytes from run to run
    """

    offsets: dict[Tensor, int]
    persistent: bool = False

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        return tuple(self.offsets)

    @property
    def size(self) -> int:
        """Bytes."""
        return max(offset + t.type.bytes for t, offset in self.offsets.items())

    def boxes(self, spans: dict[Tensor, Span], alignment: int) -> dict[Tensor, Box]:
        """Whole units of the alignment that each tensor takes, and when: those in use one after the other as one."""
        extents: dict[tuple[int, int], list[Tensor]] = {}
        for tensor, offset in self.offsets.items():
            start = offset // alignment * alignment
            extents.setdefault((start, round_up(offset + tensor.type.bytes, alignment)), []).append(tensor)
        found: dict[Tensor, Box] = {}
        for (start, end), tensors in extents.items():
            for group in _in_turn(tensors, spans):
                first, last = min(spans[t][0] for t in group), max(spans[t][1] for t in group)
                found.update(dict.fromkeys(group, Box(end - start, first, last, start)))
        return found


def _in_turn(tensors: list[Tensor], spans: dict[Tensor, Span]) -> Iterable[list[Tensor]]:
    """Groups of tensors whose spans touch."""
    group: list[Tensor] = []
    last = 0
    for tensor in sorted(tensors, key=spans.__getitem__):
        if group and spans[tensor][0] > last:
            yield group
            group = []
        last = max(last, spans[tensor][1]) if group else spans[tensor][1]
        group.append(tensor)
    yield group


def round_up(size: int, alignment: int) -> int:
    """Bytes that `size` takes where everything starts at a multiple of `alignment`; at least one unit."""
    return -(-max(size, 1) // alignment) * alignment


class Sharing:
    """Storages under way: groups of tensors at distances, at first each by itself.

    io:    "separate": inputs and outputs outlive a run as state does
    fixed: tensors whose bytes take on other values: state, and what control flow hands over. Only what must lie with
           them does
    """

    def __init__(self, graph: Graph, io: Io = "shared") -> None:
        self.spans = lifetimes(graph)
        self._root = {t: t for t in self.spans}
        self._offsets: dict[Tensor, dict[Tensor, int]] = {t: {t: 0} for t in self.spans}
        self.fixed: set[Tensor] = set()
        self._persistent = {s.value for s in graph.state}
        if io == "separate":
            self._persistent |= {*graph.inputs, *graph.outputs}
        for node in graph.steps():
            for tensor, offset in node.shared() if node.is_view else ():
                self.join(node.out, tensor, -offset)
            for tensor, source, distance in placed(node) if node.op.stretches else ():
                self._fix(tensor, source, distance)
            for inner in node.op.graphs:
                for tensor, source in (*node.arguments(inner), *node.results(inner)):
                    self._fix(tensor, source)
            for i, k in node.updates:
                self._fix(node.outputs[k], node.input(i))
        for state in graph.state:
            self._fix(state.next, state.value)

    def _fix(self, tensor: Tensor, source: Tensor, distance: int = 0) -> None:
        self.join(tensor, source, distance)
        self.fixed |= {tensor, source}

    def add(self, tensor: Tensor) -> None:
        """A tensor that is new in the graph, by itself."""
        self._root[tensor] = tensor
        self._offsets[tensor] = {tensor: 0}

    def group(self, tensor: Tensor) -> dict[Tensor, int]:
        """Bytes from some common point to each tensor that lies at a fixed distance from this one."""
        return self._offsets[self._root[tensor]]

    def is_fixed(self, tensor: Tensor) -> bool:
        return not self.fixed.isdisjoint(self.group(tensor))

    def join(self, tensor: Tensor, source: Tensor, distance: int) -> None:
        """`tensor` starts `distance` bytes after `source`; nothing changes if it does already."""
        keep, gone = self._root[source], self._root[tensor]
        kept = self._offsets[keep]
        if keep is gone:
            assert kept[tensor] == kept[source] + distance, f"{tensor.name} lies elsewhere"
            return
        moved = self._offsets.pop(gone)
        shift = kept[source] + distance - moved[tensor]
        for member, offset in moved.items():
            self._root[member] = keep
            kept[member] = offset + shift

    def take_over(self, node: Node, step: int) -> None:
        """Lets the node's result lie in the bytes of an input of its size that dies there, if its kernel allows."""
        for position in node.kernel.in_place if node.kernel is not None else ():
            if not node.may_overwrite(position):
                continue
            source, result = self.storage(node.input(position)), self.storage(node.out)
            begins = min(self.spans[t][0] for t in result.tensors)
            ends = max(self.spans[t][1] for t in source.tensors)
            alone = source.offsets[node.input(position)] == result.offsets[node.out] == 0
            if ends != step or begins != step or not alone or source.size != result.size:
                continue
            if source.persistent or result.persistent or overlap_over(node, source, position) != EXACTLY:
                continue
            self.join(node.out, node.input(position), 0)
            return

    def storage(self, tensor: Tensor) -> Storage:
        offsets = self.group(tensor)
        start = min(offsets.values())
        found = {t: offset - start for t, offset in offsets.items()}
        return Storage(found, not self._persistent.isdisjoint(found))

    def storages(self) -> list[Storage]:
        return [self.storage(root) for root in self._offsets]


def storages(graph: Graph, io: Io = "shared") -> list[Storage]:
    """Every activation in exactly one storage, in order of first use.

    Views lie in their sources' bytes. A result takes over the bytes of an input of its size where its kernel works in
    place and nothing, views included, needs the input afterwards; other `overlaps` are left to the placement. What
    state becomes lies where the state does, and inputs and outputs of sub-graphs lie where those of their node do:
    store_state and store_results have made that safe.
    """
    sharing = Sharing(graph, io)
    for step, node in enumerate(graph.steps()):
        if node.has_kernel:
            sharing.take_over(node, step)
    return sharing.storages()


def overlap_over(node: Node, place: Storage, position: int) -> Overlap | None:
    """How the node's first result may lie over its input at `position`, in view of other inputs that share its bytes.

    Reading bytes twice is safe only where each reader is, and two that allow just one place where the kernel reads both
    element by element, in step with its writes. place: the input's storage
    """
    overlap = node.overlap(position)
    if node.packed is None or overlap is None:
        return None
    tensor = node.input(position)
    start = place.offsets[tensor]
    for i in node.packed.inputs:
        other = node.inputs[i] if i < len(node.inputs) else None
        if i == position or other not in place.offsets or other is None:
            continue
        at = place.offsets[other]
        if at >= start + tensor.type.bytes or start >= at + other.type.bytes:
            continue
        beside = node.overlap(i)
        if beside is None:
            return None
        in_step = overlap == beside == EXACTLY and (start, tensor.shape) == (at, other.shape)
        if not in_step and not (overlap.step == beside.step == 1):
            return None
    return overlap


def together(found: Sequence[Overlap | None]) -> Overlap | None:
    """What some overlaps allow together; None: nothing that is worth a search."""
    allowed = [o for o in found if o is not None]
    if not allowed or len(allowed) < len(found):
        return None
    if all(o == allowed[0] for o in allowed):
        return allowed[0]
    if any(o.step != 1 for o in allowed):
        return None
    least = [o.least for o in allowed if o.least is not None]
    return Overlap(min(o.most for o in allowed), least=max(least) if len(least) == len(allowed) else None)


def overlaps(graph: Graph, places: Sequence[Storage], boxes: Sequence[dict[Tensor, Box]]) -> Overlaps:
    """How each node's first result may lie over inputs that end there.

    boxes: of the tensors in each of `places`
    """
    number = {t: i for i, place in enumerate(places) for t in place.offsets}
    found: dict[tuple[int, int], dict[tuple[Box, Box], Overlap | None]] = {}

    def add(source: Tensor, result: Tensor, overlap: Overlap | None) -> None:
        i, j = number[source], number[result]
        below, above = boxes[i][source], boxes[j][result]
        if overlap is not None:
            # the tensors need not start where their boxes do
            skew = places[i].offsets[source] - below.offset - places[j].offsets[result] + above.offset
            overlap = overlap.moved(skew)
        pair = found.setdefault((i, j), {})
        known = pair.get((below, above), overlap)
        pair[below, above] = together([known, overlap])

    for step, node in enumerate(graph.steps()):
        for crossing in crossings(node, step) if node.op.stretches else ():
            i, j = number.get(crossing.below, -1), number.get(crossing.above, -1)
            if i not in (-1, j) and j != -1 and boxes[i][crossing.below].last == crossing.until:
                add(crossing.below, crossing.above, crossing.overlap)
        if not node.has_kernel or node.packed is None or node.out not in number:
            continue
        j = number[node.out]
        for position in dict.fromkeys(node.packed.inputs):
            source = node.inputs[position] if position < len(node.inputs) else None
            if source is None or number.get(source, j) == j:
                continue
            i = number[source]
            # a result's place may be in use earlier, by another branch
            if boxes[i][source].last == step and boxes[j][node.out].first == step:
                add(source, node.out, overlap_over(node, places[i], position))
    return {
        pair: {both: o for both, o in each.items() if o is not None}
        for pair, each in found.items()
        if any(o is not None for o in each.values())
    }
