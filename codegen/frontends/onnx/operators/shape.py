"""Shapes, constants and types: what is known ahead of time, and other views of the same elements."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.tensors import constant_tensor, dtype_of_onnx
from edgegen.frontends.onnx.values import Value
from edgegen.ir.dtypes import BOOL, F4E2M1, F8E8M0, F32, S64, SMALL_INTEGERS, DType, dtype_of
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.bitcast import Bitcast
from edgegen.ops.cast import Cast
from edgegen.ops.select_op import Select


@operator("Identity", any_value=True)
def identity(op: Operator, x: Value) -> Value:
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


def _cast(op: Operator, x: Tensor, to: DType, saturate: int, round_mode: str) -> Tensor:
    if to == F8E8M0 and round_mode != "up":
        raise op.unsupported(f'round_mode "{round_mode}" is not supported')
    return x if x.dtype == to else op.add(Cast(to.name, bool(saturate)), [x])


@operator("Cast", until=5)
def cast_by_name(op: Operator, x: Tensor, *, to: str) -> Tensor:
    """to: the type's name in the protobuf, "FLOAT"."""
    if to.upper() not in onnx.TensorProto.DataType.keys():  # noqa: SIM118
        raise op.invalid(f'"{to}" is no type')
    return cast(op, x, to=onnx.TensorProto.DataType.Value(to.upper()))


@operator("Cast", since=6)
def cast(op: Operator, x: Tensor, *, to: int, saturate: int = 1, round_mode: str = "up") -> Tensor:
    return _cast(op, x, dtype_of_onnx(to, "the result"), saturate, round_mode)


@operator("CastLike", since=15)
def cast_like(op: Operator, x: Tensor, target: Tensor, *, saturate: int = 1, round_mode: str = "up") -> Tensor:
    return _cast(op, x, target.dtype, saturate, round_mode)


@operator("BitCast", since=26)
def bit_cast(op: Operator, x: Tensor, *, to: int) -> Tensor:
    """The same bits as another type of the same size."""
    dtype = dtype_of_onnx(to, "the result")
    if {*SMALL_INTEGERS, F4E2M1} & {x.dtype, dtype}:
        raise op.unsupported(f"the bits of {x.dtype} as {dtype}, of which edgegen stores one number to a byte")
    if x.dtype.size != dtype.size:
        raise op.invalid(f"{x.type} has other bits than {dtype}")
    if BOOL in (x.dtype, dtype) and x.dtype != dtype:  # a truth is stored as 0 or 1
        return op.cast(x, dtype)
    return x if x.dtype == dtype else op.add(Bitcast(dtype.name, x.shape), [x])


@operator("Reshape", until=4)
def reshape_by_attribute(
    op: Operator, x: Tensor, *, shape: tuple[int, ...] = (), consumed_inputs: tuple[int, ...] = ()
) -> Tensor:
    del consumed_inputs  # a hint that opset 5 dropped
    return reshape(op, x, op.constant(shape, S64))


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


@operator("Range", since=11)
def range_(op: Operator, start: Tensor, limit: Tensor, delta: Tensor) -> Tensor:
    """start + i * delta, up to before limit; known ahead of time."""
    first, last, step = (
        float(op.values(t, name).reshape(-1)[0])
        for t, name in ((start, "the start"), (limit, "the limit"), (delta, "the step"))
    )
    count = max(0, math.ceil((last - first) / step)) if step else 0
    if not 1 <= count <= 1 << 26:
        raise op.unsupported(f"a range of {count} numbers")
    return op.constant(first + np.arange(count) * step, start.dtype)


@operator("EyeLike", since=9)
def eye_like(op: Operator, x: Tensor, *, dtype: int | None = None, k: int = 0) -> Tensor:
    to = x.dtype if dtype is None else dtype_of_onnx(dtype, "the result")
    if x.rank != 2:
        raise op.invalid(f"{x.type} is no matrix")
    return op.constant(np.eye(x.shape[0], x.shape[1], k), to)


@operator("Trilu", since=14)
def trilu(op: Operator, x: Tensor, k: Tensor | None = None, *, upper: int = 1) -> Tensor:
    """The triangle above (or below) the k-th diagonal of each matrix; 0 elsewhere."""
    if x.rank < 2:
        raise op.invalid(f"{x.type} is no matrix")
    diagonal = 0 if k is None else op.integers(k, "the diagonal")[0]
    triangle = (np.triu if upper else np.tril)(np.ones(x.shape[-2:], bool), diagonal)
    return op.add(Select(), [op.constant(triangle, BOOL), x, op.constant(0, x.dtype)])
