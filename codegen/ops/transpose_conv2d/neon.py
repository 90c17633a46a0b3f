"""Rows for AArch64: convolutions whose outputs are rows apart."""

from __future__ import annotations

from edgegen.ops.neon_convolution import WITH_WEIGHTS, rows
from edgegen.ops.transpose_conv2d.phases import in_phases, not_in_phases

ROWS = tuple(row for one in WITH_WEIGHTS for row in rows(one, in_phases, not_in_phases))
