"""Shapes, constants and types: what is known ahead of time, and other views of the same elements."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.tensors import constant_tensor, dtype_of_onnx
from edgegen.ir.dtypes import BOOL, F32, S64, dtype_of
from edgegen.ir.tensor import Array, Tensor


@operator("Identity")
def identity(op: Operator, x: Tensor) -> Tensor:
    del op
    return x


@operator("Dropout", until=11)
def dropout_by_attribute(op: Operator, x: Tensor, *, ratio: float = 0.5) -> Sequence[Tensor]:
    del ratio  # nothing is dropped once a model is trained
    return dropout(op, x)


@operator("Dropout", since=12)
def dropout(
    op: Operator, x: Tensor, ratio: Tensor | None = None, training_mode: Tensor | None = None, *, seed: int = 0
) -> Sequence[Tensor]:
    """The input; in training mode only with a ratio of 0, since edgegen runs trained models."""
    del seed
    if training_mode is not None and op.values(training_mode, "the training mode").any():
        share = 0.5 if ratio is None else float(op.values(ratio, "the ratio").reshape(-1)[0])
        if share != 0:
            raise op.unsupported("training mode drops at random", "export the model for inference")
    mask = [op.constant(np.ones(x.shape, bool), BOOL)] if op.wanted[1:] and op.wanted[1] else []
    return [x, *mask]


@operator("Constant")
def constant(
    op: Operator,
    *,
    value: Array | None = None,
    value_float: float | None = None,
    value_floats: tuple[float, ...] | None = None,
    value_int: int | None = None,
    value_ints: tuple[int, ...] | None = None,
) -> Tensor:
    if value is not None:
        return constant_tensor(op.label, value, dtype_of(value))
    for numbers, dtype in ((value_float, F32), (value_floats, F32), (value_int, S64), (value_ints, S64)):
        if numbers is not None:
            return op.constant(numbers, dtype)
    raise op.unsupported("strings are not supported")


@operator("ConstantOfShape")
def constant_of_shape(op: Operator, shape: Tensor, *, value: Array | None = None) -> Tensor:
    fill = np.zeros(1, np.float32) if value is None else value.reshape(-1)
    size = op.integers(shape, "the shape")
    if min(size, default=0) < 0 or math.prod(size) > 1 << 26:
        raise op.invalid(f"cannot make a constant of shape {list(size)}")
    return op.constant(np.full(size, fill[0]), dtype_of(fill))


@operator("Shape")
def shape(op: Operator, x: Tensor, *, start: int = 0, end: int | None = None) -> Tensor:
    return op.constant(np.array(x.shape[slice(start, end)], np.int64), S64)


@operator("Size")
def size(op: Operator, x: Tensor) -> Tensor:
    return op.constant(x.type.elements, S64)


@operator("Cast")
def cast(op: Operator, x: Tensor, *, to: int, saturate: int = 1, round_mode: str = "up") -> Tensor:
    del saturate, round_mode  # of 8-bit floats only
    return op.cast(x, dtype_of_onnx(to, "the result"))


@operator("CastLike", since=15)
def cast_like(op: Operator, x: Tensor, target: Tensor, *, saturate: int = 1, round_mode: str = "up") -> Tensor:
    del saturate, round_mode
    return op.cast(x, target.dtype)


@operator("Reshape", since=5)
def reshape(op: Operator, x: Tensor, shape: Tensor, *, allowzero: int = 0) -> Tensor:
    """0 in the shape keeps x's dimension (unless allowzero), -1 takes what is left."""
    wanted = list(op.integers(shape, "the shape"))
    if not allowzero:
        if any(n == 0 and i >= x.rank for i, n in enumerate(wanted)):
            raise op.invalid(f"shape {wanted} keeps a dimension that {x.type} lacks")
        wanted = [x.shape[i] if n == 0 else n for i, n in enumerate(wanted)]
    rest = math.prod(n for n in wanted if n != -1)
    if wanted.count(-1) > 1 or min(wanted, default=0) < -1 or (-1 in wanted and (not rest or x.type.elements % rest)):
        raise op.invalid(f"{x.type} does not take shape {wanted}")
    return op.reshape(x, [x.type.elements // rest if n == -1 else n for n in wanted])


@operator("Flatten")
def flatten(op: Operator, x: Tensor, *, axis: int = 1) -> Tensor:
    axis = axis + x.rank if axis < 0 else axis
    if not 0 <= axis <= x.rank:
        raise op.invalid(f"axis {axis} is not one of {x.rank} dimensions")
    return op.reshape(x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))


@operator("Squeeze", until=12)
def squeeze_by_attribute(op: Operator, x: Tensor, *, axes: tuple[int, ...] | None = None) -> Tensor:
    chosen = [i for i, n in enumerate(x.shape) if n == 1] if axes is None else op.axes(axes, x.rank)
    if any(x.shape[i] != 1 for i in chosen):
        raise op.invalid(f"axes {list(chosen)} of {x.type} are not all 1")
    return op.reshape(x, [n for i, n in enumerate(x.shape) if i not in chosen])


@operator("Squeeze", since=13)
def squeeze(op: Operator, x: Tensor, axes: Tensor | None = None) -> Tensor:
    return squeeze_by_attribute(op, x, axes=None if axes is None else op.integers(axes, "the axes"))


@operator("Unsqueeze", until=12)
def unsqueeze_by_attribute(op: Operator, x: Tensor, *, axes: tuple[int, ...]) -> Tensor:
    rest, rank = iter(x.shape), x.rank + len(axes)
    chosen = op.axes(axes, rank)
    return op.reshape(x, [1 if i in chosen else next(rest) for i in range(rank)])


@operator("Unsqueeze", since=13)
def unsqueeze(op: Operator, x: Tensor, axes: Tensor) -> Tensor:
    return unsqueeze_by_attribute(op, x, axes=op.integers(axes, "the axes"))
