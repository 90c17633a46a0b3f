"""Dense and its kernel rows, best first."""

from edgegen.ops.dense import dsp, generic, neon, packed, x86
from edgegen.ops.dense.op import Dense

__all__ = ["Dense"]

Dense.kernels = (*packed.ROWS, *x86.ROWS, *neon.ROWS, *dsp.ROWS, *generic.ROWS)
