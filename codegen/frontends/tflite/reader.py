"""Reads a .tflite flatbuffer into plain, checked data.

The generated accessors of the `tflite` package trust the file: they follow any offset. Here every table, vector and
index is checked before use, so that a truncated or hostile file gives InvalidModel and nothing else, in time and memory
that grow only with the file.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import flatbuffers
import tflite

from edgegen.errors import InvalidModel, UnsupportedModel

T = TypeVar("T")

MAX_RANK = 8
MAX_ELEMENTS = 1 << 31  # of one tensor: no device edgegen targets could hold more
MAX_NAME = 512  # characters; converters join the names of fused operators, but no person reads more

TABLE_BYTES, NUMBER_BYTES = 8, 4  # least that an entry of a vector of tables or of numbers takes in an honest file

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


class _Room:
    """How much the file can still hold.

    Flatbuffer offsets may point anywhere, so a small file can claim the same bytes over and over; an honest one has
    each table and vector once. Twice the file's size is room enough for any writer that shares some of them.
    """

    def __init__(self, size: int) -> None:
        self._left = 2 * size + 1024

    def claim(self, count: int, each: int, what: str) -> int:
        """`count`, if entries of `each` bytes fit. Raises InvalidModel."""
        self._left -= count * each
        if count < 0 or self._left < 0:
            raise InvalidModel(f"{what}: {count} entries are more than the file can hold")
        return count

    def tables(self, read: Callable[[int], T], count: int, what: str) -> list[T]:
        """A vector of tables."""
        self.claim(count, TABLE_BYTES, what)
        with _reading(what):
            return [read(i) for i in range(count)]

    def numbers(self, owner: Any, field: str, what: str, limit: int = 1 << 31) -> tuple[Any, ...]:
        """A vector of numbers; empty where it is absent."""
        with _reading(f"{field} of {what}"):
            count = getattr(owner, f"{field}Length")()
            if count > limit:
                raise InvalidModel(f"{field} of {what}: {count} entries are more than {limit}")
            self.claim(count, NUMBER_BYTES, f"{field} of {what}")
            return tuple(getattr(owner, f"{field}AsNumpy")().tolist()) if count else ()

    def text(self, value: bytes | None, what: str) -> str:
        """A name from the file: printable, and of bearable length."""
        value = value or b""
        self.claim(len(value), 1, what)
        text = "".join(c if c.isprintable() else "?" for c in value.decode("utf-8", "replace"))
        half = MAX_NAME // 2
        return text if len(text) <= MAX_NAME else f"{text[:half]}...{text[-half:]}"


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
            value = getattr(self._accessor, name)()
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"it is {value}")
            return value

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
    data: memoryview | None
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

    def custom_options(self) -> bytes:
        """What a custom operator keeps beside its inputs: a FlexBuffer, or a struct of its own."""
        with _reading(f"the options of {self.source}"):
            return bytes(self.table.CustomOptionsAsNumpy()) if self.table.CustomOptionsLength() else b""


@dataclass(frozen=True)
class FileGraph:
    """A sub-graph as the file has it."""

    name: str
    tensors: tuple[FileTensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[FileOperator, ...]


def _indices(values: tuple[int, ...], count: int, what: str, optional: bool = False) -> tuple[int, ...]:
    for v in values:
        if not (0 <= v < count or (optional and v == -1)):
            raise InvalidModel(f"{what}: index {v} is not one of {count} tensors")
    return values


def _shapes(room: _Room, table: Any, what: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(shape, signature); the signature has -1 where a dimension is free."""
    shape = room.numbers(table, "Shape", what, MAX_RANK)
    signature = room.numbers(table, "ShapeSignature", what, MAX_RANK) or shape
    if any(d < 0 for d in shape):
        raise InvalidModel(f"{what} has a negative dimension in its shape {list(shape)}")
    if math.prod(d or 1 for d in shape) >= MAX_ELEMENTS:
        raise InvalidModel(f"{what} has the impossible shape {list(shape)}")
    if len(signature) != len(shape) or any(s not in (-1, d) for s, d in zip(signature, shape, strict=True)):
        raise InvalidModel(f"{what} has shape {list(shape)}, but signature {list(signature)}")
    return shape, signature


def _read_tensor(room: _Room, table: Any, index: int, buffers: list[memoryview | None]) -> FileTensor:
    what = f"tensor {index}"
    with _reading(what):
        name = room.text(table.Name(), what) or f"tensor_{index}"
        what = f'tensor {index} "{name}"'
        type_code, buffer = table.Type(), table.Buffer()
        shape, signature = _shapes(room, table, what)
        q = table.Quantization()
        scale = room.numbers(q, "Scale", what) if q is not None else ()
        zero = room.numbers(q, "ZeroPoint", what) if q is not None else ()
        axis = q.QuantizedDimension() if q is not None else 0
        variable, sparse = bool(table.IsVariable()), table.Sparsity() is not None
    if type_code not in TYPE_NAMES:
        raise InvalidModel(f"{what} has unknown type {type_code}")
    if not 0 <= buffer < len(buffers):
        raise InvalidModel(f"{what} uses buffer {buffer} of {len(buffers)}")
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


def _read_operator(room: _Room, table: Any, index: int, codes: list[tuple[str, int]], tensors: int) -> FileOperator:
    what = f"operator {index}"
    with _reading(what):
        code = table.OpcodeIndex()
    if not 0 <= code < len(codes):
        raise InvalidModel(f"{what} uses operator code {code} of {len(codes)}")
    name, version = codes[code]
    what = f"{what} {name}"
    inputs, outputs = room.numbers(table, "Inputs", what), room.numbers(table, "Outputs", what)
    return FileOperator(
        index,
        name,
        version,
        _indices(inputs, tensors, f"inputs of {what}", optional=True),
        _indices(outputs, tensors, f"outputs of {what}"),
        table,
    )


def _operator_code(room: _Room, table: Any, index: int) -> tuple[str, int]:
    """(name, version); "code N" for an operator that the schema does not know."""
    what = f"operator code {index}"
    with _reading(what):
        # Codes above 127 live in builtin_code; older files have only the deprecated byte.
        number = max(table.BuiltinCode(), table.DeprecatedBuiltinCode())
        name = BUILTIN_NAMES.get(number, f"code {number}")
        if name == "CUSTOM":
            name = f"custom:{room.text(table.CustomCode(), what) or '?'}"
        return name, table.Version()


def _read_buffer(table: Any, index: int, data: memoryview) -> memoryview | None:
    """A view of the bytes; None where there are none."""
    with _reading(f"buffer {index}"):
        if table.DataLength():
            return memoryview(table.DataAsNumpy())
        start, size = table.Offset(), table.Size()
        if start <= 1:  # otherwise kept after the flatbuffer, as in files over 2 GB
            return None
        if start + size > len(data):
            raise ValueError(f"bytes {start} to {start + size} lie beyond the end")
        return data[start : start + size] if size else None


def _read_graph(
    room: _Room, table: Any, index: int, codes: list[tuple[str, int]], buffers: list[memoryview | None]
) -> FileGraph:
    what = f"sub-graph {index}"
    with _reading(what):
        name = room.text(table.Name(), what)
        counts = table.TensorsLength(), table.OperatorsLength()
    rows = room.tables(table.Tensors, counts[0], f"the tensors of {what}")
    tensors = [_read_tensor(room, t, i, buffers) for i, t in enumerate(rows)]
    rows = room.tables(table.Operators, counts[1], f"the operators of {what}")
    operators = [_read_operator(room, o, i, codes, len(tensors)) for i, o in enumerate(rows)]
    inputs, outputs = room.numbers(table, "Inputs", what), room.numbers(table, "Outputs", what)
    return FileGraph(
        name,
        tuple(tensors),
        _indices(inputs, len(tensors), f"the inputs of {what}"),
        _indices(outputs, len(tensors), f"the outputs of {what}"),
        tuple(operators),
    )


def read_flatbuffer(data: bytes) -> list[FileGraph]:
    """All sub-graphs of the file; the first is the model. Raises InvalidModel and UnsupportedModel."""
    if len(data) < 8:
        raise InvalidModel(f"the file has {len(data)} bytes: too short for a TFLite model")
    if data[4:8] != b"TFL3":
        raise InvalidModel(f"bytes 4 to 7 are {data[4:8]!r}, not the TFLite identifier b'TFL3'")
    with _reading("the file's root table"):
        model = tflite.Model.GetRootAs(data, 0)
        version = model.Version()
        counts = model.OperatorCodesLength(), model.BuffersLength(), model.SubgraphsLength()
    if version != 3:
        raise UnsupportedModel(f"the file has TFLite schema version {version}", help="edgegen reads version 3")
    room = _Room(len(data))
    rows = room.tables(model.OperatorCodes, counts[0], "the operator codes")
    codes = [_operator_code(room, c, i) for i, c in enumerate(rows)]
    rows = room.tables(model.Buffers, counts[1], "the buffers")
    buffers = [_read_buffer(b, i, memoryview(data)) for i, b in enumerate(rows)]
    rows = room.tables(model.Subgraphs, counts[2], "the sub-graphs")
    graphs = [_read_graph(room, g, i, codes, buffers) for i, g in enumerate(rows)]
    if not graphs:
        raise InvalidModel("the file has no sub-graph")
    return graphs
