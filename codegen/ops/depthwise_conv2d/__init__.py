"""DepthwiseConv2d and its kernel rows, best first."""

from edgegen.ops.depthwise_conv2d import dsp, generic, neon, packed, x86
from edgegen.ops.depthwise_conv2d.op import DepthwiseConv2d

__all__ = ["DepthwiseConv2d"]

DepthwiseConv2d.kernels = (*packed.ROWS, *x86.ROWS, *neon.ROWS, *dsp.ROWS, *generic.ROWS)
