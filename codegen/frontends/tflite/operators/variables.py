"""VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE and CALL_ONCE: tensors that outlive a run.

Reading and assigning leave no nodes: an operator that reads a variable reads what was assigned last, in this run or an
earlier one, and the last assignment becomes the graph's state.
"""

from __future__ import annotations

import numpy as np
import tflite

from edgegen.frontends.tflite.importer import Operator, Variable, operator
from edgegen.frontends.tflite.subgraphs import nested
from edgegen.frontends.tflite.tensors import RESOURCE
from edgegen.ir.evaluate import evaluate_all
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


@operator("READ_VARIABLE", last_version=1)
def read_variable(op: Operator) -> None:
    """The variable's value."""
    value = op.model.value_of(_variable(op), op, op.output.type)
    op.add(Reshape(value.shape), [value], op.output)


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
    if op.model.inside is not None:
        raise op.unsupported("an initialization in a sub-graph, which may or may not run, is not supported")
    if op.model.handles:
        raise op.unsupported("an initialization after the first use of a variable is not supported")
    initialization = nested(op, index, "the initialization")
    graph = initialization.run()
    if graph.inputs:
        raise op.invalid(f"sub-graph {index} initializes variables, but has inputs")
    values = evaluate_all(graph, [])
    for name, variable in initialization.variables.items():
        if variable.current is None:
            continue
        value = values[variable.current] if variable.current.data is None else variable.current.data
        op.model.variables[name] = Variable(name, np.array(value))
