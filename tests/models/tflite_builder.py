"""Builds small .tflite files for tests: any operator, any options, any quantization, and malformed ones on purpose.

    data = build_model(
        [Tensor("x", "INT8", (1, 4, 4, 2), scale=0.5, zero_point=3), Tensor("y", "INT8", (1, 2, 2, 2), scale=0.5)],
        [Operator("MAX_POOL_2D", ["x"], ["y"], options("Pool2DOptions", StrideH=2, StrideW=2, FilterHeight=2, ...))],
    )

Tensors are named by name or by index; any integer is written as it is, so an index out of range makes a hostile file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import tflite
from flatbuffers import flexbuffers

_NUMPY_TYPES = {
    "float32": "FLOAT32",
    "float16": "FLOAT16",
    "float64": "FLOAT64",
    "int8": "INT8",
    "uint8": "UINT8",
    "int16": "INT16",
    "uint16": "UINT16",
    "int32": "INT32",
    "uint32": "UINT32",
    "int64": "INT64",
    "uint64": "UINT64",
    "bool": "BOOL",
}


@dataclass(frozen=True)
class Options:
    """An operator's options table: the schema's name of the table and its fields."""

    table: str
    fields: Mapping[str, Any]


def options(table: str, **fields: Any) -> Options:
    """`options("SoftmaxOptions", Beta=1.0)`. A sequence of integers becomes a vector of int32, an array one of
    its own type, text a string."""
    return Options(table, fields)


def custom_options(**fields: Any) -> bytes:
    """What a custom operator has for its options: `Operator("custom:X", ..., custom=custom_options(cycles_max=2))`."""
    return bytes(flexbuffers.Dumps(fields))


@dataclass(frozen=True)
class Sparsity:
    """How a sparse tensor is stored; see `sparsity.FileSparsity`.

    levels: of each level the size of a dense dimension, or (segments, indices) of a sparse one
    vector: the schema's name of the vectors of segments and indices ("Uint8Vector"); a number is written as it is
    """

    order: Sequence[int]
    levels: Sequence[int | tuple[Sequence[int], Sequence[int]]]
    blocks: Sequence[int] = ()
    vector: str | int = "Int32Vector"


@dataclass(frozen=True)
class Blocks:
    """Blockwise quantization: positions of the tensors of scales and zero points, and the blocks' size."""

    scales: int
    size: int
    zero_points: int = -1


@dataclass(frozen=True)
class Tensor:
    """A tensor of the file.

    type:       the schema's name ("INT8"); "" takes it from `data`; an integer is written as it is
    shape:      None takes it from `data`
    data:       values of a constant, or raw bytes; None for an activation
    scale, zero_point: one number, or one per index along `axis`; None leaves quantization out
    signature:  shape with -1 where a dimension is free; None leaves it out
    buffer:     overrides the index of the buffer
    sparsity, blocks: of a constant; `data` has only what is stored then
    limits:     least and greatest value, which fake quantization leaves in place of a scale
    """

    name: str
    type: str | int = ""
    shape: Sequence[int] | None = None
    data: np.ndarray | bytes | None = None
    scale: float | Sequence[float] | None = None
    zero_point: int | Sequence[int] = 0
    axis: int = 0
    signature: Sequence[int] | None = None
    is_variable: bool = False
    buffer: int | None = None
    sparsity: Sparsity | None = None
    blocks: Blocks | None = None
    limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Operator:
    """An operator of the file.

    name:    the schema's BuiltinOperator ("CONV_2D"), a number written as it is, or "custom:NAME"
    inputs, outputs: tensors by name or index; None marks an absent optional input
    code:    overrides the index into the list of operator codes
    custom:  options of a custom operator: see `custom_options`
    intermediates: tensors that only say how results inside the operator are quantized
    """

    name: str | int
    inputs: Sequence[str | int | None]
    outputs: Sequence[str | int]
    options: Options | None = None
    version: int = 1
    code: int | None = None
    custom: bytes | None = None
    intermediates: Sequence[str | int] = ()


@dataclass(frozen=True)
class _Code:
    number: int
    custom: str
    version: int


@dataclass
class _Writer:
    """A flatbuffers builder with the few forms of vectors that the schema has."""

    b: flatbuffers.Builder = field(default_factory=lambda: flatbuffers.Builder(1024))

    def offsets(self, values: Sequence[int]) -> int:
        self.b.StartVector(4, len(values), 4)
        for v in reversed(values):
            self.b.PrependUOffsetTRelative(v)
        return self.b.EndVector()

    def numbers(self, values: Sequence[Any], dtype: str) -> int:
        return self.b.CreateNumpyVector(np.asarray(values, dtype))

    def bytes16(self, data: bytes) -> int:
        """A byte vector aligned to 16 bytes, as the schema asks of buffers."""
        self.b.StartVector(1, len(data), 16)
        self.b.head -= len(data)
        self.b.Bytes[self.b.head : self.b.head + len(data)] = data
        return self.b.EndVector()

    def table(self, kind: str, **fields: Any) -> int:
        """A table of the generated class `kind`. None leaves a field out."""
        getattr(tflite, f"{kind}Start")(self.b)
        for name, value in fields.items():
            if value is not None:
                getattr(tflite, f"{kind}Add{name}")(self.b, value)
        return getattr(tflite, f"{kind}End")(self.b)


def _many(value: Any) -> list[Any]:
    return [value] if np.isscalar(value) else list(value)


def _buffer_bytes(tensor: Tensor) -> bytes:
    if isinstance(tensor.data, np.ndarray):
        return np.ascontiguousarray(tensor.data).tobytes()
    return tensor.data or b""


_VECTOR_TYPES = {"Int32Vector": "int32", "Uint16Vector": "uint16", "Uint8Vector": "uint8"}


def _write_sparsity(w: _Writer, sparsity: Sparsity) -> int:
    name = sparsity.vector if isinstance(sparsity.vector, str) else "Int32Vector"
    kind = getattr(tflite.SparseIndexVector, name) if isinstance(sparsity.vector, str) else sparsity.vector
    levels = []
    for level in sparsity.levels:
        if isinstance(level, int):
            levels.append(w.table("DimensionMetadata", DenseSize=level))
            continue
        vectors = [w.table(name, Values=w.numbers(v, _VECTOR_TYPES[name])) for v in level]
        levels.append(
            w.table(
                "DimensionMetadata",
                Format=tflite.DimensionType.SPARSE_CSR,
                ArraySegmentsType=kind,
                ArraySegments=vectors[0],
                ArrayIndicesType=kind,
                ArrayIndices=vectors[1],
            )
        )
    order, blocks = w.numbers(sparsity.order, "int32"), w.numbers(sparsity.blocks, "int32")
    return w.table("SparsityParameters", TraversalOrder=order, BlockMap=blocks, DimMetadata=w.offsets(levels))


def _write_blocks(w: _Writer, blocks: Blocks) -> int:
    """QuantizationParameters with a BlockwiseQuantization, which the `tflite` package has no writer for."""
    w.b.StartObject(3)
    for slot, value in enumerate((blocks.scales, blocks.zero_points, blocks.size)):
        w.b.PrependInt32Slot(slot, value, 0)
    details = w.b.EndObject()
    return w.table("QuantizationParameters", DetailsType=2, Details=details)


def _write_tensor(w: _Writer, tensor: Tensor, buffer: int) -> int:
    data = tensor.data
    kind = tensor.type or (_NUMPY_TYPES[data.dtype.name] if isinstance(data, np.ndarray) else "FLOAT32")
    code = kind if isinstance(kind, int) else getattr(tflite.TensorType, kind)
    shape = tensor.shape if tensor.shape is not None else data.shape if isinstance(data, np.ndarray) else ()
    quantization = None if tensor.blocks is None else _write_blocks(w, tensor.blocks)
    sparsity = None if tensor.sparsity is None else _write_sparsity(w, tensor.sparsity)
    if tensor.limits is not None:
        low, high = (w.numbers([v], "float32") for v in tensor.limits)
        quantization = w.table("QuantizationParameters", Min=low, Max=high)
    if tensor.scale is not None:
        scales, zeros = _many(tensor.scale), _many(tensor.zero_point)
        zeros = zeros * len(scales) if len(zeros) == 1 else zeros
        scale_vector, zero_vector = w.numbers(scales, "float32"), w.numbers(zeros, "int64")
        quantization = w.table(
            "QuantizationParameters", Scale=scale_vector, ZeroPoint=zero_vector, QuantizedDimension=tensor.axis
        )
    name, dims = w.b.CreateString(tensor.name), w.numbers(shape, "int32")
    signature = None if tensor.signature is None else w.numbers(tensor.signature, "int32")
    return w.table(
        "Tensor",
        Shape=dims,
        Type=code,
        Buffer=buffer if tensor.buffer is None else tensor.buffer,
        Name=name,
        Quantization=quantization,
        IsVariable=tensor.is_variable or None,
        ShapeSignature=signature,
        Sparsity=sparsity,
    )


def _write_options(w: _Writer, opts: Options) -> int:
    def value(given: Any) -> Any:
        if isinstance(given, str):
            return w.b.CreateString(given)
        if isinstance(given, np.ndarray):
            return w.numbers(given, given.dtype.name)
        return w.numbers(given, "int32") if isinstance(given, (list, tuple)) else given

    return w.table(opts.table, **{k: value(v) for k, v in opts.fields.items()})


def _code_of(operator: Operator) -> _Code:
    if isinstance(operator.name, int):
        return _Code(operator.name, "", operator.version)
    if operator.name.startswith("custom:"):
        return _Code(tflite.BuiltinOperator.CUSTOM, operator.name.removeprefix("custom:"), operator.version)
    return _Code(getattr(tflite.BuiltinOperator, operator.name), "", operator.version)


def _write_operator(w: _Writer, operator: Operator, code: int, index: Mapping[str, int]) -> int:
    def position(tensor: str | int | None) -> int:
        return -1 if tensor is None else index[tensor] if isinstance(tensor, str) else tensor

    table, kind, second = None, None, False
    if operator.options is not None:
        table = _write_options(w, operator.options)
        kind = getattr(tflite.BuiltinOptions, operator.options.table, None)
        second = kind is None  # later operators have their options in another union
        kind = getattr(tflite.BuiltinOptions2, operator.options.table) if second else kind
    inputs = w.numbers([position(t) for t in operator.inputs], "int32")
    outputs = w.numbers([position(t) for t in operator.outputs], "int32")
    custom = None if operator.custom is None else w.bytes16(operator.custom)
    inside = w.numbers([position(t) for t in operator.intermediates], "int32") if operator.intermediates else None
    return w.table(
        "Operator",
        OpcodeIndex=code if operator.code is None else operator.code,
        Inputs=inputs,
        Outputs=outputs,
        **({"BuiltinOptions2Type": kind, "BuiltinOptions2": table} if second else {}),
        **({} if second else {"BuiltinOptionsType": kind, "BuiltinOptions": table}),
        CustomOptions=custom,
        Intermediates=inside,
    )


@dataclass(frozen=True)
class SubGraph:
    """A sub-graph beside the model's own: what CALL_ONCE, IF and WHILE refer to by number, from 1."""

    tensors: Sequence[Tensor]
    operators: Sequence[Operator]
    inputs: Sequence[str | int] | None = None
    outputs: Sequence[str | int] | None = None


@dataclass(frozen=True)
class Signature:
    """A signature: {name: tensor's index} of inputs and outputs of a sub-graph."""

    key: str
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
    graph: int = 0


class _File:
    """Buffers and operator codes, which all sub-graphs share."""

    def __init__(self, graphs: Sequence[SubGraph]) -> None:
        self.w = w = _Writer()
        self.codes = list(dict.fromkeys(_code_of(o) for g in graphs for o in g.operators))
        contents = [b""] + [_buffer_bytes(t) for g in graphs for t in g.tensors if t.data is not None]
        self._places = iter(range(1, len(contents)))
        self.buffers = [w.table("Buffer", Data=w.bytes16(c) if c else None) for c in contents]
        self.graphs = [self._graph(g, "main" if i == 0 else f"graph{i}") for i, g in enumerate(graphs)]

    def _graph(self, graph: SubGraph, name: str) -> int:
        w, index = self.w, {t.name: i for i, t in enumerate(graph.tensors)}
        written = {t for o in graph.operators for t in o.outputs}
        read = {t for o in graph.operators for t in o.inputs}
        inputs, outputs = graph.inputs, graph.outputs
        if inputs is None:
            free = [t for t in graph.tensors if t.data is None and not t.is_variable]
            inputs = [t.name for t in free if not {t.name, index[t.name]} & written]
        if outputs is None:
            outputs = [t.name for t in graph.tensors if {t.name, index[t.name]} & written and t.name not in read]
        tensors = [_write_tensor(w, t, 0 if t.data is None else next(self._places)) for t in graph.tensors]
        operators = [_write_operator(w, o, self.codes.index(_code_of(o)), index) for o in graph.operators]
        return w.table(
            "SubGraph",
            Tensors=w.offsets(tensors),
            Inputs=w.numbers([index[t] if isinstance(t, str) else t for t in inputs], "int32"),
            Outputs=w.numbers([index[t] if isinstance(t, str) else t for t in outputs], "int32"),
            Operators=w.offsets(operators),
            Name=w.b.CreateString(name),
        )

    def signature(self, signature: Signature) -> int:
        w = self.w

        def names(tensors: Mapping[str, int]) -> int:
            texts = [(w.b.CreateString(name), index) for name, index in tensors.items()]
            return w.offsets([w.table("TensorMap", Name=text, TensorIndex=index) for text, index in texts])

        inputs, outputs = names(signature.inputs), names(signature.outputs)
        key = w.b.CreateString(signature.key)
        return w.table("SignatureDef", Inputs=inputs, Outputs=outputs, SignatureKey=key, SubgraphIndex=signature.graph)

    def code(self, code: _Code) -> int:
        return self.w.table(
            "OperatorCode",
            DeprecatedBuiltinCode=min(code.number, 127),
            CustomCode=self.w.b.CreateString(code.custom) if code.custom else None,
            Version=code.version,
            BuiltinCode=code.number,
        )


def build_model(
    tensors: Sequence[Tensor],
    operators: Sequence[Operator],
    inputs: Sequence[str | int] | None = None,
    outputs: Sequence[str | int] | None = None,
    schema_version: int = 3,
    identifier: bytes = b"TFL3",
    more: Sequence[SubGraph] = (),
    signatures: Sequence[Signature] = (),
) -> bytes:
    """The file's bytes.

    inputs, outputs: of the model; by default the activations that no operator writes and that are no variables, and
                     those that none reads
    more: further sub-graphs
    signatures: ways to call the model
    """
    file = _File([SubGraph(tensors, operators, inputs, outputs), *more])
    w = file.w
    model = w.table(
        "Model",
        Version=schema_version,
        OperatorCodes=w.offsets([file.code(c) for c in file.codes]),
        Subgraphs=w.offsets(file.graphs),
        Description=w.b.CreateString("edgegen test"),
        Buffers=w.offsets(file.buffers),
        SignatureDefs=w.offsets([file.signature(s) for s in signatures]) if signatures else None,
    )
    w.b.Finish(model, file_identifier=identifier)
    return bytes(w.b.Output())
