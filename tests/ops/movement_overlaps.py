"""Nodes that move elements over their input, for every row that declares an `overlap`."""

from __future__ import annotations

from edgegen.ops.mirror_pad import MirrorPad
from edgegen.ops.move_rows import MoveRows
from edgegen.ops.pad import Pad
from tests.harness import Case
from tests.ops.elementwise_overlaps import values
from tests.ops.test_movement import repitched
from tests.overlapping import Overlapping, sharing


def _pads() -> list[Overlapping]:
    widths = [
        ((2, 5, 3, 4), (0, 1, 1, 0), (0, 1, 1, 0)),
        ((1, 6, 5, 3), (0, 0, 0, 2), (0, 0, 0, 1)),
        ((1, 4, 5, 7), (0, 2, 0, 0), (0, 0, 3, 0)),
        ((1, 3, 4, 40), (0, 0, 1, 0), (0, 2, 1, 0)),
        ((9,), (0,), (5,)),
    ]
    cases = [Case(Pad(b, a, 3), [values(t, s)], "pad", f"pad {t} {s}") for t in ("s8", "f32") for s, b, a in widths]
    cases += [
        Case(MirrorPad(b, a, mode), [values(t, s)], "mirror_pad", f"{mode} {t} {s}")
        for mode in ("reflect", "symmetric")
        for t in ("s8", "s16", "f32")
        for s, b, a in [*widths[:3], ((1, 6, 4, 40), (0, 0, 1, 0), (0, 1, 0, 0)), ((2, 9), (0, 3), (0, 4))]
    ]
    return [Overlapping(c) for c in cases]


def _rows() -> list[Overlapping]:
    """Few and many bytes, moved down, up, and to where they are."""
    moves = [(MoveRows(2, 3), (1, 5, 3, 5)), (MoveRows(0, 4), (1, 4, 7, 3)), (MoveRows(5, 6), (1, 12, 16, 9))]
    return [Overlapping(Case(op, [values(t, s)], "move_rows", f"{op} {t}")) for t in ("s8", "f32") for op, s in moves]


def generic() -> list[Overlapping]:
    return [*_pads(), *_rows(), *sharing(repitched(), "generic")]
