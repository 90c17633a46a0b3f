"""What a planned arena holds over time: which bytes are in use at which step, and by what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgegen.ir.graph import Graph
from edgegen.ir.plan import Placement, Plan


@dataclass(frozen=True)
class Occupant:
    """Bytes of the model's struct and when they are in use.

    name: the tensor's, or the node's for its scratch and its copied weights
    role: "input", "output", "activation", "view" (also of what a sub-graph takes), "scratch", "weights" (that are
          copied) or, behind the arena, "state", which separate inputs and outputs lie with
    type: of the tensor as printed, "" for scratch and weights
    region: the memory of the board that holds it; "" if there is no choice
    offset: from the start of the struct there
    """

    name: str
    role: str
    type: str
    place: Placement
    region: str
    offset: int

    def alive(self, step: int) -> bool:
        return self.place.first <= step <= self.place.last


def occupants(graph: Graph) -> list[Occupant]:
    """Every tensor of the plan, every node's scratch and all copied weights, in order of first use.

    The graph must be planned.
    """
    plan = graph.plan
    assert plan is not None, f"{graph.name} is not planned"
    steps = graph.steps()
    views = {t for n in steps if n.is_view for t in n.outputs}
    views.update(t for n in steps for inner in n.op.graphs for t in inner.inputs)
    found = []
    for tensor, place in plan.tensors.items():
        if plan.outlives(place):
            role = "state"
        elif tensor in graph.inputs:
            role = "input"
        elif tensor in graph.outputs:
            role = "output"
        else:
            role = "view" if tensor in views else "activation"
        found.append(_occupant(plan, tensor.name, role, str(tensor.type), place))
    found += [_occupant(plan, node.name, "scratch", "", place) for node, place in plan.scratch.items()]
    copied = ((n.name, plan.portions[share.portion]) for n in steps for share in n.shares)
    found += [_occupant(plan, name, "weights", "", place) for name, place in copied]
    return sorted(found, key=lambda r: (r.place.first, r.place.offset, r.role == "scratch", r.place.last))


def _occupant(plan: Plan, name: str, role: str, type: str, place: Placement) -> Occupant:
    return Occupant(name, role, type, place, plan.region(place.offset), plan.offset_in_part(place.offset))


def bytes_in_use(found: Sequence[Occupant], step: int) -> int:
    """Bytes of the arena covered at one step; bytes that a view or an in-place result shares count once."""
    alive = (r.place for r in found if r.alive(step) and r.role != "state")
    spans = sorted((place.offset, place.offset + place.size) for place in alive)
    total = end = 0
    for start, stop in spans:
        total += max(0, stop - max(start, end))
        end = max(end, stop)
    return total


def peak_step(graph: Graph, found: Sequence[Occupant]) -> int:
    """The number of the first node at which most bytes are in use; 0 for a graph without nodes."""
    return max(range(len(graph.steps())), key=lambda step: (bytes_in_use(found, step), -step), default=0)
