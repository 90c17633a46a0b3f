"""HybridProduct and its kernel rows, best first."""

from edgegen.ops.hybrid import dsp, generic, packed, windows
from edgegen.ops.hybrid.op import HybridProduct

__all__ = ["HybridProduct"]

HybridProduct.kernels = (*windows.ROWS_S4, *packed.ROWS, *windows.ROWS, *dsp.ROWS, *generic.ROWS)
