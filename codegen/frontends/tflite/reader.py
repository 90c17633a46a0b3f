"""Reads a .tflite flatbuffer into plain, checked data.

The generated accessors of the `tflite` package trust the file: they follow any offset. Here every table, vector and
index is checked before use, so that a truncated or hostile file gives InvalidModel and nothing else.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import flatbuffers
import numpy as np
import tflite
from edgegen.errors import InvalidModel, UnsupportedModel

T = TypeVar("T")

MAX_ELEMENTS = 1 << 31  # of one tensor: no device edgegen targets could hold more

BUILTIN_NAMES: dict[int, str] = {
    v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int) and not k.startswith("_")
}
TYPE_NAMES: dict[int, str] = {
    v: k for k, v in vars(tflite.TensorType).items() if isinstance(v, int) and not k.startswith("_")
}
_OPTION_TYPES: dict[str, int] = {
    k: v for k, v in vars(tflite.BuiltinOptions).items() if isinstance(v, int) and not k.startswith("_")
}


def _empty_table() -> tuple[bytearray, int]:
    builder = flatbuffers.Builder(16)
    builder.StartObject(0)
    builder.Finish(builder.EndObject())
    data = builder.Output()
    return data, flatbuffers.encode.Get(flatbuffers.packer.uoffset, data, 0)


_EMPTY = _empty_table()


@contextmanager
def _reading(what: str) -> Iterator[None]:
    """Turns what the flatbuffers library raises on bad offsets into InvalidModel."""
    try:
        yield
    except (struct.error, IndexError, ValueError, OverflowError, TypeError, UnicodeDecodeError) as error:
        raise InvalidModel(f"{what} is truncated or corrupt", [("why", str(error) or type(error).__name__)]) from error


class Options:
    """An operator's options: attributes are the schema's field names, read with the same checks."""

    def __init__(self, accessor: Any, what: str) -> None:
        self._accessor, self._what = accessor, what

    def __getattr__(self, name: str) -> Any:
        with _reading(f"option {name} of {self._what}"):
            return getattr(self._accessor, name)()

    def integers(self, name: str) -> tuple[int, ...]:
        """A vector of integers."""
        with _reading(f"option {name} of {self._what}"):
            length = getattr(self._accessor, f"{name}Length")()
            if length > 1024:
                raise ValueError(f"{length} entries")
            return tuple(int(getattr(self._accessor, name)(i)) for i in range(length))


@dataclass(frozen=True)
class FileTensor:
    """A tensor as the file has it. data: the bytes of a constant, None for an activation."""

    name: str
    type: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    data: bytes | None
    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int
    is_variable: bool
    is_sparse: bool


@dataclass(frozen=True)
class FileOperator:
    """An operator as the file has it; -1 marks an absent optional input."""

    index: int
    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    table: Any

    @property
    def source(self) -> str:
        return f"tflite op {self.index} {self.name}"

    def options(self, kind: type) -> Options:
        """The options table, which must be of the generated class `kind`; all defaults if the file has none."""
        accessor = kind()
        with _reading(f"the options of {self.source}"):
            have = self.table.BuiltinOptionsType()
            union = self.table.BuiltinOptions() if have else None
            if union is None:
                accessor.Init(*_EMPTY)
            elif have != _OPTION_TYPES[kind.__name__]:
                raise ValueError(f"options are of type {have}, not {kind.__name__}")
            else:
                accessor.Init(union.Bytes, union.Pos)
        return Options(accessor, self.source)


@dataclass(frozen=True)
class FileGraph:
    """A sub-graph as the file has it."""

    name: str
    tensors: tuple[FileTensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[FileOperator, ...]


def _vector(read: Callable[[int], T], length: int, limit: int, what: str) -> list[T]:
    if not 0 <= length <= limit:
        raise InvalidModel(f"{what} claims {length} entries, more than the file can hold")
    with _reading(what):
        return [read(i) for i in range(length)]


def _indices(values: Any, count: int, what: str, optional: bool = False) -> tuple[int, ...]:
    out = tuple(int(v) for v in values)
    for v in out:
        if not (0 <= v < count or (optional and v == -1)):
            raise InvalidModel(f"{what}: index {v} is not one of {count} tensors")
    return out


def _as_list(array: Any) -> list[Any]:
    """A generated ...AsNumpy() result: an array, or 0 where the vector is absent."""
    return [] if isinstance(array, int) else array.tolist()


def _read_tensor(table: Any, index: int, buffers: list[bytes | None]) -> FileTensor:
    what = f"tensor {index}"
    with _reading(what):
        name = (table.Name() or b"").decode("utf-8", "replace") or f"tensor_{index}"
        what = f'tensor {index} "{name}"'
        type_code = table.Type()
        shape = tuple(_as_list(table.ShapeAsNumpy()))
        signature = tuple(_as_list(table.ShapeSignatureAsNumpy())) or shape
        buffer = table.Buffer()
        q = table.Quantization()
        scale = tuple(_as_list(q.ScaleAsNumpy())) if q is not None else ()
        zero = tuple(_as_list(q.ZeroPointAsNumpy())) if q is not None else ()
        axis = q.QuantizedDimension() if q is not None else 0
        variable, sparse = bool(table.IsVariable()), table.Sparsity() is not None
    if type_code not in TYPE_NAMES:
        raise InvalidModel(f"{what} has unknown type {type_code}")
    if len(shape) > 8 or any(d < 0 for d in shape) or math.prod(shape) >= MAX_ELEMENTS:
        raise InvalidModel(f"{what} has the impossible shape {list(shape)}")
    if len(signature) != len(shape):
        raise InvalidModel(f"{what} has shape {list(shape)} and signature {list(signature)}")
    if not 0 <= buffer < len(buffers):
        raise InvalidModel(f"{what} uses buffer {buffer} of {len(buffers)}")
    if any(not math.isfinite(s) or s < 0 for s in scale):
        raise InvalidModel(f"{what} has a quantization scale that is negative or not finite")
    if zero and len(zero) != len(scale):
        raise InvalidModel(f"{what} has {len(scale)} scales and {len(zero)} zero points")
    return FileTensor(
        name,
        TYPE_NAMES[type_code],
        shape,
        signature,
        buffers[buffer],
        scale,
        zero or (0,) * len(scale),
        axis,
        variable,
        sparse,
    )


def _read_operator(table: Any, index: int, codes: list[tuple[str, int]], tensors: int) -> FileOperator:
    what = f"operator {index}"
    with _reading(what):
        code = table.OpcodeIndex()
        inputs, outputs = _as_list(table.InputsAsNumpy()), _as_list(table.OutputsAsNumpy())
    if not 0 <= code < len(codes):
        raise InvalidModel(f"{what} uses operator code {code} of {len(codes)}")
    name, version = codes[code]
    what = f"{what} {name}"
    return FileOperator(
        index,
        name,
        version,
        _indices(inputs, tensors, f"inputs of {what}", optional=True),
        _indices(outputs, tensors, f"outputs of {what}"),
        table,
    )


def _operator_code(code: Any) -> tuple[str, int]:
    # Codes above 127 live in builtin_code; older files have only the deprecated byte.
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    if number not in BUILTIN_NAMES:
        raise UnsupportedModel(f"operator code {number} is unknown", help="update edgegen, or report the model")
    name = BUILTIN_NAMES[number]
    if name == "CUSTOM":
        name = f"custom:{(code.CustomCode() or b'?').decode('utf-8', 'replace')}"
    return name, code.Version()


def read_flatbuffer(data: bytes) -> list[FileGraph]:
    """All sub-graphs of the file; the first is the model. Raises InvalidModel and UnsupportedModel."""
    if len(data) < 8:
        raise InvalidModel(f"the file has {len(data)} bytes: too short for a TFLite model")
    if data[4:8] != b"TFL3":
        raise InvalidModel(f"bytes 4 to 7 are {data[4:8]!r}, not the TFLite identifier b'TFL3'")
    limit = len(data) // 4 + 1  # an entry of any table vector takes at least four bytes
    with _reading("the file's root table"):
        model = tflite.Model.GetRootAs(data, 0)
        version, counts = (
            model.Version(),
            (model.OperatorCodesLength(), model.BuffersLength(), model.SubgraphsLength()),
        )
    if version != 3:
        raise UnsupportedModel(f"the file has TFLite schema version {version}", help="edgegen reads version 3")
    codes = [_operator_code(c) for c in _vector(model.OperatorCodes, counts[0], limit, "the list of operator codes")]
    buffers: list[bytes | None] = []
    for i, b in enumerate(_vector(model.Buffers, counts[1], limit, "the list of buffers")):
        with _reading(f"buffer {i}"):
            content = b.DataAsNumpy()
            if isinstance(content, int) and b.Size() > 1:  # kept after the flatbuffer, in files over 2 GB
                start, size = b.Offset(), b.Size()
                if start + size > len(data):
                    raise ValueError(f"bytes {start} to {start + size} lie beyond the end")
                buffers.append(data[start : start + size])
            else:
                buffers.append(None if isinstance(content, int) or content.size == 0 else content.tobytes())
    graphs = []
    for g in _vector(model.Subgraphs, counts[2], limit, "the list of sub-graphs"):
        with _reading("a sub-graph"):
            lengths = (g.TensorsLength(), g.OperatorsLength())
            name = (g.Name() or b"").decode("utf-8", "replace")
            ins, outs = _as_list(g.InputsAsNumpy()), _as_list(g.OutputsAsNumpy())
        tensors = [
            _read_tensor(t, i, buffers)
            for i, t in enumerate(_vector(g.Tensors, lengths[0], limit, "the list of tensors"))
        ]
        operators = [
            _read_operator(o, i, codes, len(tensors))
            for i, o in enumerate(_vector(g.Operators, lengths[1], limit, "the list of operators"))
        ]
        graphs.append(
            FileGraph(
                name,
                tuple(tensors),
                _indices(ins, len(tensors), "the model's inputs"),
                _indices(outs, len(tensors), "the model's outputs"),
                tuple(operators),
            )
        )
    if not graphs:
        raise InvalidModel("the file has no sub-graph")
    return graphs


def constant_array(tensor: FileTensor, dtype: np.dtype) -> np.ndarray:
    """The values of a constant tensor. Raises InvalidModel if the bytes do not match its shape."""
    assert tensor.data is not None
    need = math.prod(tensor.shape) * dtype.itemsize
    if len(tensor.data) != need:
        raise InvalidModel(f'constant "{tensor.name}" has {len(tensor.data)} bytes, its shape needs {need}')
    return np.frombuffer(tensor.data, dtype.newbyteorder("<")).astype(dtype).reshape(tensor.shape)
