"""What a model writes, as C has it: one struct or, where several memories of a board hold it, a struct in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgegen.ir.plan import Plan
from edgegen.targets import Region


@dataclass(frozen=True)
class Kept:
    """The state of one model. own: prefix of its field's name"""

    own: str
    bytes: int


@dataclass(frozen=True)
class Struct:
    """All that an instance is, or what one memory has of it.

    region:      the memory; "" if there is but this struct
    arena_bytes: 0: no part of the arena lies there
    states:      that do
    """

    region: str
    arena_bytes: int
    states: tuple[Kept, ...]

    @property
    def symbol(self) -> str:
        """What the memory is called in C."""
        return self.region.lower()

    @property
    def value(self) -> str:
        """Pointer to the struct as a C expression of the instance `m`."""
        return f"m->{self.symbol}" if self.region else "m"

    def bytes(self, alignment: int) -> int:
        """Its size: arrays that are aligned by themselves."""
        sizes = [self.arena_bytes, *(s.bytes for s in self.states)]
        return sum(-(-size // alignment) * alignment for size in sizes)


@dataclass(frozen=True)
class Instance:
    """What models take as NAME_t.

    name:    of the model or, if several share it, of their arena
    own:     prefix of the fields that are one model's; "" if it is not shared
    structs: one, which NAME_t is, or one for each memory, which NAME_t points to
    home:    the memory that it is all in, if a board has several; else ""
    """

    name: str
    own: str
    structs: tuple[Struct, ...]
    home: str

    @property
    def is_split(self) -> bool:
        return len(self.structs) > 1

    @property
    def is_shared(self) -> bool:
        return self.own != ""

    def type(self, struct: Struct) -> str:
        """What a struct is called in C."""
        return f"{self.name}_{struct.symbol}_t" if struct.region else f"{self.name}_t"

    def struct(self, region: str) -> Struct:
        """What a memory has of it; all, if that is one struct."""
        return next((s for s in self.structs if s.region == region), self.structs[0])


def instance_of(name: str, plan: Plan) -> Instance:
    """The instance of a model that shares it with no other."""
    return _instance(name, "", [("", plan)], [p.region for p in plan.parts])


def shared_instances(name: str, models: Sequence[tuple[str, Plan]], regions: Sequence[Region]) -> list[Instance]:
    """For each of several models, (name, plan) each, the instance of all of them.

    regions: memories of their board. In each the arena is as large as the largest part that a model has there
    """
    used = {p.region for _, plan in models for p in plan.parts}
    fields = [(f"{model}_", plan) for model, plan in models]
    found = _instance(name, "", fields, [r.name for r in regions if r.name in used])
    return [Instance(name, own, found.structs, found.home) for own, _ in fields]


def _instance(name: str, own: str, models: Sequence[tuple[str, Plan]], regions: Sequence[str]) -> Instance:
    """regions: that hold something, in order"""
    if len(regions) < 2:
        kept = tuple(Kept(field, plan.state_bytes) for field, plan in models if plan.state_bytes)
        whole = Struct("", max(1, *(plan.arena_bytes for _, plan in models)), kept)
        return Instance(name, own, (whole,), regions[0] if regions else "")
    structs = []
    for region in regions:
        there = [(field, p) for field, plan in models for p in plan.parts if p.region == region]
        kept = tuple(Kept(field, p.state_bytes) for field, p in there if p.state_bytes)
        structs.append(Struct(region, max(p.arena_bytes for _, p in there), kept))
    return Instance(name, own, tuple(structs), "")
