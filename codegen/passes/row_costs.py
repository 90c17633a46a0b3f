"""What a loop over rows needs and costs, from the rows of its turns alone: quick enough to try many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgegen.ir.rows import row_bytes
from edgegen.passes.row_turns import Call, Part, Turns

CALL = 500  # instructions that a kernel spends before its first row and after its last, as measured on a Cortex-M4
REREAD = 4  # instructions for each byte that a kernel takes up again, which one call for all rows would still have


@dataclass(frozen=True)
class Needs:
    """scratch: bytes that the kernel of a call works in; weights: those of its weights that are copied to the arena"""

    scratch: int
    weights: int


Find = Callable[[Call], Needs]


@dataclass(frozen=True)
class Cost:
    """bytes: most in use at once, input and output of the loop included; work: instructions spent on going by rows.

    Both are estimates: the bytes are planned exactly later, and the work depends on the kernels.
    """

    bytes: int
    work: int


def cost(part: Part, rows: int, find: Find, x_dies: bool) -> Cost:
    """x_dies: whether nothing else needs x, so that y may lie over rows of it that are done with.

    Weights that are copied stay from the first turn to the last.
    """
    turns = Turns(part, rows)
    some = sorted({0, 1, 2, turns.count // 2, turns.count - 2, turns.count - 1} & set(range(turns.count)))
    peak = max(_peak(turns, turn, find, x_dies) for turn in some)
    usual = min(2, turns.count // 2)
    weights = sum(find(call).weights for call in turns.calls(usual))
    return Cost(peak + weights, _work(turns, usual) * (turns.count - 1))


def _peak(turns: Turns, turn: int, find: Find, x_dies: bool) -> int:
    part = turns.part
    held = {image: turns.rows_of(turn, image) for image in turns.images if image is not part.y}
    live = {image: (r.old - r.start) * row_bytes(image) for image, r in held.items()}
    if part.fed:  # which has arrived before the turn
        live[part.x] += (held[part.x].new - held[part.x].old) * row_bytes(part.x)
    calls = turns.calls(turn)
    last = {image: k for k, call in enumerate(calls) for image in turns.read_by(call.node)}
    whole = sum((r.new - r.start) * row_bytes(i) for i, r in held.items() if r.old > r.start or r.new > r.keep)
    x_row, y_row = row_bytes(part.x), row_bytes(part.y)
    first = turns.kept_from(turn - 1, part.x) if turn else 0
    peak = 0
    for k, call in enumerate(calls):
        image = call.node.out
        made = call.end if image is part.y else turns.span(turn, part.y)[0]
        if image in held:
            live[image] += (held[image].new - held[image].old) * row_bytes(image)
        gone = first * x_row if x_dies else 0
        ends = made * y_row if part.fed else part.x.type.bytes - gone + max(made * y_row - gone, 0)
        peak = max(peak, ends + max(sum(live.values()) + find(call).scratch, whole))
        for image in turns.read_by(call.node):
            if last[image] != k:
                continue
            if image not in held:
                first = turns.kept_from(turn, part.x)
            else:
                live[image] = (held[image].new - held[image].keep) * row_bytes(image)
    return peak


def _work(turns: Turns, turn: int) -> int:
    """Of one turn: what its calls cost, rows that they read again, and rows that move."""
    work = 0
    for call in turns.calls(turn):
        work += CALL
        for i, window in turns.windows[call.node].items():
            again = max(window.extent - window.stride, 0) * row_bytes(call.node.input(i))
            work += again * REREAD
    return work
