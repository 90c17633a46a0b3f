"""Binary and its kernel rows, best first."""

from edgegen.ops.binary import dsp, generic, neon, x86
from edgegen.ops.binary.op import Binary

__all__ = ["Binary"]

Binary.kernels = (*x86.ROWS, *neon.ROWS, *dsp.ROWS, *generic.ROWS)
