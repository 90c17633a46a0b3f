"""What a loop over rows needs and costs, from the rows of its turns alone: quick enough to try many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgegen.ir.rows import row_bytes
from edgegen.ir.tensor import Tensor
from edgegen.passes.row_turns import Call, Turns

CALL = 500  # instructions that a kernel spends before its first row and after its last, as measured on a Cortex-M4
REREAD = 4  # instructions for each byte that a kernel takes up again, which one call for all rows would still have
MOVE = 40  # instructions for each time that rows move, and MOVED for each of their bytes
MOVED = 1


@dataclass(frozen=True)
class Needs:
    """scratch: bytes that the kernel of a call works in; weights: those of its weights that are copied to the arena"""

    scratch: int
    weights: int


Find = Callable[[Call], Needs]


@dataclass(frozen=True)
class Cost:
    """What a loop is thought to come to: the bytes are planned exactly later, and the work depends on the kernels.

    bytes: most in use at once, input and output of the loop included
    work:  instructions spent on going by rows
    apart: and on top of that, to move the rows that are kept to those that follow them
    """

    bytes: int
    work: int
    apart: int


def cost(turns: Turns, find: Find, x_dies: bool) -> Cost:
    """x_dies: whether nothing else needs x, so that y may lie over rows of it that are done with.

    Weights that are copied stay from the first turn to the last.
    """
    ends = _Ends(turns, x_dies)
    some = sorted({0, 1, turns.count // 2, turns.count - 1} & set(range(turns.count)))
    peak = max(_peak(turns, turn, find, ends) for turn in some)
    usual = min(2, turns.count // 2)
    weights = sum({call.node: find(call).weights for call in turns.calls(usual)}.values())
    begun, steady = (_work(turns, turn) for turn in (0, usual))
    work = begun + steady * (turns.count - 1) - CALL * len(turns.part.nodes)
    return Cost(peak + weights, work, _apart(turns, usual) * (turns.count - 1))


def floor(turns: Turns, x_dies: bool) -> int:
    """Bytes that no such loop does without: those in use between two turns in the middle."""
    turn = turns.count // 2
    kept = sum((r.new - r.keep) * row_bytes(image) for image, r in turns.rows(turn).items())
    return kept + _Ends(turns, x_dies).bytes(turn, True, turns.span(turn, turns.part.y)[1])


class _Ends:
    """What x and y take, which lie over one another as far as rows of x are done with when those of y are made."""

    def __init__(self, turns: Turns, x_dies: bool) -> None:
        self.turns, self.x_dies = turns, x_dies
        self.x_row, self.y_row = row_bytes(turns.part.x), row_bytes(turns.part.y)
        self.alike = range(1, turns.count - 1)
        self.throughout = max(
            (self._then(turn, self._gone(0)) for turn in self.alike[:: len(self.alike) - 1 or 1]), default=0
        )

    def _gone(self, turn: int) -> int:
        """Bytes of x that nothing needs after a turn."""
        return self.turns.kept_from(turn, self.turns.part.x) * self.x_row if self.x_dies else 0

    def _then(self, turn: int, gone: int) -> int:
        """After a turn, where x keeps all bytes but those that were gone before, since turns that are alike repeat."""
        made = self.turns.span(turn, self.turns.part.y)[1] * self.y_row
        return self.turns.part.x.type.bytes - gone + max(0, made - self._gone(turn) + gone)

    def bytes(self, turn: int, read: bool, made: int) -> int:
        """read: whether the turn has read its rows of x; made: rows of y so far"""
        if self.turns.part.fed:
            return made * self.y_row
        if turn in self.alike:
            return self.throughout
        gone = self._gone(turn if read else turn - 1) if read or turn else 0
        return self.turns.part.x.type.bytes - gone + made * self.y_row


def _peak(turns: Turns, turn: int, find: Find, ends: _Ends) -> int:
    part, held = turns.part, turns.rows(turn)
    rows = {image: (r.start, r.new if image is part.x else r.old) for image, r in held.items()}  # x arrives before
    bytes_ = {image: row_bytes(image) for image in held}
    calls = turns.calls(turn)
    made = turns.span(turn, part.y)[0]
    last = max((k for k, call in enumerate(calls) if part.x in turns.read_by(call.node)), default=-1)
    live = sum((end - start) * bytes_[image] for image, (start, end) in rows.items())
    peak = 0
    for k, call in enumerate(calls):
        image = call.node.out
        if image in held:
            rows[image] = (rows[image][0], call.end)
            live += (call.end - call.first) * bytes_[image]
        else:
            made = call.end
        peak = max(peak, ends.bytes(turn, k > last, made) + live + find(call).scratch)
        for dropped, first in call.drops:
            live -= (first - rows[dropped][0]) * bytes_[dropped]
            rows[dropped] = (first, rows[dropped][1])
    return peak


def _work(turns: Turns, turn: int) -> int:
    """Of one turn: what its calls cost, rows that they read again, and rows that move."""
    work = 0
    there = {image: r.new if image is turns.part.x else r.old for image, r in turns.rows(turn).items()}
    for call in turns.calls(turn):
        work += CALL
        there[call.node.out] = call.end
        for i, window in turns.windows[call.node].items() if call.first else ():
            again = max(window.extent - window.stride, 0) * row_bytes(call.node.input(i))
            work += again * REREAD
        work += sum(_moved(image, there[image] - first) for image, first in call.drops)
    return work


def _apart(turns: Turns, turn: int) -> int:
    return sum(_moved(image, r.old - r.start) for image, r in turns.rows(turn).items() if r.new > r.old)


def _moved(image: Tensor, rows: int) -> int:
    return MOVE + MOVED * rows * row_bytes(image) if rows else 0
