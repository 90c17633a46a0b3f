"""C expressions for bytes of an instance: its arena, or the parts of that, and its state."""

from __future__ import annotations

from edgegen.emit.instance import Instance
from edgegen.emit.printed import Base
from edgegen.ir.plan import Plan


class Addresses:
    """The pointers of one model that its functions count offsets from, in order of their offsets."""

    def __init__(self, plan: Plan, instance: Instance) -> None:
        self.bases = _bases(plan, instance)

    def base(self, offset: int) -> Base:
        return next(b for b in reversed(self.bases) if b.start <= offset)

    def of(self, offset: int, checked: bool = False) -> str:
        """C expression for a byte of the instance. checked: of what a check of memory has in its place"""
        base = self.base(offset)
        return f"{base.copy if checked else base.symbol} + {offset - base.start}"


def _bases(plan: Plan, instance: Instance) -> list[Base]:
    """The state's comes last: what outlives a run is counted behind the arena."""
    found = []
    parts = [(instance.struct(p.region), p.start) for p in plan.parts if p.arena_bytes]
    for struct, start in parts if instance.is_split else [(instance.structs[0], 0)]:
        behind = f"_{struct.symbol}" if struct.region else ""
        found.append(Base(f"a{behind}", f"{struct.value}->arena", start, f"r{behind}"))
    if plan.state_bytes:
        home = instance.struct(plan.region(plan.state_offset))
        found.append(Base("s", f"{home.value}->{instance.own}state", plan.state_offset, "s"))
    return found
