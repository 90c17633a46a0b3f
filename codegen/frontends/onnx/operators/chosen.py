"""Operators whose results' extents depend on values: NonZero, Compress, Unique, NonMaxSuppression."""

from __future__ import annotations

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.values import Sized, Value
from edgegen.ir.dtypes import F32, S64
from edgegen.ir.op import Op
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.chosen import Compress, NonZero, Unique
from edgegen.ops.concat import Concat
from edgegen.ops.select_boxes import SelectBoxes
from edgegen.ops.slice import Slice


def sized(op: Operator, tensor: Tensor, shape: Tensor) -> Value:
    """A result with room for more than it has; cut to its shape where that is known ahead of time."""
    if tensor.data is None or shape.data is None:
        return Sized(tensor, shape)
    actual = tuple(int(n) for n in shape.data)
    return op.constant(tensor.data.reshape(-1)[: int(np.prod(actual))].reshape(actual), tensor.dtype)


def _chosen(op: Operator, core: Op, inputs: list[Tensor | None]) -> Value:
    tensor, shape = op.add_all(core, inputs)
    return sized(op, tensor, shape)


@operator("NonZero", since=9)
def non_zero(op: Operator, x: Tensor) -> list[Value]:
    if not x.type.elements:
        return [op.constant(np.zeros((x.rank, 0)), S64)]
    return [_chosen(op, NonZero(), [x if x.rank else op.reshape(x, (1,))])]


@operator("Compress", since=9)
def compress(op: Operator, x: Tensor, condition: Tensor, *, axis: int | None = None) -> list[Value]:
    flat = op.reshape(x, (x.type.elements,)) if axis is None else x
    along = 0 if axis is None else op.axis(axis, x.rank)
    if condition.rank == 1 and flat.rank and condition.shape[0] > flat.shape[along]:
        condition = op.add(Slice((0,), (flat.shape[along],), (1,)), [condition])
    if not flat.type.elements or not condition.type.elements:
        raise op.unsupported(f"{condition.type} choosing from {x.type}")
    return [_chosen(op, Compress(along), [flat, condition])]


@operator("Unique", since=11)
def unique(op: Operator, x: Tensor, *, axis: int | None = None, sorted: int = 1) -> list[Value]:
    """(different slices, the first index of each, which one each of x is, how often each occurs)."""
    flat = op.reshape(x, (x.type.elements,)) if axis is None else x
    core = Unique(0 if axis is None else op.axis(axis, x.rank), bool(sorted))
    y, shape, first, inverse, counts, number = op.add_all(core, [flat])
    return [sized(op, y, shape), sized(op, first, number), inverse, sized(op, counts, number)]


def _corners(op: Operator, boxes: Tensor) -> Tensor:
    """[B,N,4] of (x, y, width, height) around the centre -> of two opposite corners (y, x, y, x)."""

    def column(k: int) -> Tensor:
        return op.add(Slice((0, 0, k), (*boxes.shape[:2], 1), (1, 1, 1)), [boxes])

    x, y, width, height = (column(k) for k in range(4))
    half = [op.scaled(t, 0.5) for t in (height, width)]
    low, high = (
        [op.add(Binary(function), [centre, h]) for centre, h in zip((y, x), half, strict=True)]
        for function in ("sub", "add")
    )
    return op.add(Concat(2), [*low, *high])


@operator("NonMaxSuppression", since=10)
def non_max_suppression(
    op: Operator,
    boxes: Tensor,
    scores: Tensor,
    max_output_boxes_per_class: Tensor | None = None,
    iou_threshold: Tensor | None = None,
    score_threshold: Tensor | None = None,
    *,
    center_point_box: int = 0,
) -> list[Value]:
    """(image, class, box) of the chosen. A box gives way to a better one that it overlaps by more than it may."""
    most = 0 if max_output_boxes_per_class is None else op.integers(max_output_boxes_per_class, "the count of boxes")[0]
    overlap = 0.0 if iou_threshold is None else float(op.values(iou_threshold, "the overlap").reshape(-1)[0])
    least = -np.inf if score_threshold is None else float(op.values(score_threshold, "the least score").reshape(-1)[0])
    if boxes.rank != 3 or scores.rank != 3 or boxes.shape[-1] != 4:
        raise op.invalid(f"{boxes.type} and {scores.type} are no boxes and scores")
    if most < 1 or not scores.type.elements:
        return [op.constant(np.zeros((0, 3)), S64)]
    boxes = _corners(op, boxes) if center_point_box else boxes
    beyond = float(np.nextafter(np.float32(overlap), np.float32(np.inf)))  # the core's boxes give way from there on
    core = SelectBoxes(min(most, boxes.shape[1]), least, beyond)
    return [_chosen(op, core, [op.cast(boxes, F32), op.cast(scores, F32)])]
