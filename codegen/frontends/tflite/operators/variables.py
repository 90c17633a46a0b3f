"""VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE and CALL_ONCE: tensors that outlive a run.

Reading and assigning leave no nodes: an operator that reads a variable reads what was assigned last, in this run or an
earlier one, and the last assignment becomes the graph's state.
"""

from __future__ import annotations

import numpy as np
import tflite

from edgegen.frontends.tflite.importer import Importer, Operator, Variable, operator
from edgegen.frontends.tflite.tensors import RESOURCE, check_size
from edgegen.ir.evaluate import evaluate_all
from edgegen.ir.graph import State
from edgegen.ir.tensor import Array, Tensor, TensorType
from edgegen.ops.reshape import Reshape


@operator("VAR_HANDLE", last_version=1)
def var_handle(op: Operator) -> None:
    """A handle of the variable that its container and shared name identify."""
    options = op.options(tflite.VarHandleOptions)
    parts = [(part or b"").decode("utf-8", "replace") for part in (options.Container, options.SharedName)]
    if op.output.dtype != RESOURCE:
        raise op.invalid(f'"{op.output.name}" must be a resource, is {op.output.type}')
    name = "/".join(p for p in parts if p) or op.output.name
    op.model.handles[op.output] = op.model.variables.setdefault(name, Variable(name))
    op.model.defined.add(op.output)


def _variable(op: Operator) -> Variable:
    handle = op.input(0)
    if handle not in op.model.handles:
        raise op.invalid(f'"{handle.name}" is no handle of a variable')
    return op.model.handles[handle]


def _before_the_first_run(op: Operator, variable: Variable, type: TensorType) -> Array:
    """The value of the initialization; without one the variable reads as zero, which the zero point stands for."""
    if variable.initial is not None:
        if variable.initial.dtype != type.dtype.np or variable.initial.size != type.elements:
            raise op.invalid(f'variable "{variable.name}" is initialized with another type than {type}')
        return variable.initial.reshape(type.shape)
    zero = type.quantization.zero_point[0] if type.quantization is not None and type.quantization.per_tensor else 0
    return np.full(type.shape, zero, type.dtype.np)


@operator("READ_VARIABLE", last_version=1)
def read_variable(op: Operator) -> None:
    """The variable's value; its first use in a run makes it part of the graph's state."""
    variable = _variable(op)
    if variable.current is None:
        type = op.output.type
        check_size(op.output.name, type)
        value = Tensor(variable.name, type)
        variable.state = State(variable.name, value, value, _before_the_first_run(op, variable, type))
        op.model.graph.state.append(variable.state)
        variable.current = value
    op.add(Reshape(variable.current.shape), [variable.current], op.output)


@operator("ASSIGN_VARIABLE", last_version=1)
def assign_variable(op: Operator) -> None:
    """From here on the variable has this value. Shape and dtype stay what they were."""
    variable, value = _variable(op), op.input(1)
    known = variable.state.value.type if variable.state is not None else value.type
    if (value.dtype, value.shape) != (known.dtype, known.shape):
        raise op.unsupported(f'variable "{variable.name}" is {known}, but is assigned {value.type}')
    variable.current = value


@operator("CALL_ONCE", last_version=1)
def call_once(op: Operator) -> None:
    """Runs the initialization ahead of time: its assignments are what the first run finds."""
    index = op.options(tflite.CallOnceOptions).InitSubgraphIndex
    if not 0 < index < len(op.model.files):
        raise op.invalid(f"sub-graph {index} is not one of {len(op.model.files)}")
    if op.model.handles:
        raise op.unsupported("an initialization after the first use of a variable is not supported")
    initialization = Importer(op.model.files, index, "initialization", {})
    graph = initialization.run()
    if graph.inputs:
        raise op.invalid(f"sub-graph {index} initializes variables, but has inputs")
    values = evaluate_all(graph, [])
    for name, variable in initialization.variables.items():
        if variable.current is None:
            continue
        value = values[variable.current] if variable.current.data is None else variable.current.data
        op.model.variables[name] = Variable(name, np.array(value))
