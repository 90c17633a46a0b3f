"""DepthwiseConv2d and its kernel rows, best first."""

from edgegen.ops.depthwise_conv2d import dsp, generic, neon, packed, x86
from edgegen.ops.depthwise_conv2d.op import DepthwiseConv2d
from edgegen.ops.half_rows import half_rows, of_taps

__all__ = ["DepthwiseConv2d"]

_ROWS = (*packed.ROWS, *x86.ROWS, *neon.ROWS, *dsp.ROWS, *generic.ROWS)
DepthwiseConv2d.kernels = (*_ROWS, *half_rows(_ROWS, of_taps))
