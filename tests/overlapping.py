"""Runs single nodes whose output lies over their input: how the overlaps that kernel rows declare are proved.

    check_overlaps([Case(op, inputs, kernel="conv2d_s8"), ...], "generic")

Every case runs with its output as far over its input as the row says, and nearer to the input's start by some steps;
outputs must be those of the operator's reference. A case that is `tight` also runs one step further, where at least one
byte must differ: the row has not declared less than it could.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgegen.compiler import Compiled
from edgegen.emit.render import render
from edgegen.ir.graph import Node, Placement, Plan
from edgegen.ir.kernel import Overlap
from edgegen.ir.tensor import Array
from edgegen.memory.liveness import round_up
from edgegen.targets import target as find_target
from edgegen.verify import Build, Call, build_program, compare
from tests.harness import AS_IT_STANDS, Case, compile_for_test, node_graph, reference


@dataclass(frozen=True)
class Overlapping:
    """A case whose row must declare an overlap with input `position`. tight: it is the most that the kernel bears."""

    case: Case
    tight: bool = True
    position: int = 0


def _compiled(one: Overlapping, target: str, name: str) -> tuple[Compiled, Node, list[Array]]:
    graph, values = node_graph(one.case)
    model = compile_for_test(graph, target, name, disabled=AS_IT_STANDS)
    nodes = [n for n in model.graph.nodes if n.kernel is not None]
    assert len(nodes) == 1, f"{one.case.label}: {nodes}"
    assert nodes[0].kernel is not None
    assert one.case.kernel in ("", nodes[0].kernel.name), f"{one.case.label}: got {nodes[0].kernel.name}"
    return model, nodes[0], values


def _laid_over(model: Compiled, node: Node, position: int, difference: int) -> Compiled:
    """The model with the node's output `difference` bytes after the input, everything else behind both."""
    source, result = node.input(position), node.out
    unit = 64
    at = round_up(max(-difference, 1), unit)
    tensors = {source: Placement(at, source.type.bytes, -1, 0)}
    tensors[result] = Placement(at + difference, result.type.bytes, 0, 1)
    end = round_up(max(p.offset + p.size for p in tensors.values()), unit)
    for tensor in model.graph.inputs:
        if tensor not in tensors:
            tensors[tensor] = Placement(end, tensor.type.bytes, -1, 0)
            end = round_up(end + tensor.type.bytes, unit)
    assert node.packed is not None
    scratch = {node: Placement(end, node.packed.scratch, 0, 0)} if node.packed.scratch else {}
    end = round_up(end + node.packed.scratch, unit)
    model.graph.plan = Plan(tensors, scratch, end, 0, end, 0)
    emitted = render(model.graph, model.target, model.name, model.origin)
    return replace(model, files=getattr(emitted, "files", emitted))


def _unit(node: Node, target: str, overlap: Overlap) -> int:
    """Bytes by which an output's start can move: plain C needs no more than the element's alignment."""
    size = max(node.out.dtype.size, node.input(0).dtype.size)
    unit = size if target == "generic" else find_target(target).alignment
    return math.lcm(unit, overlap.step) if overlap.step else unit


def shares_bytes(case: Case, target: str) -> bool:
    """Whether the case's output may share a byte with its input; one much larger than the input cannot."""
    _, node, _ = _compiled(Overlapping(case), target, "probe")
    overlap = node.overlap(0)
    return overlap is not None and overlap.most > -node.out.type.bytes


def check_overlaps(cases: Sequence[Overlapping], target: str) -> None:
    """Compiles all variants into one program, runs them and compares them with the reference."""
    models: list[Compiled] = []
    calls: list[Call] = []
    expected: list[tuple[Overlapping, int, bool]] = []
    for one in cases:
        _, node, _ = _compiled(one, target, "probe")
        overlap = node.overlap(one.position)
        assert overlap is not None, f"{one.case.label or one.case.op} declares no overlap"
        unit = _unit(node, target, overlap)
        most = overlap.most if overlap.step == 0 else overlap.most // unit * unit
        assert most > -node.out.type.bytes, f"{one.case.label or one.case.op} shares no byte at {most}"
        right = [most] if overlap.step == 0 else [most, most - unit, most - 3 * unit]
        for difference, allowed in [*((d, True) for d in right), *([(most + unit, False)] if one.tight else [])]:
            model, node, values = _compiled(one, target, f"case{len(models)}")
            models.append(_laid_over(model, node, one.position, difference))
            calls.append(Call(values, len(calls)))
            expected.append((one, difference, allowed))
    outcomes = build_program(models, Build()).execute(calls)
    for (one, difference, allowed), outcome in zip(expected, outcomes, strict=True):
        (want,) = reference(one.case)
        (got,) = outcome.outputs
        label = f"{one.case.label or one.case.op} on {target}, output {difference} bytes after the input"
        if allowed:
            found = compare(got, want, relative=0.0, ulp=4)
            assert found.match, f"{label}: {found}"
        else:
            assert not np.array_equal(got, want), f"{label}: still right, so more could be declared"
