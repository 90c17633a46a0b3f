"""Programs whose models are compiled as one source, with each kernel in it once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgegen.ir.dtypes import F32
from edgegen.ir.evaluate import evaluate
from edgegen.ops.unary import Unary
from edgegen.targets import Optimize, target
from edgegen.verify import Build, Call, build_program
from tests.build_graph import Builder
from tests.harness import compile_for_test
from tests.verify.altered import dense_graph

CROSS = [pytest.param(core, marks=pytest.mark.cross) for core in ("arm-neon", "cortex-m4")]


@pytest.mark.parametrize("optimize", ["speed", "size"])
@pytest.mark.parametrize("core", ["host", *CROSS])
def test_models_compiled_together_give_what_they_give_alone(core: str, optimize: Optimize) -> None:
    b = Builder()
    other = b.graph(b.add(Unary("exp"), b.input((5,), F32)))
    graphs = [dense_graph(1), dense_graph(2), other]
    rng = np.random.default_rng(0)
    inputs = [rng.integers(-9, 9, (1, 8)).astype(np.int8)] * 2 + [rng.random(5, np.float32)]
    chosen = replace(target(core), optimize=optimize)
    models = [compile_for_test(g, chosen, f"m{i}", optimize) for i, g in enumerate(graphs)]
    program = build_program(models, Build(together=True))
    assert len(program.objects) == 1
    text = (program.folder / "together.c").read_text(encoding="utf-8")
    kernel = models[0].graph.nodes[0].kernel
    assert kernel is not None
    assert text.count(f"EDGEGEN_KERNEL void {kernel.name}(") <= 1
    for model, x, outcome in zip(
        models, inputs, program.execute([Call([x], i) for i, x in enumerate(inputs)]), strict=True
    ):
        (want,) = evaluate(model.source, [x])
        np.testing.assert_allclose(outcome.outputs[0], want, rtol=1e-6)
