"""Dense and its kernel rows, best first."""

from edgegen.ops.dense import dsp, generic, neon, packed, stored, x86
from edgegen.ops.dense.op import Dense
from edgegen.ops.half_rows import half_rows, in_rows

__all__ = ["Dense"]

_ROWS = (
    *packed.ROWS,
    *stored.ROWS.size,
    *stored.ROWS.speed,
    *x86.ROWS,
    *neon.ROWS,
    *dsp.ROWS,
    *stored.ROWS.others,
    *generic.ROWS,
)
Dense.kernels = (*_ROWS, *half_rows(_ROWS, in_rows))
