"""Dense and its kernel rows, best first."""

from edgegen.ops.dense import dsp, generic, neon, x86
from edgegen.ops.dense.op import Dense

__all__ = ["Dense"]

Dense.kernels = (*x86.ROWS, *neon.ROWS, *dsp.ROWS, *generic.ROWS)
