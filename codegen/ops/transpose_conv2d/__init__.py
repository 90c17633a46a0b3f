"""TransposeConv2d and its kernel rows, best first."""

from edgegen.ops.transpose_conv2d import generic, neon
from edgegen.ops.transpose_conv2d.op import TransposeConv2d

__all__ = ["TransposeConv2d"]

TransposeConv2d.kernels = (*neon.ROWS, *generic.ROWS)
