"""Tensors of the file as tensors of the graph: types, sizes and quantization checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from edgegen.errors import InvalidModel, UnsupportedModel, UsageError
from edgegen.frontends.tflite.reader import FileTensor
from edgegen.ir.dtypes import BOOL, F16, F32, F64, S8, S16, S32, S64, U8, U16, U32, U64, DType
from edgegen.ir.quantization import Quantization
from edgegen.ir.tensor import Array, Tensor, TensorType

DTYPES: dict[str, DType] = {
    "FLOAT32": F32,
    "FLOAT16": F16,
    "FLOAT64": F64,
    "INT8": S8,
    "UINT8": U8,
    "INT16": S16,
    "UINT16": U16,
    "INT32": S32,
    "INT64": S64,
    "UINT32": U32,
    "UINT64": U64,
    "BOOL": BOOL,
}

RESOURCE = DType("resource", "void", "void", 0)
"""Of handles of resource variables, which exist only while a model is imported."""

MAX_BYTES = 1 << 28
"""Of one activation: no device that edgegen targets holds more, and 32-bit offsets in kernels cannot overflow."""


def check_size(name: str, type: TensorType) -> None:
    """Raises UnsupportedModel if an activation is empty or larger than MAX_BYTES."""
    if type.elements == 0:
        raise UnsupportedModel(f'tensor "{name}" is {type}: it has no elements')
    if type.bytes > MAX_BYTES:
        raise UnsupportedModel(
            f'tensor "{name}" is {type}: {type.bytes:,} bytes',
            [("why", f"edgegen compiles activations of up to {MAX_BYTES:,} bytes")],
        )


def _quantization(tensor: FileTensor, dtype: DType, shape: tuple[int, ...]) -> Quantization | None:
    """None for types that quantization says nothing of. Raises InvalidModel if it contradicts the tensor."""
    if not tensor.scale or dtype not in (S8, U8, S16, S32, S64):
        return None
    scales = np.array(tensor.scale)
    if not np.isfinite(scales).all() or (scales < 0).any():
        raise InvalidModel(f'tensor "{tensor.name}" has a quantization scale that is negative or not finite')
    if (scales == 0).any():
        if dtype in (S8, U8, S16):
            raise InvalidModel(f'tensor "{tensor.name}" has quantization scale 0')
        return None  # some converters write scale 0 on integers that are not quantized
    low, high = dtype.range
    outside = [z for z in tensor.zero_point if not low <= z <= high]
    if outside:
        raise InvalidModel(f'tensor "{tensor.name}" has zero point {outside[0]}, outside of {dtype}')
    if len(tensor.scale) == 1:
        return Quantization(tensor.scale, tensor.zero_point)
    # Some converters leave the weights' axis on the bias, which has only one.
    axis = 0 if len(shape) == 1 else tensor.axis
    if not 0 <= axis < len(shape) or shape[axis] != len(tensor.scale):
        raise InvalidModel(
            f'tensor "{tensor.name}" has {len(tensor.scale)} quantization scales on axis {axis} of {list(shape)}'
        )
    return Quantization(tensor.scale, tensor.zero_point, axis)


def _constant(tensor: FileTensor, dtype: DType) -> Array:
    """Read-only values of a constant: a view of the file's bytes."""
    assert tensor.data is not None
    need = math.prod(tensor.shape) * dtype.size
    if tensor.data.nbytes != need:
        raise InvalidModel(f'constant "{tensor.name}" has {tensor.data.nbytes} bytes, its shape needs {need}')
    values = np.frombuffer(tensor.data, dtype.np.newbyteorder("<")).reshape(tensor.shape)
    values = values.astype(dtype.np, copy=False)
    values.setflags(write=False)
    return values


def make_tensor(tensor: FileTensor) -> Tensor:
    """The graph's tensor with the file's shape. Raises InvalidModel and UnsupportedModel."""
    if tensor.type == "RESOURCE" and tensor.data is None:
        return Tensor(tensor.name, TensorType(RESOURCE, tensor.shape))
    if tensor.type not in DTYPES:
        raise UnsupportedModel(f'tensor "{tensor.name}" has type {tensor.type}, which edgegen does not compute')
    dtype = DTYPES[tensor.type]
    type = TensorType(dtype, tensor.shape, _quantization(tensor, dtype, tensor.shape))
    if tensor.is_sparse:
        raise UnsupportedModel(f'constant "{tensor.name}" is sparse', help="convert the model without sparsity")
    if tensor.data is None and type.elements == 0:
        return Tensor(tensor.name, type, np.zeros(type.shape, dtype.np))  # an empty list, such as a scalar's shape
    return Tensor(tensor.name, type, None if tensor.data is None else _constant(tensor, dtype))


def choose_shape(tensor: Tensor, file: FileTensor, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Gives an input the shape that the user chose for it; whether that differs from the file's.

    Raises UsageError if the shape does not fit the input's free dimensions.
    """
    chosen = shapes.get(file.name, tensor.shape)
    fits = len(chosen) == len(file.signature) and all(
        s in (-1, c) and c > 0 for s, c in zip(file.signature, chosen, strict=True)
    )
    if chosen != tensor.shape and not fits:
        free = "; -1 marks a free dimension" if -1 in file.signature else ": no dimension is free"
        raise UsageError(f'input "{file.name}" has shape {list(file.signature)}, not {list(chosen)}{free}')
    changed = chosen != tensor.shape
    tensor.type = replace(tensor.type, shape=tuple(chosen))
    return changed
