"""Softmax and its kernel rows, best first."""

from edgegen.ops.softmax import generic
from edgegen.ops.softmax.op import Softmax

__all__ = ["Softmax"]

Softmax.kernels = (*generic.ROWS,)
