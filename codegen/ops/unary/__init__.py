"""Unary and its kernel rows, best first."""

from edgegen.ops.unary import generic, neon
from edgegen.ops.unary.op import Unary

__all__ = ["Unary"]

Unary.kernels = (*neon.ROWS, *generic.ROWS)
