"""Unary and its kernel rows, best first."""

from edgegen.ops.unary import generic
from edgegen.ops.unary.op import Unary

__all__ = ["Unary"]

Unary.kernels = (*generic.ROWS,)
