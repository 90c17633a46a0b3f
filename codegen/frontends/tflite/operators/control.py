"""IF, WHILE, CALL and STABLEHLO_COMPOSITE: operators that run other sub-graphs of the file.

A sub-graph takes its arguments in the sizes that the caller gives them; its results then have the same sizes in every
turn of a loop and whichever branch is taken, or the model is refused.
"""

from __future__ import annotations

import tflite

from edgegen.errors import UnsupportedModel
from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.frontends.tflite.subgraphs import Parts, give_back, inline, new_outputs
from edgegen.frontends.tflite.tensors import RESOURCE
from edgegen.ir.dtypes import BOOL
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.ops.control import If, While
from edgegen.ops.reshape import Reshape


def _arguments(op: Operator, first: int = 0) -> list[Tensor]:
    return [op.input(i) for i in range(first, len(op.inputs))]


def _no_handles(op: Operator) -> None:
    if any(t.dtype == RESOURCE for t in op.outputs):
        raise op.unsupported("results that are handles of variables are not supported")


def _changes(op: Operator, what: str, a: TensorType, b: TensorType) -> UnsupportedModel:
    return op.unsupported(f"{what} is {a} or {b}: sizes must not change at run time", "convert with static shapes")


@operator("CALL", last_version=1)
def call(op: Operator) -> None:
    """The sub-graph's operators take the call's place."""
    _no_handles(op)
    what = "the sub-graph that it calls"
    give_back(op, inline(op, op.options(tflite.CallOptions).Subgraph, what, _arguments(op)), what)


@operator("STABLEHLO_COMPOSITE", last_version=1)
def stablehlo_composite(op: Operator) -> None:
    """A named function that carries what it stands for as a sub-graph, which takes its place."""
    _no_handles(op)
    index = op.options(tflite.StableHLOCompositeOptions).DecompositionSubgraphIndex
    if index <= 0:
        raise op.unsupported("it carries no decomposition", "convert the model with composites lowered")
    what = "its decomposition"
    give_back(op, inline(op, index, what, _arguments(op)), what)


@operator("IF", last_version=1)
def if_(op: Operator) -> None:
    """One of two sub-graphs; only the one taken if the condition is known ahead of time."""
    _no_handles(op)
    options = op.options(tflite.IfOptions)
    branches = [(options.ThenSubgraphIndex, "its then-branch"), (options.ElseSubgraphIndex, "its else-branch")]
    condition, given = op.input(0), _arguments(op, 1)
    if condition.dtype != BOOL or condition.type.elements != 1:
        raise op.invalid(f"the condition must be one bool, is {condition.type}")
    if condition.data is not None:
        index, what = branches[0 if condition.data.reshape(-1)[0] else 1]
        give_back(op, inline(op, index, what, given), what)
        return
    parts = Parts(op, branches, given, [True] * len(given))
    for graph, (_, what) in zip(parts.graphs, branches, strict=True):
        if len(graph.outputs) != len(op.outputs):
            raise op.invalid(f"{what} has {len(graph.outputs)} outputs, the operator {len(op.outputs)}")
    for a, b in zip(*(g.outputs for g in parts.graphs), strict=True):
        if a.dtype == b.dtype and a.shape != b.shape:
            raise _changes(op, f'depending on the condition, "{a.name}"', a.type, b.type)
    changed = [k for k in parts.kept if k.changes]
    values = [parts.value_of(k) for k in parts.kept]
    parts.pass_kept(parts.kept, [changed, changed])
    further = new_outputs(op, changed)
    if op.outputs or further:
        op.add_all(If(*parts.graphs), [condition, *parts.given, *values], [*op.outputs, *further])
    for kept, value in zip(changed, further, strict=True):
        parts.store(kept, value)


def _unchanged(op: Operator, index: int, count: int) -> list[bool]:
    """Which of its `count` inputs a loop's body gives back as they are."""
    graphs = op.model.source.model.graphs
    body = graphs[index] if 0 <= index < len(graphs) else None
    if body is None or not len(body.inputs) == len(body.outputs) == count:
        return [False] * count  # which is refused in a moment
    return [a == b for a, b in zip(body.inputs, body.outputs, strict=True)]


@operator("WHILE", last_version=1)
def while_(op: Operator) -> None:
    """A loop whose condition and body take all values, and whose body gives the next ones."""
    options = op.options(tflite.WhileOptions)
    given = _arguments(op)
    fixed = _unchanged(op, options.BodySubgraphIndex, len(given))
    places = [(options.CondSubgraphIndex, "its condition"), (options.BodySubgraphIndex, "its body")]
    parts = Parts(op, places, given, fixed)
    condition, body = parts.graphs
    results = parts.outputs(1)
    if not len(results) == len(op.outputs) == len(given):
        text = f"it has {len(given)} inputs and {len(op.outputs)} outputs, its body {len(results)} outputs"
        raise op.invalid(text)
    carried: list[int] = []
    for i, (x, y, result) in enumerate(zip(given, op.outputs, results, strict=True)):
        if x in op.model.handles:
            if parts.variable(1, result) != op.model.handles[x].name or y.dtype != RESOURCE:
                raise op.unsupported(f'"{y.name}" is the handle of another variable in every turn')
            op.model.handles[y] = op.model.handles[x]
            op.model.defined.add(y)
        elif x.is_constant and fixed[i]:
            op.add(Reshape(x.shape), [x], y)
        else:
            carried.append(i)
    for tensor, i in zip(body.inputs, carried, strict=True):
        if results[i].dtype == tensor.dtype and results[i].shape != tensor.shape:
            raise _changes(op, f'from turn to turn, "{tensor.name}"', tensor.type, results[i].type)
    body.outputs = [results[i] for i in carried]
    if any(k.after.get(0) is not k.before.get(0) for k in parts.kept):
        raise op.unsupported("a condition that assigns a variable is not supported")
    changed = [k for k in parts.kept if k.changes]
    kept = [*changed, *(k for k in parts.kept if not k.changes)]
    values = [parts.value_of(k) for k in kept]
    parts.pass_kept(kept, [[], changed])
    outputs = [*(op.outputs[i] for i in carried), *new_outputs(op, changed)]
    if outputs:
        op.add_all(While(condition, body), [*parts.given, *values], outputs)
    for each, value in zip(changed, outputs[len(carried) :], strict=True):
        parts.store(each, value)
