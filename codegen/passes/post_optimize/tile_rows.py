"""Computes parts of a graph a few rows at a time where that is what it takes to fit the RAM that there is.

Big images then never exist whole: see RowLoop. Nothing is computed twice; what it costs are calls of kernels on few
rows, rows that kernels take up again, and rows moved within buffers. The loops of least such work are taken that keep
the plan within the limit: estimates choose a few candidates, which are then planned in earnest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edgegen.errors import DoesNotFit, UsageError
from edgegen.ir.graph import Graph, Node
from edgegen.ir.rows import RowPlan
from edgegen.memory.room import room
from edgegen.memory.row_loops import moved_bytes
from edgegen.memory.usage import bytes_in_use, occupants, peak_step
from edgegen.passes.row_parts import Choice, Parts
from edgegen.passes.row_turns import Part, row_loop
from edgegen.passes.trial import Trial, planned
from edgegen.targets import Target

POINTS = 4  # of the curve of RAM against work, besides the plans that the search makes
SPREAD = (1.0, 1.03, 1.1, 1.25)  # likewise, where the least is sought
SLACK = (1.2, 1.1, 1.05, 1.0, 0.97, 0.94, 0.9, 0.85, 0.8, 0.7, 0.0)
"""Of the limit: estimates may lie on either side of the plan."""


@dataclass(frozen=True)
class _Planned:
    """A graph with loops as it would be compiled.

    apart: rows that loops keep have places of their own
    """

    choices: tuple[Choice, ...]
    apart: bool
    trial: Trial

    @property
    def graph(self) -> Graph:
        return self.trial.graph

    @property
    def bytes(self) -> int:
        return self.trial.bytes

    @property
    def work(self) -> int:
        return sum(c.cost.work for c in self.choices)

    def described(self, macs: int, chosen: bool) -> RowPlan:
        """macs: with whole images"""
        loops = [n for n in self.graph.nodes if n.op.stretches]
        calls = sum(n.has_kernel for n in self.graph.nodes)
        calls += sum(s.turns * sum(n.has_kernel for n in s.graph.nodes) for n in loops for s in n.op.stretches)
        names = tuple(f"{n.name}, {c.rows} a turn" for n, c in zip(loops, self.choices, strict=True))
        return RowPlan(self.bytes, self.graph.macs() - macs, sum(map(moved_bytes, loops)), calls, names, chosen)


def tiled(graph: Graph, choices: Sequence[Choice], apart: bool) -> bool:
    """Replaces nodes by loops, in place; whether all of them could be. apart: as of `row_loop`"""
    for choice in sorted(choices, key=lambda c: -c.first):
        nodes = graph.nodes[choice.first : choice.end]
        x = next(t for t in nodes[0].inputs if t is not None and not t.is_constant)
        part = Part(tuple(nodes), x, nodes[-1].out, graph.by_rows and x in graph.inputs)
        op = row_loop(part, choice.rows, choice.at_most, apart)
        if op is None:
            return False
        name = f"{nodes[0].name} to {nodes[-1].name}"
        graph.nodes[choice.first : choice.end] = [Node(op, [part.x], [part.y], name, nodes[0].source)]
    return True


def _planned(graph: Graph, target: Target, choices: Sequence[Choice], apart: bool = False) -> _Planned | None:
    trial = graph.copy()
    if not tiled(trial, choices, apart):
        return None
    return _Planned(tuple(choices), apart, planned(trial, target))


def _parts(graph: Graph, plain: _Planned, target: Target) -> Parts:
    found = occupants(plain.graph)
    numbers = {node: number for number, node in plain.graph.numbered()}
    by_result = {t: number for node, number in numbers.items() for t in node.outputs}
    # of nodes that have become one, each takes what that one takes
    use = [bytes_in_use(found, numbers[node] if node in numbers else by_result[node.out]) for node in plain.trial.nodes]
    return Parts(graph, use, target)


def _plans(parts: Parts, graph: Graph, target: Target, limits: Sequence[int]) -> Iterator[_Planned]:
    """What the cheapest loops for some estimates of bytes come to, one after the other."""
    seen: set[tuple[Choice, ...]] = set()
    for most in dict.fromkeys(limits):
        choices = tuple(parts.cheapest(most) or ())
        if choices and choices not in seen:
            seen.add(choices)
            for apart in (False, True):
                made = _planned(graph, target, choices, apart)
                if made is not None:
                    yield made


def _within(parts: Parts, least: int, graph: Graph, target: Target, limit: int, tried: list[_Planned]) -> _Planned:
    """The plan of least work within the limit or, where a board sets it, the smallest if none is: what the board lacks
    shows when its flash, too, is known. The plans made are added to `tried`. Raises DoesNotFit."""
    for made in _plans(parts, graph, target, [max(int(limit * slack), least) for slack in SLACK]):
        tried.append(made)
        if made.trial.fits(limit):
            return made
    return _smallest(limit, tried, target)


def _smallest(limit: int, tried: Sequence[_Planned], target: Target) -> _Planned:
    """Of plans that do not fit. Raises DoesNotFit where nothing but the plan decides about that."""
    smallest = min(tried, key=lambda p: p.bytes)
    if target.ram_bytes and smallest.bytes > limit:
        raise _does_not_fit(limit, smallest, target)
    if smallest.trial.refusal is not None:
        error = smallest.trial.refusal
        details = [*error.details, ("least", f"{smallest.bytes:,} B of arena and state{_by_rows(smallest)}")]
        raise DoesNotFit(error.what, details, error.help + _input_rows(smallest))
    return smallest


def _by_rows(planned: _Planned) -> str:
    return ", some of it computed a few rows at a time" if planned.choices else ": nothing can be computed by rows"


def _input_rows(planned: _Planned) -> str:
    """A way out: the input, which a loop goes through already, need not be there whole."""
    graph = planned.graph
    loops = [n for n in graph.nodes if n.op.stretches]
    whole = len(graph.inputs) == 1 and any(n.input(0) is graph.inputs[0] for n in loops) and not graph.by_rows
    return ", or hand the image over row by row: --input-rows" if whole else ""


def tile_rows(graph: Graph, target: Target) -> bool:
    """Loops where whole images do not fit into the RAM that the user allows or, without that, the board has.

    Raises DoesNotFit if no loops keep the plan within the user's limit or, if there are several, in the board's
    memories. Where one memory is too small, the smallest plan is taken.

    An input that the caller hands over by rows goes through the first loop in any case: without a limit, the loops of
    the smallest plan are taken. Raises UsageError if the input's readers do not work row by row.
    """
    if not (target.ram_bytes or target.memory("ram") or graph.by_rows):
        return False
    plain = _planned(graph, target, ())
    assert plain is not None
    limit = room(plain.graph, target)
    if plain.trial.fits(limit) and not graph.by_rows:
        return False
    parts = _parts(graph, plain, target)
    least = parts.least()
    if graph.by_rows and (least is None or len(graph.inputs) != 1):
        raise _not_by_rows(graph)
    if least is None:
        return _smallest(limit, [plain], target) is not plain
    tried = [] if graph.by_rows else [plain]
    if limit:
        best = _within(parts, least, graph, target, limit, tried)
    else:
        tried += _plans(parts, graph, target, [int(least * s) for s in SPREAD])
        best = min(tried, key=lambda p: (p.bytes, p.work))
    tried += _plans(parts, graph, target, _between(least, plain.bytes))
    tiled(graph, best.choices, best.apart)
    graph.row_plans = _curve(tried, best, plain.graph.macs())
    return True


def _between(least: int, most: int) -> list[int]:
    """Sizes from the least to the most, the same factor from one to the next."""
    return [int(least * (most / least) ** (k / POINTS)) for k in range(POINTS)] if most > least else [least]


def _curve(tried: Sequence[_Planned], best: _Planned, macs: int) -> tuple[RowPlan, ...]:
    """The plans of which none is both smaller and less work than another, and the chosen one."""
    kept: list[_Planned] = []
    for made in sorted(tried, key=lambda p: (p.work, p.bytes)):
        if made is best or not kept or made.bytes < min(k.bytes for k in kept):
            kept.append(made)
    return tuple(p.described(macs, p is best) for p in sorted(kept, key=lambda p: p.bytes))


def _not_by_rows(graph: Graph) -> UsageError:
    images = ", ".join(f'"{t.name}" {t.type}' for t in graph.inputs)
    node = graph.nodes[0] if graph.nodes else None
    reader = f', read by {node.op.kind} "{node.name}"' if node else ""
    return UsageError(
        "the model cannot take its input by rows",
        [
            ("why", "it must have one input, an image of batch 1, that is read by nodes that work row by row"),
            ("input", f"{images}{reader}"),
        ],
        "leave out --input-rows",
    )


def _does_not_fit(limit: int, smallest: _Planned, target: Target) -> DoesNotFit:
    found = occupants(smallest.graph)
    step = peak_step(smallest.graph, found)
    node = smallest.graph.steps()[step]
    details = [("least", f'{smallest.bytes:,} B, at node {step} {node.op.kind} "{node.name}"')]
    at = {(o.place.offset, o.role): o for o in sorted(found, key=lambda o: o.place.size) if o.alive(step)}
    alive = sorted(at.values(), key=lambda o: -o.place.size)
    details += [
        ("" if k else "alive", f'{o.place.size:>9,} B  {o.role} "{o.name}" {o.type}') for k, o in enumerate(alive[:6])
    ]
    in_use = bytes_in_use(found, step)
    shared = sum(o.place.size for o in alive if o.role != "state") - in_use
    if shared > 0:
        details.append(("", f"{shared:>9,} B of these hold two of them, as results lie over what dies"))
    plan = smallest.graph.plan
    assert plan is not None
    if plan.state_bytes:
        apart = target.io == "separate"
        beside = ", inputs and outputs with it: --io shared has them in the arena" if apart else ""
        details.append(("state", f"{plan.state_bytes:>9,} B kept from run to run{beside}"))
    rows = _input_rows(smallest)
    help = f"give it more RAM, take a smaller model{rows}" if rows else "give it more RAM, or take a smaller model"
    return DoesNotFit(f"no plan needs {limit:,} B or less", details, help)
