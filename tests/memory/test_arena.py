"""Placement of buffers: never an overlap, never below the lower bound, and at it wherever models are like real ones."""

from __future__ import annotations

from itertools import product

from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgegen.ir.kernel import Overlap
from edgegen.memory.arena import place
from edgegen.memory.buffers import Box, Buffer, Overlaps, lower_bound, neighbours


def buffer(size: int, first: int, last: int) -> Buffer:
    """Of one box."""
    return Buffer((Box(size, first, last),))


BUFFERS = st.lists(
    st.tuples(st.integers(1, 40), st.integers(-1, 12), st.integers(0, 5)).map(
        lambda b: buffer(16 * b[0], b[1], b[1] + b[2])
    ),
    max_size=24,
)


def together(a: Buffer, b: Buffer) -> bool:
    return a.first <= b.last and b.first <= a.last


def extent(buffers: list[Buffer], offsets: list[int]) -> int:
    return max((o + b.size for o, b in zip(offsets, buffers, strict=True)), default=0)


def assert_apart(buffers: list[Buffer], offsets: list[int]) -> None:
    for i, (a, p) in enumerate(zip(buffers, offsets, strict=True)):
        assert p >= 0
        assert p % 16 == 0
        for b, q in zip(buffers[:i], offsets[:i], strict=True):
            assert not together(a, b) or p + a.size <= q or q + b.size <= p


@given(BUFFERS)
@example([])
@settings(max_examples=60)
def test_buffers_in_use_together_lie_apart(buffers: list[Buffer]) -> None:
    offsets = place(buffers).offsets
    assert_apart(buffers, offsets)
    assert extent(buffers, offsets) >= lower_bound(buffers)


@given(BUFFERS)
@settings(max_examples=60)
def test_lower_bound_is_the_busiest_step(buffers: list[Buffer]) -> None:
    sums = [sum(b.size for b in buffers if b.first <= step <= b.last) for step in range(-1, 20)]
    assert lower_bound(buffers) == max(sums)


@given(BUFFERS)
@settings(max_examples=60)
def test_neighbours_are_those_in_use_together(buffers: list[Buffer]) -> None:
    for i, beside in enumerate(neighbours(buffers)):
        assert sorted(beside) == [j for j, b in enumerate(buffers) if j != i and together(buffers[i], b)]


@given(st.lists(st.integers(1, 100), min_size=1, max_size=40))
@settings(max_examples=60)
def test_a_chain_reaches_the_lower_bound(sizes: list[int]) -> None:
    """Each result lives until the next one is computed: the shape of most networks."""
    buffers = [buffer(16 * s, i, i + 1) for i, s in enumerate(sizes)]
    assert extent(buffers, place(buffers).offsets) == lower_bound(buffers)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), min_size=1, max_size=12))
@settings(max_examples=40)
def test_residual_blocks_reach_the_lower_bound(blocks: list[tuple[int, int]]) -> None:
    """x -> a -> b -> add(x, b) with the sum in b's place: x lives for three steps, a and b for two."""
    buffers = []
    for i, (outer, inner) in enumerate(blocks):
        start = 3 * i
        buffers += [
            buffer(16 * outer, start, start + 3),
            buffer(16 * inner, start + 1, start + 2),
            buffer(16 * outer, start + 2, start + 3),
        ]
    assert extent(buffers, place(buffers).offsets) == lower_bound(buffers)


def test_long_chains_reach_the_lower_bound() -> None:
    buffers = [buffer(16 * (7919 * i * i % 1999 + 1), i, i + 1) for i in range(1000)]
    offsets = place(buffers).offsets
    assert_apart_among_neighbours(buffers, offsets)
    assert extent(buffers, offsets) == lower_bound(buffers)


# Found among random sets: the greedy's best order ends 17 percent above the bound.
HARD = [
    buffer(16 * size, first, last)
    for size, first, last in [(12, 0, 2), (17, 0, 1), (13, 1, 4), (19, 1, 3), (12, 2, 5), (3, 2, 5), (15, 3, 4)]
]


def test_the_search_finds_what_no_order_of_the_greedy_does() -> None:
    offsets = place(HARD).offsets
    assert_apart(HARD, offsets)
    assert extent(HARD, offsets) == lower_bound(HARD)


def test_the_same_buffers_get_the_same_offsets() -> None:
    buffers = [buffer(16 * (7 * i % 13 + 1), i // 2, i // 2 + i % 4) for i in range(60)]
    assert place(buffers).offsets == place(list(buffers)).offsets


def test_large_models_are_planned() -> None:
    """A thousand nodes with results and scratch."""
    buffers = [buffer(16 * (37 * i % 101 + 1), i // 2, i // 2 + (i % 7 == 0) * 9 + i % 2) for i in range(2000)]
    offsets = place(buffers).offsets
    assert_apart_among_neighbours(buffers, offsets)
    assert extent(buffers, offsets) <= 1.1 * lower_bound(buffers)


def assert_apart_among_neighbours(buffers: list[Buffer], offsets: list[int]) -> None:
    for i, beside in enumerate(neighbours(buffers)):
        for j in beside:
            assert offsets[i] + buffers[i].size <= offsets[j] or offsets[j] + buffers[j].size <= offsets[i]


@st.composite
def chains(draw: st.DrawFn) -> tuple[list[Buffer], dict[tuple[int, int], Overlap]]:
    """Results that may lie over the one before, closely or by multiples, beside results that live for longer."""
    buffers: list[Buffer] = []
    overlaps: dict[tuple[int, int], Overlap] = {}
    for step in range(draw(st.integers(1, 8))):
        buffers.append(buffer(16 * draw(st.integers(1, 20)), step, step + 1))
        if step and draw(st.booleans()):
            most = 16 * draw(st.integers(-buffers[-1].size // 16 + 1, 4))
            overlaps[len(buffers) - 2, len(buffers) - 1] = Overlap(most, draw(st.sampled_from([0, 1, 1, 48])))
    count = len(buffers)
    for _ in range(draw(st.integers(0, 4))):
        first = draw(st.integers(0, count))
        buffers.append(buffer(16 * draw(st.integers(1, 10)), first, first + draw(st.integers(0, 3))))
    return buffers, overlaps


def as_allowed(buffers: list[Buffer], overlaps: dict[tuple[int, int], Overlap], offsets: list[int]) -> bool:
    for j, b in enumerate(buffers):
        for i, a in enumerate(buffers[:j]):
            apart = offsets[i] + a.size <= offsets[j] or offsets[j] + b.size <= offsets[i]
            over = overlaps.get((i, j))
            if together(a, b) and not apart and not (over is not None and over.allows(offsets[j] - offsets[i])):
                return False
    return True


def whole(buffers: list[Buffer], overlaps: dict[tuple[int, int], Overlap]) -> Overlaps:
    """Of buffers that are one box each."""
    return {(i, j): {(buffers[i].boxes[0], buffers[j].boxes[0]): o} for (i, j), o in overlaps.items()}


@given(chains())
@settings(max_examples=150)
def test_buffers_overlap_only_as_they_may(case: tuple[list[Buffer], dict[tuple[int, int], Overlap]]) -> None:
    buffers, overlaps = case
    placed = place(buffers, whole(buffers, overlaps))
    assert min(placed.offsets) >= 0
    assert as_allowed(buffers, overlaps, placed.offsets)
    assert (
        lower_bound(buffers, whole(buffers, overlaps)) <= placed.bound <= placed.size == extent(buffers, placed.offsets)
    )
    assert placed.size <= extent(buffers, place(buffers).offsets)


@given(chains())
@settings(max_examples=40)
def test_what_is_proved_is_the_least(case: tuple[list[Buffer], dict[tuple[int, int], Overlap]]) -> None:
    """Against every combination of offsets of a few small buffers."""
    buffers, overlaps = case
    buffers = [buffer(16 * (1 + b.size // 16 % 3), b.first, b.last) for b in buffers[:4]]
    overlaps = {k: Overlap(max(v.most, 16 - buffers[k[1]].size), v.step) for k, v in overlaps.items() if max(k) < 4}
    placed = place(buffers, whole(buffers, overlaps))
    room = placed.size - 16
    smaller = [range(0, room - b.size + 1, 16) for b in buffers]
    possible = any(as_allowed(buffers, overlaps, list(at)) for at in product(*smaller))
    assert not (possible and placed.size == placed.bound)


def test_a_result_follows_its_input_downwards() -> None:
    """A layer that doubles its input's bytes writes from the start of the arena, and its input lies at the end."""
    buffers = [buffer(160, -1, 0), buffer(320, 0, 1)]
    placed = place(buffers, whole(buffers, {(0, 1): Overlap(-160)}))
    assert placed.offsets == [160, 0]
    assert placed.size == placed.bound == 320


BOX = st.builds(
    lambda size, first, length, offset: Box(4 * size, first, first + length, 4 * offset),
    *(st.integers(1, 2), st.integers(0, 5), st.integers(0, 2), st.integers(0, 2)),
)
BOXED = st.lists(st.lists(BOX, min_size=1, max_size=3).map(lambda boxes: Buffer(tuple(boxes))), min_size=1, max_size=3)


def disturbed(buffers: list[Buffer], offsets: list[int]) -> bool:
    """Whether boxes of two buffers have a byte in common at a step at which both are in use."""
    return any(
        p + x.offset < q + y.end and q + y.offset < p + x.end and x.first <= y.last and y.first <= x.last
        for i, (a, p) in enumerate(zip(buffers, offsets, strict=True))
        for b, q in zip(buffers[:i], offsets[:i], strict=True)
        for x in a.boxes
        for y in b.boxes
    )


@given(BOXED)
@settings(max_examples=40)
def test_boxes_at_fixed_distances_are_placed_as_closely_as_can_be(buffers: list[Buffer]) -> None:
    """Against every combination of offsets that takes fewer bytes."""
    placed = place(buffers, alignment=4)
    assert not disturbed(buffers, placed.offsets)
    assert all(at >= 0 and at % 4 == 0 for at in placed.offsets)
    assert lower_bound(buffers) <= placed.bound <= placed.size == extent(buffers, placed.offsets)
    smaller = [range(0, placed.size - 4 - b.size + 1, 4) for b in buffers]
    assert all(disturbed(buffers, list(at)) for at in product(*smaller))


def test_what_lies_between_two_boxes_can_hold_another_buffer() -> None:
    """Rows that live longer than the image that they are cut from leave the rest of it to others."""
    image = Buffer((Box(64, 0, 1), Box(16, 1, 4, 0), Box(16, 1, 4, 48)))
    placed = place([image, buffer(32, 2, 3)], alignment=4)
    assert placed.offsets == [0, 16]
    assert placed.size == placed.bound == 64


def test_overlaps_hold_between_boxes() -> None:
    """A result that may start up to 8 bytes after the upper of two parts, the lower of which is still in use."""
    lower, upper, result = Box(16, 0, 9), Box(16, 0, 3, 16), Box(24, 3, 5)
    buffers = [Buffer((lower, upper)), Buffer((result,))]
    placed = place(buffers, {(0, 1): {(upper, result): Overlap(8)}}, 4)
    assert placed.offsets == [0, 16]
    assert placed.size == placed.bound == 40
