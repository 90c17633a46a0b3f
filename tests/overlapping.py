"""Runs nodes whose output lies over an input: how what kernel rows declare with `overlap` and `in_place` is proved.

    check_overlaps([Overlapping(Case(op, inputs, kernel="conv2d_s8"), tight=True), ...], "generic")

Every case runs with its output as far over each input as the row says, and nearer to the input's start by some steps;
outputs must be those of the operator's reference. All of them are nodes of one graph, each with bytes of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgegen.compiler import Compiled
from edgegen.emit.render import render
from edgegen.ir.graph import Graph, Node
from edgegen.ir.kernel import Kernel, Overlap
from edgegen.ir.plan import Placement, Plan
from edgegen.ir.tensor import Array, Tensor
from edgegen.memory.storage import round_up
from edgegen.targets import Optimize
from edgegen.targets import target as find_target
from edgegen.verify import Build, Call, build_program
from edgegen.verify.compare import Difference, compare
from tests.harness import AS_IT_STANDS, Case, compile_for_test, node_graph, planned_at_once, reference

_UNIT = 64  # bytes: places of nodes begin at multiples of it, which every target's alignment divides


@dataclass(frozen=True)
class Overlapping:
    """A case whose row declares where its first output may lie over inputs.

    tight: the row has declared all that its kernel bears: one step further, at least one byte must differ
    ulp:   what floats may differ by from the reference, as in tests.harness
    """

    case: Case
    tight: bool = False
    ulp: int = 4


@dataclass(frozen=True)
class _Run:
    """A node with its output `difference` bytes after input `position`, which the row allows or not.

    backward: it runs from the end of its output
    """

    one: Overlapping
    node: Node
    position: int
    difference: int
    allowed: bool
    backward: bool = False

    @property
    def case(self) -> Case:
        return self.one.case


@dataclass(frozen=True)
class Prepared:
    """Nodes of one graph, as a target computes them, one for each case; values are those of the node's inputs."""

    target: str
    model: Compiled
    cases: tuple[Overlapping, ...]
    nodes: tuple[Node, ...]

    def declared(self) -> list[tuple[Kernel, int]]:
        """(row, input) of every overlap that the nodes' rows declare."""
        return [
            (node.kernel, position) for node in self.nodes for position in positions(node) if node.kernel is not None
        ]


def positions(node: Node) -> list[int]:
    """The inputs over which the node's output may lie."""
    return [i for i, t in enumerate(node.inputs) if t is not None and node.overlap(i) is not None]


def prepare(
    cases: Sequence[Overlapping], target: str, optimize: Optimize = "speed", without: Sequence[str] = ()
) -> Prepared:
    """Compiles all cases, without these passes; each must get the row that it names, if it does."""
    whole = Graph("overlaps", [], [])
    for i, one in enumerate(cases):
        graph, _ = node_graph(one.case)
        for tensor in graph.tensors():
            tensor.name = f"case{i}_{tensor.name}"
        graph.nodes[0].name = f"case{i}"
        whole.inputs += graph.inputs
        whole.outputs += graph.outputs
        whole.nodes += graph.nodes
    model = compile_for_test(whole, planned_at_once(target), "overlaps", optimize, disabled=[*AS_IT_STANDS, *without])
    named = {n.name: n for n in model.graph.nodes if n.kernel is not None}
    nodes = tuple(named[f"case{i}"] for i in range(len(cases)))
    assert len(named) == len(nodes), "passes have put other nodes beside those under test"
    for one, node in zip(cases, nodes, strict=True):
        assert node.kernel is not None
        assert one.case.kernel in ("", node.kernel.name), f"{_label(one.case)}: got {node.kernel.name}"
    return Prepared(target, model, tuple(cases), nodes)


def _label(case: Case) -> str:
    return case.label or str(case.op)


def _unit(node: Node, position: int, target: str, overlap: Overlap) -> int:
    """Bytes by which an output's start can move: plain C needs no more than the element's alignment."""
    size = max(node.out.dtype.size, node.input(position).dtype.size)
    unit = size if target == "generic" else find_target(target).alignment
    return math.lcm(unit, overlap.step) if overlap.step else unit


def _runs(one: Overlapping, node: Node, target: str) -> list[_Run]:
    found = positions(node)
    assert found, f"{_label(one.case)} declares no overlap"
    runs = []
    for position in found:
        overlap = node.overlap(position)
        assert overlap is not None
        unit = _unit(node, position, target, overlap)
        most = overlap.most if overlap.step == 0 else overlap.most // unit * unit
        if most <= -node.out.type.bytes:
            assert _shares(overlap, node, position, unit), f"{_label(one.case)} shares no byte at {most}"
            runs += _backward(one, node, position, unit)
            continue
        differences = [(most, True)]
        if overlap.step:
            differences += [(most - unit, True), (most - 3 * unit, True)]
        if one.tight and most + unit < node.input(position).type.bytes:
            differences.append((most + unit, False))
        runs += [_Run(one, node, position, d, allowed) for d, allowed in differences]
        if overlap.least is not None:
            runs += _backward(one, node, position, unit)
    return runs


def _backward(one: Overlapping, node: Node, position: int, unit: int) -> list[_Run]:
    overlap = node.overlap(position)
    assert overlap is not None
    assert overlap.least is not None
    least = -(-overlap.least // unit) * unit
    differences = [(least, True), (least + unit, True), (least + 3 * unit, True)]
    if one.tight:
        differences.append((least - unit, False))
    return [_Run(one, node, position, d, allowed, True) for d, allowed in differences]


def _shares(overlap: Overlap, node: Node, position: int, unit: int) -> bool:
    """Whether the output may share a byte with the input; one much larger than the input cannot from its start."""
    forward = overlap.most // unit * unit > -node.out.type.bytes
    return forward or (overlap.least is not None and overlap.least < node.input(position).type.bytes)


def _copy(run: _Run, number: int) -> Node:
    """The run's node with tensors of its own."""

    def twin(tensor: Tensor) -> Tensor:
        return Tensor(f"run{number}_{tensor.name}", tensor.type, tensor.data)

    node = run.node
    inputs = [t if t is None or t.is_constant else twin(t) for t in node.inputs]
    packed = node.packed
    if packed is not None and packed.turns:
        packed = packed.turned(run.backward)
    return Node(node.op, inputs, [twin(t) for t in node.outputs], f"run{number}", kernel=node.kernel, packed=packed)


def _plan(runs: Sequence[_Run], nodes: Sequence[Node]) -> Plan:
    """Each node's first output lies over its input as its run says, everything else behind."""
    tensors: dict[Tensor, Placement] = {}
    scratch: dict[Node, Placement] = {}
    end = 0

    def place(size: int) -> Placement:
        nonlocal end
        placed = Placement(end, size, -1, len(nodes))
        end = round_up(end + size, _UNIT)
        return placed

    for run, node in zip(runs, nodes, strict=True):
        source, result = node.input(run.position), node.out
        at = round_up(end + max(-run.difference, 1), _UNIT)
        tensors[source] = replace(place(0), offset=at, size=source.type.bytes)
        tensors[result] = replace(place(0), offset=at + run.difference, size=result.type.bytes)
        end = round_up(max(tensors[t].offset + tensors[t].size for t in (source, result)), _UNIT)
        for tensor in (*node.inputs, *node.outputs):
            if tensor is not None and not tensor.is_constant and tensor not in tensors:
                tensors[tensor] = place(tensor.type.bytes)
        assert node.packed is not None
        if node.packed.scratch:
            scratch[node] = place(node.packed.scratch)
    return Plan(tensors, scratch, end, 0, end, 0)


def sharing(cases: Sequence[Case], target: str, optimize: Optimize = "speed") -> list[Overlapping]:
    """Those of the cases whose output may share a byte with their first input."""
    prepared = prepare([*map(Overlapping, cases)], target, optimize)
    found = []
    for one, node in zip(prepared.cases, prepared.nodes, strict=True):
        overlap = node.overlap(0)
        if overlap is not None and _shares(overlap, node, 0, _unit(node, 0, target, overlap)):
            found.append(one)
    return found


def check_overlaps(cases: Sequence[Overlapping], target: str) -> None:
    """Runs all cases over their inputs in one program and compares them with the reference."""
    run_overlaps(prepare(cases, target))


def _compare(got: Array, want: Array, ulp: int) -> Difference:
    """What is of one byte, small floats too, must be equal."""
    same = want.dtype.itemsize == 1
    return compare(got.view(np.uint8), want.view(np.uint8)) if same else compare(got, want, relative=0.0, ulp=ulp)


def run_overlaps(prepared: Prepared) -> None:
    """The same for cases that are compiled."""
    target, model = prepared.target, prepared.model
    runs = [r for one, node in zip(prepared.cases, prepared.nodes, strict=True) for r in _runs(one, node, target)]
    nodes = [_copy(run, i) for i, run in enumerate(runs)]
    inputs = [t for n in nodes for t in n.inputs if t is not None and not t.is_constant]
    values: list[Array] = [v for run in runs for v in node_graph(run.case)[1]]
    graph = Graph("overlaps", inputs, [t for n in nodes for t in n.outputs], nodes, plan=_plan(runs, nodes))
    files = render(graph, model.target, model.name, model.origin).files
    (outcome,) = build_program([replace(model, graph=graph, files=files)], Build()).execute([Call(values)])
    outputs = iter(outcome.outputs)
    for run in runs:
        label = f"{_label(run.case)} on {target}, output {run.difference} bytes after input {run.position}"
        label += ", backward" if run.backward else ""
        found = [_compare(next(outputs), want, run.one.ulp) for want in reference(run.case)]
        if run.allowed:
            assert all(f.match for f in found), f"{label}: {found}"
        else:
            assert not all(f.match for f in found), f"{label}: still right, so more could be declared"
