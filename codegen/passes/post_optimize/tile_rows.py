"""Computes parts of a graph a few rows at a time where that is what it takes to fit the RAM that there is.

Big images then never exist whole: see RowLoop. Nothing is computed twice; what it costs are calls of kernels on few
rows, rows that kernels take up again, and rows moved within buffers. The loops of least such work are taken that keep
the plan within the limit: estimates choose a few candidates, which are then planned in earnest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgegen.errors import DoesNotFit
from edgegen.ir.graph import Graph, Node
from edgegen.memory.usage import bytes_in_use, occupants, peak_step
from edgegen.passes.planning import PLANNING, apply
from edgegen.passes.row_parts import Choice, Parts
from edgegen.passes.row_turns import Part, row_loop
from edgegen.targets import Target

SLACK = (
    1.2,
    1.1,
    1.05,
    1.0,
    0.97,
    0.94,
    0.9,
    0.85,
    0.8,
    0.7,
    0.0,
)  # of the limit: estimates may lie on either side of the plan


@dataclass(frozen=True)
class _Planned:
    """A graph with loops as it would be compiled. bytes: of the plan, state included"""

    choices: tuple[Choice, ...]
    graph: Graph
    bytes: int

    @property
    def work(self) -> int:
        return sum(c.cost.work for c in self.choices)


def tiled(graph: Graph, choices: Sequence[Choice]) -> bool:
    """Replaces nodes by loops, in place; whether all of them could be."""
    for choice in sorted(choices, key=lambda c: -c.first):
        nodes = graph.nodes[choice.first : choice.end]
        x = next(t for t in nodes[0].inputs if t is not None and not t.is_constant)
        part = Part(tuple(nodes), x, nodes[-1].out)
        op = row_loop(part, choice.rows)
        if op is None:
            return False
        name = f"{nodes[0].name} to {nodes[-1].name}"
        graph.nodes[choice.first : choice.end] = [Node(op, [part.x], [part.y], name, nodes[0].source)]
    return True


def _planned(graph: Graph, target: Target, choices: Sequence[Choice]) -> _Planned | None:
    trial = graph.copy()
    if not tiled(trial, choices):
        return None
    for one in PLANNING:
        apply(one, trial, target)
    assert trial.plan is not None
    return _Planned(tuple(choices), trial, trial.plan.total_bytes)


def _parts(graph: Graph, plain: _Planned) -> Parts:
    found = occupants(plain.graph)
    numbered = plain.graph.numbered()
    use = [bytes_in_use(found, number) for number, _ in numbered[: len(graph.nodes)]]
    scratch = {
        node: twin.packed.scratch
        for node, (_, twin) in zip(graph.nodes, numbered, strict=False)
        if twin.packed is not None
    }
    return Parts(graph, use, scratch)


def _within(parts: Parts, graph: Graph, target: Target, limit: int) -> tuple[_Planned | None, _Planned | None]:
    """(the plan of least work within the limit, the smallest of those that were made)."""
    tried: list[_Planned] = []
    seen: set[tuple[Choice, ...]] = set()
    least = parts.least()
    for most in dict.fromkeys(max(int(limit * slack), least) for slack in SLACK):
        choices = tuple(parts.cheapest(most) or ())
        if not choices or choices in seen:
            continue
        seen.add(choices)
        planned = _planned(graph, target, choices)
        if planned is not None:
            tried.append(planned)
            if planned.bytes <= limit:
                break
    fitting = [p for p in tried if p.bytes <= limit]
    return (
        min(fitting, key=lambda p: (p.work, p.bytes), default=None),
        min(tried, key=lambda p: p.bytes, default=None),
    )


def tile_rows(graph: Graph, target: Target) -> bool:
    """Raises DoesNotFit if no loops keep the plan within the target's limit, which is none if it is 0."""
    if not target.ram_bytes:
        return False
    plain = _planned(graph, target, ())
    assert plain is not None
    if plain.bytes <= target.ram_bytes:
        return False
    parts = _parts(graph, plain)
    best, smallest = _within(parts, graph, target, target.ram_bytes)
    if best is None:
        raise _does_not_fit(target.ram_bytes, min([plain, *([smallest] if smallest else [])], key=lambda p: p.bytes))
    tiled(graph, best.choices)
    return True


def _does_not_fit(limit: int, smallest: _Planned) -> DoesNotFit:
    found = occupants(smallest.graph)
    step = peak_step(smallest.graph, found)
    node = smallest.graph.steps()[step]
    details = [("least", f'{smallest.bytes:,} B, at node {step} {node.op.kind} "{node.name}"')]
    alive = sorted((o for o in found if o.alive(step)), key=lambda o: -o.place.size)
    details += [
        ("" if k else "alive", f'{o.place.size:>9,} B  {o.role} "{o.name}" {o.type}') for k, o in enumerate(alive[:6])
    ]
    return DoesNotFit(f"no plan needs {limit:,} B or less", details, "give it more RAM, or take a smaller model")
