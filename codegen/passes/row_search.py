"""Which loops over rows keep a plan within a limit at the least work: estimates say what to plan, plans what to think.

The cheapest loops that are thought to fit are planned; if they do not fit, what is known of the loop to blame counts
from then on, and others are the cheapest. So the first plan that fits is the one of least work, as far as nothing that
fits was thought to be much larger than it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from edgegen.ir.graph import Graph, Node
from edgegen.ir.rows import RowPlan
from edgegen.memory.row_loops import moved_bytes
from edgegen.memory.usage import bytes_in_use, occupants, peak_step
from edgegen.passes.row_parts import Choice, Parts
from edgegen.passes.row_turns import Part, row_loop
from edgegen.passes.trial import Trial, planned
from edgegen.targets import Target

HOPE = 0.9  # of the estimates: few plans are smaller than that
LEARNING = 12  # plans from which something is learnt, for one limit
SLACK = (1.0, 0.97, 0.94, 0.9, 0.85, 0.8, 0.7, 0.0)  # of the limit: estimates that are tried if that has found nothing
SPREAD = (1.0, 1.03, 1.1, 1.25)  # of the least estimate: what is tried where the smallest plan is sought
POINTS = 32  # of the curve of RAM against work
STEPS = 3_000  # nodes of all the graphs that may be planned before the curve has to do with what there is
TRIAL_SECONDS = 2  # for the search of one plan's offsets, on a slow machine


@dataclass(frozen=True)
class Planned:
    """A graph with loops as it would be compiled."""

    choices: tuple[Choice, ...]
    trial: Trial

    @property
    def graph(self) -> Graph:
        return self.trial.graph

    @property
    def bytes(self) -> int:
        return self.trial.bytes

    @property
    def work(self) -> int:
        return sum(c.work for c in self.choices)

    def whole(self) -> Iterator[tuple[int, Node]]:
        """The nodes that are in no loop, with their numbers in the graph before."""
        ends = {choice.first: choice.end for choice in self.choices}
        i = 0
        for node in self.trial.nodes:
            if node.op.stretches:
                i = ends[i]
            else:
                yield i, node
                i += 1

    def described(self, macs: int, chosen: bool) -> RowPlan:
        """macs: with whole images"""
        loops = [n for n in self.graph.nodes if n.op.stretches]
        calls = sum(n.has_kernel for n in self.graph.nodes)
        calls += sum(s.turns * sum(n.has_kernel for n in s.graph.nodes) for n in loops for s in n.op.stretches)
        names = tuple(f"{n.name}, {c.rows} a turn" for n, c in zip(loops, self.choices, strict=True))
        return RowPlan(self.bytes, self.graph.macs() - macs, sum(map(moved_bytes, loops)), calls, names, chosen)


def tiled(graph: Graph, choices: Sequence[Choice]) -> bool:
    """Replaces nodes by loops, in place; whether all of them could be."""
    for choice in sorted(choices, key=lambda c: -c.first):
        nodes = graph.nodes[choice.first : choice.end]
        x = next(t for t in nodes[0].inputs if t is not None and not t.is_constant)
        part = Part(tuple(nodes), x, nodes[-1].out, graph.by_rows and x in graph.inputs)
        op = row_loop(part, choice.rows, choice.at_most, choice.apart)
        if op is None:
            return False
        name = f"{nodes[0].name} to {nodes[-1].name}"
        graph.nodes[choice.first : choice.end] = [Node(op, [part.x], [part.y], name, nodes[0].source)]
    return True


def with_loops(graph: Graph, target: Target, choices: Sequence[Choice]) -> Planned | None:
    """A copy of the graph, planned; None if some of the loops cannot be."""
    trial = graph.copy()
    return Planned(tuple(choices), planned(trial, target)) if tiled(trial, choices) else None


class Search:
    """tried: every plan made so far, by its loops; None where those cannot be"""

    def __init__(self, graph: Graph, plain: Planned, target: Target) -> None:
        self.graph = graph
        self.target = replace(target, plan_seconds=min(target.plan_seconds, TRIAL_SECONDS))
        self.tried: dict[tuple[Choice, ...], Planned | None] = {}
        self.steps = 0
        found = occupants(plain.graph)
        numbers = {node: number for number, node in plain.graph.numbered()}
        by_result = {t: number for node, number in numbers.items() for t in node.outputs}
        nodes = plain.trial.nodes  # of those that have become one, each takes what that one takes
        use = [bytes_in_use(found, numbers[node] if node in numbers else by_result[node.out]) for node in nodes]
        self.parts = Parts(graph, use, target)

    @property
    def plans(self) -> list[Planned]:
        return [made for made in self.tried.values() if made is not None]

    def plan(self, choices: tuple[Choice, ...]) -> Planned | None:
        if choices not in self.tried:
            self.tried[choices] = made = with_loops(self.graph, self.target, choices)
            self.steps += 0 if made is None else len(made.graph.steps())
        return self.tried[choices]

    def within(self, limit: int) -> Planned | None:
        """The plan of least work within the limit; None if none has been found."""
        for _ in range(LEARNING):
            choices = self._hoped(limit)
            if not choices:
                break
            made = self.plan(choices)
            if made is not None and made.trial.fits(limit):
                return self._least_work(limit)
            if made is None:
                self.parts.known.update((choice, self._never()) for choice in choices)
            else:
                self.parts.known[self._to_blame(made, limit)] = max(made.bytes, limit + 1)
        for slack in SLACK:
            choices = self.parts.cheapest(int(limit * slack))
            made = self.plan(choices) if choices else None
            if made is not None and made.trial.fits(limit):
                return self._least_work(limit)
        return self._least_work(limit)

    def _hoped(self, limit: int) -> tuple[Choice, ...]:
        """The loops of least work that might fit. That of nodes as they are, one after the other, is known."""
        parts = self.parts
        for i in sorted(range(len(parts.use)), key=lambda i: -parts.use[i]):
            choices = parts.cheapest(limit, HOPE)
            if choices or parts.use[i] <= limit:
                return choices
            parts.known.setdefault(i, parts.use[i])
        return ()

    def _to_blame(self, made: Planned, limit: int) -> Choice | int:
        """The node during which most bytes are in use, if it is known to use too many without loops, or else the loop
        that is nearest."""
        steps = made.graph.steps()
        step = peak_step(made.graph, occupants(made.graph))
        before = {node: i for i, node in made.whole()}
        i = before.get(steps[step])
        if i is not None and self.parts.use[i] > limit and i not in self.parts.known:
            return i
        away = []
        for end, node in enumerate(steps):
            if node.op.stretches:
                first = end - sum(len(s.graph.nodes) for s in node.op.stretches)
                away.append(max(first - step, step - end, 0))
        return made.choices[away.index(min(away))]

    def _never(self) -> int:
        return 2 * max(self.parts.use) + 2 * sum(t.type.bytes for t in self.graph.inputs)

    def _least_work(self, limit: int) -> Planned | None:
        fitting = [made for made in self.plans if made.trial.fits(limit)]
        return min(fitting, key=lambda made: (made.work, made.bytes), default=None)

    def smallest(self, least: int) -> Planned:
        """Of the plans around the least estimate, and of all that have been made."""
        for spread in (*SPREAD, 0.0) if not self.plans else SPREAD:
            choices = self.parts.cheapest(int(least * spread))
            for apart in (False, True) if choices else ():
                self.plan(tuple(replace(c, apart=apart) for c in choices))
        return min(self.plans, key=lambda made: (made.bytes, made.work))

    def curve(self, most: int) -> None:
        """Plans for ever smaller limits, as long as there are any."""
        for _ in range(POINTS):
            made = self.within(most - 1) if self.steps < STEPS else None
            if made is None:
                return
            most = made.bytes
