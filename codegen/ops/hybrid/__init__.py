"""HybridProduct and its kernel rows, best first."""

from edgegen.ops.hybrid import dsp, generic
from edgegen.ops.hybrid.op import HybridProduct

__all__ = ["HybridProduct"]

HybridProduct.kernels = (*dsp.ROWS, *generic.ROWS)
