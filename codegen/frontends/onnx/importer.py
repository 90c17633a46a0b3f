"""Builds a graph from an ONNX graph, one small function per operator, whose signature is the operator's schema."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import onnx
import onnx.helper

from edgegen.errors import InvalidGraph, InvalidModel, UnsupportedModel
from edgegen.frontends.onnx.reader import Versions
from edgegen.frontends.onnx.tensors import array_of, constant_tensor
from edgegen.frontends.onnx.values import Nothing, Sized, TensorList, Value, describe, flat
from edgegen.frontends.widening import WIDER, narrow_results
from edgegen.ir.dtypes import DType, dtype_of
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Op
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.cast import Cast
from edgegen.ops.reshape import Reshape

Import = Callable[..., Value | Sequence[Value | None]]
F = TypeVar("F", bound=Import)

FOLDED_BYTES = 1 << 16
"""Results of this size that depend on constants only are computed while importing: shapes, indices, masks. So are
larger ones that are no larger than what they are computed from, such as transposed weights."""


@dataclass(frozen=True)
class Registered:
    """An import function and the opset versions (inclusive) whose operator it implements.

    any_value: whether it takes sequences and optionals for inputs, not tensors alone
    """

    function: Import
    since: int
    until: int
    any_value: bool


REGISTRY: dict[tuple[str, str], list[Registered]] = {}
"""By domain ("" is ai.onnx) and operator name."""


def operator(
    name: str, since: int = 1, until: int = 1 << 30, domain: str = "", any_value: bool = False
) -> Callable[[F], F]:
    """Registers a function for the versions of an operator that came with opsets `since` to `until`.

    The function takes the Operator, then the operator's inputs by position (None where an optional one is absent),
    then its attributes by keyword, with the schema's defaults. It returns the output, or all outputs in order.
    """

    def register(function: F) -> F:
        REGISTRY.setdefault((domain, name), []).append(Registered(function, since, until, any_value))
        return function

    return register


class ValueNeeded(UnsupportedModel):
    """An operator must know ahead of time what a tensor holds, but that depends on the model's inputs `inputs`."""

    def __init__(self, what: str, tensor: str, inputs: Sequence[str]) -> None:
        self.inputs = tuple(inputs)
        super().__init__(
            what,
            [("why", f'"{tensor}" is computed at run time from {", ".join(inputs) or "the state"}')],
            "export the model with static shapes",
        )


class Operator:
    """One ONNX operator while it is imported: what it is called, which outputs are read, and a place to add nodes.

    wanted: for each output that the operator may have, whether the model names it
    """

    def __init__(self, model: Importer, node: onnx.NodeProto, index: int) -> None:
        self.model, self.node, self.index = model, node, index
        self.path = f"{model.path}{index}"
        self.name = node.op_type
        self.source = f"onnx node {self.path} {node.op_type}"
        self.label = model.prefix + (node.name or next((o for o in node.output if o), node.op_type))
        self.wanted = tuple(bool(o) for o in node.output)
        self.version = model.versions.get("" if node.domain == "ai.onnx" else node.domain, 1)
        self._parts = 0
        self._unrounded: dict[Tensor, Tensor] = {}  # f32 results that f16 and smaller floats were rounded from

    def add(self, op: Op, inputs: Sequence[Tensor | None]) -> Tensor:
        """Appends a node with one output, as `add_all` does, and returns that output."""
        (result,) = self.add_all(op, inputs)
        return result

    def add_all(self, op: Op, inputs: Sequence[Tensor | None]) -> list[Tensor]:
        """Appends a node and returns its outputs, of the types that `op` infers.

        What depends on constants only and takes little flash is computed at once and leaves no node, so that later
        operators find it where they need values ahead of time. Raises InvalidGraph if the inputs do not fit `op`.
        """
        self._parts += 1
        name = f"{self.label}/{op.kind.lower()}{self._parts}"
        if (narrow := narrow_results(op, inputs)) is not None:
            return self._add_wide(op, inputs, narrow)
        computed = op.infer(*(t.type if t is not None else None for t in inputs))
        results = [Tensor(name if k == 0 else f"{name}_{k}", type) for k, type in enumerate(computed)]
        read = [t for t in inputs if t is not None]
        if not any(t.elements for t in computed):  # there is nothing to compute
            for result in results:
                result.data = np.zeros(result.shape, result.dtype.np)
            return results
        limit = max(FOLDED_BYTES, sum(t.type.bytes for t in read))
        if read and all(t.is_constant for t in read) and sum(t.bytes for t in computed) <= limit:
            values = op.reference(*(t.data if t is not None else None for t in inputs))
            for result, array in zip(results, values, strict=True):
                result.data = np.array(array, result.dtype.np)
                result.data.setflags(write=False)
            if read[0].type.quantization is not None:
                results[0].type = replace(results[0].type, quantization=op.carries(read[0].type))
        else:
            self.model.graph.nodes.append(Node(op, list(inputs), list(results), name, self.source))
        return results

    def _add_wide(self, op: Op, inputs: Sequence[Tensor | None], narrow: Sequence[DType]) -> list[Tensor]:
        """Appends a node that computes on wider types; its results become `narrow` ones.

        Where another node of this operator reads a float result, it reads it before it was rounded: an operator's
        result is rounded once.
        """
        results = []
        for y, dtype in zip(self.add_all(op, [t and self._widened(t) for t in inputs]), narrow, strict=True):
            results.append(self.cast(y, dtype))
            if dtype.is_float and y.dtype != dtype:
                self._unrounded[results[-1]] = y
        return results

    def _widened(self, x: Tensor) -> Tensor:
        """x in the type that it is computed in; constants at once, since kernels need weights ahead of time."""
        if x in self._unrounded:
            return self._unrounded[x]
        wider = WIDER.get(x.dtype, x.dtype)
        if x.data is None or wider == x.dtype:
            return self.cast(x, wider)
        return self.constant(x.data.astype(wider.np), wider)

    def constant(self, values: Array | Sequence[Any] | float, dtype: DType) -> Tensor:
        """A new constant."""
        self._parts += 1
        array = np.array(values, dtype.np)
        array.setflags(write=False)
        return constant_tensor(f"{self.label}/constant{self._parts}", array, dtype)

    def values(self, tensor: Tensor, what: str) -> Array:
        """What a tensor holds, which must be known ahead of time; `what` says what it is. Raises ValueNeeded."""
        if tensor.data is None:
            raise ValueNeeded(
                f"{self.where}: {what} must be known ahead of time", tensor.name, self.model.inputs_behind(tensor)
            )
        return tensor.data

    def scaled(self, x: Tensor, factor: float) -> Tensor:
        """x * factor; x itself if the factor is 1."""
        return x if factor == 1 else self.add(Binary("mul"), [x, self.constant(factor, x.dtype)])

    def integers(self, tensor: Tensor, what: str) -> tuple[int, ...]:
        """As `values`, of a scalar or list of integers such as a shape or axes. Raises InvalidModel for others."""
        values = self.values(tensor, what)
        if values.dtype.kind not in "iu" or values.ndim > 1:
            raise self.invalid(f'{what} "{tensor.name}" must be a list of integers, is {tensor.type}')
        return tuple(int(v) for v in values.reshape(-1))

    def axis(self, value: int, rank: int) -> int:
        """An axis that may be counted from the end, as one of 0 to rank - 1. Raises InvalidModel."""
        if not -rank <= value < rank:
            raise self.invalid(f"axis {value} is not one of {rank} dimensions")
        return value % rank

    def axes(self, values: Sequence[int], rank: int) -> tuple[int, ...]:
        """Several different axes, in ascending order. Raises InvalidModel."""
        axes = [self.axis(v, rank) for v in values]
        if len(set(axes)) != len(axes):
            raise self.invalid(f"axes {list(values)} name one of {rank} dimensions twice")
        return tuple(sorted(axes))

    def cast(self, x: Tensor, dtype: DType) -> Tensor:
        """x as another type; x itself if it has that type."""
        return x if x.dtype == dtype else self.add(Cast(dtype.name), [x])

    def reshape(self, x: Tensor, shape: Sequence[int]) -> Tensor:
        """x under another shape; x itself if it has that shape."""
        return x if x.shape == tuple(shape) else self.add(Reshape(tuple(shape)), [x])

    @property
    def where(self) -> str:
        label = self.label if len(self.label) <= 60 else f"...{self.label[-57:]}"
        return f'{self.source} "{label}"'

    def invalid(self, text: str) -> InvalidModel:
        return InvalidModel(f"{self.where}: {text}")

    def unsupported(self, text: str, help: str = "") -> UnsupportedModel:
        return UnsupportedModel(f"{self.where}: {text}", help=help)


def _attribute(op: Operator, proto: onnx.AttributeProto) -> Any:
    """An attribute's value: int, float, str, Array, GraphProto, TypeProto, or a tuple of one of these."""
    value = onnx.helper.get_attribute_value(proto)
    if proto.type == onnx.AttributeProto.TENSOR:
        return array_of(value)
    if proto.type == onnx.AttributeProto.STRING:
        return value.decode("utf-8", "replace")
    if proto.type == onnx.AttributeProto.STRINGS:
        return tuple(v.decode("utf-8", "replace") for v in value)
    if proto.type in (onnx.AttributeProto.INTS, onnx.AttributeProto.FLOATS):
        return tuple(value)
    kinds = onnx.AttributeProto
    if proto.type in (kinds.INT, kinds.FLOAT, kinds.GRAPH, kinds.TYPE_PROTO):
        return value
    kind = onnx.AttributeProto.AttributeType.Name(proto.type).lower()
    raise op.unsupported(f"attribute {proto.name} of kind {kind}")


def _call(
    op: Operator, function: Import, inputs: Sequence[Value | None], attributes: dict[str, Any]
) -> list[Value | None]:
    """The import function's outputs, its arguments bound by its signature. Raises InvalidModel if they do not fit."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    bound = function.keywords if isinstance(function, partial) else {}
    known = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY} - bound.keys()
    if unknown := sorted(attributes.keys() - known):
        raise op.unsupported(f"attribute {unknown[0]} is not one of this operator's")
    for p in parameters:
        if p.kind is p.KEYWORD_ONLY and p.default is p.empty and p.name not in attributes:
            raise op.invalid(f"lacks attribute {p.name}")
    given = list(inputs)
    while not variadic and len(given) > len(positional) and given[-1] is None:
        given.pop()
    if len(given) > len(positional) and not variadic:
        raise op.invalid(f"has {len(given)} inputs, takes at most {len(positional)}")
    for i, p in enumerate(positional):
        if p.default is p.empty and (i >= len(given) or given[i] is None):
            raise op.invalid(f"lacks input {i}, {p.name}")
    result = function(op, *given, **attributes)
    return [result] if isinstance(result, Tensor | TensorList | Nothing | Sized) else list(result)


class Importer:
    """Operators of one ONNX graph while they are imported.

    graph:  where their nodes go
    scope:  values by the names that ONNX gives them; those of the graph around a sub-graph are seen through
    around: the importer of that graph
    path, prefix: where a sub-graph lies, before the numbers of its operators and the names of its tensors
    """

    def __init__(
        self,
        versions: Versions,
        graph: Graph,
        scope: dict[str, Value],
        around: Importer | None = None,
        path: str = "",
        prefix: str = "",
    ) -> None:
        self.versions, self.graph, self.scope = versions, graph, scope
        self.around, self.path, self.prefix = around, path, prefix
        self.named: set[Tensor] = around.named if around is not None else set()
        self.named.update(flat(scope.values()))

    def find(self, name: str) -> Value | None:
        """What a name stands for; None if nothing has been called so yet."""
        if name in self.scope or self.around is None:
            return self.scope.get(name)
        return self.around.find(name)

    def define(self, name: str, value: Value) -> None:
        """Gives a name to a value, and to a tensor that had none."""
        if isinstance(value, Tensor) and value not in self.named:
            value.name = self.prefix + name
            self.named.add(value)
        self.scope[name] = value

    def inputs_behind(self, *tensors: Tensor) -> list[str]:
        """Names of the model's inputs that the values of tensors depend on."""
        model, producers = self, self.graph.producers()
        while model.around is not None:
            model = model.around
            producers.update(model.graph.producers())
        waiting, seen = list(tensors), set(tensors)
        while waiting:
            node = producers.get(waiting.pop())
            for read in node.inputs if node is not None else []:
                if read is not None and read not in seen:
                    seen.add(read)
                    waiting.append(read)
        return [t.name for t in model.graph.inputs if t in seen]

    def _find(self, op: Operator, node: onnx.NodeProto) -> Registered:
        for row in REGISTRY["" if node.domain == "ai.onnx" else node.domain, node.op_type]:
            if row.since <= op.version <= row.until:
                return row
        raise op.unsupported(f"this operator as of opset {op.version} is not supported")

    def _inputs(self, op: Operator, node: onnx.NodeProto, any_value: bool) -> list[Value | None]:
        inputs: list[Value | None] = []
        for name in node.input:
            value = self.find(name) if name else None
            if name and value is None:
                raise op.invalid(f'reads "{name}", which no earlier node writes')
            if isinstance(value, Sized):
                op.values(value.shape, f'the extents of "{name}"')
            if value is not None and not any_value and not isinstance(value, Tensor):
                raise op.invalid(f'takes tensors, but "{name}" is {describe(value)}')
            inputs.append(value)
        return inputs

    def add_node(self, node: onnx.NodeProto, index: int) -> None:
        op = Operator(self, node, index)
        row = self._find(op, node)
        inputs = self._inputs(op, node, row.any_value)
        attributes = {a.name: _attribute(op, a) for a in node.attribute}
        try:
            results = _call(op, row.function, inputs, attributes)
        except InvalidGraph as error:
            raise op.invalid(error.what) from error
        for name, result in zip(node.output, results, strict=False):
            if not name:
                continue
            if result is None:
                raise op.unsupported(f'its output "{name}" is not supported')
            self.define(name, result)
        for name in node.output[len(results) :]:
            if name:
                raise op.unsupported(f'its output "{name}" is not supported')

    def add_nodes(self, proto: onnx.GraphProto) -> list[Value]:
        """Imports the operators of a graph; what its outputs are."""
        for index, node in enumerate(proto.node):
            self.add_node(node, index)
        values = []
        for info in proto.output:
            value = self.find(info.name)
            if value is None:
                raise InvalidModel(f'output "{info.name}" is never written')
            values.append(value)
        return values


def constants_of(proto: onnx.GraphProto) -> dict[str, Value]:
    """Initializers by name. Raises InvalidModel and UnsupportedModel."""
    if proto.sparse_initializer:
        raise UnsupportedModel(f'constant "{proto.sparse_initializer[0].values.name}" is sparse')
    arrays = {initializer.name: array_of(initializer) for initializer in proto.initializer}
    return {name: constant_tensor(name, values, dtype_of(values)) for name, values in arrays.items()}
