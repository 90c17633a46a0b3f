"""Operators that opsets up to 9 had on trial and that no longer have a schema: old converters left them behind."""

from __future__ import annotations

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.slice import Slice


@operator("Affine", until=9)
def affine(op: Operator, x: Tensor, *, alpha: float = 1.0, beta: float = 0.0) -> Tensor:
    """alpha * x + beta"""
    y = op.scaled(x, alpha)
    return op.add(Binary("add"), [y, op.constant(beta, x.dtype)]) if beta else y


@operator("ImageScaler", until=9)
def image_scaler(op: Operator, x: Tensor, *, bias: tuple[float, ...], scale: float = 1.0) -> Tensor:
    """x * scale + bias, which has a value for each channel of x[N,C,H,W]"""
    if x.rank != 4 or len(bias) != x.shape[1]:
        raise op.invalid(f"bias has {len(bias)} values, x is {x.type}")
    per_channel = op.constant(np.reshape(bias, (-1, 1, 1)), x.dtype)
    return op.add(Binary("add"), [op.scaled(x, scale), per_channel])


@operator("Crop", until=9)
def crop(op: Operator, x: Tensor, *, border: tuple[int, ...], scale: tuple[int, ...] = ()) -> Tensor:
    """x[N,C,H,W] without `border` (left, top, right, bottom), or from left and top on as much as `scale` says"""
    if x.rank != 4 or len(border) != 4 or len(scale) not in (0, 2):
        raise op.invalid(f"border {list(border)} and scale {list(scale)} do not fit {x.type}")
    left, top, right, bottom = border
    height, width = scale or (x.shape[2] - top - bottom, x.shape[3] - left - right)
    inside = 0 <= top <= top + height <= x.shape[2] and 0 <= left <= left + width <= x.shape[3]
    if not inside or min(height, width) < 1:
        raise op.invalid(f"border {list(border)} and scale {list(scale)} leave nothing of {x.type}")
    return op.add(Slice((0, 0, top, left), (*x.shape[:2], height, width), (1, 1, 1, 1)), [x])
