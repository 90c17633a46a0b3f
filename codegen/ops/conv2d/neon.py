"""Rows for AArch64: one group or several, and s8 of few channels."""

from __future__ import annotations

from collections.abc import Callable

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ops.conv2d import neon_winograd
from edgegen.ops.conv2d.groups import in_groups
from edgegen.ops.convolution_parts import Parts
from edgegen.ops.epilogue import constant_weights
from edgegen.ops.neon_convolution import (
    DOTPROD,
    F16,
    F32,
    PAIRS,
    WIDE,
    WithWeights,
    holds,
    pack_eight,
    rows,
    sides_row,
    sums_of,
    windows,
)
from edgegen.ops.window_overlap import by_rows

_BYTES, _UNITS = 16, 8
"""Of a group's channels and filters: with fewer, vectors are not full."""

_APART = ("output.step", "parts.row")


def _parts(node: Node) -> Parts:
    return in_groups(node, _BYTES // node.input(0).dtype.size, _UNITS)


def _when(together: bool) -> Callable[[Node], str | None]:
    """Groups are taken together or not: that costs flash, since filters then have zeros for other groups' channels."""

    def when(node: Node) -> str | None:
        reason = constant_weights(node)
        if reason is None and (_parts(node).together > 1) != together:
            return "groups fill vectors" if together else "groups do not fill vectors by themselves"
        return reason

    return when


def _holds_eight(node: Node) -> str | None:
    """Where so few products add up that spreading each sum over a vector would not pay."""
    reason = _when(False)(node)
    if reason is not None:
        return reason
    parts = _parts(node)
    found = windows(node, parts)
    if found.runs * found.run != 8 or found.scratch or parts.count > 1:
        return "windows must be 8 bytes of x"
    return holds(node, parts)


def _pack_eight(node: Node) -> Packed:
    return pack_eight(node, _parts(node))


def _rows(one: WithWeights) -> tuple[Kernel, ...]:
    return rows(one, _parts, _when(False), by_rows(1), split=_APART)


_EIGHT = Kernel(
    "conv2d_s8_wide_neon",
    "s8 s8 s32? -> s8",
    _pack_eight,
    requires=frozenset({"neon"}),
    when=_holds_eight,
    overlap=by_rows(1),
    split=_APART,
)

ROWS = (
    *_rows(DOTPROD),
    neon_winograd.S8_ROW,
    _EIGHT,
    sides_row(_parts, _when(False), by_rows(1)),
    *_rows(PAIRS),
    *_rows(WIDE),
    *(row for one in (DOTPROD, PAIRS, WIDE) for row in _rows(sums_of(one))),
    neon_winograd.F32_ROW,
    *_rows(F32),
    *_rows(F16),
    *(row for one in (DOTPROD, PAIRS, F32) for row in rows(one, _parts, _when(True), by_rows(1), for_speed=True)),
)
