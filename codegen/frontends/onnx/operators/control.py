"""If, Loop and Scan: operators that run sub-graphs, which see all that the graph around them sees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.loops import Repeated, Stacked, Turn
from edgegen.frontends.onnx.operators.movement import concat
from edgegen.frontends.onnx.subgraphs import SubGraph, close, nested
from edgegen.frontends.onnx.values import Value, alike, flat, rebuilt, tensor_of
from edgegen.ir.dtypes import BOOL, S32, S64
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.control import If
from edgegen.ops.gather import Gather
from edgegen.ops.pad import Pad
from edgegen.ops.slice import Slice

ENDLESS = 1 << 31
"""Turns from which on a limit is none: exporters write the largest s64 for loops that only a condition ends."""


def _truth(op: Operator, value: Value, what: str) -> Tensor:
    tensor = tensor_of(value, f"{op.where}: {what}")
    if tensor.dtype != BOOL or tensor.type.elements != 1:
        raise op.invalid(f"{what} must be one bool, is {tensor.type}")
    return tensor


@operator("If", any_value=True)
def if_(op: Operator, cond: Value, *, then_branch: onnx.GraphProto, else_branch: onnx.GraphProto) -> list[Value]:
    """One of two sub-graphs; only the one taken if the condition is known ahead of time."""
    condition = _truth(op, cond, "the condition")
    branches = {"then": then_branch, "else": else_branch}
    if condition.data is not None:
        part = "then" if condition.data.all() else "else"
        return SubGraph(branches[part]).run(nested(op, op.model.graph, part), [])
    graphs, values = [], []
    for part, proto in branches.items():
        graph = Graph(f"{op.label}/{part}", [], [])
        graphs.append(graph)
        values.append(SubGraph(proto).run(nested(op, graph, part), []))
        graph.outputs = flat(values[-1])
    if len(values[0]) != len(values[1]):
        raise op.invalid(f"one branch has {len(values[0])} outputs, the other {len(values[1])}")
    if not alike(*values):
        op.values(condition, "the condition, on which the sizes of the results depend,")
    inputs = close(graphs)
    results = op.add_all(If(*graphs), [condition, *inputs]) if graphs[0].outputs else []
    return rebuilt(values[0], results)


def _as_declared(op: Operator, x: Tensor, info: onnx.ValueInfoProto) -> Tensor:
    """A scalar as what it is for the sub-graph's input, which older exporters say is [1]."""
    return op.reshape(x, (1,)) if len(info.type.tensor_type.shape.dim) == 1 else x


@operator("Loop", any_value=True)
def loop(
    op: Operator, limit: Value | None = None, cond: Value | None = None, *initial: Value | None, body: onnx.GraphProto
) -> list[Value]:
    """limit: how many turns there are at most; cond: whether there is a first one.

    body: (number of the turn, whether it takes place, carried...)
          -> (whether there is another, carried..., collected...)
    """
    part = SubGraph(body)
    values = [v for v in initial if v is not None]
    if len(values) != len(initial):
        raise op.invalid("lacks a value to start with")
    if len(part.inputs) != 2 + len(values) or len(body.output) < 1 + len(values):
        raise op.invalid(f"its body does not fit {len(values)} carried values")

    def turn(inner: Operator, number: Tensor, carried: Sequence[Value]) -> Turn:
        takes_place = inner.constant(True, BOOL)
        head = [_as_declared(inner, x, i) for x, i in zip((number, takes_place), part.inputs, strict=False)]
        again, *results = part.run(inner, [*head, *carried])
        answer = _truth(op, again, "what its body says of another turn")
        collected = [tensor_of(v, f"{op.where}: what its body collects") for v in results[len(values) :]]
        goes_on = answer.data is not None and bool(answer.data.all())
        return Turn(None if goes_on else answer, results[: len(values)], collected)

    most = None
    if limit is not None:
        most = tensor_of(limit, f"{op.where}: the number of turns")
        if most.dtype != S64 or most.type.elements != 1:
            raise op.invalid(f"the number of turns must be one s64, is {most.type}")
        most = None if most.data is not None and most.data.max() >= ENDLESS else op.reshape(most, ())
    first = None if cond is None else _truth(op, cond, "the condition")
    if first is not None and first.data is not None and first.data.all():
        first = None
    carried, collected = Repeated(op, turn, values, S64, most, first).run()
    return [*carried, *collected]


def _direction(op: Operator, value: int) -> bool:
    if value not in (0, 1):
        raise op.invalid(f"direction {value} is neither 0 nor 1")
    return bool(value)


def _scan(
    op: Operator,
    part: SubGraph,
    initial: Sequence[Tensor],
    read: Sequence[tuple[Tensor, Stacked]],
    turns: int,
    written: Sequence[Stacked],
) -> list[Tensor]:
    """read: what the turns take parts of, and how; written: how what they give is put together."""

    def turn(inner: Operator, number: Tensor, carried: Sequence[Value]) -> Turn:
        last = inner.constant(turns - 1, S32)
        parts = []
        for x, way in read:
            if not turns:  # of which only the types matter
                parts.append(inner.constant(np.zeros(x.shape[: way.axis] + x.shape[way.axis + 1 :]), x.dtype))
                continue
            place = inner.add(Binary("sub"), [last, number]) if way.reverse else number
            parts.append(inner.add(Gather(way.axis), [x, place]))
        results = [tensor_of(v, f"{op.where}: what its body gives") for v in part.run(inner, [*carried, *parts])]
        return Turn(None, list(results[: len(initial)]), results[len(initial) :])

    carried, collected = Repeated(op, turn, list(initial), S32, op.constant(turns, S32), None, written).run()
    return flat([*carried, *collected])


def _split_inputs(
    op: Operator, inputs: Sequence[Tensor | None], part: SubGraph, count: int
) -> tuple[list[Tensor], list[Tensor], int]:
    """What is carried, what is read part by part, and how many values are collected."""
    given = [t for t in inputs if t is not None]
    collected = len(part.proto.output) - (len(given) - count)
    if len(given) != len(inputs) or not 1 <= count <= len(given) or collected < 0 or len(part.inputs) != len(given):
        raise op.invalid(f"its body does not fit {len(inputs)} inputs, {count} of them read part by part")
    return given[:-count], given[-count:], collected


def _per_value(op: Operator, values: Sequence[int] | None, count: int, what: str) -> Sequence[int]:
    if values is not None and len(values) != count:
        raise op.invalid(f"{what} {list(values)} are not {count}")
    return values or [0] * count


@operator("Scan", until=8)
def scan_in_batches(
    op: Operator,
    lengths: Tensor | None = None,
    *inputs: Tensor | None,
    body: onnx.GraphProto,
    num_scan_inputs: int,
    directions: tuple[int, ...] | None = None,
) -> list[Tensor]:
    """Each element of the batch, axis 0, by itself, along axis 1; lengths: how many turns each one has.

    Beyond an element's last turn the results are 0.
    """
    part = SubGraph(body)
    initial, read, collected = _split_inputs(op, inputs, part, num_scan_inputs)
    backwards = [_direction(op, d) for d in _per_value(op, directions, len(read), "directions")]
    if any(t.rank < 2 or t.shape[:2] != read[0].shape[:2] for t in read):
        raise op.invalid("what it reads differs in batch and length")
    batch, longest = read[0].shape[:2]
    if not batch or any(t.rank < 1 or t.shape[0] != batch for t in initial):
        raise op.invalid(f"what it carries is not of batch {batch}")
    turns = [longest] * batch if lengths is None else op.integers(lengths, "the lengths")
    if len(turns) != batch or any(not 0 <= n <= longest for n in turns):
        raise op.invalid(f"lengths {list(turns)} are not {batch} of 0 to {longest}")

    def element(x: Tensor, b: int, count: int | None = None) -> Tensor:
        size = (1, *x.shape[1:]) if count is None else (1, count, *x.shape[2:])
        one = op.add(Slice((b, *[0] * (x.rank - 1)), size, (1,) * x.rank), [x])
        return op.reshape(one, size[1:])

    rows = []
    for b, count in enumerate(turns):
        if not count:
            raise op.unsupported("a length of 0 is not supported")
        parts = [(element(x, b, count), Stacked(0, back)) for x, back in zip(read, backwards, strict=True)]
        results = _scan(op, part, [element(x, b) for x in initial], parts, count, [])
        for k in range(len(initial), len(initial) + collected):
            if count < longest:
                rest = (longest - count, *[0] * (results[k].rank - 1))
                results[k] = op.add(Pad((0,) * results[k].rank, rest), [results[k]])
        rows.append([op.reshape(y, (1, *y.shape)) for y in results])
    return [concat(op, *column, axis=0) for column in zip(*rows, strict=True)]


@operator("Scan", since=9)
def scan(
    op: Operator,
    *inputs: Tensor | None,
    body: onnx.GraphProto,
    num_scan_inputs: int,
    scan_input_axes: tuple[int, ...] | None = None,
    scan_input_directions: tuple[int, ...] | None = None,
    scan_output_axes: tuple[int, ...] | None = None,
    scan_output_directions: tuple[int, ...] | None = None,
) -> list[Tensor]:
    """Turns over parts of some inputs along an axis, forwards or backwards, which carry the others.

    body: (carried..., parts...) -> (carried..., collected...)
    """
    part = SubGraph(body)
    initial, read, collected = _split_inputs(op, inputs, part, num_scan_inputs)
    axes = _per_value(op, scan_input_axes, len(read), "scan_input_axes")
    backwards = _per_value(op, scan_input_directions, len(read), "scan_input_directions")
    ways = [Stacked(op.axis(a, x.rank), _direction(op, b)) for a, b, x in zip(axes, backwards, read, strict=True)]
    out_axes = _per_value(op, scan_output_axes, collected, "scan_output_axes")
    out_backwards = _per_value(op, scan_output_directions, collected, "scan_output_directions")
    written = [Stacked(a, _direction(op, b)) for a, b in zip(out_axes, out_backwards, strict=True)]
    lengths = {x.shape[way.axis] for x, way in zip(read, ways, strict=True)}
    if len(lengths) != 1:
        raise op.invalid(f"what it reads differs in length: {sorted(lengths)}")
    return _scan(op, part, initial, list(zip(read, ways, strict=True)), lengths.pop(), written)
