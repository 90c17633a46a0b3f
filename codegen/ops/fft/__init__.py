"""Rfft and Irfft: the operators and their kernel rows, best first."""

from edgegen.ops.fft import dsp, generic
from edgegen.ops.fft.op import Irfft, Rfft, check_length

Rfft.kernels = (*dsp.RFFT, *generic.RFFT)
Irfft.kernels = (*dsp.IRFFT, *generic.IRFFT)

__all__ = ["Irfft", "Rfft", "check_length"]
