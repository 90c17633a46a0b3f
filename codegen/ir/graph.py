"""Graphs: nodes in the order they run, over tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from edgegen.ir.kernel import EXACTLY, Kernel, Overlap, Packed
from edgegen.ir.op import Op
from edgegen.ir.plan import Orders, Plan
from edgegen.ir.portion import PortionPlan, Share, Table
from edgegen.ir.rows import RowPlan
from edgegen.ir.tensor import Array, Tensor


@dataclass(eq=False)
class Node:
    """One operator applied to tensors.

    inputs: None where an optional input is absent
    source: where it comes from, for messages and comments ("tflite op 3 CONV_2D")
    kernel, packed: decided by post_optimize
    updates: (input, output) pairs of control flow that lie in the same bytes, decided by post_optimize
    offsets: of a view by choice, bytes from the start of the output to that of each input, decided by post_optimize
    shares: the calls that compute it, each with weights that are copied for it; none if its weights are not
    table: its first input, if it chooses rows of that and they alone are copied
    """

    op: Op
    inputs: list[Tensor | None]
    outputs: list[Tensor]
    name: str
    source: str = ""
    kernel: Kernel | None = None
    packed: Packed | None = None
    updates: tuple[tuple[int, int], ...] = ()
    offsets: tuple[int, ...] | None = None
    shares: tuple[Share, ...] = ()
    table: Table | None = None

    @property
    def out(self) -> Tensor:
        """The first output."""
        return self.outputs[0]

    def input(self, i: int) -> Tensor:
        """Input i, which must be there."""
        tensor = self.inputs[i]
        assert tensor is not None, f"{self.name} lacks input {i}"
        return tensor

    def arguments(self, graph: Graph) -> list[tuple[Tensor, Tensor]]:
        """(input of a sub-graph of the node, the node's input that it stands for)."""
        if self.op.stretches:
            return []
        first = len(self.inputs) - len(graph.inputs)
        return [(t, self.input(first + i)) for i, t in enumerate(graph.inputs)]

    def results(self, graph: Graph) -> list[tuple[Tensor, Tensor]]:
        """(output of a sub-graph of the node, the node's output that it becomes)."""
        if self.op.stretches or (self.op.is_loop and graph is self.op.graphs[0]):
            return []
        return list(zip(graph.outputs, self.outputs, strict=True))

    @property
    def has_kernel(self) -> bool:
        """Whether a kernel row computes the node: it is neither a view nor control flow."""
        return not (self.is_view or self.op.is_control)

    @property
    def is_view(self) -> bool:
        """Whether the output is activations' bytes as they lie: no kernel, no storage of its own."""
        x = self.inputs[0] if self.inputs else None
        always = x is not None and not x.is_constant and self.op.aliases(x.type, self.out.type)
        return always or self.offsets is not None

    def shared(self) -> list[tuple[Tensor, int]]:
        """Of a view: (input, bytes from the output's start to the input's) of each input that it reads."""
        if self.offsets is None:
            return [(self.input(0), 0)]
        return [(self.input(i), offset) for i, offset in enumerate(self.offsets)]

    @property
    def in_shares(self) -> bool:
        """Whether several calls compute it, of which each goes through all of the input."""
        return len(self.shares) > 1

    @property
    def calls(self) -> list[Node]:
        """What its kernel is called for: the node, or some of its units as nodes of their own."""
        return [share.node for share in self.shares] or [self]

    def may_overwrite(self, position: int, output: int = 0) -> bool:
        """Whether the chosen kernel may write an output exactly onto the bytes of the input at `position`."""
        if self.kernel is None or self.packed is None or position not in self.packed.inputs or self.in_shares:
            return False
        source = self.inputs[position] if position < len(self.inputs) else None
        if source is None or source.is_constant:
            return False
        allowed = (position, output) in self.kernel.updates or (output == 0 and position in self.kernel.in_place)
        result = self.outputs[output].type
        return allowed and source.type.layout == result.layout and source.type.bytes >= result.bytes

    def overlap(self, position: int, output: int = 0) -> Overlap | None:
        """How an output may lie over the bytes of the input at `position`; None: not at all."""
        if self.may_overwrite(position, output):
            return EXACTLY
        if self.kernel is None or self.packed is None or output != 0 or position not in self.packed.inputs:
            return None
        if self.in_shares:
            return self._overlap_of_shares() if position == 0 else None
        return self.kernel.overlap(self).get(position)

    def _overlap_of_shares(self) -> Overlap | None:
        """Of calls that read and write channels of their own alone. Others leave none: all but the last find that the
        input is still needed whole."""
        assert self.kernel is not None, self.name
        found = [self.kernel.lanes(share.node) for share in self.shares]
        pixel = self.out.shape[-1] * self.out.dtype.size
        most = [pixels for pixels in found if pixels is not None]
        return Overlap(min(most) * pixel, pixel) if len(most) == len(found) else None

    def bears(self, difference: int, position: int, output: int = 0) -> bool:
        """Whether the kernel, run from the start or from the end as decided if it can do either, may write an output so
        many bytes after the start of the input at `position`."""
        overlap = self.overlap(position, output)
        if overlap is None or self.packed is None:
            return False
        if not self.packed.turns:
            return overlap.allows(difference)
        return overlap.backward(difference) if self.packed.backward else overlap.forward(difference)

    def macs(self) -> int:
        return self.op.macs(*(t.type if t is not None else None for t in self.inputs))

    @property
    def macs_count(self) -> str:
        """What `macs` counts of a node that runs sub-graphs: "at most" for branches, "a turn" for loops; else ""."""
        if not self.op.is_control or self.op.stretches:
            return ""
        return "a turn" if self.op.is_loop else "at most"

    def __repr__(self) -> str:
        return f"Node({self.op.kind} {self.name!r})"


@dataclass(eq=False)
class State:
    """A tensor that outlives a run: a resource variable, or what a recurrent operator remembers.

    value:   what nodes read: the tensor as the run finds it
    next:    what the run leaves for the next one; `value` itself if nothing writes it
    initial: what the first run finds, of value's dtype and shape
    """

    name: str
    value: Tensor
    next: Tensor
    initial: Array


@dataclass(frozen=True)
class Signature:
    """What a model's file calls its inputs and outputs, apart from the tensors' own names; "" where it does not.

    key: of the signature in the file
    """

    key: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(eq=False)
class Graph:
    """A model, or a sub-graph that an operator of control flow runs.

    signature:  what the file calls the model's inputs and outputs, if it does
    by_rows:    the caller is to hand over the input, one image, row by row
    in_turns:   it is what a loop over rows runs each turn
    row_plans:  the plans among which loops over rows were chosen, smallest first; none if there was nothing to choose
    portion_bytes: most bytes of weights that are copied at a time, as fit_portion has decided; 0: what the target says
    copies_ahead: they are copied, as a rule, while the call before the one that reads them computes; else right before
    portion_plans: the plans among which it has, smallest first; none if there was nothing to choose
    signatures: all that the file has, those of its other sub-graphs too
    orders:     what is known of all orders of the nodes; None: nothing

    Constants are reached through the nodes that read them. A sub-graph sees nothing but its own inputs; it has no
    state and no plan: its tensors are planned with those of the model.
    """

    name: str
    inputs: list[Tensor]
    outputs: list[Tensor]
    nodes: list[Node] = field(default_factory=list)
    state: list[State] = field(default_factory=list)
    plan: Plan | None = None
    by_rows: bool = False
    in_turns: bool = False
    row_plans: tuple[RowPlan, ...] = ()
    portion_bytes: int = 0
    copies_ahead: bool = True
    portion_plans: tuple[PortionPlan, ...] = ()
    signature: Signature | None = None
    signatures: tuple[Signature, ...] = ()
    orders: Orders | None = None

    @property
    def sources(self) -> list[Tensor]:
        """Tensors that have a value before the first node: inputs and state."""
        return [*self.inputs, *(s.value for s in self.state)]

    @property
    def sinks(self) -> list[Tensor]:
        """Tensors whose values are needed after the last node: outputs and what the state becomes."""
        return [*self.outputs, *(s.next for s in self.state)]

    def input_names(self) -> list[str]:
        """What each input is called for people and in C: by the signature if it says, else by its tensor."""
        return [n or t.name for n, t in zip(self._named("inputs"), self.inputs, strict=True)]

    def output_names(self) -> list[str]:
        """Likewise of the outputs."""
        return [n or t.name for n, t in zip(self._named("outputs"), self.outputs, strict=True)]

    def _named(self, kind: str) -> tuple[str, ...]:
        names: tuple[str, ...] = getattr(self.signature, kind, ())
        return names or ("",) * len(self.inputs if kind == "inputs" else self.outputs)

    def everywhere(self) -> list[Graph]:
        """This graph and all sub-graphs of its nodes, each before those that it contains."""
        return [self, *(g for n in self.nodes for inner in n.op.graphs for g in inner.everywhere())]

    def steps(self) -> list[Node]:
        """All nodes, those of sub-graphs too: a node's place in this list is its number in comments and reports.

        What a sub-graph holds comes before the node that runs it.
        """
        found = []
        for node in self.nodes:
            for inner in node.op.graphs:
                found += inner.steps()
            found.append(node)
        return found

    @property
    def fed(self) -> Tensor | None:
        """The input that the caller hands over row by row, so that it has no place of its own."""
        return next((n.input(0) for n in self.nodes if any(s.fed for s in n.op.stretches)), None)

    def in_row_loops(self) -> set[Node]:
        """The nodes that loops over rows run."""
        return {n for loop in self.steps() for s in loop.op.stretches for n in s.graph.nodes}

    def owners(self) -> dict[Node, str]:
        """Which sub-graph each node that lies in one belongs to, such as "body of 12"."""
        found: dict[Node, str] = {}
        for number, node in enumerate(self.steps()):
            for graph, part in zip(node.op.graphs, node.op.parts, strict=True):
                found.update((inner, f"{part} of {number}") for inner in graph.nodes)
        return found

    def numbered(self) -> list[tuple[int, Node]]:
        """This graph's own nodes, without those of sub-graphs, with their numbers among all of them."""
        numbers = {n: i for i, n in enumerate(self.steps())}
        return [(numbers[n], n) for n in self.nodes]

    def tensors(self) -> list[Tensor]:
        """Every tensor of this graph once, in order of first appearance."""
        seen: dict[Tensor, None] = dict.fromkeys(self.sources)
        for node in self.nodes:
            seen.update(dict.fromkeys(t for t in node.inputs if t is not None))
            seen.update(dict.fromkeys(node.outputs))
        seen.update(dict.fromkeys(self.sinks))
        return list(seen)

    def producer(self, tensor: Tensor) -> Node | None:
        return next((n for n in self.nodes if tensor in n.outputs), None)

    def producers(self) -> dict[Tensor, Node]:
        return {t: n for n in self.nodes for t in n.outputs}

    def consumers(self) -> dict[Tensor, list[Node]]:
        """Nodes that read each tensor, in order, a node once per tensor."""
        readers: dict[Tensor, list[Node]] = {}
        for node in self.nodes:
            for tensor in dict.fromkeys(t for t in node.inputs if t is not None):
                readers.setdefault(tensor, []).append(node)
        return readers

    def replace_uses(self, old: Tensor, new: Tensor) -> None:
        """Every reader of `old`, graph outputs and state included, reads `new` instead."""
        for node in self.nodes:
            node.inputs = [new if t is old else t for t in node.inputs]
        self.outputs = [new if t is old else t for t in self.outputs]
        for state in self.state:
            state.next = new if state.next is old else state.next

    def remove(self, nodes: Sequence[Node]) -> None:
        gone = set(nodes)
        self.nodes = [n for n in self.nodes if n not in gone]

    def insert_before(self, node: Node, new: Node) -> None:
        self.nodes.insert(self.nodes.index(node), new)

    def copy(self) -> Graph:
        """The same graph with nodes and tensors of its own, so that passes leave this one as it is.

        What post_optimize has decided is left out, but for the views of rows that a turn keeps.
        """
        twin = {t: Tensor(t.name, t.type, t.data, t.rounded) for t in self.tensors()}
        nodes = [
            Node(
                n.op.with_graphs(tuple(g.copy() for g in n.op.graphs)),
                [None if t is None else twin[t] for t in n.inputs],
                [twin[t] for t in n.outputs],
                n.name,
                n.source,
                offsets=n.offsets if self.in_turns else None,
            )
            for n in self.nodes
        ]
        state = [State(s.name, twin[s.value], twin[s.next], s.initial) for s in self.state]
        inputs, outputs = [twin[t] for t in self.inputs], [twin[t] for t in self.outputs]
        return Graph(
            self.name,
            inputs,
            outputs,
            nodes,
            state,
            None,
            self.by_rows,
            self.in_turns,
            (),
            self.portion_bytes,
            self.copies_ahead,
            (),
            self.signature,
            self.signatures,
        )

    def macs(self) -> int:
        """Of one run; what control flow decides is stated in `Op.macs` of its operators."""
        return sum(n.macs() for n in self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)
