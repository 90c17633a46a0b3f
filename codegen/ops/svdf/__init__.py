"""Svdf and its kernel rows, best first."""

from edgegen.ops.svdf import dsp, generic
from edgegen.ops.svdf.op import Svdf

__all__ = ["Svdf"]

Svdf.kernels = (*dsp.ROWS, *generic.ROWS)
