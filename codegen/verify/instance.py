"""An instance of a model as variables in C: one struct or, where several memories hold it, one for each."""

from __future__ import annotations

from dataclasses import dataclass

from edgegen.compiler import Compiled
from edgegen.ir.plan import Plan


@dataclass(frozen=True)
class Variable:
    """A struct that the model writes.

    type:          in C
    region:        the memory of the board that it is for; "" if there is no choice
    start:         where in it offsets count from, in C
    planned_bytes: what the plan uses of it from there
    """

    symbol: str
    type: str
    region: str
    start: str
    planned_bytes: int


def variables(model: Compiled) -> list[Variable]:
    """All that an instance of the model in the harness consists of, a variable for each struct of it."""
    plan, instance = _plan(model), model.instance
    found = []
    for struct in instance.structs:
        symbol = f"{model.name}_instance{f'_{struct.symbol}' if struct.region else ''}"
        ends = [max(p.arena_bytes, p.state_offset + p.state_bytes) for p in plan.parts if p.region == struct.region]
        size = sum(ends) if instance.is_split else plan.total_bytes
        first = "arena" if struct.arena_bytes else f"{struct.states[0].own}state"
        start = f"{symbol}.{first}" if size else f"(uint8_t *)&{symbol}"
        found.append(Variable(symbol, instance.type(struct), struct.region or instance.home, start, size))
    return found


def locate(model: Compiled, offset: int) -> tuple[int, int]:
    """(number of the variable, offset in it) of a byte that the plan counts as `offset`."""
    plan, instance = _plan(model), model.instance
    return instance.structs.index(instance.struct(plan.region(offset))), plan.offset_in_part(offset)


def _plan(model: Compiled) -> Plan:
    assert model.graph.plan is not None, f"{model.name} is not planned"
    return model.graph.plan
