"""Rows for x86-64 with AVX2 and with AVX-512."""

from __future__ import annotations

from edgegen.ops.binary.side_by_side import side_by_side_rows
from edgegen.ops.x86_tiles import FEATURES_AVX2, FEATURES_AVX512

ROWS = (
    *side_by_side_rows("avx512", "x86", FEATURES_AVX512),
    *side_by_side_rows("avx2", "x86", FEATURES_AVX2),
)
