"""Binary and its kernel rows, best first."""

from edgegen.ops.binary import generic
from edgegen.ops.binary.op import Binary

__all__ = ["Binary"]

Binary.kernels = (*generic.ROWS,)
