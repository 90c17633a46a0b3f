"""Dense and its kernel rows, best first."""

from edgegen.ops.dense import generic
from edgegen.ops.dense.op import Dense

__all__ = ["Dense"]

Dense.kernels = (*generic.ROWS,)
