"""Orders of abstract nodes: possible, never worse than the one given, and the best where all orders can be tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.memory.order import Ordered, Problem, Reuse, Value, least_peak, members

ENOUGH = 100_000


@st.composite
def problems(draw: st.DrawFn, most: int = 7) -> Problem:
    """Nodes that write a value each and read earlier ones; bytes rewritten by several, kept values, scratch, reuse."""
    count = draw(st.integers(1, most))
    before = [0] * count
    values: list[Value] = [Value(draw(st.integers(1, 9)), 0, 0, source=True) for _ in range(draw(st.integers(0, 2)))]
    sources = len(values)
    reuses: list[tuple[Reuse, ...]] = []
    for v in range(count):
        read = [i for i in range(len(values)) if draw(st.integers(0, 2)) == 0]
        for i in read:
            before[v] |= values[i].writers
            x = values[i]
            values[i] = Value(x.size, x.writers, x.users | 1 << v, x.source, x.kept)
        size = draw(st.integers(1, 20))
        values.append(Value(size, 1 << v, 1 << v, kept=draw(st.integers(0, 5)) == 0))
        overlapped = read[:2] if draw(st.booleans()) else []
        ways = [((i,), min(size, values[i].size, draw(st.integers(1, 20)))) for i in overlapped]
        if len(ways) == 2 and draw(st.booleans()):  # two pieces of one input, of which the result lies over one or both
            both = (tuple(overlapped), sum(size for _, size in ways))
            reuses.append((Reuse((both, *sorted(ways, key=lambda way: -way[1]))),))
        else:
            reuses.append(tuple(Reuse((way,)) for way in ways))
    if count > 2 and draw(st.booleans()):
        values.append(Value(draw(st.integers(1, 9)), 0b11, 0b111))
    extra = tuple(draw(st.integers(0, 3)) for _ in range(count))
    most_reused = tuple(values[sources + v].size for v in range(count))
    return Problem(tuple(before), tuple(values), extra, tuple(reuses), most_reused)


def orders(problem: Problem, done: int = 0) -> Iterator[tuple[int, ...]]:
    count = len(problem.before)
    if done == (1 << count) - 1:
        yield ()
    for v in range(count):
        if not done >> v & 1 and not problem.before[v] & ~done:
            yield from ((v, *rest) for rest in orders(problem, done | 1 << v))


def peak(problem: Problem, order: Sequence[int]) -> int:
    """Bytes at the busiest node, by the book."""
    place = {v: k for k, v in enumerate(order)}

    def span(value: Value) -> tuple[int, int]:
        first = -1 if value.source else min(place[v] for v in members(value.writers))
        used = [place[v] for v in members(value.users)]
        return first, len(order) if value.kept else max(used, default=first)

    spans = [span(value) for value in problem.values]
    busiest = sum(v.size for v in problem.values if v.source)
    for k, v in enumerate(order):
        level = problem.extra[v]
        level += sum(x.size for x, (first, last) in zip(problem.values, spans, strict=True) if first <= k <= last)
        saved = sum(
            max([size for read, size in r.ways if all(spans[i][1] == k for i in read)], default=0)
            for r in problem.reuses[v]
        )
        busiest = max(busiest, level - min(saved, problem.most_reused[v]))
    return busiest


@given(problems())
@settings(max_examples=150)
def test_the_order_is_the_best_of_all(problem: Problem) -> None:
    found = least_peak(problem, ENOUGH)
    every = list(orders(problem))
    assert found.order in every
    assert found.peak == found.bound == min(peak(problem, order) for order in every)
    assert found.peak == peak(problem, found.order)
    assert found.is_only == (len(every) == 1)


@given(problems(most=14), st.integers(0, 40))
@settings(max_examples=100)
def test_little_work_gives_an_order_that_is_no_worse(problem: Problem, work: int) -> None:
    given_order = tuple(range(len(problem.before)))
    found, exact = least_peak(problem, work), least_peak(problem, ENOUGH)
    assert sorted(found.order) == list(given_order)
    assert all(not problem.before[v] & ~sum(1 << u for u in found.order[:k]) for k, v in enumerate(found.order))
    assert found.bound <= exact.peak <= found.peak == peak(problem, found.order) <= peak(problem, given_order)


def test_the_order_stays_where_no_other_is_better() -> None:
    chain = [Value(5, 1 << v, 0b11 << v) for v in range(5)]
    before = tuple((1 << v) >> 1 for v in range(5))
    problem = Problem(before, tuple(chain[:4]), (0,) * 5, ((),) * 5, (5,) * 5)
    assert least_peak(problem, ENOUGH) == Ordered((0, 1, 2, 3, 4), 10, 10, 0, True)


def branches(count: int, length: int) -> Problem:
    """Branches that grow to 100 bytes and end in 1, the nodes of all branches in turn, and a node that joins them."""
    total = count * length
    before, values = [], []
    for k in range(total):
        step = k // count
        before.append(1 << (k - count) if step else 0)
        end = 1 << total if step == length - 1 else 1 << (k + count)
        values.append(Value(1 if step == length - 1 else 100, 1 << k, 1 << k | end))
    before.append(sum(1 << k for k in range(total - count, total)))
    values.append(Value(1, 1 << total, 1 << total, kept=True))
    size = total + 1
    return Problem(tuple(before), tuple(values), (0,) * size, ((),) * size, (1,) * size)


def test_branches_run_one_after_the_other() -> None:
    problem = branches(6, 6)
    assert peak(problem, range(37)) == 700
    found = least_peak(problem, ENOUGH)
    assert found.peak == found.bound == peak(problem, found.order) == 205


def test_a_thousand_nodes_are_ordered_within_their_work() -> None:
    problem = branches(10, 100)
    found = least_peak(problem, 50_000)
    assert found.peak == peak(problem, found.order) == 209
    assert found == least_peak(problem, 50_000)
