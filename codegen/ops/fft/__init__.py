"""Rfft and Irfft: the operators and their kernel rows, best first."""

from edgegen.ops.fft import generic
from edgegen.ops.fft.op import Irfft, Rfft, check_length

Rfft.kernels = generic.RFFT
Irfft.kernels = generic.IRFFT

__all__ = ["Irfft", "Rfft", "check_length"]
