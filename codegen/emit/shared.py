"""The header of an arena that several models share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgegen.emit.check import Check, memory_check
from edgegen.emit.instance import Instance, Struct, instance_of, shared_instances
from edgegen.emit.render import environment
from edgegen.ir.graph import Graph
from edgegen.ir.plan import Plan
from edgegen.targets import Target


@dataclass(frozen=True)
class _Sharer:
    """One of the models, and what it needs in the struct: its check and, if its input comes in by rows, where it is."""

    name: str
    check: Check
    fed: bool


@dataclass(frozen=True)
class Shared:
    """An arena that several models work in, one at a time.

    text:           of the header, which defines NAME_t
    instances:      what each model takes as its own NAME_t, in order
    ram_bytes:      of one NAME_t, or of all that it points to: the arena, and the state of each model
    separate_bytes: of an instance of each model if they did not share
    """

    text: str
    instances: tuple[Instance, ...]
    ram_bytes: int
    separate_bytes: int

    @property
    def structs(self) -> tuple[Struct, ...]:
        """What the arena and all state lie in: one struct, or one in each memory of a board."""
        return self.instances[0].structs

    @property
    def arena_bytes(self) -> int:
        """In each memory that of the model that needs most there."""
        return sum(s.arena_bytes for s in self.structs)


def shared_arena(name: str, models: Sequence[tuple[str, Graph]], target: Target, version: str) -> Shared:
    """The arena for models, (name, planned graph) each, that are rendered with their instance in it."""
    plans: list[tuple[str, Plan]] = []
    for own, graph in models:
        assert graph.plan is not None, f"{own} is not planned"
        plans.append((own, graph.plan))
    instances = shared_instances(name, plans, target.memory("ram"))
    alignment = target.struct_alignment
    sharers = [
        _Sharer(own, memory_check(graph, target, instance), graph.fed is not None)
        for (own, graph), instance in zip(models, instances, strict=True)
    ]
    ram = sum(s.bytes(alignment) for s in instances[0].structs)
    separate = sum(s.bytes(alignment) for own, plan in plans for s in instance_of(own, plan).structs)
    found = Shared("", tuple(instances), ram, separate)
    text = (
        environment()
        .get_template("shared.h.j2")
        .render(
            name=name,
            NAME=name.upper(),
            version=version,
            target=target,
            models=sharers,
            instance=instances[0],
            arena_bytes=found.arena_bytes,
            ram_bytes=ram,
            separate_bytes=separate,
            alignment=alignment,
            guard=max(s.check.guard for s in sharers),
        )
    )
    return Shared(text, found.instances, ram, separate)
