"""The sanitizers' build: it must find what it is for, in the arena too, and find nothing in the corpus."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgegen.compiler import Request, compile_model
from edgegen.errors import InvalidModel, NoKernel, ToolchainFailed, UnsupportedModel
from edgegen.ir.evaluate import evaluate
from edgegen.targets import TARGETS, host_target
from edgegen.verify import Build, Call, build_program, compare
from edgegen.verify.samples import random_samples
from tests import corpus as corpus_files
from tests.verify.altered import TRACE, X, altered, dense_model

SANITIZE = Build(sanitize=True)
QUICK = 400_000  # bytes of a model file
MOST_MACS = 400_000_000  # a sanitized run of more takes minutes


def run_altered(code: str) -> None:
    """Runs three layers with `code` put in front of the second one."""
    model = dense_model("generic", layers=3, trace=True)
    model = altered(model, {TRACE.format(0): f"{TRACE.format(0)}\n    {code}"})
    build_program([model], SANITIZE).execute([Call([X])])


def offset(tensor: int) -> int:
    """Where output `tensor` of the three layers lies."""
    graph = dense_model("generic", layers=3).graph
    assert graph.plan is not None
    return graph.plan.tensors[graph.nodes[tensor].out].offset


def test_a_model_without_faults_runs_and_records_its_layers() -> None:
    model = dense_model("generic", layers=3, trace=True)
    (outcome,) = build_program([model], SANITIZE).execute([Call([X])])
    (want,) = evaluate(model.source, [X])
    np.testing.assert_array_equal(outcome.outputs[0], want)
    assert [(step, number) for step, number, _ in outcome.layers] == [(0, 0), (1, 0), (2, 0)]
    assert outcome.layers[-1][2] == want.tobytes()


def test_what_a_step_may_touch() -> None:
    run_altered(f"a[{offset(0)}]++; a[{offset(1)}]++;")  # its input and its output


@pytest.mark.parametrize("touch", ["a[{0} + 8] = 1;", "(void)*(volatile uint8_t *)(a + {0} + 8);"])
def test_touching_one_byte_past_a_steps_tensors_is_found(touch: str) -> None:
    """The arena has room there: only the poisoned bytes between a step's own tell that it was wrong."""
    last = max(offset(0), offset(1))
    model = dense_model("generic", layers=3, trace=True)
    assert model.graph.plan is not None
    size = model.graph.plan.arena_bytes
    model = altered(
        model,
        {
            f"_ARENA_BYTES {size}": f"_ARENA_BYTES {size + 64}",
            TRACE.format(0): f"{TRACE.format(0)}\n    {touch.format(last)}",
        },
    )
    model.graph.plan.arena_bytes = size + 64
    with pytest.raises(ToolchainFailed, match="under the sanitizers failed") as caught:
        build_program([model], SANITIZE).execute([Call([X])])
    assert "use-after-poison" in dict(caught.value.details)["says"]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("volatile int32_t big = INT32_MAX; big = big + 1;", "signed integer overflow"),
        ("volatile int shift = 40; a[0] = (uint8_t)(1 << shift);", "shift exponent 40 is too large"),
        ("*(volatile uint32_t *)(void *)(a + 1) = 1;", "misaligned address"),
        ("volatile int at = 9; volatile int8_t few[4] = {0}; a[0] = (uint8_t)few[at];", "index 9 out of bounds"),
    ],
)
def test_undefined_behaviour_is_found(code: str, says: str) -> None:
    with pytest.raises(ToolchainFailed) as caught:
        run_altered(code)
    assert says in dict(caught.value.details)["says"]


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({"generic", host_target().name}))
def test_corpus_models_run_clean(name: str, corpus: Path) -> None:
    """Every model that compiles, on this machine's best target; on the portable one those that compile quickly."""
    models = []
    for path in corpus_files.models(corpus):
        if name != host_target().name and path.stat().st_size > QUICK:
            continue
        try:
            model = compile_model(Request(path, TARGETS[name], name=f"m_{path.stem}"[:48], trace=True))
            if model.source.macs() <= MOST_MACS:
                models.append(model)
        except (UnsupportedModel, NoKernel):
            continue
        except InvalidModel:
            assert path.stem == "model_invoking_error"
    assert len(models) > 50
    program = build_program(models, Build(sanitize=True, together=True))
    inputs = [random_samples(m.source, 1, seed=i)[0].inputs for i, m in enumerate(models)]
    outcomes = program.execute([Call(x, i) for i, x in enumerate(inputs)])
    for model, x, outcome in zip(models, inputs, outcomes, strict=True):
        if model.name.removeprefix("m_") in corpus_files.UNSTEADY:
            continue
        for got, want in zip(outcome.outputs, evaluate(model.source, x), strict=True):
            difference = compare(got, want)
            assert difference.match, f"{model.name}: {difference}"
