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
    """All that an instance of the model in the harness consists of, in the order of the plan's parts."""
    name, plan = model.name, _plan(model)
    if not plan.is_split:
        region = plan.parts[0].region if plan.parts else ""
        symbol = f"{name}_instance"
        start = f"(uint8_t *)&{symbol}" if not plan.total_bytes else f"{symbol}.arena"
        return [Variable(symbol, f"{name}_t", region, start, plan.total_bytes)]
    return [
        Variable(
            f"{name}_instance_{part.region.lower()}",
            f"{name}_{part.region.lower()}_t",
            part.region,
            f"{name}_instance_{part.region.lower()}.{'arena' if part.arena_bytes else 'state'}",
            max(part.arena_bytes, part.state_offset + part.state_bytes),
        )
        for part in plan.parts
    ]


def locate(model: Compiled, offset: int) -> tuple[int, int]:
    """(number of the variable, offset in it) of a byte that the plan counts as `offset`."""
    plan = _plan(model)
    part = plan.part(offset)
    return plan.parts.index(part) if part is not None else 0, plan.offset_in_part(offset)


def _plan(model: Compiled) -> Plan:
    assert model.graph.plan is not None, f"{model.name} is not planned"
    return model.graph.plan
