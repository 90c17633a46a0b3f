"""Binary and its kernel rows, best first."""

from edgegen.ops.binary import dsp, generic, neon
from edgegen.ops.binary.op import Binary

__all__ = ["Binary"]

Binary.kernels = (*neon.ROWS, *dsp.ROWS, *generic.ROWS)
