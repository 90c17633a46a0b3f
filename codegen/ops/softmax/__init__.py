"""Softmax and its kernel rows, best first."""

from edgegen.ops.softmax import dsp, generic, neon, x86
from edgegen.ops.softmax.op import Softmax

__all__ = ["Softmax"]

Softmax.kernels = (*x86.ROWS, *neon.ROWS, *dsp.ROWS, *generic.ROWS)
