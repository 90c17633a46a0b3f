"""Conv2d and its kernel rows, best first."""

from edgegen.ops.conv2d import generic
from edgegen.ops.conv2d.op import Conv2d

__all__ = ["Conv2d"]

Conv2d.kernels = (*generic.ROWS,)
