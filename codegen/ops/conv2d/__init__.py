"""Conv2d and its kernel rows, best first."""

from edgegen.ops.conv2d import dsp, generic, neon, packed, x86
from edgegen.ops.conv2d.op import Conv2d

__all__ = ["Conv2d"]

Conv2d.kernels = (*packed.ROWS, *x86.ROWS, *neon.ROWS, *dsp.ROWS, *generic.ROWS)
