"""Resize and its kernel rows, best first."""

from edgegen.ops.resize import generic
from edgegen.ops.resize.op import Resize

__all__ = ["Resize"]

Resize.kernels = (*generic.ROWS,)
