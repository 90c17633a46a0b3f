"""Lstm and its kernel rows, best first."""

from edgegen.ops.lstm import dsp, fixed_row, floats, quantized
from edgegen.ops.lstm.op import Lstm

__all__ = ["Lstm"]

Lstm.kernels = (*dsp.ROWS, *floats.ROWS, *quantized.ROWS, *fixed_row.ROWS)
