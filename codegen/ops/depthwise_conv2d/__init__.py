"""DepthwiseConv2d and its kernel rows, best first."""

from edgegen.ops.depthwise_conv2d import dsp, generic, neon, packed, several, x86
from edgegen.ops.depthwise_conv2d.op import DepthwiseConv2d
from edgegen.ops.half_rows import half_rows, of_taps

__all__ = ["DepthwiseConv2d"]

_SIMD = (*packed.ROWS, *x86.ROWS, *neon.ROWS, *dsp.ROWS)
DepthwiseConv2d.kernels = (*_SIMD, *several.ROWS, *generic.ROWS, *half_rows((*_SIMD, *generic.ROWS), of_taps))
