"""Sub-graphs that an operator runs: written into the graph around it, or made its own.

Variables and the state that operators keep belong to the model, not to a sub-graph: one that is the operator's own
takes their values as further inputs and gives what becomes of them as further outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from edgegen.frontends.tflite.importer import Importer, Operator, Variable
from edgegen.frontends.tflite.tensors import check_size
from edgegen.ir.graph import State
from edgegen.ir.tensor import Array, Tensor, TensorType
from edgegen.ops.reshape import Reshape

MAX_DEPTH = 16
"""Sub-graphs within one another: far more than converters write."""


def nested(op: Operator, index: int, what: str) -> Importer:
    """An importer of sub-graph `index`. Raises InvalidModel and UnsupportedModel."""
    around, path = op.model, [op.model.index]
    while around.inside is not None:
        around = around.inside
        path.append(around.index)
    count = len(op.model.source.model.graphs)
    if not 0 <= index < count:
        raise op.invalid(f"{what}, sub-graph {index}, is not one of {count}")
    if index in path:
        raise op.invalid(f"{what}, sub-graph {index}, runs itself")
    if len(path) >= MAX_DEPTH:
        raise op.unsupported(f"sub-graphs are nested more than {MAX_DEPTH} deep")
    return Importer(op.model.source, index, f"{op.model.graph.name}/{index}", op.model)


def _check_arguments(op: Operator, part: Importer, what: str, given: Sequence[Tensor]) -> None:
    if len(part.inputs) != len(given):
        raise op.invalid(f"{what} has {len(part.inputs)} inputs, is given {len(given)}")
    for tensor, argument in zip(part.inputs, given, strict=True):
        if tensor.dtype != argument.dtype:
            raise op.invalid(f'{what} takes "{tensor.name}" as {tensor.dtype}, is given {argument.type}')


def inline(op: Operator, index: int, what: str, given: Sequence[Tensor]) -> list[Tensor]:
    """Adds the nodes of a sub-graph, which read `given`, to the operator's graph; the sub-graph's outputs.

    Raises InvalidModel and UnsupportedModel.
    """
    part = nested(op, index, what)
    _check_arguments(op, part, what, given)
    part.graph, part.variables = op.model.graph, op.model.variables
    for place, argument in zip(part.file.inputs, given, strict=True):
        declared = part.tensors[place]
        part.resized |= declared.shape != argument.shape
        if argument in op.model.handles:
            part.handles[argument] = op.model.handles[argument]
        elif declared.type.quantization != argument.type.quantization:
            argument = _under_quantization(op, argument, declared)
        part.tensors[place] = argument
        part.defined.add(argument)
    before = set(map(id, part.graph.state))
    outputs = part.import_operators()
    own = {id(v.state) for v in part.variables.values()}
    if any(id(s) not in before | own for s in part.graph.state):
        _claim(op, part)
    return outputs


def _under_quantization(op: Operator, argument: Tensor, declared: Tensor) -> Tensor:
    """The argument's numbers, which stand for what the sub-graph says that they stand for."""
    type = TensorType(argument.dtype, argument.shape, declared.type.quantization)
    if argument.is_constant:
        return Tensor(declared.name, type, argument.data)
    view = op.add(Reshape(argument.shape), [argument])
    view.type = type
    return view


def _claim(op: Operator, part: Importer) -> None:
    """The sub-graph has operators that keep state of their own: a second use would share it."""
    if part.index in op.model.source.stateful:
        raise op.unsupported(f"{part.title} keeps state, but is used more than once")
    op.model.source.stateful.add(part.index)


def give_back(op: Operator, part_outputs: Sequence[Tensor], what: str) -> None:
    """Makes the operator's outputs those of a sub-graph that was written into its graph."""
    if len(part_outputs) != len(op.outputs):
        raise op.invalid(f"{what} has {len(part_outputs)} outputs, the operator {len(op.outputs)}")
    for tensor, output in zip(part_outputs, op.outputs, strict=True):
        if output.dtype != tensor.dtype:
            raise op.invalid(f'"{output.name}" is {output.type}, {what} computes {tensor.type}')
        op.add(Reshape(tensor.shape), [tensor], output)


@dataclass
class Kept:
    """A variable, or what an operator keeps, that sub-graphs of one operator use.

    variable: of the graph around them; None for what an operator keeps, which becomes `state` there
    before, after: value that each sub-graph finds and leaves, by the sub-graph's position
    """

    name: str
    type: TensorType
    variable: Variable | None
    initial: Array
    before: dict[int, Tensor] = field(default_factory=dict)
    after: dict[int, Tensor] = field(default_factory=dict)
    state: State | None = None

    @property
    def changes(self) -> bool:
        return any(after is not self.before.get(i) for i, after in self.after.items())


class Parts:
    """The sub-graphs of one operator of control flow, which become the operator's own.

    graphs: in the order given
    given:  the operator's tensors that become their inputs: those that are no handles, nor constants that all of them
            take as such
    kept:   variables and states, of which `graphs` get no input before `pass_kept`
    """

    def __init__(
        self, op: Operator, parts: Sequence[tuple[int, str]], given: Sequence[Tensor], fixed: Sequence[bool]
    ) -> None:
        """parts: (sub-graph, what it is); fixed: which of `given` no sub-graph changes.

        Raises InvalidModel and UnsupportedModel.
        """
        self._op = op
        self._parts = [nested(op, index, what) for index, what in parts]
        known = [t in op.model.handles or (t.is_constant and f) for t, f in zip(given, fixed, strict=True)]
        self.given = [t for t, k in zip(given, known, strict=True) if not k]
        for part, (_, what) in zip(self._parts, parts, strict=True):
            _check_arguments(op, part, what, given)
            for tensor, argument in zip(part.inputs, given, strict=True):
                part.resized |= tensor.shape != argument.shape
                tensor.type = TensorType(tensor.dtype, argument.shape, tensor.type.quantization)
                if argument in op.model.handles:
                    name = op.model.handles[argument].name
                    part.handles[tensor] = part.variables.setdefault(name, Variable(name))
            for tensor, argument, k in zip(part.inputs, given, known, strict=True):
                if k:
                    part.graph.inputs.remove(tensor)
                    tensor.data = argument.data
        self.graphs = [part.run() for part in self._parts]
        self.kept = self._find_kept()

    def outputs(self, part: int) -> list[Tensor]:
        """Outputs of a sub-graph in the file's order, handles included."""
        importer = self._parts[part]
        return [importer.tensors[i] for i in importer.file.outputs]

    def variable(self, part: int, handle: Tensor) -> str:
        """Name of the variable that a handle in a sub-graph refers to; "" if it is none."""
        known = self._parts[part].handles.get(handle)
        return known.name if known is not None else ""

    def _find_kept(self) -> list[Kept]:
        found: dict[object, Kept] = {}
        for i, part in enumerate(self._parts):
            states = {id(v.state): v for v in part.variables.values() if v.state is not None}
            for state in part.graph.state:
                variable = states.get(id(state))
                key = state if variable is None else variable.name
                kept = found.setdefault(key, self._kept(state.name, state.value.type, variable, state.initial))
                self._agree(kept, state.value.type)
                kept.before[i], kept.after[i] = state.value, state.next
            for name, variable in part.variables.items():
                if variable.state is None and variable.current is not None:
                    type = variable.current.type
                    kept = found.setdefault(name, self._kept(name, type, variable, np.zeros(0)))
                    self._agree(kept, type)
                    kept.after[i] = variable.current
            if any(id(s) not in states for s in part.graph.state):
                _claim(self._op, part)
            part.graph.state = []
        return list(found.values())

    def _kept(self, name: str, type: TensorType, variable: Variable | None, initial: Array) -> Kept:
        outer = None if variable is None else self._op.model.variables.setdefault(name, Variable(name))
        return Kept(name, type, outer, initial)

    def _agree(self, kept: Kept, type: TensorType) -> None:
        if (kept.type.dtype, kept.type.shape) != (type.dtype, type.shape):
            raise self._op.unsupported(f'variable "{kept.name}" is {kept.type}, but elsewhere {type}')

    def value_of(self, kept: Kept) -> Tensor:
        """What the sub-graphs find, as the graph around them has it."""
        if kept.variable is not None:
            value = self._op.model.value_of(kept.variable, self._op, kept.type)
            self._agree(kept, value.type)
            return value
        check_size(kept.name, kept.type)
        value = Tensor(kept.name, kept.type)
        kept.state = State(kept.name, value, value, kept.initial)
        self._op.model.graph.state.append(kept.state)
        return value

    def pass_kept(self, kept: Sequence[Kept], returned: Sequence[Sequence[Kept]]) -> None:
        """Gives every sub-graph the values as further inputs, and each those of `returned` as further outputs."""
        for i, graph in enumerate(self.graphs):
            for each in kept:
                before = each.before.setdefault(i, Tensor(each.name, each.type))
                graph.inputs.append(before)
            graph.outputs += [each.after.get(i, each.before[i]) for each in returned[i]]

    def store(self, kept: Kept, value: Tensor) -> None:
        """From here on the variable, or the next run's state, is `value`."""
        if kept.variable is not None:
            kept.variable.current = value
        elif kept.state is not None:
            kept.state.next = value


def new_outputs(op: Operator, kept: Sequence[Kept]) -> list[Tensor]:
    """Tensors for what becomes of variables and states."""
    return [Tensor(f"{each.name}/{op.source}", TensorType(each.type.dtype, each.type.shape)) for each in kept]
