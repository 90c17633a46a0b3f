"""Resize and Upsample: images sampled at places, and with weights, that are worked out while importing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.operators.windows import from_images, to_images, to_volumes
from edgegen.ir.dtypes import BOOL, F32, F64, S32
from edgegen.ir.op import Range
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.clamp import Clamp
from edgegen.ops.gather import Gather
from edgegen.ops.resample import Resample
from edgegen.ops.resize import Resize
from edgegen.ops.resize.op import Interpolation
from edgegen.ops.select_op import Select
from edgegen.ops.unary import Unary

COORDINATES = (
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    "tf_crop_and_resize",
)
NEAREST = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")


@dataclass(frozen=True)
class _Sampling:
    """How Resize samples, by the names of its attributes."""

    mode: str = "nearest"
    coordinates: str = "asymmetric"
    nearest: str = "floor"
    cubic: float = -0.75
    antialias: bool = False
    exclude_outside: bool = False
    extrapolation: float = 0.0

    def check(self, op: Operator) -> None:
        if self.mode not in ("nearest", "linear", "cubic"):
            raise op.invalid(f'mode is "{self.mode}"')
        if self.coordinates not in COORDINATES:
            raise op.invalid(f'coordinate_transformation_mode is "{self.coordinates}"')
        if self.nearest not in NEAREST:
            raise op.invalid(f'nearest_mode is "{self.nearest}"')


@dataclass(frozen=True)
class _Axis:
    """An axis to resize from `extent` to `count` elements; crop: where it begins and ends, 0 to 1 being all of it."""

    axis: int
    extent: int
    count: int
    scale: float
    crop: tuple[float, float] = (0.0, 1.0)

    @property
    def length(self) -> float:
        """Of the output, not rounded to whole elements."""
        length = self.scale * self.extent
        return self.count if math.isclose(length, self.count, rel_tol=1e-9) else length

    def coordinates(self, how: _Sampling) -> Array:
        """f64[count]: where each output element lies among the input's."""
        y, length, last = np.arange(self.count, dtype=np.float64), self.length, self.extent - 1
        if how.coordinates == "asymmetric":
            return y / self.scale
        if how.coordinates == "align_corners":
            return y * (last / (length - 1)) if length != 1 else np.zeros(self.count)
        if how.coordinates == "tf_crop_and_resize":
            begin, end = self.crop
            if length == 1:
                return np.full(self.count, (begin + end) / 2 * last)
            return begin * last + y * ((end - begin) * last / (length - 1))
        half = (y + 0.5) / self.scale - 0.5
        if how.coordinates == "pytorch_half_pixel" and length == 1:
            return np.zeros(self.count)
        if how.coordinates == "half_pixel_symmetric":
            return half + self.extent / 2 * (1 - self.count / length)
        return half

    def chosen(self, how: _Sampling) -> Array:
        """s64[count]: the nearest element to each coordinate."""
        at = self.coordinates(how)
        rounded = {
            "round_prefer_floor": lambda: np.ceil(at - 0.5),
            "round_prefer_ceil": lambda: np.floor(at + 0.5),
            "floor": lambda: np.floor(at),
            "ceil": lambda: np.ceil(at),
        }[how.nearest]()
        return np.clip(rounded, 0, self.extent - 1).astype(np.int64)

    def taps(self, how: _Sampling) -> tuple[Array, Array]:
        """(places s64[count,taps], weights f64[count,taps]) of a linear or cubic kernel, stretched by antialiasing."""
        at = self.coordinates(how)
        stretch = min(self.scale, 1.0) if how.antialias else 1.0
        reach = math.ceil((1 if how.mode == "linear" else 2) / stretch)
        places = np.floor(at).astype(np.int64)[:, None] + np.arange(1 - reach, reach + 1)
        distance = np.abs(places - at[:, None]) * stretch
        weights = np.maximum(1 - distance, 0) if how.mode == "linear" else _cubic(distance, how.cubic)
        if how.exclude_outside:
            weights = np.where((places >= 0) & (places < self.extent), weights, 0)
        if stretch != 1 or how.exclude_outside:
            total = weights.sum(1, keepdims=True)
            weights = weights / np.where(total == 0, 1, total)
        return _compact(places, weights)

    def outside(self, how: _Sampling) -> Array:
        """bool[count]: what is shown instead of the axis' elements is the value for extrapolation."""
        at = self.coordinates(how)
        return (how.coordinates == "tf_crop_and_resize") & ((at < 0) | (at > self.extent - 1))


def _cubic(d: Array, a: float) -> Array:
    """Cubic convolution (Keys, 1981) at distances d >= 0, with the coefficient a."""
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0))


def _compact(places: Array, weights: Array) -> tuple[Array, Array]:
    """The same sums with as few taps as the longest row needs: zeros at a row's ends are left out."""
    used = weights != 0
    first = np.where(used.any(1), used.argmax(1), 0)
    last = np.where(used.any(1), used.shape[1] - 1 - used[:, ::-1].argmax(1), 0)
    columns = first[:, None] + np.arange((last - first).max() + 1)
    there = columns < used.shape[1]
    columns = np.minimum(columns, used.shape[1] - 1)
    rows = np.arange(len(places))[:, None]
    return places[rows, columns], np.where(there, weights[rows, columns], 0)


def _as_core(how: _Sampling, axes: Sequence[_Axis]) -> Resize | None:
    """The core operator that samples an image's height and width at these very places, if there is one."""
    interpolation: Interpolation = "nearest" if how.mode == "nearest" else "bilinear"
    if [a.axis for a in axes] != [1, 2] or how.mode == "cubic" or (how.mode == "linear" and how.antialias):
        return None
    for align, half in ((False, False), (False, True), (True, False), (True, True)):
        if interpolation == "bilinear" and align and half:
            continue
        core = Resize(interpolation, (axes[0].count, axes[1].count), align, half)
        if all(_same_places(core, k, axis, how) for k, axis in enumerate(axes)):
            return core
    return None


def _same_places(core: Resize, k: int, axis: _Axis, how: _Sampling) -> bool:
    if core.interpolation == "nearest":
        return np.array_equal(core.nearest(k, axis.extent), axis.chosen(how))
    low, high, fraction = core.between(k, axis.extent)
    at = np.clip(axis.coordinates(how), 0, axis.extent - 1)
    return bool(np.allclose(np.where(high > low, low + fraction, low), at, rtol=0, atol=1e-4))


def _resized(op: Operator, x: Tensor, axes: Sequence[_Axis], how: _Sampling) -> Tensor:
    """x along the axes; those that shrink it most come first."""
    outside = [a.outside(how) for a in axes]
    core = _as_core(how, axes) if x.rank == 4 and (how.mode == "nearest" or x.dtype == F32) else None
    if core is not None and not any(o.any() for o in outside):
        return op.add(core, [x])
    y = x
    for a in sorted(axes, key=lambda a: a.count / a.extent):
        if how.mode == "nearest":
            y = op.add(Gather(a.axis), [y, op.constant(a.chosen(how), S32)])
            continue
        places, weights = a.taps(how)
        y = op.add(
            Resample(a.axis), [y, op.constant(places, S32), op.constant(weights, F64 if x.dtype == F64 else F32)]
        )
    beside: Array = np.zeros((), bool)
    for a, rows in zip(axes, outside, strict=True):
        beside = beside | rows.reshape([-1 if i == a.axis else 1 for i in range(x.rank)])
    if not beside.any():
        return y
    return op.add(Select(), [op.constant(beside, BOOL), op.constant(how.extrapolation, y.dtype), y])


def _resize(op: Operator, x: Tensor, axes: Sequence[_Axis], how: _Sampling) -> Tensor:
    """Images are sampled as [N,H,W,C]; integers are interpolated in f32, rounded and limited to their type."""
    how.check(op)
    if min((a.count for a in axes), default=1) < 1 or 0 in x.shape:
        raise op.invalid(f"sizes {[a.count for a in axes]} leave nothing of {x.type}")
    changed = [a for a in axes if (a.extent, a.scale, a.crop) != (a.count, 1.0, (0.0, 1.0))]
    if not changed:
        return x
    y = x if how.mode == "nearest" or x.dtype.is_float else op.cast(x, F32)
    if x.rank in (4, 5) and min(a.axis for a in changed) >= 2:
        spatial = {a.axis: a for a in axes}
        if x.rank == 4:  # both axes, so that the core operator is found even if one does not change
            changed = [spatial.get(i, _Axis(i, x.shape[i], x.shape[i], 1.0)) for i in (2, 3)]
        inner = [replace(a, axis=a.axis - 1) for a in changed]
        y = from_images(op, _resized(op, (to_images if x.rank == 4 else to_volumes)(op, y), inner, how), x.rank)
    else:
        y = _resized(op, y, changed, how)
    if y.dtype == x.dtype:
        return y
    limits = np.iinfo(x.dtype.np)
    rounded = op.add(Clamp(Range(int(limits.min), int(limits.max))), [op.add(Unary("round"), [y])])
    return op.cast(rounded, x.dtype)


def _by_scales(op: Operator, x: Tensor, axes: Sequence[int], scales: Sequence[float]) -> list[_Axis]:
    if len(scales) != len(axes) or not all(0 < s < math.inf for s in scales):
        raise op.invalid(f"scales {list(map(float, scales))} do not resize {len(axes)} axes of {x.type}")
    pairs = zip(axes, scales, strict=True)
    return [_Axis(axis, x.shape[axis], math.floor(x.shape[axis] * float(s)), float(s)) for axis, s in pairs]


def _by_sizes(op: Operator, x: Tensor, axes: Sequence[int], sizes: Sequence[int], policy: str) -> list[_Axis]:
    if len(sizes) != len(axes) or min(sizes) < 1 or any(x.shape[a] == 0 for a in axes):
        raise op.invalid(f"sizes {list(sizes)} do not resize {len(axes)} axes of {x.type}")
    scales = [size / x.shape[axis] for axis, size in zip(axes, sizes, strict=True)]
    if policy == "stretch":
        each = zip(axes, sizes, scales, strict=True)
        return [_Axis(axis, x.shape[axis], size, scale) for axis, size, scale in each]
    if policy not in ("not_larger", "not_smaller"):
        raise op.invalid(f'keep_aspect_ratio_policy is "{policy}"')
    scale = min(scales) if policy == "not_larger" else max(scales)
    return [_Axis(axis, x.shape[axis], math.floor(scale * x.shape[axis] + 0.5), scale) for axis in axes]


@operator("Upsample", until=8)
def upsample_by_attribute(op: Operator, x: Tensor, *, scales: tuple[float, ...], mode: str = "nearest") -> Tensor:
    return _resize(op, x, _by_scales(op, x, range(x.rank), scales), _Sampling(_plain(mode)))


def _plain(mode: str) -> str:
    """Before opset 11 "linear" was "bilinear", too."""
    return "linear" if mode == "bilinear" else mode


@operator("Upsample", since=9)
@operator("Resize", until=10)
def upsample(op: Operator, x: Tensor, scales: Tensor, *, mode: str = "nearest") -> Tensor:
    values = op.values(scales, "the scales").reshape(-1)
    return _resize(op, x, _by_scales(op, x, range(x.rank), list(values)), _Sampling(_plain(mode)))


@operator("Resize", since=11)
def resize(
    op: Operator,
    x: Tensor,
    roi: Tensor | None = None,
    scales: Tensor | None = None,
    sizes: Tensor | None = None,
    *,
    antialias: int = 0,
    axes: tuple[int, ...] | None = None,
    coordinate_transformation_mode: str = "half_pixel",
    cubic_coeff_a: float = -0.75,
    exclude_outside: int = 0,
    extrapolation_value: float = 0.0,
    keep_aspect_ratio_policy: str = "stretch",
    mode: str = "nearest",
    nearest_mode: str = "round_prefer_floor",
) -> Tensor:
    chosen = list(range(x.rank)) if axes is None else [op.axis(a, x.rank) for a in axes]
    if not chosen or len(set(chosen)) != len(chosen):
        raise op.invalid(f"axes {axes} do not name different axes")
    if sizes is not None and sizes.type.elements:
        wanted = _by_sizes(op, x, chosen, op.integers(sizes, "the sizes"), keep_aspect_ratio_policy)
    elif scales is not None:
        wanted = _by_scales(op, x, chosen, list(op.values(scales, "the scales").reshape(-1)))
    else:
        raise op.invalid("has neither scales nor sizes")
    if coordinate_transformation_mode == "tf_crop_and_resize":
        box = [] if roi is None else [float(v) for v in op.values(roi, "the region").reshape(-1)]
        if len(box) != 2 * len(chosen) or not all(map(math.isfinite, box)):
            raise op.invalid(f"region {box} does not crop {len(chosen)} axes")
        wanted = [replace(a, crop=(box[i], box[i + len(chosen)])) for i, a in enumerate(wanted)]
    how = _Sampling(
        mode,
        coordinate_transformation_mode,
        nearest_mode,
        cubic_coeff_a,
        bool(antialias),
        bool(exclude_outside),
        extrapolation_value,
    )
    return _resize(op, x, sorted(wanted, key=lambda a: a.axis), how)
