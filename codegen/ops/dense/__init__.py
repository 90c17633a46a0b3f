"""Dense and its kernel rows, best first."""

from edgegen.ops.dense import dsp, generic, neon
from edgegen.ops.dense.op import Dense

__all__ = ["Dense"]

Dense.kernels = (*neon.ROWS, *dsp.ROWS, *generic.ROWS)
