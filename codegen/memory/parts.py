"""An arena in one memory or, where a board has several, in parts that lie in one memory each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgegen.errors import DoesNotFit
from edgegen.ir.plan import Part
from edgegen.memory.arena import place
from edgegen.memory.buffers import Overlaps
from edgegen.memory.regions import SCRATCH_USES, Demand, Fixed, Spread, spread
from edgegen.memory.storage import round_up
from edgegen.targets import Region, Target


@dataclass(frozen=True)
class Arena:
    """An offset for each buffer, the bytes that they take, and the fewest that any offsets could take.

    parts: of a board with several memories; offsets count through all of them, one after another. A part may have
           nothing but state
    """

    offsets: list[int]
    size: int
    bound: int
    parts: tuple[Part, ...] = ()


def lay_out(
    name: str, demands: Sequence[Demand], overlaps: Overlaps, state: Fixed, alignment: int, target: Target
) -> Arena:
    """Offsets for the arena of the model called `name`, multiples of `alignment`; state lies behind one of its parts.

    Raises DoesNotFit, which names the memories and the largest buffer that is left, if the target's board has several
    and there is no room for all.
    """
    regions = target.memory("ram")
    if len(regions) < 2:
        placed = place([d.buffer for d in demands], overlaps, alignment, target.plan_seconds)
        return Arena(placed.offsets, placed.size, placed.bound)
    stack = Fixed(target.stack_bytes, SCRATCH_USES * target.stack_bytes, "stack")
    found = spread(demands, overlaps, (stack, state), regions, alignment, target.struct_alignment, target.plan_seconds)
    if not found.is_complete:
        raise _no_room(name, demands, (stack, state), found, regions)
    starts: dict[int, int] = {}
    parts: list[Part] = []
    end = size = 0
    for home, (region, part) in enumerate(zip(regions, found.placed, strict=True)):
        kept = state.bytes if found.fixed[1] == home else 0
        if part.size or kept:
            starts[home] = end
            behind = round_up(part.size, target.struct_alignment) if part.size else 0
            parts.append(Part(region.name, end, part.size, part.bound, behind if kept else 0, kept))
        if part.size:
            size = end + part.size
            end = round_up(size, target.struct_alignment)
    offsets = [starts[home] + at for home, at in zip(found.homes, found.offsets, strict=True)]
    return Arena(offsets, size, sum(p.lower_bound for p in parts), tuple(parts))


def _no_room(
    name: str, demands: Sequence[Demand], fixed: Sequence[Fixed], found: Spread, regions: Sequence[Region]
) -> DoesNotFit:
    details = []
    for home, region in enumerate(regions):
        here = [d for d, at in zip(demands, found.homes, strict=True) if at == home]
        holds = [f"{f.name} {f.bytes:,} B" for f, at in zip(fixed, found.fixed, strict=True) if at == home and f.bytes]
        largest = max(here, key=lambda d: d.buffer.size, default=None)
        if largest is not None:
            holds.append(f"{len(here)} of the buffers, the largest {largest.name} {largest.buffer.size:,} B")
        details.append((region.name, f"has {region.bytes:,} B; holds {', '.join(holds) or 'nothing'}"))
    for demand in sorted((demands[i] for i in found.left), key=lambda d: -d.buffer.size)[:1]:
        buffer = demand.buffer
        when = f"in use at nodes {buffer.first} to {buffer.last}"
        details.append(("left", f"{len(found.left)}, the largest {demand.name} {buffer.size:,} B, {when}"))
    lost = [f for f, at in zip(fixed, found.fixed, strict=True) if at < 0 and f.bytes]
    details += [("left", f"{f.name} {f.bytes:,} B") for f in lost]
    return DoesNotFit(f"{name} does not fit the board's memories", details, "choose a larger board or a smaller model")
