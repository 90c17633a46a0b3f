"""Softmax and its kernel rows, best first."""

from edgegen.ops.softmax import generic, neon
from edgegen.ops.softmax.op import Softmax

__all__ = ["Softmax"]

Softmax.kernels = (*neon.ROWS, *generic.ROWS)
