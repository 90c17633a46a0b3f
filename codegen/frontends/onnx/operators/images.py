"""Images read at computed coordinates, boxes of them, their neighbouring channels, their middle."""

from __future__ import annotations

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.operators.windows import from_images, to_images, to_volumes
from edgegen.ir.dtypes import F32, F64
from edgegen.ir.tensor import Tensor
from edgegen.ops.batch_matmul import BatchMatmul
from edgegen.ops.grid_sample import PADDINGS, GridSample, Interpolation
from edgegen.ops.local_response import LocalResponse
from edgegen.ops.pad import Pad
from edgegen.ops.roi_align import MAX_SAMPLES, RoiAlign
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose

_INTERPOLATIONS: dict[str, Interpolation] = {
    "nearest": "nearest",
    "linear": "linear",
    "cubic": "cubic",
    "bilinear": "linear",  # the names before opset 20
    "bicubic": "cubic",
}


def _narrow_floats(op: Operator, *tensors: Tensor) -> None:
    """Raises UnsupportedModel unless f32 holds what the tensors hold."""
    for t in tensors:
        if not t.dtype.is_float or t.dtype == F64:
            raise op.unsupported(f"{t.dtype} is not supported", "use f32")


@operator("GridSample", since=16)
def grid_sample(
    op: Operator,
    x: Tensor,
    grid: Tensor,
    *,
    align_corners: int = 0,
    mode: str = "linear",
    padding_mode: str = "zeros",
) -> Tensor:
    """x[N,C,(D),H,W] at grid[N,...,2 or 3]."""
    _narrow_floats(op, x, grid)
    if mode not in _INTERPOLATIONS or padding_mode not in PADDINGS:
        raise op.invalid(f'mode is "{mode}", padding_mode "{padding_mode}"')
    if x.rank not in (4, 5) or grid.rank != x.rank or grid.shape[-1] != x.rank - 2 or grid.shape[0] != x.shape[0]:
        raise op.invalid(f"grid {grid.type} does not fit x {x.type}")
    sample = GridSample(_INTERPOLATIONS[mode], PADDINGS[PADDINGS.index(padding_mode)], bool(align_corners))
    return from_images(op, op.add(sample, [to_volumes(op, x), op.cast(grid, F32)]), x.rank)


@operator("AffineGrid", since=20)
def affine_grid(op: Operator, theta: Tensor, size: Tensor, *, align_corners: int = 0) -> Tensor:
    """The points of an image or volume [N,C,(D),H,W], width first, moved by theta[N,K,K+1]."""
    _, _, *extents = (0, 0, *()) if size.type.elements < 4 else op.integers(size, "the size of the grid")
    count = len(extents)
    if count not in (2, 3) or min(extents) < 1 or theta.rank != 3 or theta.shape[1:] != (count, count + 1):
        raise op.invalid(f"theta {theta.type} does not move a grid of {list(extents)}")
    lines = [np.linspace(-1, 1, n) if align_corners else (2 * np.arange(n) + 1) / n - 1 for n in extents]
    if align_corners and 1 in extents:
        raise op.unsupported("corners of an axis of one point cannot be aligned")
    points = np.stack([*reversed(np.meshgrid(*lines, indexing="ij")), np.ones(extents)], -1)
    grid = op.constant(points.reshape(1, -1, count + 1), theta.dtype)
    y = op.add(BatchMatmul(adj_y=True), [grid, theta])
    return op.reshape(y, (theta.shape[0], *extents, count))


@operator("RoiAlign", since=10)
def roi_align(
    op: Operator,
    x: Tensor,
    rois: Tensor,
    batch_indices: Tensor,
    *,
    coordinate_transformation_mode: str = "",
    mode: str = "avg",
    output_height: int = 1,
    output_width: int = 1,
    sampling_ratio: int = 0,
    spatial_scale: float = 1.0,
) -> Tensor:
    """Before opset 16, boxes were not shifted by half a pixel."""
    _narrow_floats(op, x, rois)
    coordinates = coordinate_transformation_mode or ("half_pixel" if op.version >= 16 else "output_half_pixel")
    if coordinates not in ("half_pixel", "output_half_pixel") or mode not in ("avg", "max"):
        raise op.invalid(f'coordinate_transformation_mode is "{coordinates}", mode "{mode}"')
    if sampling_ratio > MAX_SAMPLES:
        raise op.unsupported(f"{sampling_ratio} samples a bin are more than {MAX_SAMPLES}")
    align = RoiAlign(
        (output_height, output_width),
        "max" if mode == "max" else "average",
        spatial_scale,
        max(0, sampling_ratio),
        coordinates == "half_pixel",
    )
    if x.rank != 4:
        raise op.invalid(f"x {x.type} must have rank 4")
    return from_images(op, op.add(align, [to_images(op, x), rois, batch_indices]), 4)


@operator("LRN")
def local_response_normalization(
    op: Operator, x: Tensor, *, size: int, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0
) -> Tensor:
    """x[N,C,...] over `size` neighbouring channels, of which the odd one lies behind."""
    if x.rank < 2 or size < 1:
        raise op.invalid(f"{size} neighbours in {x.type}")
    if x.dtype == F64:
        raise op.unsupported("f64 is not supported", "use f32")
    last = (0, *range(2, x.rank), 1)
    response = LocalResponse((size - 1) // 2, size - 1 - (size - 1) // 2, bias, alpha / size, beta)
    y = op.add(response, [op.add(Transpose(last), [x])])
    return op.add(Transpose((0, x.rank - 1, *range(1, x.rank - 1))), [y])


@operator("CenterCropPad", since=18)
def center_crop_pad(op: Operator, x: Tensor, shape: Tensor, *, axes: tuple[int, ...] | None = None) -> Tensor:
    """The middle of x, or x in the middle of zeros; what cannot be halved lacks, or is added, behind."""
    chosen = range(x.rank) if axes is None else [op.axis(a, x.rank) for a in axes]
    wanted = op.integers(shape, "the shape")
    if len(wanted) != len(chosen) or len(set(chosen)) != len(chosen) or min(wanted, default=1) < 1:
        raise op.invalid(f"shape {list(wanted)} does not fit {len(chosen)} axes of {x.type}")
    begin, size, before, after = [0] * x.rank, list(x.shape), [0] * x.rank, [0] * x.rank
    for axis, n in zip(chosen, wanted, strict=True):
        less, more = max(0, x.shape[axis] - n), max(0, n - x.shape[axis])
        begin[axis], size[axis] = less // 2, x.shape[axis] - less
        before[axis], after[axis] = more // 2, more - more // 2
    y = x if tuple(size) == x.shape else op.add(Slice(tuple(begin), tuple(size), (1,) * x.rank), [x])
    return op.add(Pad(tuple(before), tuple(after)), [y]) if any(after) else y


@operator("ImageDecoder", since=20)
def image_decoder(op: Operator, encoded_stream: Tensor, *, pixel_format: str = "RGB") -> Tensor:
    del encoded_stream, pixel_format
    raise op.unsupported(
        "a compressed image's size and form are only known when it is decoded", "decode images before the model"
    )
