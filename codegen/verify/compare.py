"""How far results are from what they should be.

Integers, booleans and floats of 8 bits must be equal. Other floats are compared on the scale of the whole tensor: a
SIMD kernel adds the terms of a dot product in another order than the reference, which changes it by a few roundings of
the *terms*, so an element that nearly cancels may be off by many of its own units in the last place while it is as
exact as its neighbours. An element matches if it is within `relative` times the scale, or within `ulp` units in the
last place, its own or the scale's. The scale is the reference's largest magnitude, in this run or in others of the same
tensor (an output of one element has no neighbours to tell its scale); infinities and the type's largest number have no
part in it. NaN matches NaN, an infinity only itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import UsageError
from edgegen.ir.tensor import Array, magnitude, spacing

RELATIVE = 1e-5  # of the reference's largest magnitude
ULP = 4


@dataclass(frozen=True)
class Difference:
    """How two tensors differ.

    max_abs_error: largest |got - want|; inf where only one is finite
    max_ulp:       largest distance in representable values of the dtype; for integers the largest difference
    count:         elements that do not match
    worst:         index of the element that is furthest off, () if all match
    got, want:     its values
    """

    match: bool
    max_abs_error: float
    max_ulp: int
    count: int
    worst: tuple[int, ...] = ()
    got: float = 0.0
    want: float = 0.0

    def __str__(self) -> str:
        if self.match:
            return f"match (largest error {self.max_abs_error:g}, {self.max_ulp} ulp)"
        return (
            f"{self.count} elements differ, by at most {self.max_abs_error:g} ({self.max_ulp} ulp); "
            f"the worst, [{','.join(map(str, self.worst))}], is {self.got:.9g} and should be {self.want:.9g}"
        )


def ulp_distance(got: Array, want: Array) -> Array:
    """Representable floats between elements of two arrays of one float dtype, as uint64.

    All NaNs are one value, far from every other.
    """
    bits = want.dtype.itemsize * 8
    signed = {8: np.int8, 16: np.int16, 32: np.int32, 64: np.int64}[bits]

    def ordered(a: Array) -> Array:
        # the bits of a float, read as sign and magnitude, count the representable values from zero
        raw = np.ascontiguousarray(a).view(signed).astype(np.int64)
        least = -(2 ** (bits - 1))
        return np.where(raw < 0, least - raw, raw)

    a, b = ordered(got), ordered(want)
    low, high = np.minimum(a, b), np.maximum(a, b)
    # two's complement: the difference of any two s64 fits in u64
    distance = high.view(np.uint64) - low.view(np.uint64)
    both_nan, one_nan = np.isnan(got) & np.isnan(want), np.isnan(got) ^ np.isnan(want)
    return np.where(both_nan, np.uint64(0), np.where(one_nan, np.uint64(1 << 63), distance))


def compare(got: Array, want: Array, relative: float = RELATIVE, ulp: int = ULP, scale: float = 0.0) -> Difference:
    """scale: largest magnitude known from other runs. Raises UsageError if dtypes or shapes differ."""
    if got.dtype != want.dtype or got.shape != want.shape:
        raise UsageError(f"cannot compare {got.dtype.name}{list(got.shape)} with {want.dtype.name}{list(want.shape)}")
    if want.size == 0:
        return Difference(True, 0.0, 0, 0)
    if "float" not in want.dtype.name:
        # Python integers hold the difference of any two 64-bit numbers
        exact = np.int64 if want.dtype.itemsize < 8 else object
        error = np.abs(got.astype(exact) - want.astype(exact))
        return _difference(got, want, error, error, error != 0)
    distance = ulp_distance(got, want)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(got.astype(np.float64) - want.astype(np.float64))
    error = np.where(distance == 0, 0.0, np.where(np.isnan(error), np.inf, error))
    if want.dtype.itemsize == 1:  # so coarse that nothing but the same number is near
        return _difference(got, want, error, distance, distance != 0)
    scale = max(scale, magnitude(want))
    allowed = max(relative * scale, ulp * spacing(scale, want.dtype))
    return _difference(got, want, error, distance, (error > allowed) & (distance > np.uint64(ulp)))


def _difference(got: Array, want: Array, error: Array, distance: Array, wrong: Array) -> Difference:
    count = int(np.count_nonzero(wrong))
    worst: tuple[int, ...] = ()
    if count:
        flat = np.where(wrong, error, -1).reshape(-1)
        worst = tuple(int(i) for i in np.unravel_index(int(flat.argmax()), want.shape))
    values = (float(got[worst]), float(want[worst])) if count else (0.0, 0.0)
    return Difference(count == 0, float(error.max()), int(distance.max()), count, worst, *values)
