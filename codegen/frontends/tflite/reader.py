"""Reads a .tflite flatbuffer into plain, checked data.

The generated accessors of the `tflite` package trust the file: they follow any offset. Here every table, vector and
index is checked before use, so that a truncated or hostile file gives InvalidModel and nothing else, in time and memory
that grow only with the file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import flatbuffers
import tflite

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite.room import Room, reading
from edgegen.frontends.tflite.sparsity import FileSparsity, read_sparsity

MAX_RANK = 8
MAX_ELEMENTS = 1 << 31  # of one tensor: no device edgegen targets could hold more

BUILTIN_NAMES: dict[int, str] = {
    v: k for k, v in vars(tflite.BuiltinOperator).items() if isinstance(v, int) and not k.startswith("_")
}
TYPE_NAMES: dict[int, str] = {
    v: k for k, v in vars(tflite.TensorType).items() if isinstance(v, int) and not k.startswith("_")
}
# Later operators have their options in a second union, whose types are numbered anew.
_OPTION_TYPES, _OPTION_TYPES_2 = (
    {k: v for k, v in vars(union).items() if isinstance(v, int) and not k.startswith("_")}
    for union in (tflite.BuiltinOptions, tflite.BuiltinOptions2)
)


def _empty_table() -> tuple[bytearray, int]:
    builder = flatbuffers.Builder(16)
    builder.StartObject(0)
    builder.Finish(builder.EndObject())
    data = builder.Output()
    return data, flatbuffers.encode.Get(flatbuffers.packer.uoffset, data, 0)


_EMPTY = _empty_table()


class Options:
    """An operator's options: attributes are the schema's field names, read with the same checks."""

    def __init__(self, accessor: Any, what: str) -> None:
        self._accessor, self._what = accessor, what

    def __getattr__(self, name: str) -> Any:
        with reading(f"option {name} of {self._what}"):
            value = getattr(self._accessor, name)()
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"it is {value}")
            return value

    def integers(self, name: str) -> tuple[int, ...]:
        """A vector of integers."""
        return tuple(int(v) for v in self._vector(name))

    def numbers(self, name: str) -> tuple[float, ...]:
        """A vector of finite numbers."""
        values = tuple(float(v) for v in self._vector(name))
        with reading(f"option {name} of {self._what}"):
            if not all(map(math.isfinite, values)):
                raise ValueError("not all of it is finite")
        return values

    def _vector(self, name: str) -> list[Any]:
        with reading(f"option {name} of {self._what}"):
            length = getattr(self._accessor, f"{name}Length")()
            if length > 1024:
                raise ValueError(f"{length} entries")
            return [getattr(self._accessor, name)(i) for i in range(length)]


@dataclass(frozen=True)
class FileBlocks:
    """Quantization of `size` elements of a row at a time. scales, zero_points: tensors that hold them; -1: none"""

    scales: int
    zero_points: int
    size: int


@dataclass(frozen=True)
class FileTensor:
    """A tensor as the file has it.

    data:      the bytes of a constant, None for an activation
    is_ranged: it has the limits that fake quantization leaves, but no scale
    """

    name: str
    type: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    data: memoryview | None
    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int
    is_variable: bool
    is_ranged: bool = False
    sparsity: FileSparsity | None = None
    blocks: FileBlocks | None = None


@dataclass(frozen=True)
class FileOperator:
    """An operator as the file has it; -1 marks an absent optional input.

    graph: the sub-graph it stands in
    intermediates: tensors that say how results inside the operator are quantized
    """

    graph: int
    index: int
    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    intermediates: tuple[int, ...]
    table: Any

    @property
    def source(self) -> str:
        where = f"sub-graph {self.graph} " if self.graph else ""
        return f"tflite {where}op {self.index} {self.name}"

    def options(self, kind: type) -> Options:
        """The options table, which must be of the generated class `kind`; all defaults if the file has none."""
        accessor = kind()
        second = kind.__name__ not in _OPTION_TYPES
        with reading(f"the options of {self.source}"):
            have = self.table.BuiltinOptions2Type() if second else self.table.BuiltinOptionsType()
            union = (self.table.BuiltinOptions2() if second else self.table.BuiltinOptions()) if have else None
            if union is None:
                accessor.Init(*_EMPTY)
            elif have != (_OPTION_TYPES_2 if second else _OPTION_TYPES)[kind.__name__]:
                raise ValueError(f"options are of type {have}, not {kind.__name__}")
            else:
                accessor.Init(union.Bytes, union.Pos)
        return Options(accessor, self.source)

    def custom_options(self) -> bytes:
        """What a custom operator keeps beside its inputs: a FlexBuffer, or a struct of its own."""
        with reading(f"the options of {self.source}"):
            return bytes(self.table.CustomOptionsAsNumpy()) if self.table.CustomOptionsLength() else b""


@dataclass(frozen=True)
class FileGraph:
    """A sub-graph as the file has it."""

    name: str
    tensors: tuple[FileTensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[FileOperator, ...]


@dataclass(frozen=True)
class FileSignature:
    """A way to call the model: a sub-graph and names for its inputs and outputs.

    inputs, outputs: {tensor of the sub-graph: its name}
    """

    key: str
    graph: int
    inputs: dict[int, str]
    outputs: dict[int, str]


@dataclass(frozen=True)
class FileModel:
    """A .tflite file."""

    graphs: tuple[FileGraph, ...]
    signatures: tuple[FileSignature, ...] = ()


def _indices(values: tuple[int, ...], count: int, what: str, optional: bool = False) -> tuple[int, ...]:
    for v in values:
        if not (0 <= v < count or (optional and v == -1)):
            raise InvalidModel(f"{what}: index {v} is not one of {count} tensors")
    return values


def _shapes(room: Room, table: Any, what: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
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


_BLOCKWISE = 2  # QuantizationDetails.BlockwiseQuantization, of which the `tflite` package knows nothing


def _read_blocks(quantization: Any) -> FileBlocks:
    """Of a table {scales, zero_points, block_size}, all int32."""
    details = quantization.Details()
    if details is None:
        raise ValueError("the blocks' quantization is missing")

    def field(slot: int) -> int:
        offset = details.Offset(slot)
        return int(details.Get(flatbuffers.number_types.Int32Flags, offset + details.Pos)) if offset else 0

    return FileBlocks(field(4), field(6), field(8))


def _read_tensor(room: Room, table: Any, index: int, buffers: list[memoryview | None]) -> FileTensor:
    what = f"tensor {index}"
    with reading(what):
        name = room.text(table.Name(), what) or f"tensor_{index}"
        what = f'tensor {index} "{name}"'
        type_code, buffer = table.Type(), table.Buffer()
        shape, signature = _shapes(room, table, what)
        q = table.Quantization()
        scale = room.numbers(q, "Scale", what) if q is not None else ()
        zero = room.numbers(q, "ZeroPoint", what) if q is not None else ()
        axis = q.QuantizedDimension() if q is not None else 0
        ranged = q is not None and not scale and not q.MinIsNone() and not q.MaxIsNone()
        variable, sparsity = bool(table.IsVariable()), table.Sparsity()
        blocks = _read_blocks(q) if q is not None and q.DetailsType() == _BLOCKWISE else None
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
        ranged,
        None if sparsity is None else read_sparsity(room, sparsity, shape, what),
        blocks,
    )


def _read_operator(
    room: Room, table: Any, graph: int, index: int, codes: list[tuple[str, int]], tensors: int
) -> FileOperator:
    what = f"operator {index}" + (f" of sub-graph {graph}" if graph else "")
    with reading(what):
        code = table.OpcodeIndex()
    if not 0 <= code < len(codes):
        raise InvalidModel(f"{what} uses operator code {code} of {len(codes)}")
    name, version = codes[code]
    what = f"{what} {name}"
    inputs, outputs, inside = (room.numbers(table, field, what) for field in ("Inputs", "Outputs", "Intermediates"))
    return FileOperator(
        graph,
        index,
        name,
        version,
        _indices(inputs, tensors, f"inputs of {what}", optional=True),
        _indices(outputs, tensors, f"outputs of {what}"),
        _indices(inside, tensors, f"intermediates of {what}"),
        table,
    )


def _operator_code(room: Room, table: Any, index: int) -> tuple[str, int]:
    """(name, version); "code N" for an operator that the schema does not know."""
    what = f"operator code {index}"
    with reading(what):
        # Codes above 127 live in builtin_code; older files have only the deprecated byte.
        number = max(table.BuiltinCode(), table.DeprecatedBuiltinCode())
        name = BUILTIN_NAMES.get(number, f"code {number}")
        if name == "CUSTOM":
            name = f"custom:{room.text(table.CustomCode(), what) or '?'}"
        return name, table.Version()


def _read_buffer(table: Any, index: int, data: memoryview) -> memoryview | None:
    """A view of the bytes; None where there are none."""
    with reading(f"buffer {index}"):
        if table.DataLength():
            return memoryview(table.DataAsNumpy())
        start, size = table.Offset(), table.Size()
        if start <= 1:  # otherwise kept after the flatbuffer, as in files over 2 GB
            return None
        if start + size > len(data):
            raise ValueError(f"bytes {start} to {start + size} lie beyond the end")
        return data[start : start + size] if size else None


def _read_graph(
    room: Room, table: Any, index: int, codes: list[tuple[str, int]], buffers: list[memoryview | None]
) -> FileGraph:
    what = f"sub-graph {index}"
    with reading(what):
        name = room.text(table.Name(), what)
        counts = table.TensorsLength(), table.OperatorsLength()
    rows = room.tables(table.Tensors, counts[0], f"the tensors of {what}")
    tensors = [_read_tensor(room, t, i, buffers) for i, t in enumerate(rows)]
    rows = room.tables(table.Operators, counts[1], f"the operators of {what}")
    operators = [_read_operator(room, o, index, i, codes, len(tensors)) for i, o in enumerate(rows)]
    inputs, outputs = room.numbers(table, "Inputs", what), room.numbers(table, "Outputs", what)
    return FileGraph(
        name,
        tuple(tensors),
        _indices(inputs, len(tensors), f"the inputs of {what}"),
        _indices(outputs, len(tensors), f"the outputs of {what}"),
        tuple(operators),
    )


def _read_names(room: Room, owner: Any, field: str, what: str, graph: FileGraph) -> dict[int, str]:
    """{tensor: name} of a signature's inputs or outputs."""
    with reading(what):
        count = getattr(owner, f"{field}Length")()
    names: dict[int, str] = {}
    for entry in room.tables(getattr(owner, field), count, f"the {field.lower()} of {what}"):
        with reading(what):
            name, tensor = room.text(entry.Name(), what), entry.TensorIndex()
        _indices((tensor,), len(graph.tensors), what)
        names[tensor] = name
    return names


def _read_signature(room: Room, table: Any, index: int, graphs: list[FileGraph]) -> FileSignature:
    what = f"signature {index}"
    with reading(what):
        key, graph = room.text(table.SignatureKey(), what), table.SubgraphIndex()
    if not 0 <= graph < len(graphs):
        raise InvalidModel(f'{what} "{key}" is of sub-graph {graph} of {len(graphs)}')
    inputs, outputs = (_read_names(room, table, f, what, graphs[graph]) for f in ("Inputs", "Outputs"))
    return FileSignature(key, graph, inputs, outputs)


def read_flatbuffer(data: bytes) -> FileModel:
    """The whole file; the first sub-graph is the model. Raises InvalidModel and UnsupportedModel."""
    if len(data) < 8:
        raise InvalidModel(f"the file has {len(data)} bytes: too short for a TFLite model")
    if data[4:8] != b"TFL3":
        raise InvalidModel(f"bytes 4 to 7 are {data[4:8]!r}, not the TFLite identifier b'TFL3'")
    with reading("the file's root table"):
        model = tflite.Model.GetRootAs(data, 0)
        version = model.Version()
        counts = model.OperatorCodesLength(), model.BuffersLength(), model.SubgraphsLength()
        signature_count = model.SignatureDefsLength()
    if version != 3:
        raise UnsupportedModel(f"the file has TFLite schema version {version}", help="edgegen reads version 3")
    room = Room(len(data))
    rows = room.tables(model.OperatorCodes, counts[0], "the operator codes")
    codes = [_operator_code(room, c, i) for i, c in enumerate(rows)]
    rows = room.tables(model.Buffers, counts[1], "the buffers")
    buffers = [_read_buffer(b, i, memoryview(data)) for i, b in enumerate(rows)]
    rows = room.tables(model.Subgraphs, counts[2], "the sub-graphs")
    graphs = [_read_graph(room, g, i, codes, buffers) for i, g in enumerate(rows)]
    if not graphs:
        raise InvalidModel("the file has no sub-graph")
    rows = room.tables(model.SignatureDefs, signature_count, "the signatures")
    return FileModel(tuple(graphs), tuple(_read_signature(room, s, i, graphs) for i, s in enumerate(rows)))
