"""Tensors of the file as tensors of the graph: types, sizes and quantization checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from edgegen.errors import InvalidModel, UnsupportedModel, UsageError
from edgegen.frontends.tflite.reader import FileTensor
from edgegen.frontends.tflite.sparsity import expand
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
    "INT4": S8,  # of constants, which are unpacked: kernels that read them packed pack what fits
}

RESOURCE = DType("resource", "void", "void", 0)
"""Of handles of resource variables, which exist only while a model is imported."""

COMPLEX = DType("complex", "complex64", "void", 8)
"""Of spectra, for which the graph has tensors of real and imaginary parts."""

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


def _unpacked(packed: Array) -> Array:
    """s8 of two numbers of four bits to the byte, the lower first."""
    pairs = np.stack([packed << 4, packed & 0xF0], axis=1)
    return np.asarray(pairs.astype(np.uint8).view(np.int8).reshape(-1) >> 4, np.int8)


def _stored(tensor: FileTensor, dtype: DType) -> Array:
    """The elements that the file has, in its order: a view of its bytes, or unpacked."""
    assert tensor.data is not None
    count = math.prod(tensor.shape)
    packed = tensor.type == "INT4"
    need = -(-count // 2) if packed else count * dtype.size
    if tensor.data.nbytes != need if tensor.sparsity is None else tensor.data.nbytes % dtype.size:
        raise InvalidModel(f'constant "{tensor.name}" has {tensor.data.nbytes} bytes, its shape needs {need}')
    if packed:
        return _unpacked(np.frombuffer(tensor.data, np.uint8))[:count]
    return np.frombuffer(tensor.data, dtype.np.newbyteorder("<")).astype(dtype.np, copy=False)


def _constant(tensor: FileTensor, dtype: DType) -> Array:
    """Read-only values of a constant."""
    values = _stored(tensor, dtype)
    if tensor.sparsity is None:
        values = values.reshape(tensor.shape)
    elif tensor.type == "INT4":
        raise UnsupportedModel(f'constant "{tensor.name}" is sparse and INT4', help="convert it to sparse int8")
    else:
        try:
            values = expand(values, tensor.sparsity, tensor.shape)
        except ValueError as error:
            raise InvalidModel(f'sparse constant "{tensor.name}": {error}') from error
    values.setflags(write=False)
    return values


def _block_quantization(tensor: FileTensor, tensors: Sequence[FileTensor]) -> Quantization:
    """One scale for each block of a row of a constant matrix; they are a constant of f16."""
    assert tensor.blocks is not None
    if not 0 <= tensor.blocks.scales < len(tensors):
        raise InvalidModel(f'constant "{tensor.name}" has its scales in tensor {tensor.blocks.scales}')
    if tensor.blocks.zero_points > 0:
        raise UnsupportedModel(f'constant "{tensor.name}" has zero points of blocks', help="quantize it symmetrically")
    scales, size = tensors[tensor.blocks.scales], tensor.blocks.size
    if tensor.data is None or len(tensor.shape) != 2 or size < 1 or tensor.shape[1] % size:
        raise InvalidModel(f'"{tensor.name}" {list(tensor.shape)} is no constant matrix in blocks of {size}')
    if scales.type != "FLOAT16" or scales.data is None or scales.sparsity is not None:
        raise UnsupportedModel(f'the scales "{scales.name}" must be constants of f16')
    values = _constant(scales, F16).reshape(-1).astype(np.float64)
    if len(values) != math.prod(tensor.shape) // size or not np.isfinite(values).all() or (values <= 0).any():
        raise InvalidModel(f'"{scales.name}" must have a positive scale for each block of "{tensor.name}"')
    return Quantization(tuple(values.tolist()), (0,) * len(values), 1, size)


def make_tensor(tensor: FileTensor, tensors: Sequence[FileTensor]) -> Tensor:
    """The graph's tensor with the file's shape. tensors: of the sub-graph. Raises InvalidModel and UnsupportedModel."""
    if tensor.type == "RESOURCE" and tensor.data is None:
        return Tensor(tensor.name, TensorType(RESOURCE, tensor.shape))
    if tensor.type == "COMPLEX64" and tensor.data is None:
        return Tensor(tensor.name, TensorType(COMPLEX, tensor.shape))
    if tensor.type not in DTYPES:
        raise UnsupportedModel(f'tensor "{tensor.name}" has type {tensor.type}, which edgegen does not compute')
    dtype = DTYPES[tensor.type]
    if tensor.type == "INT4" and tensor.data is None:
        raise UnsupportedModel(
            f'tensor "{tensor.name}" is INT4, but no constant',
            help="quantize activations to int8, weights alone to int4",
        )
    if tensor.is_ranged and dtype in (S8, U8, S16):
        raise UnsupportedModel(
            f'tensor "{tensor.name}" is {dtype} with the limits of fake quantization, but no scale',
            help="convert the training graph again, so that every quantized tensor has a scale",
        )
    blockwise = tensor.blocks is not None and dtype == S8
    quantization = _block_quantization(tensor, tensors) if blockwise else _quantization(tensor, dtype, tensor.shape)
    type = TensorType(dtype, tensor.shape, quantization)
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
