"""Rfft and Irfft: the spectrum of real numbers along the last axis, and back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.fft.transform import Fixed, half_circle, stages

MAX_LENGTH = 1 << 16  # what 16-bit indices of complex numbers reach, and more than any frame of audio
_DTYPES = ("s16", "s32", "f32")


def check_length(length: int) -> None:
    """Raises InvalidGraph unless there are stages for frames of that many real numbers."""
    if not 4 <= length <= MAX_LENGTH or length % 2:
        raise InvalidGraph(f"transforms are of an even number from 4 to {MAX_LENGTH} of values, not {length}")
    stages(length // 2)


@dataclass(frozen=True)
class Fourier(Op):
    """What both directions share. length: of a frame of real numbers; twice what is made of factors 2, 3 and 5."""

    length: int = 0

    def _check(self, x: TensorType) -> None:
        if not x.shape or x.dtype.name not in _DTYPES:
            raise InvalidGraph(f"x {x} has no frames of {', '.join(_DTYPES)}")
        check_length(self.length)

    def macs(self, *inputs: TensorType | None) -> int:
        """Of the complex products, four each."""
        x, n = known(inputs[0], "x"), self.length // 2
        products = sum(n // s.radix * (s.radix - 1) for s in stages(n)) + n // 2
        return math.prod(x.shape[:-1]) * products * 4


@dataclass(frozen=True)
class Rfft(Fourier):
    """y[..., length + 2]: the length / 2 + 1 complex numbers of the spectrum of x, real and imaginary parts in turn.

    Frames shorter than `length` are continued with zeros. Integers are divided by `length` on the way and rounded stage
    by stage as in transform.py; f32 is not scaled. (TFLM signal operator SignalRfft.)
    """

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        self._check(x)
        if x.shape[-1] > self.length:
            raise InvalidGraph(f"frames of {x.shape[-1]} do not fit a transform of {self.length}")
        return (TensorType(x.dtype, (*x.shape[:-1], self.length + 2)),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        if x.dtype.kind == "f":
            spectrum = np.fft.rfft(x.astype(np.float64), self.length)
            return (np.stack([spectrum.real, spectrum.imag], -1).reshape(*x.shape[:-1], -1).astype(x.dtype),)
        fixed, n = Fixed(8 * x.itemsize), self.length // 2
        padded = np.pad(x.astype(np.int64), [(0, 0)] * (x.ndim - 1) + [(0, self.length - x.shape[-1])])
        z = fixed.transform(padded.reshape(*x.shape[:-1], n, 2), False)
        y = np.zeros((*x.shape[:-1], n + 1, 2), np.int64)
        first = fixed.divide(z[..., 0, :], 2)
        y[..., 0, 0] = first[..., 0] + first[..., 1]
        y[..., n, 0] = first[..., 0] - first[..., 1]
        k = np.arange(1, n // 2 + 1)
        even, odd = fixed.split(z[..., k, :], z[..., n - k, :])
        odd = fixed.multiply(odd, fixed.factors(half_circle(n, False)))
        y[..., k, :] = fixed.halve(even + odd)
        y[..., n - k, :] = fixed.halve((even - odd) * (1, -1))
        return (y.reshape(*x.shape[:-1], -1).astype(x.dtype),)


@dataclass(frozen=True)
class Irfft(Fourier):
    """y[..., length]: the real numbers whose spectrum is x[..., length + 2], laid out as Rfft's result.

    All types are divided by `length`, integers on the way and rounded as in transform.py: the way there and back gives
    f32 as it was, and integers divided by `length`. (TFLM signal operator SignalIrfft.)
    """

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        self._check(x)
        if x.shape[-1] != self.length + 2:
            raise InvalidGraph(f"x {x} is no spectrum of {self.length} values: that has {self.length + 2} numbers")
        return (TensorType(x.dtype, (*x.shape[:-1], self.length)),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, n = present(inputs[0], "x"), self.length // 2
        spectrum = x.reshape(*x.shape[:-1], n + 1, 2)
        if x.dtype.kind == "f":
            wide = spectrum[..., 0].astype(np.float64) + 1j * spectrum[..., 1]
            return (np.fft.irfft(wide, self.length).astype(x.dtype),)
        fixed, s = Fixed(8 * x.itemsize), spectrum.astype(np.int64)
        z = np.zeros((*x.shape[:-1], n, 2), np.int64)
        first, last = s[..., 0, 0], s[..., n, 0]
        z[..., 0, :] = fixed.divide(fixed.wrap(np.stack([first + last, first - last], -1)), 2)
        k = np.arange(1, n // 2 + 1)
        even, odd = fixed.split(s[..., k, :], s[..., n - k, :])
        odd = fixed.multiply(odd, fixed.factors(half_circle(n, True)))
        z[..., k, :] = fixed.wrap(even + odd)
        z[..., n - k, :] = fixed.wrap(fixed.wrap(even - odd) * (1, -1))
        return (fixed.transform(z, True).reshape(*x.shape[:-1], -1).astype(x.dtype),)
