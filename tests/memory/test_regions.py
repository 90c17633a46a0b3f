"""Buffers over several memories: each in one that holds it, at a cost near the least, and whatever fits is placed."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgegen.errors import DoesNotFit, format_error
from edgegen.ir.kernel import EXACTLY, Overlap
from edgegen.memory.arena import place
from edgegen.memory.buffers import Box, Buffer, Overlaps
from edgegen.memory.parts import lay_out
from edgegen.memory.regions import Demand, Fixed, Spread, spread
from edgegen.targets import TARGETS, Region

NOTHING = Fixed(0, 0, "state")


def demand(size: int, first: int, last: int, traffic: int) -> Demand:
    return Demand(Buffer((Box(size, first, last),)), traffic, f'"t{size}"')


def memory(name: str, size: int, speed: float, address: int = 0) -> Region:
    return Region(name, "ram", address, size, speed)


DEMANDS = st.lists(
    st.builds(
        lambda size, first, life, traffic: demand(16 * size, first, first + life, 16 * size * traffic),
        st.integers(1, 40),
        st.integers(-1, 10),
        st.integers(0, 4),
        st.integers(1, 9),
    ),
    max_size=16,
)
REGIONS = st.lists(st.tuples(st.integers(1, 120), st.sampled_from((8.0, 4.0, 2.0, 0.5))), min_size=2, max_size=3).map(
    lambda found: [
        memory(f"R{i}", 16 * size, speed) for i, (size, speed) in enumerate(sorted(found, key=lambda f: -f[1]))
    ]
)


def chained(demands: list[Demand]) -> Overlaps:
    """Each buffer that begins where one before it ends may lie exactly over it, or up to it."""
    found: dict[tuple[int, int], dict[tuple[Box, Box], Overlap]] = {}
    for (i, a), (j, b) in itertools.combinations(enumerate(demands), 2):
        if a.buffer.last == b.buffer.first and a.buffer.first < b.buffer.first:
            boxes = (a.buffer.boxes[0], b.buffer.boxes[0])
            found[i, j] = {boxes: EXACTLY if (i + j) % 2 else Overlap(-16)}
    return found


def assert_sound(
    demands: list[Demand], overlaps: Overlaps, fixed: list[Fixed], regions: list[Region], found: Spread
) -> None:
    """Nothing is beyond its memory's end, and what is in use together shares bytes only as the overlaps allow."""
    beside = [0] * len(regions)
    for one, home in zip(fixed, found.fixed, strict=True):
        beside[home] += -(-one.bytes // 8) * 8
    for home, (region, part) in enumerate(zip(regions, found.placed, strict=True)):
        assert -(-part.size // 8) * 8 + beside[home] <= region.bytes
    for i, (a, home, at) in enumerate(zip(demands, found.homes, found.offsets, strict=True)):
        assert at >= 0
        assert at + a.buffer.size <= found.placed[home].size
        for j, (b, other, start) in enumerate(zip(demands[:i], found.homes, found.offsets, strict=False)):
            together = a.buffer.first <= b.buffer.last and b.buffer.first <= a.buffer.last
            if home != other or not together or at + a.buffer.size <= start or start + b.buffer.size <= at:
                continue
            over, under = (list(overlaps.get(pair, {}).values()) for pair in ((j, i), (i, j)))
            assert any(o.allows(at - start) for o in over) or any(o.allows(start - at) for o in under)


@given(DEMANDS, REGIONS, st.integers(0, 12), st.integers(0, 12))
@example([], [memory("A", 16, 2), memory("B", 16, 1)], 0, 0)
@settings(max_examples=150)
def test_memories_hold_what_is_put_into_them(
    demands: list[Demand], regions: list[Region], stack: int, state: int
) -> None:
    overlaps = chained(demands)
    fixed = [Fixed(16 * stack, 640 * stack, "stack"), Fixed(16 * state, 16 * state, "state")]
    found = spread(demands, overlaps, fixed, regions, 16, 8, 1)
    if found.is_complete:
        assert_sound(demands, overlaps, fixed, regions, found)
        return
    alone = place([d.buffer for d in demands], overlaps, 16).size + sum(f.bytes for f in fixed)
    assert all(alone > r.bytes for r in regions), "one memory has room for all"


def least(demands: list[Demand], regions: list[Region]) -> float:
    """The least cost of all ways to spread the demands; without end if there is none."""
    costs = [float("inf")]
    for homes in itertools.product(range(len(regions)), repeat=len(demands)):
        parts = [[d.buffer for d, home in zip(demands, homes, strict=True) if home == k] for k in range(len(regions))]
        if all(place(part).size <= r.bytes for part, r in zip(parts, regions, strict=True)):
            costs.append(sum(d.traffic / regions[home].bytes_per_cycle for d, home in zip(demands, homes, strict=True)))
    return min(costs)


@given(st.lists(DEMANDS.filter(bool).map(lambda found: found[0]), min_size=1, max_size=6), st.integers(10, 60))
@settings(max_examples=60)
def test_the_cost_is_near_the_least(demands: list[Demand], room: int) -> None:
    regions = [memory("FAST", 16 * room, 8), memory("SLOW", 16 * 240, 1)]
    found = spread(demands, {}, [], regions, 4, 8, 1)
    assert found.is_complete
    cost = sum(d.traffic / regions[home].bytes_per_cycle for d, home in zip(demands, found.homes, strict=True))
    assert cost <= 1.1 * least(demands, regions)


def test_what_a_run_touches_most_lies_in_the_fastest_memory() -> None:
    """Three buffers live together; two fit. The stack, which is touched all the time, takes its place first."""
    demands = [demand(400, 0, 3, 400), demand(400, 0, 3, 4000), demand(400, 0, 3, 2000)]
    regions = [memory("FAST", 900, 8), memory("SLOW", 4000, 1)]
    stack = Fixed(64, 64 * 64, "stack")
    assert spread(demands, {}, [stack], regions, 4, 8, 1).homes == [1, 0, 0]
    larger = Fixed(128, 64 * 128, "stack")
    found = spread(demands, {}, [larger], regions, 4, 8, 1)
    assert (found.homes, found.fixed) == ([1, 0, 1], (0,))


def test_buffers_take_turns_in_the_fastest_memory() -> None:
    """A chain, of which two live at a time, needs no more of it than two of them."""
    chain = [demand(512, i, i + 1, 1024) for i in range(10)]
    regions = [memory("FAST", 1024, 8), memory("SLOW", 4000, 1)]
    assert spread(chain, {}, [], regions, 4, 8, 1).homes == [0] * 10
    one_each = {(i, i + 1): {(chain[i].buffer.boxes[0], chain[i + 1].buffer.boxes[0]): EXACTLY} for i in range(9)}
    assert spread(chain, one_each, [], [memory("FAST", 512, 8), regions[1]], 4, 8, 1).homes == [0] * 10


def test_room_is_made_for_large_buffers_that_only_one_memory_holds() -> None:
    """By the bytes touched the small ones would come first, and leave no room for the large one."""
    demands = [demand(300, 0, 5, 30_000), demand(300, 0, 5, 30_000), demand(1000, 0, 5, 1000)]
    regions = [memory("FAST", 1000, 8), memory("SLOW", 640, 1)]
    assert spread(demands, {}, [], regions, 4, 8, 1).homes == [1, 1, 0]


TARGET = replace(TARGETS["generic"], regions=(memory("SRAM", 4096, 4), memory("TCM", 1024, 8, 0x8000)), stack_bytes=512)


def test_parts_follow_each_other_and_each_has_a_bound_of_its_own() -> None:
    demands = [demand(500, 0, 1, 8000), demand(700, 0, 1, 1400), demand(200, 1, 2, 200)]
    arena = lay_out("model", demands, {}, Fixed(24, 48, "state"), 4, TARGET)
    tcm, sram = arena.parts
    assert (tcm.region, tcm.start, tcm.arena_bytes, tcm.lower_bound) == ("TCM", 0, 500, 500)
    assert (tcm.state_offset, tcm.state_bytes) == (0, 0)
    assert (sram.region, sram.start, sram.arena_bytes) == ("SRAM", 504, 900)
    assert (sram.state_offset, sram.state_bytes) == (904, 24)
    assert arena.offsets == [0, 504, 504 + 700]
    assert (arena.size, arena.bound) == (504 + 900, 1400)


def test_all_in_one_memory_is_one_part() -> None:
    arena = lay_out("model", [demand(100, 0, 1, 100)], {}, NOTHING, 4, TARGET)
    assert [(p.region, p.arena_bytes) for p in arena.parts] == [("TCM", 100)]
    assert lay_out("model", [demand(100, 0, 1, 100)], {}, NOTHING, 4, TARGETS["generic"]).parts == ()


def test_what_finds_no_room_is_named_with_what_the_memories_hold() -> None:
    with pytest.raises(DoesNotFit) as caught:
        lay_out("model", [demand(600, 0, 1, 8000), demand(5000, 1, 4, 5000)], {}, NOTHING, 4, TARGET)
    assert format_error(caught.value) == (
        "edgegen: model does not fit the board's memories\n"
        "  TCM    has 1,024 B; holds stack 512 B\n"
        '  SRAM   has 4,096 B; holds 1 of the buffers, the largest "t600" 600 B\n'
        '  left   1, the largest "t5000" 5,000 B, in use at nodes 1 to 4\n'
        "  help   choose a larger board or a smaller model"
    )
