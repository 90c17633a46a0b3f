"""How a Fourier transform of complex numbers is taken apart, and its meaning in fixed point.

The transform of n numbers is done in stages, one for each factor of n: the input is permuted, then each stage combines
blocks of m numbers into blocks of p * m. Which factors, in which order, and where results are rounded decides the bits;
TensorFlow Lite Micro's signal operators have them from KISS FFT, whose fixed-point arithmetic this is:

    factor       a stage of p first divides by p, so that sums fit: x -> (x * floor(one / p) + half) >> shift
    twiddle      a product with a factor of the unit circle, rounded once: (a.re * w.re - a.im * w.im + half) >> shift
    sums         wrap around

where `shift` is 15 for s16 and 31 for s32, `half` 2^(shift - 1), and `one` 2^shift - 1 stands for 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.tensor import Array


@dataclass(frozen=True)
class Stage:
    """Blocks of `length` numbers, `radix` of them combined; `stride` such groups make up the transform."""

    radix: int
    length: int
    stride: int


def stages(n: int) -> list[Stage]:
    """The stages of a transform of n numbers, the one computed last first: 4 as often as it divides, then 2, 3 and 5.

    Raises InvalidGraph if n is 1 or has another prime factor, which TensorFlow Lite Micro has no memory for.
    """
    found, rest, stride = list[Stage](), n, 1
    for radix in (4, 2, 3, 5):
        while rest % radix == 0:
            rest //= radix
            found.append(Stage(radix, rest, stride))
            stride *= radix
    if rest != 1 or not found:
        raise InvalidGraph(f"transforms of {2 * n} numbers are not supported: half of that must be made of 2, 3 and 5")
    return found


def permutation(n: int) -> Array:
    """s64[n]: which input each place holds before the first stage."""
    place, source = np.arange(n), np.zeros(n, np.int64)
    for stage in stages(n):
        source += place // stage.length * stage.stride
        place %= stage.length
    return source


def circle(n: int, inverse: bool) -> Array:
    """c128[n]: the n-th roots of unity, clockwise, or counter-clockwise for the inverse transform."""
    phase = -2 * math.pi * np.arange(n) / n
    return np.exp(1j * (-phase if inverse else phase))


def half_circle(n: int, inverse: bool) -> Array:
    """c128[n / 2]: what splits the spectrum of n complex numbers into that of 2n real ones."""
    phase = -math.pi * ((np.arange(n // 2) + 1) / n + 0.5)
    return np.exp(1j * (-phase if inverse else phase))


@dataclass(frozen=True)
class Fixed:
    """Complex numbers of `bits` bits, as arrays of s64 whose last axis is (real, imaginary)."""

    bits: int

    @property
    def shift(self) -> int:
        return self.bits - 1

    @property
    def one(self) -> int:
        return (1 << self.shift) - 1

    def wrap(self, x: Array) -> Array:
        return x.astype(f"int{self.bits}").astype(np.int64)

    def factors(self, z: Array) -> Array:
        """c128[...] -> s64[..., 2]."""
        return np.floor(0.5 + self.one * np.stack([z.real, z.imag], -1)).astype(np.int64)

    def rounded(self, product: Array) -> Array:
        return self.wrap((product + (1 << (self.shift - 1))) >> self.shift)

    def divide(self, x: Array, by: int) -> Array:
        return self.rounded(x * (self.one // by))

    def multiply(self, a: Array, b: Array) -> Array:
        real = a[..., 0] * b[..., 0] - a[..., 1] * b[..., 1]
        imaginary = a[..., 0] * b[..., 1] + a[..., 1] * b[..., 0]
        return np.stack([self.rounded(real), self.rounded(imaginary)], -1)

    def turn(self, a: Array) -> Array:
        """i * a."""
        return np.stack([self.wrap(-a[..., 1]), a[..., 0]], -1)

    def _three(self, x: list[Array], root: Array) -> list[Array]:
        """root: of the third part of the circle."""
        total, difference = self.wrap(x[1] + x[2]), self.wrap(x[1] - x[2])
        middle = self.wrap(x[0] - (total >> 1))
        turned = self.turn(self.rounded(difference * root[1]))
        return [self.wrap(x[0] + total), self.wrap(middle + turned), self.wrap(middle - turned)]

    def _five(self, x: list[Array], first: Array, second: Array) -> list[Array]:
        """first, second: of the fifth part of the circle, and of two fifths."""
        near, far = self.wrap(x[1] + x[4]), self.wrap(x[2] + x[3])
        near_difference, far_difference = self.wrap(x[1] - x[4]), self.wrap(x[2] - x[3])
        a = self.wrap(x[0] + self.rounded(near * first[0]) + self.rounded(far * second[0]))
        b = self.turn(self.wrap(self.rounded(near_difference * first[1]) + self.rounded(far_difference * second[1])))
        c = self.wrap(x[0] + self.rounded(near * second[0]) + self.rounded(far * first[0]))
        d = self.turn(self.wrap(self.rounded(near_difference * second[1]) - self.rounded(far_difference * first[1])))
        return [self.wrap(x[0] + near + far), *map(self.wrap, (a + b, c + d, c - d, a - b))]

    def _four(self, x: list[Array], inverse: bool) -> list[Array]:
        even, odd = self.wrap(x[0] + x[2]), self.wrap(x[1] + x[3])
        difference, turned = self.wrap(x[0] - x[2]), self.turn(self.wrap(x[1] - x[3]))
        turned = turned if inverse else -turned
        return [self.wrap(v) for v in (even + odd, difference + turned, even - odd, difference - turned)]

    def split(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Half the sum and half the difference of `low` and conjugate `high`: a spectrum's even and odd parts."""
        a, b = self.divide(low, 2), self.divide(self.wrap(high * (1, -1)), 2)
        return self.wrap(a + b), self.wrap(a - b)

    def halve(self, total: Array) -> Array:
        """Half of a sum, rounded down; sums of 16 bits have room for the carry."""
        return self.wrap((total if self.bits == 16 else self.wrap(total)) >> 1)

    def transform(self, z: Array, inverse: bool) -> Array:
        """s64[..., n, 2] -> the same shape: the spectrum divided by n, rounded stage by stage."""
        n = z.shape[-2]
        roots = self.factors(circle(n, inverse))
        z = z[..., permutation(n), :]
        for stage in reversed(stages(n)):
            p, m, stride = stage.radix, stage.length, stage.stride
            blocks = self.divide(z.reshape(*z.shape[:-2], stride, p, m, 2), p)
            x = [blocks[..., q, :, :] for q in range(p)]
            x = [x[0], *(self.multiply(x[q], roots[q * stride * np.arange(m)]) for q in range(1, p))]
            if p == 2:
                x = [self.wrap(x[0] + x[1]), self.wrap(x[0] - x[1])]
            elif p == 3:
                x = self._three(x, roots[stride * m])
            elif p == 4:
                x = self._four(x, inverse)
            else:
                x = self._five(x, roots[stride * m], roots[2 * stride * m])
            z = np.stack(x, -3).reshape(z.shape)
        return z
