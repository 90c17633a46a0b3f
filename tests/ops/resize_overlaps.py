"""Nodes that sample images over their input, for every row that declares an `overlap`: what each declares is exact."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from edgegen.ops.resample import Resample
from edgegen.ops.resize import Resize
from edgegen.ops.resize.op import Interpolation
from tests.harness import Case, constant_input
from tests.ops.elementwise_overlaps import values
from tests.overlapping import Overlapping

Size = tuple[int, int, int, int]
DTYPES: dict[Interpolation, tuple[str, ...]] = {
    "nearest": ("s8", "f16", "f32"),
    "bilinear": ("s8", "u8", "s16", "f32"),
}
TAPS = (((1, 6, 4), 4), ((2, 5, 1), 2), ((1, 7, 3), 1), ((3, 4, 2), 2))


def _case(interpolation: Interpolation, dtype: str, shape: Size, size: tuple[int, int]) -> Case:
    kernel = "resize_nearest" if interpolation == "nearest" else f"resize_bilinear_{dtype}"
    label = f"{interpolation} {dtype} {shape} -> {size}"
    return Case(Resize(interpolation, size), [values(dtype, shape)], kernel, label)


def _resampled(dtype: str, shape: tuple[int, ...], taps: int) -> Overlapping:
    """Along axis 1 to twice as many, from neighbours of which none weighs little."""
    count = 2 * shape[1]
    places = np.arange(count, dtype=np.int32)[:, None] // 2 - taps // 2 + np.arange(taps, dtype=np.int32)
    x = values(dtype, shape)
    weights = np.random.default_rng(2).uniform(0.5, 1, places.shape).astype(x.dtype)
    inputs = [x, constant_input(places), constant_input(weights)]
    return Overlapping(Case(Resample(1), inputs, f"resample_{dtype}", f"resample {dtype} {shape}, {taps} taps"), True)


def generic() -> list[Overlapping]:
    sizes: list[tuple[Size, tuple[int, int]]] = [
        ((1, 4, 5, 3), (8, 10)),
        ((2, 3, 4, 1), (6, 8)),
        ((1, 3, 4, 70), (5, 6)),
        ((1, 7, 6, 4), (3, 3)),
    ]
    resizes = [_case(way, dtype, *one) for way, dtypes in DTYPES.items() for dtype in dtypes for one in sizes]
    return [*map(Overlapping, resizes), *(_resampled(d, shape, taps) for d in ("f32", "f64") for shape, taps in TAPS)]


@st.composite
def resizes(draw: st.DrawFn) -> Overlapping:
    """From any size to any other.

    What is declared is exact where each pixel that is read weighs something: where the scales are powers of two, so
    that samples lie on pixels or well between them. All numbers of x differ, and pixels have several, or one could be
    written onto itself one step too far without harm; those of `nearest` few enough to be moved in a register.
    """
    interpolation: Interpolation = draw(st.sampled_from(["nearest", "bilinear"]))
    centers = draw(st.booleans())
    corners = draw(st.booleans()) and (interpolation == "nearest" or not centers)
    height, width = draw(st.integers(2, 6)), draw(st.integers(2, 6))
    tight = draw(st.booleans())
    powers = [(4, 1), (2, 1), (1, 1), (1, 2)]
    scales = draw(st.tuples(st.sampled_from(powers), st.sampled_from(powers)))
    free = draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))
    exact = [n * up - corners * (up - 1) for n, (up, _) in zip((height, width), scales, strict=True)]
    shape = [n * down - corners * (down - 1) for n, (_, down) in zip((height, width), scales, strict=True)]
    op = Resize(interpolation, (exact[0], exact[1]) if tight else free, corners, centers)
    dtype, channels = (np.int16, [2]) if interpolation == "nearest" else (np.float32, [2, 5])
    x_shape = (draw(st.integers(1, 2)), *shape, draw(st.sampled_from(channels if tight else [1, 2, 4, 40])))
    x = np.random.default_rng(1).permutation(np.arange(1, np.prod(x_shape) + 1)).reshape(x_shape).astype(dtype)
    return Overlapping(Case(op, [x], label=f"{op} {x_shape}"), tight)
