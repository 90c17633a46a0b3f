"""The vectors of runtime_c/simd/floats_*.h, for which one text of a kernel is compiled."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FloatVectors:
    """Vectors of one instruction set.

    suffix:   of the kernels
    lanes:    floats in a vector
    rows:     that register tiles of four vectors have, where speed or flash counts
    features: that they require
    """

    suffix: str
    lanes: int
    rows: tuple[int, ...]
    features: frozenset[str] = frozenset()


AVX512 = FloatVectors("_avx512", 16, (4,), frozenset({"avx512"}))
AVX2 = FloatVectors("_avx2", 8, (2,), frozenset({"avx2", "fma", "f16c"}))
NEON = FloatVectors("_neon", 4, (4,), frozenset({"neon"}))
PLAIN = FloatVectors("", 1, (2, 1))
VECTORS = (AVX512, AVX2, NEON, PLAIN)
"""The widest first. Vectors have one size in a program: a kernel must not take PLAIN where a target has others."""
