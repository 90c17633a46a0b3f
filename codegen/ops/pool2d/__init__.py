"""Pool2d and its kernel rows, best first."""

from edgegen.ops.pool2d import dsp, generic, neon, x86
from edgegen.ops.pool2d.op import Pool2d

__all__ = ["Pool2d"]

Pool2d.kernels = (*x86.ROWS, *neon.ROWS, *dsp.ROWS, *generic.ROWS)
