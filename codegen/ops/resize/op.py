"""What Resize is; its kernel rows are beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType

Interpolation = Literal["nearest", "bilinear"]

ONE = 1 << 10  # of the fractions that integers are interpolated with


@dataclass(frozen=True)
class Resize(Op):
    """x[N,H,W,C] -> [N, size[0], size[1], C], sampled as TensorFlow Lite's RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR.

    align_corners:      the outermost samples are the outermost pixels
    half_pixel_centers: pixel i covers [i, i + 1) and is sampled in its middle; not together with align_corners
                        when bilinear

    Coordinates are f32 (reference_ops::ResizeNearestNeighbor and ResizeBilinear) or, for bilinear on s8 and s16, fixed
    point with 10 bits of fraction (reference_ops::ResizeBilinearInteger), which rounds half away from zero. u8 is
    interpolated in f32 and rounded to the nearest, halves upwards.
    """

    interpolation: Interpolation = "nearest"
    size: tuple[int, int] = (1, 1)
    align_corners: bool = False
    half_pixel_centers: bool = False

    @property
    def kind(self) -> str:
        return f"Resize.{self.interpolation}"

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if len(x.shape) != 4 or 0 in x.shape or min(self.size) < 1:
            raise InvalidGraph(f"cannot resize {x} to {list(self.size)}")
        if self.interpolation == "bilinear" and self.align_corners and self.half_pixel_centers:
            raise InvalidGraph("corners cannot be aligned with half-pixel centers")
        return (TensorType(x.dtype, (x.shape[0], *self.size, x.shape[3])),)

    def nearest(self, axis: int, extent: int) -> Array:
        """s64: which of `extent` pixels each output pixel along the height (0) or width (1) shows."""
        count = self.size[axis]
        f32 = np.float32
        corners = self.align_corners and count > 1
        scale = f32(extent - 1) / f32(count - 1) if corners else f32(extent) / f32(count)
        at = (np.arange(count, dtype=f32) + f32(0.5 if self.half_pixel_centers else 0)) * scale
        # std::round rounds half away from zero; coordinates are not negative
        chosen = np.floor(at.astype(np.float64) + 0.5) if self.align_corners else np.floor(at)
        return np.clip(chosen.astype(np.int64), 0, extent - 1)

    def between(self, axis: int, extent: int) -> tuple[Array, Array, Array]:
        """f32 samples along an axis: (lower pixel, upper pixel, how far the sample lies from lower to upper)."""
        count = self.size[axis]
        f32 = np.float32
        corners = self.align_corners and count > 1
        scale = f32(extent - 1) / f32(count - 1) if corners else f32(extent) / f32(count)
        at = np.arange(count, dtype=f32)
        at = (at + f32(0.5)) * scale - f32(0.5) if self.half_pixel_centers else at * scale
        low = np.clip(np.floor(at).astype(np.int64), 0, extent - 1)
        high = np.clip(np.ceil(at).astype(np.int64), 0, extent - 1)
        return low, high, at - low.astype(f32)

    def between_fixed(self, axis: int, extent: int) -> tuple[Array, Array, Array]:
        """As `between` for s8 and s16, the fraction s64 in units of 1 / ONE and 0 where lower and upper are one pixel.

        Where the rounded scale would step beyond the last pixel, the last pixel is shown.
        """
        count = self.size[axis]
        corners = self.align_corners and count > 1
        m, n = (extent - 1, count - 1) if corners else (extent, count)
        scale = (ONE * m + n // 2) // n
        at = np.arange(count, dtype=np.int64) * scale
        if self.half_pixel_centers:
            at += scale // 2 - ONE // 2
        low = np.clip(np.maximum(at, 0) // ONE, 0, extent - 1)
        high = np.clip((at + ONE - 1) // ONE, 0, extent - 1)
        return low, high, np.where(low == high, 0, at - low * ONE)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        if self.interpolation == "nearest":
            return (x[:, self.nearest(0, x.shape[1])][:, :, self.nearest(1, x.shape[2])],)
        fixed, rounds = x.dtype.kind == "i", x.dtype.kind == "u"
        sample = self.between_fixed if fixed else self.between
        (y0, y1, fy), (x0, x1, fx) = sample(0, x.shape[1]), sample(1, x.shape[2])
        fy, fx = fy[:, None, None], fx[:, None]
        one = ONE if fixed else np.float32(1)
        wide = x.astype(np.int64) if fixed else x.astype(np.float32)
        upper, lower = wide[:, y0], wide[:, y1]
        with np.errstate(invalid="ignore"):  # infinite pixels with weight 0 give NaN, in the kernel too
            total = (
                upper[:, :, x0] * (one - fy) * (one - fx)
                + lower[:, :, x0] * fy * (one - fx)
                + upper[:, :, x1] * (one - fy) * fx
                + lower[:, :, x1] * fy * fx
            )
        if not fixed:
            return (np.floor(total + np.float32(0.5)).astype(np.uint8) if rounds else total,)
        half = ONE * ONE // 2
        return ((np.sign(total) * ((np.abs(total) + half) // (ONE * ONE))).astype(x.dtype),)
