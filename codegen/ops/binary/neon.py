"""Rows for AArch64."""

from __future__ import annotations

from edgegen.ops.binary.side_by_side import side_by_side_rows

ROWS = side_by_side_rows("neon", "neon", frozenset({"neon"}))
