"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR."""

from __future__ import annotations

import tflite

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.ir.dtypes import F32, S8, S16, U8
from edgegen.ops.resize import Resize
from edgegen.ops.resize.op import Interpolation

MAX_SIDE = 65535  # pixels: tables hold them in 16 bits


def _resize(op: Operator, interpolation: Interpolation, align_corners: bool, half_pixel_centers: bool) -> None:
    """Input 1 is the height and width of the output."""
    x, size = op.input(0), op.integers(1, "the size")
    if x.rank != 4 or len(size) != 2 or not all(1 <= n <= MAX_SIDE for n in (*size, *x.shape[1:3])):
        raise op.invalid(f"cannot resize {x.type} to {list(size)}; a side has 1 to {MAX_SIDE} pixels")
    op.add(Resize(interpolation, (size[0], size[1]), align_corners, half_pixel_centers), [x], op.output)


@operator("RESIZE_NEAREST_NEIGHBOR", last_version=4, signed="moves")
def resize_nearest_neighbor(op: Operator) -> None:
    options = op.options(tflite.ResizeNearestNeighborOptions)
    _resize(op, "nearest", options.AlignCorners, options.HalfPixelCenters)


@operator("RESIZE_BILINEAR", last_version=4)
def resize_bilinear(op: Operator) -> None:
    options, x = op.options(tflite.ResizeBilinearOptions), op.input(0)
    if x.dtype not in (F32, S8, S16, U8):
        raise op.unsupported(f"{x.dtype} is not supported", "use int8, int16, uint8 or f32")
    _resize(op, "bilinear", options.AlignCorners, options.HalfPixelCenters)
