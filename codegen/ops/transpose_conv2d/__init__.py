"""TransposeConv2d and its kernel rows, best first."""

from edgegen.ops.transpose_conv2d import generic, neon, x86
from edgegen.ops.transpose_conv2d.op import TransposeConv2d

__all__ = ["TransposeConv2d"]

TransposeConv2d.kernels = (*x86.ROWS, *neon.ROWS, *generic.ROWS)
