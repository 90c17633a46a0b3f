"""GridSample: an image or volume read wherever a grid of coordinates says."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.kernel import Literal as Parameter
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType

Interpolation = Literal["nearest", "linear", "cubic"]
Padding = Literal["zeros", "border", "reflection"]
INTERPOLATIONS: tuple[Interpolation, ...] = ("nearest", "linear", "cubic")
PADDINGS: tuple[Padding, ...] = ("zeros", "border", "reflection")
CUBIC = np.float32(-0.75)  # the coefficient of PyTorch's and ONNX's cubic convolution


@dataclass(frozen=True)
class GridSample(Op):
    """x[N,D,H,W,C], grid[N,...,K] -> y[N,...,C]: x at the coordinates of each point (ONNX GridSample).

    A point has K = 2 or 3 coordinates along width, height and, if K = 3, depth (D is 1 otherwise), from -1 to 1 across
    the volume: between the middles of its outermost voxels if `align_corners`, else between their outer edges.

    padding: what lies outside: zeros, the nearest voxel of the border, or the volume reflected at its border

    A coordinate that is not a number lies outside; with "border" and "reflection" it is that of the first voxel.
    Coordinates beyond the border are moved into the volume before the voxels around them are looked up, but each voxel
    of a cubic window is moved by itself, as PyTorch and onnxruntime do.
    """

    interpolation: Interpolation = "linear"
    padding: Padding = "zeros"
    align_corners: bool = False

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, grid = known(inputs[0], "x"), known(inputs[1], "grid")
        if len(x.shape) != 5 or 0 in x.shape or x.dtype != F32 or grid.dtype != F32:
            raise InvalidGraph(f"x {x} and grid {grid} must be f32, x of rank 5")
        if len(grid.shape) < 2 or grid.shape[-1] not in (2, 3) or grid.shape[0] != x.shape[0]:
            raise InvalidGraph(f"grid {grid} does not have 2 or 3 coordinates for each of {x.shape[0]} volumes")
        if grid.shape[-1] == 2 and x.shape[1] != 1:
            raise InvalidGraph(f"grid {grid} does not say which of {x.shape[1]} images")
        return (TensorType(F32, (*grid.shape[:-1], x.shape[4])),)

    def _reflect(self, at: Array, extent: int) -> Array:
        """Coordinates f32 reflected at the border of `extent` voxels until they lie in the volume."""
        low, high = (
            np.float32(0 if self.align_corners else -0.5),
            np.float32(extent - (1 if self.align_corners else 0.5)),
        )
        span = high - low
        if span == 0:
            return np.zeros_like(at)
        with np.errstate(invalid="ignore"):
            along = np.fmod(np.abs(at - low), 2 * span)
        at = low + np.where(along > span, 2 * span - along, along)
        return np.where(np.isnan(at), low, at)

    def _moved(self, at: Array, extent: int) -> Array:
        """Coordinates f32 moved to where the padding says; at most four voxels beside the volume, or one period."""
        n, cubic = np.float32(extent), self.interpolation == "cubic"
        if self.padding == "zeros":
            return np.where((at > -4) & (at < n + 4), at, np.float32(-4))
        if self.padding == "border":
            low, high = (np.float32(-4), n + 4) if cubic else (np.float32(0), n - 1)
            return np.where(at > low, np.minimum(at, high), low)
        if not cubic:
            return self._reflect(at, extent)
        period = 2 * (extent - 1) if self.align_corners else 2 * extent
        with np.errstate(invalid="ignore"):
            within = np.fmod(at, np.float32(max(period, 1)))
        return np.where(np.isnan(within), np.float32(0), within)

    def _taps(self, coordinate: Array, extent: int) -> tuple[Array, Array]:
        """(places s64[points,taps], weights f32[points,taps]) along one axis; -1 where nothing is read."""
        one = np.float32(1)
        n = np.float32(extent)
        at = (coordinate + one) / 2 * (n - one) if self.align_corners else ((coordinate + one) * n - one) / 2
        if self.interpolation == "nearest":
            at = np.rint(at)
        at = self._moved(at, extent)
        base = np.floor(at)
        f = at - base
        if self.interpolation == "nearest":
            places, weights = np.rint(at)[:, None], np.ones((len(at), 1), np.float32)
        elif self.interpolation == "linear":
            places, weights = base[:, None] + np.arange(2), np.stack([one - f, f], 1)
        else:
            places, weights = base[:, None] + np.arange(-1, 3), _cubic_weights(f)
        whole = places.astype(np.int64)
        if self.padding == "border":
            return np.clip(whole, 0, extent - 1), weights
        if self.padding == "reflection":
            moved = self._reflect(whole.astype(np.float32), extent)
            return np.clip(np.rint(moved).astype(np.int64), 0, extent - 1), weights
        return np.where((whole >= 0) & (whole < extent), whole, -1), weights

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, grid = present(inputs[0], "x"), present(inputs[1], "grid")
        points = grid.reshape(x.shape[0], -1, grid.shape[-1])
        y = np.zeros((x.shape[0], points.shape[1], x.shape[4]))
        for n, image in enumerate(x.astype(np.float64)):
            axes = [self._taps(points[n, :, k], x.shape[3 - k]) for k in range(points.shape[2])]
            if len(axes) == 2:
                axes.append((np.zeros((points.shape[1], 1), np.int64), np.ones((points.shape[1], 1), np.float32)))
            for i, j, k in itertools.product(*(range(places.shape[1]) for places, _ in axes)):
                (px, wx), (py, wy), (pz, wz) = ((a[0][:, t], a[1][:, t]) for a, t in zip(axes, (i, j, k), strict=True))
                there = ((px >= 0) & (py >= 0) & (pz >= 0))[:, None]
                weight = (wz.astype(np.float64) * wy * wx)[:, None]
                y[n] += np.where(there, image[pz, py, px] * weight, 0)
        return (y.reshape(*grid.shape[:-1], x.shape[4]).astype(np.float32),)


def _cubic_weights(f: Array) -> Array:
    """[points,4]: cubic convolution of voxels at -1, 0, 1 and 2 for points at f."""
    a = CUBIC

    def near(d: Array) -> Array:
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far(d: Array) -> Array:
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a

    return np.stack([far(f + 1), near(f), near(1 - f), far(2 - f)], 1).astype(np.float32)


def _pack(node: Node) -> Packed:
    op, x, grid = node.op, node.input(0), node.input(1)
    assert isinstance(op, GridSample)
    params: dict[str, Parameter] = {
        "batch": x.shape[0],
        "extent": (x.shape[3], x.shape[2], x.shape[1]),
        "channels": x.shape[4],
        "points": grid.type.elements // (x.shape[0] * grid.shape[-1]),
        "coordinates": grid.shape[-1],
        "interpolation": INTERPOLATIONS.index(op.interpolation),
        "padding": PADDINGS.index(op.padding),
        "align_corners": int(op.align_corners),
    }
    return Packed("edgegen_grid_sample", params, inputs=(0, 1))


GridSample.kernels = (Kernel("grid_sample_f32", "f32 f32 -> f32", _pack, header="grid_sample"),)
