"""C expressions for bytes of an instance: its arena, or the parts of that, and its state."""

from __future__ import annotations

from edgegen.emit.printed import Base
from edgegen.ir.plan import Plan


class Addresses:
    """The pointers of one model that its functions count offsets from, in order of their offsets.

    own: prefix of the state's field in an instance that models share
    """

    def __init__(self, plan: Plan, own: str) -> None:
        self.bases = _bases(plan, own)

    def base(self, offset: int) -> Base:
        return next(b for b in reversed(self.bases) if b.start <= offset)

    def of(self, offset: int) -> str:
        """C expression for a byte of the instance."""
        base = self.base(offset)
        return f"{base.symbol} + {offset - base.start}"


def _bases(plan: Plan, own: str) -> list[Base]:
    if not plan.is_split:
        state = [Base("s", f"m->{own}state", plan.state_offset)] if plan.state_bytes else []
        return [Base("a", "m->arena", 0), *state]
    parts = [(p, p.region.lower()) for p in plan.parts]
    arenas = [Base(f"a_{symbol}", f"m->{symbol}->arena", p.start) for p, symbol in parts if p.arena_bytes]
    return [*arenas, *(Base("s", f"m->{symbol}->state", plan.state_offset) for p, symbol in parts if p.state_bytes)]
