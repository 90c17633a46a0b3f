"""Builds a graph from a TFLite sub-graph, one small function per operator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from edgegen.errors import InvalidGraph, InvalidModel, UnsupportedModel, UsageError
from edgegen.frontends.tflite.operator import REGISTRY, Operator, operator
from edgegen.frontends.tflite.reader import FileGraph, FileModel, FileOperator, FileSignature, read_flatbuffer
from edgegen.frontends.tflite.refused import reason
from edgegen.frontends.tflite.tensors import COMPLEX, RESOURCE, check_size, choose_shape, make_tensor
from edgegen.frontends.tflite.unsigned import Signed, can_be_signed, signed_twin
from edgegen.ir.dtypes import S8, U8
from edgegen.ir.graph import Graph, Signature, State
from edgegen.ir.tensor import Array, Tensor, TensorType
from edgegen.ops.requantize import TO_SIGNED, TO_UNSIGNED

__all__ = ["REGISTRY", "Importer", "Operator", "Source", "Variable", "operator", "read_tflite"]

REPEATED = 10_000
"""Operators and tensors, beyond a few times those of the file, that sub-graphs used more than once may come to."""

TAKE_HANDLES = frozenset({"READ_VARIABLE", "ASSIGN_VARIABLE", "CALL", "IF", "WHILE", "STABLEHLO_COMPOSITE"})
"""Operators that take handles of variables among their inputs."""
TAKE_SPECTRA = {"COMPLEX_ABS", "REAL", "IMAG"}
"""Operators that take complex numbers."""


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

    def before_the_first_run(self, op: Operator, type: TensorType) -> Array:
        """The value of the initialization; without one the variable is zero, which the zero point stands for."""
        if self.initial is not None:
            if self.initial.dtype != type.dtype.np or self.initial.size != type.elements:
                raise op.invalid(f'variable "{self.name}" is initialized with another type than {type}')
            return self.initial.reshape(type.shape)
        q = type.quantization
        zero = q.zero_point[0] if q is not None and q.per_tensor else 0
        return np.full(type.shape, zero, type.dtype.np)


@dataclass
class Source:
    """The file while it is imported.

    imported: operators and tensors so far, those of a sub-graph as often as it is used
    computed_bytes: of constants that import functions computed so far
    stateful:  sub-graphs whose operators keep state of their own
    """

    model: FileModel
    imported: int = 0
    computed_bytes: int = 0
    stateful: set[int] = field(default_factory=set)

    def count(self, graph: FileGraph) -> None:
        """Raises UnsupportedModel if sub-graphs that use one another make the model many times larger than the file."""
        self.imported += len(graph.operators) + len(graph.tensors)
        most = 4 * sum(len(g.operators) + len(g.tensors) for g in self.model.graphs) + REPEATED
        if self.imported > most:
            raise UnsupportedModel(f"sub-graphs used more than once make more than {most:,} operators and tensors")


class Importer:
    """One sub-graph while it is imported.

    source:  the file
    inputs:  in the file's order; `graph` has those that are left at run time
    defined: tensors that have a value: inputs, constants and what operators so far have written
    resized: the user chose sizes other than the file's, so the shapes that it declares for results are stale
    signed: quantized u8 tensors that are at hand as s8 too
    variables: resource variables by name
    variable_outputs: variable tensors that an operator writes, which so finds there what its last run has left
    handles: which variable each resource tensor refers to
    spectra: what each complex tensor is in the graph: f32, with a last axis of real and imaginary part
    sized: the extents, s64[rank], of each result of which only the room is known ahead of time
    """

    def __init__(self, source: Source, index: int, name: str, inside: Importer | None = None) -> None:
        """inside: the sub-graph with an operator that runs this one. Raises InvalidModel and UnsupportedModel."""
        self.source, self.index, self.inside = source, index, inside
        self.file = file = source.model.graphs[index]
        self.variables: dict[str, Variable] = {}
        self.handles: dict[Tensor, Variable] = {}
        self.spectra: dict[Tensor, Tensor] = {}
        self.sized: dict[Tensor, Tensor] = {}
        _check_operators(file.operators)
        source.count(file)
        self.tensors = [make_tensor(t, file.tensors) for t in file.tensors]
        # A result whose shape operators compute may be declared without one, which looks like a scalar.
        self._free = {self.tensors[i] for i, t in enumerate(file.tensors) if -1 in t.signature or not t.shape}
        self.inputs = [self.tensors[i] for i in file.inputs]
        if len(set(self.inputs)) != len(self.inputs):
            raise InvalidModel(f"a tensor is listed twice among {self.title}'s inputs")
        for tensor, i in zip(self.inputs, file.inputs, strict=True):
            if inside is None:
                check_size(tensor.name, tensor.type)
            elif file.tensors[i].data is None:
                tensor.data = None  # of a size that only the caller knows
            if tensor.is_constant:
                raise InvalidModel(f'{self.title}\'s input "{tensor.name}" is a constant')
        self.resized = False
        written = {self.tensors[i] for o in file.operators for i in o.outputs}
        variables = {t for t, f in zip(self.tensors, file.tensors, strict=True) if f.is_variable and not t.is_constant}
        self.variable_outputs, self._variable_tensors = variables & written, variables - written
        self._carried: set[Tensor] = set()
        self.signed: dict[Tensor, Tensor] = {}
        self.defined = {*self.inputs, *(t for t in self.tensors if t.is_constant), *self._variable_tensors}
        self.graph = Graph(name, list(self.inputs), [])

    @property
    def title(self) -> str:
        """How messages call the sub-graph."""
        return f"sub-graph {self.index}" if self.inside else "the model"

    def choose_shapes(self, shapes: Mapping[str, tuple[int, ...]], names: Mapping[int, str]) -> None:
        """Gives the inputs the sizes that the user chose.

        names: what the signature calls the file's tensors, by which the user may call them, too. Raises UsageError
        for names that no input has and shapes that do not fit, UnsupportedModel for inputs that no caller can give.
        """
        for tensor in self.inputs:
            if tensor.dtype in (RESOURCE, COMPLEX):
                raise UnsupportedModel(f'tensor "{tensor.name}" has type {tensor.dtype}, which no caller can give')
        known = {names[i]: self.file.tensors[i].name for i in self.file.inputs if i in names}
        known.update((t.name, t.name) for t in self.inputs)
        for unknown in shapes.keys() - known.keys():
            raise UsageError(f'the model has no input "{unknown}"', [("inputs", ", ".join(sorted(known)))])
        chosen = {known[name]: shape for name, shape in shapes.items()}
        changed = [choose_shape(self.tensors[i], self.file.tensors[i], chosen) for i in self.file.inputs]
        self.resized = any(changed)
        for tensor in self.inputs:
            check_size(tensor.name, tensor.type)

    def define(self, op: Operator, tensor: Tensor, computed: TensorType) -> None:
        """Gives a tensor of the file, which an operator now writes, the shape that was inferred for it."""
        if tensor in self.defined:
            raise op.invalid(f'writes "{tensor.name}" twice')
        agrees = self.resized or tensor in self._free or tensor in self.sized or tensor.shape == computed.shape
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
        if self.inside is not None:
            why = "LiteRT forgets it whenever the sub-graph starts, TensorFlow Lite Micro does not run such models"
            raise UnsupportedModel(
                f'{op.source} keeps state in "{tensor.name}" within {self.title}', [("why", why)], "use a variable"
            )
        check_size(tensor.name, tensor.type)
        self._carried.add(tensor)
        if first is None:
            q = tensor.type.quantization
            zero = q.zero_point[0] if q is not None and tensor.dtype == S8 else 0
            first = np.full(tensor.shape, zero, tensor.dtype.np)
        state = State(tensor.name, tensor, tensor, first)
        self.graph.state.append(state)
        return state

    def value_of(self, variable: Variable, op: Operator, type: TensorType) -> Tensor:
        """The variable's value after the operators so far; its first use in a run makes it part of the graph's state.

        type: of a variable that is first used. Raises InvalidModel if it is initialized with another.
        """
        if variable.current is None:
            check_size(variable.name, type)
            value = Tensor(variable.name, type)
            variable.state = State(variable.name, value, value, variable.before_the_first_run(op, type))
            self.graph.state.append(variable.state)
            variable.current = value
        return variable.current

    def add_operator(self, file: FileOperator) -> None:
        op = Operator(self, file)
        for tensor in op.inputs:
            if tensor is not None and tensor not in self.defined:
                raise op.invalid(f'reads "{tensor.name}", which no earlier operator writes')
            if tensor in self.spectra and file.name not in TAKE_SPECTRA:
                raise op.unsupported(f'"{tensor.name}" is complex', "take its parts or its magnitude first")
            if tensor in self.handles and file.name not in TAKE_HANDLES:
                raise op.unsupported(f'"{tensor.name}" is a variable\'s handle, not a value', "read the variable first")
            if tensor in self.sized:
                why = f'how large "{tensor.name}" is depends on values that are computed at run time'
                raise op.unsupported(why, "make it an output of the model, which comes with its shape")
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

    def import_operators(self) -> list[Tensor]:
        """Adds the nodes of all operators to the graph; the sub-graph's outputs, in the file's order."""
        for file in self.file.operators:
            self.add_operator(file)
        loose = self._variable_tensors - self._carried
        for node in self.graph.nodes if loose else ():
            if any(t in loose for t in node.inputs):
                raise UnsupportedModel(f"{node.source} reads a variable tensor, which only recurrent operators carry")
        outputs = [self.tensors[i] for i in self.file.outputs]
        for tensor in outputs:
            if tensor in self.spectra:
                raise UnsupportedModel(f'{self.title}\'s output "{tensor.name}" is complex')
            if tensor not in self.defined or tensor in loose:
                raise InvalidModel(f'{self.title}\'s output "{tensor.name}" is never written')
        return outputs

    def run(self) -> Graph:
        """The graph of the whole sub-graph. Outputs that are handles of variables are none of the graph's."""
        outputs = self.import_operators()
        for variable in self.variables.values():
            if variable.state is not None and variable.current is not None:
                variable.state.next = variable.current
        self.graph.outputs = [t for t in outputs if t not in self.handles]
        for tensor, extents in self.sized.items():
            if tensor in outputs:
                extents.name = f"{tensor.name}_shape"
                self.graph.outputs.append(extents)
        return self.graph


_REASONS = 8
"""Operators of which a message says why they are refused."""


def _check_operators(operators: Sequence[FileOperator]) -> None:
    """Raises one UnsupportedModel that names every operator that edgegen does not read."""
    unknown = Counter(o.name for o in operators if o.name not in REGISTRY)
    if unknown:
        first = next(o for o in operators if o.name in unknown)
        raise UnsupportedModel(
            f"{first.source} is not supported",
            [("lacks", ", ".join(f"{name} ({count})" for name, count in sorted(unknown.items())))]
            + [
                ("why" if i == 0 else "", f"{name}: {reason(name)}")
                for i, name in enumerate(sorted(unknown)[:_REASONS])
            ],
            "README.md lists the supported operators; replace this one or report the model",
        )
    for o in operators:
        last = REGISTRY[o.name].last_version
        if not 1 <= o.version <= last:
            raise UnsupportedModel(
                f"{o.source} has version {o.version}; versions 1 to {last} are supported",
                help="convert the model with an older converter, or update edgegen",
            )


def _chosen(model: FileModel, key: str) -> FileSignature:
    """The signature called `key`; if there is no choice, names for the first sub-graph, if the file has any.

    Raises UsageError.
    """
    keys = {s.key: s for s in model.signatures}
    if key:
        if key not in keys:
            there = ", ".join(sorted(keys)) or "none"
            raise UsageError(f'the model has no signature "{key}"', [("has", there)])
        return keys[key]
    first = [s for s in model.signatures if s.graph == 0]
    return first[0] if len(first) == 1 else FileSignature("", 0, {}, {})


def _signature(model: FileModel, signature: FileSignature) -> Signature:
    """The signature's names in the order of its sub-graph's inputs and outputs."""
    graph = model.graphs[signature.graph]
    inputs = tuple(signature.inputs.get(i, "") for i in graph.inputs)
    return Signature(signature.key, inputs, tuple(signature.outputs.get(i, "") for i in graph.outputs))


def read_tflite(data: bytes, name: str, shapes: Mapping[str, tuple[int, ...]], signature: str = "") -> Graph:
    """The graph of a .tflite file's first sub-graph, or of the one that a signature names.

    Raises InvalidModel, UnsupportedModel and UsageError.
    """
    try:
        with np.errstate(all="ignore"):  # what overflows is refused where it is used
            model = read_flatbuffer(data)
            called = _chosen(model, signature)
            importer = Importer(Source(model), called.graph, name)
            importer.choose_shapes(shapes, called.inputs)
            graph = importer.run()
    except InvalidGraph as error:
        raise InvalidModel(error.what, error.details, error.help) from error
    if not graph.outputs:
        raise InvalidModel("the model has no outputs")
    graph.signatures = tuple(_signature(model, s) for s in model.signatures)
    if called.key:
        names = _signature(model, called)
        further = tuple(t.name for t in graph.outputs[len(names.outputs) :])  # extents
        graph.signature = replace(names, outputs=(*names.outputs, *further))
    return graph
