"""Runs rows for the DSP extension on the host: their C forms, which compilers without the instructions are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edgegen.targets import target as find_target
from edgegen.verify import Build, Call, build_program
from edgegen.verify.compare import compare
from tests.harness import Case, compile_for_test, node_graph, reference


def check_nodes_on_host(cases: Sequence[Case], ulp: int = 4) -> None:
    """Compares every case with its reference under ASan and UBSan; each node may touch only its own bytes."""
    host = find_target("generic")
    with_dsp = replace(host, features=frozenset({"dsp"}))
    graphs = [node_graph(c) for c in cases]
    models = [compile_for_test(g, with_dsp, f"case{i}", trace=True) for i, (g, _) in enumerate(graphs)]
    for case, model in zip(cases, models, strict=True):
        kernels = [n.kernel.name for n in model.graph.nodes if n.kernel is not None]
        assert not case.kernel or case.kernel in kernels, f"{case.label}: got {kernels}"
    program = build_program([replace(m, target=host) for m in models], Build(sanitize=True, together=True))
    for i, outcome in enumerate(program.execute([Call(values, i) for i, (_, values) in enumerate(graphs)])):
        for got, want in zip(outcome.outputs, reference(cases[i]), strict=True):
            assert got.dtype == want.dtype
            difference = compare(got, np.asarray(want), relative=0.0, ulp=ulp)
            assert difference.match, f"case {i} {cases[i].label}: {difference}"
