"""Dense and its kernel rows, best first."""

from edgegen.ops.dense import dsp, generic, neon, packed, stored, x86
from edgegen.ops.dense.op import Dense

__all__ = ["Dense"]

Dense.kernels = (
    *packed.ROWS,
    *stored.ROWS.size,
    *stored.ROWS.speed,
    *x86.ROWS,
    *neon.ROWS,
    *dsp.ROWS,
    *stored.ROWS.others,
    *generic.ROWS,
)
