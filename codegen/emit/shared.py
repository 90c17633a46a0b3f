"""The header of an arena that several models share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgegen.emit.check import Check, memory_check
from edgegen.emit.render import environment
from edgegen.ir.graph import Graph
from edgegen.targets import Target


@dataclass(frozen=True)
class _Sharer:
    """What the struct has of one model: its state, and what its check finds."""

    name: str
    arena_bytes: int
    state_bytes: int
    check: Check


@dataclass(frozen=True)
class Shared:
    """An arena that several models work in, one at a time.

    text:           of the header, which defines NAME_t
    arena_bytes:    of the largest of the models' arenas
    ram_bytes:      of one NAME_t: that, and the state of each model
    separate_bytes: of an instance of each model if they did not share
    """

    text: str
    arena_bytes: int
    ram_bytes: int
    separate_bytes: int


def _ends(sizes: Sequence[int], alignment: int) -> int:
    """Bytes of a struct of aligned arrays."""
    return sum(-(-size // alignment) * alignment for size in sizes)


def shared_arena(name: str, models: Sequence[tuple[str, Graph]], target: Target, version: str) -> Shared:
    """The arena for models, (name, planned graph) each, that are rendered with `shared=name`."""
    sharers = []
    for own, graph in models:
        plan = graph.plan
        assert plan is not None, f"{own} is not planned"
        sharers.append(_Sharer(own, max(plan.arena_bytes, 1), plan.state_bytes, memory_check(graph, target)))
    arena, alignment = max(s.arena_bytes for s in sharers), target.struct_alignment
    states = [s.state_bytes for s in sharers]
    ram = _ends([arena, *states], alignment)
    separate = sum(_ends([s.arena_bytes, s.state_bytes], alignment) for s in sharers)
    text = (
        environment()
        .get_template("shared.h.j2")
        .render(
            name=name,
            NAME=name.upper(),
            version=version,
            target=target,
            models=sharers,
            arena_bytes=arena,
            ram_bytes=ram,
            separate_bytes=separate,
            alignment=alignment,
            guard=max(s.check.guard for s in sharers),
        )
    )
    return Shared(text, arena, ram, separate)
