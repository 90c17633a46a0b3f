"""What is legal in a graph, checked after every pass. The rules grow with the stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Graph, Node
from edgegen.ir.layout import NATURAL
from edgegen.ir.plan import Placement, Plan
from edgegen.ir.portions_in_thought import Copied
from edgegen.ir.rows_in_thought import run_turns
from edgegen.ir.tensor import Tensor

STAGES = ("read", "pre_optimize", "optimize", "post_optimize")

Rule = Callable[[Graph], None]


def _fail(node: Node, text: str) -> InvalidGraph:
    where = f" ({node.source})" if node.source else ""
    return InvalidGraph(f'{node.op.kind} "{node.name}"{where}: {text}')


def defined_before_use(graph: Graph) -> None:
    """Inputs come from the graph's inputs, constants or earlier nodes; every tensor is written once."""
    defined: set[Tensor] = set(graph.sources)
    if len(defined) != len(graph.sources):
        raise InvalidGraph("a tensor is listed twice among the graph's inputs and state")
    later = {t: n for n in graph.nodes for t in n.outputs}
    for node in graph.nodes:
        for tensor in node.inputs:
            if tensor is None or tensor.is_constant or tensor in defined:
                continue
            why = f'written only later, by "{later[tensor].name}"' if tensor in later else "never written"
            raise _fail(node, f'reads "{tensor.name}", which is {why}')
        for tensor in node.outputs:
            if tensor in defined or tensor.is_constant:
                raise _fail(node, f'writes "{tensor.name}", which already has a value')
            defined.add(tensor)
    for tensor in graph.sinks:
        if tensor not in defined and not tensor.is_constant:
            raise InvalidGraph(f'the graph\'s output "{tensor.name}" is never written')


def types_agree(graph: Graph) -> None:
    """Each node's outputs have the dtype and shape that its operator infers."""
    for node in graph.nodes:
        try:
            inferred = node.op.infer(*(t.type if t is not None else None for t in node.inputs))
        except InvalidGraph as error:
            raise _fail(node, error.what) from error
        if len(inferred) != len(node.outputs):
            raise _fail(node, f"has {len(node.outputs)} outputs, computes {len(inferred)}")
        for tensor, computed in zip(node.outputs, inferred, strict=True):
            if (tensor.dtype, tensor.shape) != (computed.dtype, computed.shape):
                declared = f"{tensor.dtype}{list(tensor.shape)}"
                raise _fail(node, f'"{tensor.name}" is {declared}, computes {computed}')


def constants_agree(graph: Graph) -> None:
    """Constants' types are those of their data; state keeps its type from run to run."""
    for state in graph.state:
        a, b = state.value.type, state.next.type
        if (a.dtype, a.shape) != (b.dtype, b.shape) or state.initial.shape != a.shape:
            raise InvalidGraph(f'state "{state.name}" is {a}, but becomes {b} from {state.initial.shape}')
    for tensor in graph.tensors():
        if tensor.data is not None and (tensor.data.shape != tensor.shape or tensor.data.dtype != tensor.dtype.np):
            raise InvalidGraph(f'constant "{tensor.name}" is {tensor.type}, its data differs')


def shapes_known(graph: Graph) -> None:
    """No dimension is left open."""
    for tensor in graph.tensors():
        if any(d < 0 for d in tensor.shape):
            raise InvalidGraph(f'"{tensor.name}" is {tensor.type}, which has an unknown dimension')


def ops_are_core(graph: Graph) -> None:
    """Every operator is one that kernels compute, or a view."""
    for node in graph.nodes:
        if not (node.op.kernels or node.op.is_view or node.op.is_control):
            raise _fail(node, "is not a core operator: no kernel row computes it")


def no_dead_nodes(graph: Graph) -> None:
    """Every node's result reaches an output."""
    needed = set(graph.sinks)
    for node in reversed(graph.nodes):
        if not needed.intersection(node.outputs):
            raise _fail(node, "computes nothing that is used")
        needed.update(t for t in node.inputs if t is not None)


def layouts_plain(graph: Graph) -> None:
    """What lies outside the nodes' control (inputs, outputs, constants) and all that is no image is stored plainly."""
    outside = {*graph.sources, *graph.sinks}
    for tensor in graph.tensors():
        if tensor.type.layout != NATURAL and (tensor in outside or tensor.is_constant or tensor.rank != 4):
            raise InvalidGraph(f'"{tensor.name}" must be stored in natural order, is {tensor.type}')


def kernels_chosen(graph: Graph) -> None:
    """Every node that computes has a kernel row, which reads and writes its tensors as they are stored."""
    for node in graph.nodes:
        if not node.has_kernel:
            continue
        if node.kernel is None:
            raise _fail(node, "has no kernel")
        conflict = node.kernel.layout_conflict(node)
        if conflict:
            raise _fail(node, f"{node.kernel.name} {conflict}")


def constants_packed(graph: Graph) -> None:
    """Every node that computes has its constants laid out, and is passed inputs that it has."""
    for node in graph.nodes:
        if not node.has_kernel:
            continue
        if node.packed is None:
            raise _fail(node, "has no packed constants")
        for i in node.packed.inputs:
            if i >= len(node.inputs) or node.inputs[i] is None:
                raise _fail(node, f"its kernel is passed input {i}, which is absent")


class _Arena:
    """The arena while a planned graph is run in thought: which tensors' bytes still hold their values."""

    def __init__(self, graph: Graph, plan: Plan) -> None:
        self.plan = plan
        self.copied = Copied(graph, plan)
        self.intact: dict[Tensor, Placement] = {}
        self.spoiled: dict[Tensor, str] = {}

    def place(self, tensor: Tensor) -> Placement:
        """The tensor's bytes. Raises InvalidGraph if it has too few or they leave the arena."""
        place = self.plan.tensors.get(tensor)
        if place is None:
            raise InvalidGraph(f'"{tensor.name}" has no place in the arena')
        if place.size < tensor.type.bytes or not 0 <= place.offset <= self.plan.total_bytes - place.size:
            raise InvalidGraph(
                f'"{tensor.name}" needs {tensor.type.bytes} bytes, has {place.size} at {place.offset} '
                f"of {self.plan.total_bytes}"
            )
        if not self.plan.is_whole(place):
            raise InvalidGraph(f'"{tensor.name}" at {place.offset} leaves the memory that it begins in')
        return place

    def require(self, tensor: Tensor, reader: str) -> Placement:
        """Raises InvalidGraph unless the tensor's bytes still hold its value."""
        if tensor not in self.intact:
            raise InvalidGraph(
                f'"{tensor.name}" is overwritten by {self.spoiled.get(tensor, "nobody, never written")} '
                f"before {reader} reads it"
            )
        return self.intact[tensor]

    def spoil(self, place: Placement, writer: str) -> None:
        """The bytes take on something else: whatever lay there is lost."""
        for tensor in [t for t, p in self.intact.items() if _overlap(p, place)]:
            del self.intact[tensor]
            self.spoiled[tensor] = writer


def _overlap(a: Placement, b: Placement) -> bool:
    return a.offset < b.offset + b.size and b.offset < a.offset + a.size


def _run_in_thought(node: Node, arena: _Arena) -> None:
    """One node: its inputs must hold their values, and what it writes must not disturb what it still reads."""
    if node.op.stretches:
        _rows_in_thought(node, arena)
        return
    if node.op.is_control:
        (_loop_in_thought if node.op.is_loop else _branches_in_thought)(node, arena)
        return
    who = f'"{node.name}"'
    reads = [(i, t, arena.require(t, who)) for i, t in enumerate(node.inputs) if t is not None and not t.is_constant]
    if node.is_view:
        place = arena.place(node.out)
        for tensor, offset in node.shared():
            if place.offset + offset != arena.require(tensor, who).offset:
                raise _fail(node, f'is a view, but "{node.out.name}" does not lie where its source does')
        arena.intact[node.out] = place
        return
    writes = [(f'"{t.name}"', arena.place(t)) for t in node.outputs]
    if node.packed is not None and node.packed.scratch:
        scratch = arena.plan.scratch.get(node)
        if scratch is None or scratch.size < node.packed.scratch:
            raise _fail(node, f"needs {node.packed.scratch} bytes of scratch")
        if not 0 <= scratch.offset <= arena.plan.arena_bytes - scratch.size:
            raise _fail(node, "its scratch leaves the arena")
        if not arena.plan.is_whole(scratch):
            raise _fail(node, "its scratch leaves the memory that it begins in")
        writes.append(("its scratch", scratch))
    copied = arena.copied.beside(node)
    for label, place in (*writes, *((f'its input "{t.name}"', source) for _, t, source in reads)):
        for other, beside in copied:
            if _overlap(place, beside):
                raise _fail(node, f"{label} overlaps {other}")
    for k, (label, place) in enumerate(writes):
        for other, beside in writes[:k]:
            if _overlap(place, beside):
                raise _fail(node, f"{label} overlaps {other}")
        for i, tensor, source in reads:
            if not _overlap(place, source):
                continue
            if k >= len(node.outputs) or not node.bears(place.offset - source.offset, i, k):
                raise _fail(node, f'{label} overlaps its input "{tensor.name}"')
    for label, place in (*((who, place) for _, place in writes), *copied):
        arena.spoil(place, label)
    arena.intact.update((t, arena.place(t)) for t in node.outputs)


def _graph_in_thought(node: Node, graph: Graph, arena: _Arena) -> None:
    """A sub-graph of the node: its inputs lie on the node's inputs, and its outputs, in the end, on the node's."""
    who = f'"{node.name}"'
    for inner, outer in node.arguments(graph):
        if outer.is_constant:
            raise _fail(node, f'"{outer.name}" is a constant, which a sub-graph cannot find in the arena')
        if arena.place(inner).offset != arena.require(outer, who).offset:
            raise _fail(node, f'"{inner.name}" does not lie where "{outer.name}" does')
        arena.intact[inner] = arena.place(inner)
    for each in graph.nodes:
        _run_in_thought(each, arena)
    for inner in graph.outputs:
        arena.require(inner, who)
    for inner, outer in node.results(graph):
        if arena.place(inner).offset != arena.place(outer).offset:
            raise _fail(node, f'"{inner.name}" does not lie where "{outer.name}" does')


def _updates_in_place(node: Node, arena: _Arena) -> None:
    for i, k in node.updates:
        before, after = node.input(i), node.outputs[k]
        if arena.require(before, f'"{node.name}"').offset != arena.place(after).offset:
            raise _fail(node, f'"{after.name}" does not lie where "{before.name}" does')


def _branches_in_thought(node: Node, arena: _Arena) -> None:
    """What is whole afterwards is what each of the branches leaves whole."""
    _updates_in_place(node, arena)
    before = dict(arena.intact)
    arena.require(node.input(0), f'"{node.name}"')
    left: list[dict[Tensor, Placement]] = []
    for graph in node.op.graphs:
        arena.intact = dict(before)
        _graph_in_thought(node, graph, arena)
        left.append(arena.intact)
    arena.intact = {t: p for t, p in before.items() if all(t in each for each in left)}
    arena.intact.update((t, arena.place(t)) for t in node.outputs)


def _loop_in_thought(node: Node, arena: _Arena) -> None:
    """Carried values are rewritten where they lie; every turn finds the other inputs whole."""
    condition, body = node.op.graphs
    kept = [outer for _, outer in node.arguments(body)[len(node.outputs) :]]
    if len(node.updates) != len(node.outputs):
        raise _fail(node, "carries values that it does not keep in place")
    _updates_in_place(node, arena)
    _graph_in_thought(node, condition, arena)
    _graph_in_thought(node, body, arena)
    for tensor in kept:
        arena.require(tensor, f'the next turn of "{node.name}"')
    arena.intact.update((t, arena.place(t)) for t in node.outputs)


def _rows_in_thought(node: Node, arena: _Arena) -> None:
    """A loop over rows: what its turns write is lost, its input too unless all of it is left."""
    x = node.input(0)
    given = None if any(s.fed for s in node.op.stretches) else arena.require(x, f'"{node.name}"')
    written, whole = run_turns(node, arena.plan)
    for other, beside in arena.copied.beside(node):
        if written[beside.offset : beside.offset + beside.size].any() or (given and _overlap(given, beside)):
            raise _fail(node, f"works in {other}")
        arena.spoil(beside, other)
    for tensor, place in list(arena.intact.items()):
        if tensor is not x and written[place.offset : place.offset + place.size].any():
            del arena.intact[tensor]
            arena.spoiled[tensor] = f'"{node.name}"'
    if not whole:
        arena.intact.pop(x, None)
        arena.spoiled[x] = f'"{node.name}"'
    arena.intact[node.out] = arena.place(node.out)


def arena_is_sound(graph: Graph) -> None:
    """Every value that is read is still whole: running the nodes in thought, no write disturbs a tensor in use.

    Overlaps are legitimate where a view lies on its source, a kernel works in place, or the value is not needed again.
    """
    if graph.plan is None:
        raise InvalidGraph("the arena is not planned")
    arena = _Arena(graph, graph.plan)
    arena.copied.check(graph.in_row_loops())
    for tensor in graph.sources:
        if tensor is graph.fed:
            continue
        place = arena.place(tensor)
        for other, beside in arena.intact.items():
            if _overlap(place, beside):
                raise InvalidGraph(f'"{other.name}" and "{tensor.name}" overlap before the first node')
        arena.intact[tensor] = place
    for node in graph.nodes:
        _run_in_thought(node, arena)
    for tensor in graph.outputs:
        if not tensor.is_constant:
            arena.require(tensor, "the caller")
    for tensor in graph.inputs:
        if tensor is not graph.fed and graph.plan.outlives(arena.place(tensor)):
            arena.require(tensor, "the caller, whose it stays,")
    for state in graph.state:
        place = arena.require(state.next, "the next run")
        if not graph.plan.outlives(place) or place.offset != arena.place(state.value).offset:
            raise InvalidGraph(f'state "{state.name}" is not left where the next run finds it')


_CLEAN: tuple[Rule, ...] = (defined_before_use, shapes_known, types_agree, ops_are_core)

RULES: dict[str, tuple[Rule, ...]] = {
    "read": (defined_before_use, constants_agree),
    "pre_optimize": (*_CLEAN, no_dead_nodes),
    "optimize": (*_CLEAN, no_dead_nodes),
    "post_optimize": (*_CLEAN, no_dead_nodes, layouts_plain, kernels_chosen, constants_packed, arena_is_sound),
}


def verify(graph: Graph, stage: str) -> None:
    """Checks every rule of what is legal after `stage`. Raises InvalidGraph."""
    check(graph, RULES[stage])


def check(graph: Graph, rules: Iterable[Rule]) -> None:
    """Checks rules on the graph and on its sub-graphs, which have no plan of their own. Raises InvalidGraph."""
    for rule in rules:
        for each in [graph] if rule is arena_is_sound else graph.everywhere():
            rule(each)
