"""Types and constants of the protobuf as those of the graph."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import onnx.numpy_helper

from edgegen.errors import InvalidModel, UnsupportedModel, UsageError
from edgegen.ir.dtypes import (
    BF16,
    BOOL,
    F4E2M1,
    F8E4M3FN,
    F8E4M3FNUZ,
    F8E5M2,
    F8E5M2FNUZ,
    F8E8M0,
    F16,
    F32,
    F64,
    S2,
    S4,
    S8,
    S16,
    S32,
    S64,
    U2,
    U4,
    U8,
    U16,
    U32,
    U64,
    DType,
)
from edgegen.ir.tensor import Array, Tensor, TensorType

_DTYPES: dict[int, DType] = {
    onnx.TensorProto.FLOAT: F32,
    onnx.TensorProto.FLOAT16: F16,
    onnx.TensorProto.DOUBLE: F64,
    onnx.TensorProto.INT8: S8,
    onnx.TensorProto.UINT8: U8,
    onnx.TensorProto.INT16: S16,
    onnx.TensorProto.UINT16: U16,
    onnx.TensorProto.INT32: S32,
    onnx.TensorProto.UINT32: U32,
    onnx.TensorProto.INT64: S64,
    onnx.TensorProto.UINT64: U64,
    onnx.TensorProto.BOOL: BOOL,
    onnx.TensorProto.BFLOAT16: BF16,
    onnx.TensorProto.FLOAT4E2M1: F4E2M1,
    onnx.TensorProto.FLOAT8E4M3FN: F8E4M3FN,
    onnx.TensorProto.FLOAT8E4M3FNUZ: F8E4M3FNUZ,
    onnx.TensorProto.FLOAT8E5M2: F8E5M2,
    onnx.TensorProto.FLOAT8E5M2FNUZ: F8E5M2FNUZ,
    onnx.TensorProto.FLOAT8E8M0: F8E8M0,
    onnx.TensorProto.INT2: S2,
    onnx.TensorProto.INT4: S4,
    onnx.TensorProto.UINT2: U2,
    onnx.TensorProto.UINT4: U4,
}


def dtype_of_onnx(code: int, what: str) -> DType:
    """The DType of a TensorProto.DataType. Raises UnsupportedModel; `what` names the tensor."""
    if code == onnx.TensorProto.STRING:
        raise UnsupportedModel(f"{what} is text, which devices without an operating system do not hold")
    if code not in _DTYPES:
        known = code in onnx.TensorProto.DataType.values()
        name = onnx.TensorProto.DataType.Name(code) if known else str(code)
        raise UnsupportedModel(f"{what} has type {name}, which edgegen does not compute")
    return _DTYPES[code]


def array_of(proto: onnx.TensorProto) -> Array:
    """Read-only values of a constant. Raises InvalidModel and UnsupportedModel."""
    what = f'constant "{proto.name}"'
    dtype = dtype_of_onnx(proto.data_type, what)
    try:
        values = np.array(onnx.numpy_helper.to_array(proto), dtype.np)
    except (ValueError, TypeError) as error:
        raise InvalidModel(f"{what} does not have the values that its shape needs") from error
    values.setflags(write=False)
    return values


def constant_tensor(name: str, values: Array, dtype: DType) -> Tensor:
    return Tensor(name, TensorType(dtype, values.shape), values)


def _size(dimension: onnx.TensorShapeProto.Dimension, shapes: Mapping[str, tuple[int, ...]]) -> int | str:
    """A dimension's size, or its name if it is free, as those are that some exporters write as -1."""
    if dimension.WhichOneof("value") == "dim_value" and dimension.dim_value >= 0:
        return int(dimension.dim_value)
    name = dimension.dim_param or "?"
    chosen = shapes.get(name, ())
    return chosen[0] if len(chosen) == 1 else name


def input_type(name: str, type: onnx.TypeProto, shapes: Mapping[str, tuple[int, ...]]) -> TensorType:
    """The type of the model's input `name`, its free dimensions fixed by `shapes`, by the input's name or their own.

    Raises UnsupportedModel for what is no tensor, and UsageError if dimensions stay free or do not fit.
    """
    kind = type.WhichOneof("value")
    if kind != "tensor_type":
        raise UnsupportedModel(f'input "{name}" is a {(kind or "value of no type").removesuffix("_type")}')
    tensor = type.tensor_type
    dtype = dtype_of_onnx(tensor.elem_type, f'input "{name}"')
    chosen = shapes.get(name)
    if not tensor.HasField("shape"):
        if chosen is None:
            raise UsageError(f'input "{name}" has no shape', help=f"--shape {name}=...")
        return TensorType(dtype, tuple(chosen))
    declared = [_size(d, shapes) for d in tensor.shape.dim]
    text = "[" + ",".join(map(str, declared)) + "]"
    if chosen is None:
        if any(isinstance(d, str) for d in declared):
            example = ",".join(str(d) if isinstance(d, int) else "1" for d in declared)
            raise UsageError(
                f'input "{name}" has free dimensions {text}',
                help=f"choose them, for example --shape {name}={example}",
            )
        chosen = tuple(int(d) for d in declared)
    elif len(chosen) != len(declared) or any(
        c < 0 or (isinstance(d, int) and d != c) for c, d in zip(chosen, declared, strict=True)
    ):
        raise UsageError(f'input "{name}" has shape {text}, not {list(chosen)}')
    return TensorType(dtype, tuple(chosen))
