"""Builds a graph from a TFLite sub-graph, one small function per operator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgegen.errors import InvalidGraph, InvalidModel, UnsupportedModel, UsageError
from edgegen.frontends.tflite.custom_options import CustomOptions
from edgegen.frontends.tflite.reader import FileGraph, FileOperator, Options, read_flatbuffer
from edgegen.frontends.tflite.tensors import MAX_BYTES, RESOURCE, check_size, choose_shape, make_tensor
from edgegen.frontends.tflite.unsigned import TO_SIGNED, TO_UNSIGNED, Signed, can_be_signed, signed_twin
from edgegen.ir.dtypes import S8, U8, DType
from edgegen.ir.graph import Graph, Node, State
from edgegen.ir.op import Op
from edgegen.ir.quantization import Quantization
from edgegen.ir.tensor import Array, Tensor, TensorType, constant

Import = Callable[["Operator"], None]

FOLDED_BYTES = 4096
"""Results of this size that depend on constants only are computed while importing."""


@dataclass(frozen=True)
class Registered:
    """An import function, the operator versions that it implements and how it takes quantized u8."""

    function: Import
    last_version: int
    signed: Signed


REGISTRY: dict[str, Registered] = {}


def operator(name: str, last_version: int, signed: Signed = "") -> Callable[[Import], Import]:
    """Registers a function for TFLite operator `name`, versions 1 to `last_version`.

    signed: "computes" or "moves" for a function that sees quantized u8 as s8: see unsigned.py
    """

    def register(function: Import) -> Import:
        REGISTRY[name] = Registered(function, last_version, signed)
        return function

    return register


class Operator:
    """One TFLite operator while it is imported: its inputs, outputs and options, and a place to add nodes.

    Inputs have the shapes that inference gave them. Outputs have the file's shapes until a node writes them; those
    are stale where the user chose other sizes (`resized`), so an import function takes shapes from the inputs and
    options, and from an output only where the format says nothing else.

    unsigned: the file's type is u8 where the operator's inputs and outputs here are s8
    """

    def __init__(self, model: Importer, file: FileOperator) -> None:
        self._model, self._file = model, file
        self.name, self.source = file.name, file.source
        self.resized = model.resized
        self.inputs: list[Tensor | None] = [model.tensors[i] if i >= 0 else None for i in file.inputs]
        self.outputs: list[Tensor] = [model.tensors[i] for i in file.outputs]
        self.unsigned = False
        self._parts = 0

    def options(self, kind: type) -> Options:
        return self._file.options(kind)

    def custom_options(self) -> CustomOptions:
        """The options of a custom operator. Raises InvalidModel if they are no FlexBuffer."""
        return CustomOptions(self.custom_bytes(), self.source)

    def custom_bytes(self) -> bytes:
        """The same as the file has them, for operators that keep a struct there."""
        return self._file.custom_options()

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
                f"{self._where}: {what} must be known ahead of time",
                [("why", f'"{tensor.name}" is computed at run time')],
                "convert the model with static shapes",
            )
        return tensor.data

    def integers(self, i: int, what: str) -> tuple[int, ...]:
        """Values of input i, a constant scalar or list of s32 or s64, such as a shape, axes or paddings."""
        values = self.constant(i, what)
        if values.dtype.name not in ("int32", "int64") or values.ndim > 1:
            raise self.invalid(f'{what} "{self.input(i).name}" must be a list of s32 or s64, is {self.input(i).type}')
        return tuple(int(v) for v in values.reshape(-1))

    def axis(self, value: int, rank: int) -> int:
        """An axis that may be counted from the end, as one of 0 to rank - 1. Raises InvalidModel."""
        if not -rank <= value < rank:
            raise self.invalid(f"axis {value} is not one of {rank} dimensions")
        return value % rank

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

    def same_quantization(self, x: Tensor, y: Tensor) -> None:
        """Raises UnsupportedModel if y, which only moves x's elements, gives them another meaning."""
        a, b = x.type.quantization, y.type.quantization
        if a is not None and b is not None and x.dtype.size < 4 and (a.scale, a.zero_point) != (b.scale, b.zero_point):
            raise self.unsupported(
                f'"{x.name}" has {a}, "{y.name}" {b}: {self.name} cannot requantize', "insert a QUANTIZE between them"
            )

    def add(self, op: Op, inputs: Sequence[Tensor | None], output: Tensor | None = None) -> Tensor:
        """Appends a node with one output, as `add_all` does, and returns that output."""
        (result,) = self.add_all(op, inputs, [output])
        return result

    def add_all(self, op: Op, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor | None]) -> list[Tensor]:
        """Appends a node and returns its outputs. Where `outputs` has None, the result is a new tensor.

        Results have the types that `op` infers. What depends on constants only and is small, as shapes and indices are,
        is computed at once and leaves no node, so that later operators find it where they need values ahead of time.
        Raises InvalidModel if a type contradicts the file's declaration, and InvalidGraph if the inputs do not fit the
        operator.
        """
        self._parts += 1
        computed = op.infer(*(t.type if t is not None else None for t in inputs))
        results: list[Tensor] = []
        for k, (given, type) in enumerate(zip(outputs, computed, strict=True)):
            result = given
            if result is None:
                suffix = f"{op.kind.lower()}{self._parts}" + (f"_{k}" if len(computed) > 1 else "")
                result = Tensor(f"{self.output.name}/{suffix}", type)
                check_size(result.name, type)
            else:
                self._model.define(self, result, type)
            results.append(result)
        read = [t for t in inputs if t is not None]
        if read and all(t.is_constant for t in read) and sum(t.bytes for t in computed) <= FOLDED_BYTES:
            values = op.reference(*(t.data if t is not None else None for t in inputs))
            for result, array in zip(results, values, strict=True):
                result.data = np.array(array, result.dtype.np)
                result.data.setflags(write=False)
        else:
            self._model.graph.nodes.append(Node(op, list(inputs), results, results[0].name, self.source))
        return results

    def state(self, i: int, first: Array | None = None) -> State:
        """What the variable tensor at input i carries from run to run; the caller sets its `next`.

        first: its value before the first run; by default zero, for which an s8 tensor has its zero point, as
               interpreters reset it. Raises InvalidModel if input i is not a variable tensor, and UnsupportedModel if
               two operators write it.
        """
        tensor = self.input(i)
        return self._model.carry(self, tensor, first)

    def define_constant(self, tensor: Tensor, values: Array) -> None:
        """Gives an output values that are known ahead of time, in place of a node. Raises as `add` does."""
        self._model.define(self, tensor, TensorType(tensor.dtype, values.shape))
        self._model.computed_bytes += values.nbytes
        if self._model.computed_bytes > MAX_BYTES:
            raise self.unsupported(f"constants computed ahead of time exceed {MAX_BYTES:,} bytes")
        values.setflags(write=False)
        tensor.data = values

    @property
    def model(self) -> Importer:
        """The sub-graph that the operator stands in."""
        return self._model

    def add_constant(self, suffix: str, values: Array, dtype: DType) -> Tensor:
        return constant(f"{self.output.name}/{suffix}", values, dtype)

    @property
    def _where(self) -> str:
        """How messages name the operator: converters join the names of all that they fused, so the end is enough."""
        name = self.outputs[0].name if self.outputs else ""
        return f'{self.source} "{name if len(name) <= 60 else f"...{name[-57:]}"}"' if name else self.source

    def invalid(self, text: str) -> InvalidModel:
        return InvalidModel(f"{self._where}: {text}")

    def unsupported(self, text: str, help: str = "") -> UnsupportedModel:
        return UnsupportedModel(f"{self._where}: {text}", help=help)


@dataclass
class Variable:
    """A resource variable while its sub-graph is imported.

    initial: its value before the first run, if an initialization gives one
    state:   what outlives a run; None as long as nothing reads a value of an earlier run
    current: its value after the operators so far
    """

    name: str
    initial: Array | None = None
    state: State | None = None
    current: Tensor | None = None


class Importer:
    """One sub-graph while it is imported.

    defined: tensors that have a value: inputs, constants and what operators so far have written
    resized: the user chose sizes other than the file's, so the shapes that it declares for results are stale
    computed_bytes: of constants that import functions computed so far
    signed: quantized u8 tensors that are at hand as s8 too
    variables: resource variables by name
    variable_outputs: variable tensors that an operator writes, which so finds there what its last run has left
    handles: which variable each resource tensor refers to
    """

    def __init__(
        self, files: Sequence[FileGraph], index: int, name: str, shapes: Mapping[str, tuple[int, ...]]
    ) -> None:
        self.files = files
        self._file = file = files[index]
        self.variables: dict[str, Variable] = {}
        self.handles: dict[Tensor, Variable] = {}
        _check_operators(file.operators)
        self.tensors = [make_tensor(t) for t in file.tensors]
        self._free = {self.tensors[i] for i, t in enumerate(file.tensors) if -1 in t.signature}
        inputs = [self.tensors[i] for i in file.inputs]
        if len(set(inputs)) != len(inputs):
            raise InvalidModel("a tensor is listed twice among the model's inputs")
        for tensor in inputs:
            if tensor.dtype == RESOURCE:
                raise UnsupportedModel(f'tensor "{tensor.name}" has type RESOURCE, which no caller can give')
            check_size(tensor.name, tensor.type)
            if tensor.is_constant:
                raise InvalidModel(f'the model\'s input "{tensor.name}" is a constant')
        names = {t.name for t in inputs}
        for unknown in shapes.keys() - names:
            raise UsageError(f'the model has no input "{unknown}"', [("inputs", ", ".join(sorted(names)))])
        changed = [choose_shape(self.tensors[i], file.tensors[i], shapes) for i in file.inputs]
        self.resized = any(changed)
        for tensor in inputs:
            check_size(tensor.name, tensor.type)
        written = {self.tensors[i] for o in file.operators for i in o.outputs}
        variables = {t for t, f in zip(self.tensors, file.tensors, strict=True) if f.is_variable and not t.is_constant}
        self.variable_outputs, self._variable_tensors = variables & written, variables - written
        self._carried: set[Tensor] = set()
        self.signed: dict[Tensor, Tensor] = {}
        self.defined = {*inputs, *(t for t in self.tensors if t.is_constant), *self._variable_tensors}
        self.computed_bytes = 0
        self.graph = Graph(name, inputs, [self.tensors[i] for i in file.outputs])

    def define(self, op: Operator, tensor: Tensor, computed: TensorType) -> None:
        """Gives a tensor of the file, which an operator now writes, the shape that was inferred for it."""
        if tensor in self.defined:
            raise op.invalid(f'writes "{tensor.name}" twice')
        agrees = self.resized or tensor in self._free or tensor.shape == computed.shape
        if tensor.dtype != computed.dtype or not agrees:
            text = f'"{tensor.name}" is declared {tensor.type}, but its operator computes {computed}'
            raise op.invalid(text)
        check_size(tensor.name, computed)
        tensor.type = replace(tensor.type, shape=computed.shape)
        self.defined.add(tensor)

    def carry(self, op: Operator, tensor: Tensor, first: Array | None) -> State:
        """The state that a variable tensor of the file becomes (Operator.state)."""
        if tensor not in self._variable_tensors:
            raise op.invalid(f'"{tensor.name}" must be a variable tensor: it carries state from run to run')
        if tensor in self._carried:
            raise op.unsupported(f'"{tensor.name}" is the state of an earlier operator, too')
        check_size(tensor.name, tensor.type)
        self._carried.add(tensor)
        if first is None:
            q = tensor.type.quantization
            zero = q.zero_point[0] if q is not None and tensor.dtype == S8 else 0
            first = np.full(tensor.shape, zero, tensor.dtype.np)
        state = State(tensor.name, tensor, tensor, first)
        self.graph.state.append(state)
        return state

    def add_operator(self, file: FileOperator) -> None:
        op = Operator(self, file)
        for tensor in op.inputs:
            if tensor is not None and tensor not in self.defined:
                raise op.invalid(f'reads "{tensor.name}", which no earlier operator writes')
            if tensor in self.handles and file.name not in ("READ_VARIABLE", "ASSIGN_VARIABLE"):
                raise op.unsupported(f'"{tensor.name}" is a variable\'s handle, not a value', "read the variable first")
        for tensor in op.outputs:
            if tensor in self.defined:
                why = "is a constant" if tensor.is_constant else "already has a value"
                why = why if tensor.type.elements else "has no elements"
                raise op.invalid(f'writes "{tensor.name}" {tensor.type}, which {why}')
        registered = REGISTRY[file.name]
        try:
            unsigned = self._make_signed(op, registered.signed)
            registered.function(op)
            for tensor in unsigned:
                op.add(TO_UNSIGNED, [self.signed[tensor]], tensor)
        except InvalidGraph as error:
            raise op.invalid(error.what) from error
        for tensor in op.outputs:
            if tensor not in self.defined:
                raise op.invalid(f'has {len(op.outputs)} outputs, of which "{tensor.name}" is none of {file.name}')

    def _make_signed(self, op: Operator, signed: Signed) -> list[Tensor]:
        """Gives the operator s8 tensors for its quantized u8 ones; the outputs that are still to be written as u8."""
        given = [t for t in op.inputs if t is not None]
        if not signed or not can_be_signed([*given, *op.outputs]):
            return []
        if signed == "moves" and self.signed.keys().isdisjoint(given):
            return []
        for tensor in dict.fromkeys(t for t in given if t.dtype == U8):
            if tensor not in self.signed:
                self.signed[tensor] = twin = signed_twin(tensor)
                if not twin.is_constant:
                    op.add(TO_SIGNED, [tensor], twin)
        unsigned = [t for t in op.outputs if t.dtype == U8]
        for tensor in unsigned:
            self.signed[tensor] = twin = signed_twin(tensor)
            self._free |= {twin} if tensor in self._free else set()
        op.inputs = [None if t is None else self.signed.get(t, t) for t in op.inputs]
        op.outputs = [self.signed.get(t, t) for t in op.outputs]
        op.unsigned = True
        return unsigned

    def run(self) -> Graph:
        """The graph of the whole sub-graph."""
        for file in self._file.operators:
            self.add_operator(file)
        for variable in self.variables.values():
            if variable.state is not None and variable.current is not None:
                variable.state.next = variable.current
        loose = self._variable_tensors - self._carried
        for node in self.graph.nodes:
            if any(t in loose for t in node.inputs):
                raise UnsupportedModel(f"{node.source} reads a variable tensor, which only recurrent operators carry")
        for tensor in self.graph.outputs:
            if tensor not in self.defined or tensor in loose:
                raise InvalidModel(f'the model\'s output "{tensor.name}" is never written')
        return self.graph


def _check_operators(operators: Sequence[FileOperator]) -> None:
    """Raises one UnsupportedModel that names every operator that edgegen does not read."""
    unknown = Counter(o.name for o in operators if o.name not in REGISTRY)
    if unknown:
        first = next(o for o in operators if o.name in unknown)
        raise UnsupportedModel(
            f"{first.source} is not supported",
            [("lacks", ", ".join(f"{name} ({count})" for name, count in sorted(unknown.items())))],
            "README.md lists the supported operators; replace this one or report the model",
        )
    for o in operators:
        last = REGISTRY[o.name].last_version
        if not 1 <= o.version <= last:
            raise UnsupportedModel(
                f"{o.source} has version {o.version}; versions 1 to {last} are supported",
                help="convert the model with an older converter, or update edgegen",
            )


def read_tflite(data: bytes, name: str, shapes: Mapping[str, tuple[int, ...]]) -> Graph:
    """The graph of a .tflite file's first sub-graph. Raises InvalidModel, UnsupportedModel and UsageError."""
    try:
        with np.errstate(all="ignore"):  # what overflows is refused where it is used
            graph = Importer(read_flatbuffer(data), 0, name, shapes).run()
    except InvalidGraph as error:
        raise InvalidModel(error.what, error.details, error.help) from error
    if not graph.outputs:
        raise InvalidModel("the model has no outputs")
    return graph
