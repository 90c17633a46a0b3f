"""Runs many nodes in one program with every access checked: how AArch64's kernel rows are tested.

    from tests.guarded import check_guarded

    def test_tails():
        check_guarded([Case(op, inputs, kernel="conv2d_s8_neon", label=...), ...], "arm-neon")

All cases become nodes of one graph, since arm_neon.h costs more to compile than they do. A kernel that touches anything
but its own inputs, constants, scratch and outputs, be it with the tail of a vector load, fails (see `Build.sanitize`).
"""

from __future__ import annotations

from collections.abc import Sequence

from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array
from edgegen.targets import Optimize
from edgegen.verify import Build, Call, build_program, compare
from tests.harness import Case, compile_for_test, node_graph, planned_at_once, reference


def _one_graph(cases: Sequence[Case]) -> tuple[Graph, list[Array]]:
    """The cases as nodes of one graph, and the values of its inputs."""
    whole = Graph("cases", [], [])
    values: list[Array] = []
    for i, case in enumerate(cases):
        graph, inputs = node_graph(case)
        for tensor in graph.tensors():
            tensor.name = f"case{i}_{tensor.name}"
        for node in graph.nodes:
            node.name = f"case{i}"
        whole.inputs += graph.inputs
        whole.outputs += graph.outputs
        whole.nodes += graph.nodes
        values += inputs
    return whole, values


def run_guarded(cases: Sequence[Case], target: str, optimize: Optimize = "speed", cc: str = "") -> list[Array]:
    """Outputs of all cases in order. Fails if a case did not get the row it names, or touches what it must not."""
    graph, values = _one_graph(cases)
    model = compile_for_test(graph, planned_at_once(target), "cases", optimize, trace=True)
    rows = {n.name: n.kernel.name for n in model.graph.nodes if n.kernel is not None}
    for i, case in enumerate(cases):
        row = rows.get(f"case{i}", "none")
        assert case.kernel in ("", row), f"case {i} {case.label or case.op}: got {row}, not {case.kernel}"
    program = build_program([model], Build(cc=cc, sanitize=True))
    (outcome,) = program.execute([Call(values)])
    return outcome.outputs


def check_guarded(cases: Sequence[Case], target: str, ulp: int = 4, optimize: Optimize = "speed", cc: str = "") -> None:
    """Runs all cases and compares every output with the operator's reference, as tests.harness.check_nodes does."""
    outputs = iter(run_guarded(cases, target, optimize, cc))
    for i, case in enumerate(cases):
        for want in reference(case):
            difference = compare(next(outputs), want, relative=0.0, ulp=ulp)
            assert difference.match, f"case {i} {case.label or case.op} on {target}: {difference}"
