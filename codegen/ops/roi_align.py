"""RoiAlign: boxes of images, each pooled to a grid of one size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, S64
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.gather import bounded

POOLINGS = ("average", "max")
MAX_SAMPLES = 1024


@dataclass(frozen=True)
class RoiAlign(Op):
    """x[N,H,W,C], boxes f32[R,4], images s64[R] -> y[R,height,width,C] (ONNX RoiAlign).

    Box r is x1, y1, x2, y2, times `scale`, in image images[r]; it is divided into height * width bins. Each is the
    average of samples between pixels, or the maximum of a sample's four weighted pixels ("max").

    samples:    along each side of a bin; 0: as many as a bin has pixels, at most 1,024
    half_pixel: pixel i covers [i - 0.5, i + 0.5]; else boxes are at least one pixel wide and high

    An image's number outside of x is taken as Gather takes it.
    """

    size: tuple[int, int] = (1, 1)
    pooling: Literal["average", "max"] = "average"
    scale: float = 1.0
    samples: int = 0
    half_pixel: bool = True

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, boxes, images = known(inputs[0], "x"), known(inputs[1], "boxes"), known(inputs[2], "images")
        if len(x.shape) != 4 or 0 in x.shape or x.dtype != F32 or boxes.dtype != F32 or images.dtype != S64:
            raise InvalidGraph(f"x {x} and boxes {boxes} must be f32, x of rank 4, images {images} s64")
        if len(images.shape) != 1 or boxes.shape != (*images.shape, 4):
            raise InvalidGraph(f"boxes {boxes} and images {images} are not 4 and 1 numbers for each box")
        if min(self.size) < 1 or not 0 <= self.samples <= MAX_SAMPLES or self.pooling not in POOLINGS:
            raise InvalidGraph(f"size {self.size} and samples {self.samples} must be positive, samples at most 1024")
        return (TensorType(F32, (boxes.shape[0], *self.size, x.shape[3])),)

    def _line(self, first: float, last: float, axis: int, extent: int) -> list[list[tuple[int, int, float]]]:
        """Along one axis, the samples of each bin: (lower pixel, upper pixel, fraction); lower -1 outside."""
        f32 = np.float32
        shift = f32(0.5 if self.half_pixel else 0)
        start = f32(first) * f32(self.scale) - shift
        length = f32(last) * f32(self.scale) - shift - start
        length = length if self.half_pixel else max(length, f32(1))
        step = length / f32(self.size[axis])
        count = self.samples
        if count == 0:
            count = min(math.ceil(step), MAX_SAMPLES) if step > 0 else 0
        bins = []
        for i in range(self.size[axis]):
            samples = []
            for k in range(count):
                at = start + f32(i) * step + (f32(k) + f32(0.5)) * step / f32(count)
                if not -1 <= at <= extent:
                    samples.append((-1, -1, 0.0))
                    continue
                at = max(at, f32(0))
                low = min(int(at), extent - 1)
                samples.append((low, min(low + 1, extent - 1), float(at - f32(low)) if low < extent - 1 else 0.0))
            bins.append(samples)
        return bins

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, boxes, images = present(inputs[0], "x"), present(inputs[1], "boxes"), present(inputs[2], "images")
        y = np.zeros((len(boxes), *self.size, x.shape[3]))
        for r, (box, n) in enumerate(zip(boxes, bounded(images, x.shape[0]), strict=True)):
            image = x[n].astype(np.float64)
            rows = self._line(box[1], box[3], 0, x.shape[1])
            columns = self._line(box[0], box[2], 1, x.shape[2])
            for i, j in np.ndindex(self.size):
                y[r, i, j] = self._bin(image, rows[i], columns[j])
        return (y.astype(np.float32),)

    def _bin(self, image: Array, rows: list[tuple[int, int, float]], columns: list[tuple[int, int, float]]) -> Array:
        parts = []
        for top, bottom, fy in rows:
            for left, right, fx in columns:
                if top < 0 or left < 0:
                    parts.append(np.zeros((4, image.shape[2])))
                    continue
                weights = np.array([(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx])
                parts.append(image[[top, top, bottom, bottom], [left, right, left, right]] * weights[:, None])
        if not parts:
            return np.zeros(image.shape[2])
        return np.max(parts, (0, 1)) if self.pooling == "max" else np.sum(parts, (0, 1)) / len(parts)


def _pack(node: Node) -> Packed:
    op, x, boxes = node.op, node.input(0), node.input(1)
    assert isinstance(op, RoiAlign)
    params = {
        "batch": x.shape[0],
        "in_h": x.shape[1],
        "in_w": x.shape[2],
        "channels": x.shape[3],
        "boxes": boxes.shape[0],
        "out_h": op.size[0],
        "out_w": op.size[1],
        "samples": op.samples,
        "max_samples": MAX_SAMPLES,
        "half_pixel": int(op.half_pixel),
        "maximum": int(op.pooling == "max"),
        "scale": float(np.float32(op.scale)),
    }
    return Packed("edgegen_roi_align", params, inputs=(0, 1, 2))


RoiAlign.kernels = (Kernel("roi_align_f32", "f32 f32 s64 -> f32", _pack, header="roi_align"),)
