"""Concatenations that lie over one of their inputs."""

from __future__ import annotations

from edgegen.ops.concat import MAX_INPUTS, Concat
from tests.harness import Case, constant_input
from tests.ops.elementwise_overlaps import values
from tests.overlapping import Overlapping


def _joined(dtype: str, rows: int, runs: tuple[int, ...]) -> Case:
    """Along the inner one of two axes, by each input's run."""
    parts = [values(dtype, (rows, run), seed) for seed, run in enumerate(runs, 1)]
    return Case(Concat(1), parts, f"concat_{len(runs)}", f"{rows} rows of {runs} {dtype}")


def generic() -> list[Overlapping]:
    """As many inputs as there are rows; runs that registers hold, in blocks of rows, and those that they do not."""
    tight = [
        *(_joined("s8", 5, tuple(range(20, 20 - n, -1))) for n in range(2, MAX_INPUTS + 1)),
        *(_joined("s8", 6, runs) for runs in [(3, 70), (70, 3), (1, 2, 4), (4, 2, 1), (300, 17, 300)]),
        *(_joined("f32", 100, runs) for runs in [(1, 1), (1, 4), (4, 1), (2, 1, 3)]),
        *(_joined("s16", 75, runs) for runs in [(1, 1, 1), (2, 1)]),
    ]
    with_constant = [
        Case(Concat(1), [constant_input(values("s8", (7, 2))), values("s8", (7, 9))], "concat_2", "after a constant"),
        Case(Concat(1), [values("s16", (40, 2)), constant_input(values("s16", (40, 1)))], "concat_2", "before one"),
        Case(Concat(1), [values("s8", (6, 4))], "concat_1", "one input"),
    ]
    return [*(Overlapping(c, tight=True) for c in tight), *(Overlapping(c) for c in with_constant)]
