"""Builds a graph from a TFLite sub-graph, one small function per operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgegen.errors import EdgegenError, InvalidGraph, InvalidModel, UnsupportedModel, UsageError
from edgegen.frontends.tflite.reader import (
    FileGraph,
    FileOperator,
    FileTensor,
    Options,
    constant_array,
    read_flatbuffer,
)
from edgegen.ir.dtypes import BOOL, F16, F32, F64, S8, S16, S32, S64, U8, U32, U64, DType
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Op
from edgegen.ir.quantization import Quantization
from edgegen.ir.tensor import Array, Tensor, TensorType, constant

DTYPES: dict[str, DType] = {
    "FLOAT32": F32,
    "FLOAT16": F16,
    "FLOAT64": F64,
    "INT8": S8,
    "UINT8": U8,
    "INT16": S16,
    "INT32": S32,
    "INT64": S64,
    "UINT32": U32,
    "UINT64": U64,
    "BOOL": BOOL,
}

Import = Callable[["Operator"], None]


@dataclass(frozen=True)
class Registered:
    """An import function and the operator versions that it implements."""

    function: Import
    last_version: int


REGISTRY: dict[str, Registered] = {}


def operator(name: str, last_version: int) -> Callable[[Import], Import]:
    """Registers a function for TFLite operator `name`, versions 1 to `last_version`."""

    def register(function: Import) -> Import:
        REGISTRY[name] = Registered(function, last_version)
        return function

    return register


class Operator:
    """One TFLite operator while it is imported: its inputs, outputs and options, and a place to add nodes."""

    def __init__(self, graph: Graph, file: FileOperator, tensors: Sequence[Tensor]) -> None:
        self._graph, self._file = graph, file
        self.name, self.source = file.name, file.source
        self.inputs: list[Tensor | None] = [tensors[i] if i >= 0 else None for i in file.inputs]
        self.outputs: list[Tensor] = [tensors[i] for i in file.outputs]
        self._parts = 0

    def options(self, kind: type) -> Options:
        return self._file.options(kind)

    def input(self, i: int) -> Tensor:
        """Input i, which must be there. Raises InvalidModel."""
        tensor = self.optional(i)
        if tensor is None:
            raise self.invalid(f"lacks input {i}")
        return tensor

    def optional(self, i: int) -> Tensor | None:
        return self.inputs[i] if i < len(self.inputs) else None

    @property
    def output(self) -> Tensor:
        """The only (or first) output. Raises InvalidModel if there is none."""
        if not self.outputs:
            raise self.invalid("has no output")
        return self.outputs[0]

    def constant(self, i: int, what: str) -> Array:
        """Values of input i, which must be constant: `what` says what it holds. Raises UnsupportedModel."""
        tensor = self.input(i)
        if tensor.data is None:
            raise UnsupportedModel(
                f'{self.source} "{self.output.name}": {what} must be known ahead of time',
                [("why", f'"{tensor.name}" is computed at run time')],
                "convert the model with static shapes",
            )
        return tensor.data

    def quantization(self, tensor: Tensor) -> Quantization:
        """The quantization of an integer tensor. Raises InvalidModel if it has none."""
        if tensor.type.quantization is None:
            raise self.invalid(f'"{tensor.name}" is {tensor.dtype} but has no quantization')
        return tensor.type.quantization

    def per_tensor(self, tensor: Tensor) -> tuple[float, int]:
        """(scale, zero point) of a tensor quantized as a whole. Raises InvalidModel."""
        q = self.quantization(tensor)
        if not q.per_tensor:
            raise self.invalid(f'"{tensor.name}" must be quantized per tensor')
        return q.scale[0], q.zero_point[0]

    def add(self, op: Op, inputs: Sequence[Tensor | None], output: Tensor | None = None) -> Tensor:
        """Appends a node. Without `output` the result is a new tensor of the inferred type."""
        self._parts += 1
        name = (output or self.output).name
        if output is None:
            output = self.temporary(op, inputs)
        self._graph.nodes.append(Node(op, list(inputs), [output], name, self.source))
        return output

    def temporary(self, op: Op, inputs: Sequence[Tensor | None]) -> Tensor:
        types = op.infer(*(t.type if t is not None else None for t in inputs))
        return Tensor(f"{self.output.name}/{op.kind.lower()}{self._parts}", types[0])

    def add_constant(self, suffix: str, values: Array, dtype: DType) -> Tensor:
        return constant(f"{self.output.name}/{suffix}", values, dtype)

    def invalid(self, text: str) -> InvalidModel:
        name = f' "{self.outputs[0].name}"' if self.outputs else ""
        return InvalidModel(f"{self.source}{name}: {text}")

    def unsupported(self, text: str, help: str = "") -> UnsupportedModel:
        name = f' "{self.outputs[0].name}"' if self.outputs else ""
        return UnsupportedModel(f"{self.source}{name}: {text}", help=help)


def _shape(tensor: FileTensor, shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    chosen = shapes.get(tensor.name)
    if chosen is None:
        return tensor.shape
    fits = len(chosen) == len(tensor.signature) and all(
        s in (-1, c) and c > 0 for s, c in zip(tensor.signature, chosen, strict=True)
    )
    if not fits:
        raise UsageError(f'input "{tensor.name}" has shape {list(tensor.signature)}, not {list(chosen)}')
    return chosen


def _tensor(tensor: FileTensor, shapes: Mapping[str, tuple[int, ...]]) -> Tensor:
    if tensor.type not in DTYPES:
        raise UnsupportedModel(f'tensor "{tensor.name}" has type {tensor.type}, which edgegen does not compute')
    dtype = DTYPES[tensor.type]
    quantization = None
    if tensor.scale:
        axis = None
        if len(tensor.scale) > 1:
            axis = tensor.axis
            if not 0 <= axis < max(len(tensor.shape), 1):
                axis = 0  # some converters leave the weights' axis on the bias, which has only one
        quantization = Quantization(tensor.scale, tensor.zero_point, axis)
    if tensor.data is None:
        return Tensor(tensor.name, TensorType(dtype, _shape(tensor, shapes), quantization))
    if tensor.is_sparse:
        raise UnsupportedModel(f'constant "{tensor.name}" is sparse', help="convert the model without sparsity")
    return constant(tensor.name, constant_array(tensor, dtype.np), dtype, quantization)


def _import_operator(graph: Graph, file: FileOperator, tensors: Sequence[Tensor]) -> None:
    registered = REGISTRY.get(file.name)
    if registered is None:
        raise UnsupportedModel(
            f"{file.source} is not supported",
            [("operator", file.name)],
            "README.md lists the supported operators; replace this one or report the model",
        )
    if not 1 <= file.version <= registered.last_version:
        raise UnsupportedModel(
            f"{file.source} has version {file.version}; versions 1 to {registered.last_version} are supported",
            help="convert the model with an older converter, or update edgegen",
        )
    try:
        registered.function(Operator(graph, file, tensors))
    except InvalidGraph as error:
        raise InvalidModel(f"{file.source}: {error.what}", error.details, error.help) from error


def build_graph(file: FileGraph, name: str, shapes: Mapping[str, tuple[int, ...]]) -> Graph:
    """The graph of one sub-graph. Raises InvalidModel, UnsupportedModel and UsageError."""
    names = {file.tensors[i].name for i in file.inputs}
    for unknown in shapes.keys() - names:
        raise UsageError(f'the model has no input "{unknown}"', [("inputs", ", ".join(sorted(names)))])
    tensors = [_tensor(t, shapes if i in file.inputs else {}) for i, t in enumerate(file.tensors)]
    graph = Graph(name, [tensors[i] for i in file.inputs], [tensors[i] for i in file.outputs])
    for op in file.operators:
        _import_operator(graph, op, tensors)
    return graph


def read_tflite(data: bytes, name: str, shapes: Mapping[str, tuple[int, ...]]) -> Graph:
    """The graph of a .tflite file's first sub-graph. Raises InvalidModel, UnsupportedModel and UsageError."""
    from edgegen.frontends.tflite import operators  # noqa: F401  (registers the operators)

    try:
        return build_graph(read_flatbuffer(data)[0], name, shapes)
    except InvalidGraph as error:
        raise InvalidModel(error.what, error.details, error.help) from error


__all__ = ["Any", "EdgegenError", "Operator", "operator", "read_tflite"]
