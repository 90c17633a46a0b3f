"""Accesses checked in the emulator: what a kernel may not touch is found, however it is touched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgegen.compiler import Request, compile_model
from edgegen.errors import InvalidModel, NoKernel, ToolchainFailed, UnsupportedModel
from edgegen.ir.evaluate import evaluate
from edgegen.targets import TARGETS
from edgegen.verify import Build, Call, build_program, compare
from edgegen.verify.samples import random_samples
from tests import corpus as corpus_files
from tests.verify.altered import TRACE, X, altered, dense_model, in_run

pytestmark = pytest.mark.cross
TARGET = ["arm-neon", "cortex-m4"]
CHECKED = Build(sanitize=True, strict=False)
QUICK = 350_000  # bytes of a model file
MOST_BYTES = 1 << 17  # of an instance: all lie in the emulated board's memory at once


def run_altered(target: str, code: str, trace: bool = True, right: bool = False) -> str:
    """Runs three layers with `code` put in front of the second one; what the check says.

    In the code OUT0, OUT1 are the offsets of the first two layers' results, END is the arena's size, WEIGHTS the
    second layer's weights. The first result is kept, so that the second does not lie over it.
    """
    model = dense_model(target, layers=3, trace=trace, keep=True)
    plan, second = model.graph.plan, model.graph.nodes[1].packed
    assert plan is not None
    assert second is not None
    weights = f"model_n1_{second.constants[0].suffix}"
    for i in (0, 1):
        code = code.replace(f"OUT{i}", str(plan.tensors[model.graph.nodes[i].out].offset))
    code = code.replace("END", str(plan.arena_bytes)).replace("WEIGHTS", weights)
    model = altered(model, {TRACE.format(0): f"{TRACE.format(0)}\n    {code}"}) if trace else in_run(model, code)
    program = build_program([model], CHECKED)
    if right:
        program.execute([Call([X])])
        return ""
    with pytest.raises(ToolchainFailed, match=f"model on {target} touched memory that is not theirs") as caught:
        program.execute([Call([X])])
    return dict(caught.value.details)["says"]


@pytest.mark.parametrize("target", TARGET)
def test_a_right_model_runs_and_is_measured(target: str) -> None:
    for trace in (True, False):
        model = dense_model(target, layers=3, trace=trace)
        (outcome,) = build_program([model], CHECKED).execute([Call([X])])
        np.testing.assert_array_equal(outcome.outputs[0], evaluate(model.source, [X])[0])
        assert outcome.instructions is not None
        assert len(outcome.layers) == (3 if trace else 0)


@pytest.mark.parametrize("target", TARGET)
@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("a[OUT1] = a[OUT0];", ""),
        ("(void)*(volatile uint8_t *)(a + OUT0 + 8);", "read 1 bytes at model_t +"),
        ("a[OUT0] = 0;", "wrote 1 bytes at model_t +"),
        ("(void)*(volatile uint8_t *)(a + END + 3);", "read 1 bytes at model_t +"),
        ("(void)*(volatile uint8_t *)(a - 1);", "read 1 bytes at model_t -1"),
        ("(void)*((const volatile int8_t *)WEIGHTS + 63);", ""),
        ("(void)*((const volatile int8_t *)WEIGHTS - 1);", "read 1 bytes at"),
        ("(void)*((const volatile int8_t *)WEIGHTS + sizeof WEIGHTS);", "read 1 bytes at model_n1_"),
    ],
)
def test_what_a_step_touches_is_checked(target: str, code: str, says: str) -> None:
    said = run_altered(target, code, right=not says)
    assert says in said
    assert not says or said.startswith('step 1 Dense "n1": model_run ')


@pytest.mark.parametrize(
    ("target", "load"),
    [("arm-neon", "ldr q0, [%0]"), ("cortex-m4", "ldm %0, {{r2, r3}}")],
)
def test_assembly_is_checked_like_any_code(target: str, load: str) -> None:
    """Eight bytes are the layer's input; the load takes some more."""
    clobbered = '"v0"' if target == "arm-neon" else '"r2", "r3"'
    code = f'__asm__ volatile("{load.replace("{{", "{").replace("}}", "}")}" :: "r"(a + OUT0 + 4) : {clobbered});'
    assert "bytes at model_t +" in run_altered(target, code)


@pytest.mark.parametrize("target", TARGET)
def test_a_model_that_reports_no_steps_has_all_of_its_arena(target: str) -> None:
    run_altered(target, "a[OUT0] = 0;", trace=False, right=True)
    said = run_altered(target, "(void)*(volatile uint8_t *)(a + END + 3);", trace=False)
    assert said.startswith("a step: model_run read 1 bytes at model_t +")


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.parametrize("name", ["arm-neon", "arm-neon-dotprod", "cortex-m4"])
def test_corpus_models_touch_only_what_is_theirs(name: str, corpus: Path) -> None:
    """Every model that compiles and is quickly run with every access checked; one random run each. At -O1 kernels make
    the same accesses and compile sooner."""
    models = []
    for path in corpus_files.models(corpus):
        if path.stat().st_size > QUICK:
            continue
        try:
            model = compile_model(Request(path, TARGETS[name], name=f"m_{path.stem}"[:48], trace=True))
        except (UnsupportedModel, NoKernel):
            continue
        except InvalidModel:
            assert path.stem == "model_invoking_error"
            continue
        assert model.graph.plan is not None
        if model.graph.plan.total_bytes <= MOST_BYTES and path.stem not in corpus_files.UNSTEADY:
            models.append(model)
    assert len(models) > 50
    inputs = [random_samples(m.source, 1, seed=i)[0].inputs for i, m in enumerate(models)]
    outcomes = build_program(models, Build(sanitize=True, together=True, cflags=("-O1",))).execute(
        [Call(x, i) for i, x in enumerate(inputs)]
    )
    for model, x, outcome in zip(models, inputs, outcomes, strict=True):
        for got, want in zip(outcome.outputs, evaluate(model.source, x), strict=True):
            difference = compare(got, want)
            assert difference.match, f"{model.name}: {difference}"
