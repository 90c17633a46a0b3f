"""The suite of the onnx package, as compiled C: all of it here, and of each operator something on other cores."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.evaluate import evaluate
from tests.frontends.onnx import suite

CHOSEN = 300
AT_LEAST = 1950
MOST_BYTES = 1 << 14  # of a case's inputs and outputs, for the emulated Cortex-M4 has 128 of them in memory at once


@pytest.mark.slow
def test_every_case_passes_or_is_refused_with_the_reason_that_the_page_gives() -> None:
    results = list(suite.run(suite.all_examples()))
    assert [f"{r.name}: {r.reason}" for r in results if r.verdict in ("wrong", "crashed")] == []
    assert {r.name for r in results if r.verdict == "misjudged"} <= suite.MISJUDGED.keys()
    assert len({r.name for r in results if r.verdict == "passed"}) >= AT_LEAST
    assert suite.page(results) == suite.PAGE.read_text(encoding="utf-8"), "run the command at the end of docs/onnx.md"


def test_misjudged_cases_agree_with_exact_values() -> None:
    for example in suite.all_examples():
        if example.name in suite.MISJUDGED:
            specialized, values = suite.prepare(example)
            (x,), (got,) = example.inputs[:1], evaluate(specialized.graph, values)
            exact = np.fft.ifft((x[..., 0] + 1j * x[..., 1]).astype(complex), axis=1)
            np.testing.assert_allclose(got, np.stack([exact.real, exact.imag], -1), example.rtol, example.atol)


def test_the_chosen_cases_are_of_all_operators() -> None:
    known = [e for e in suite.all_examples() if e.name not in suite.unsupported()]
    chosen = suite.across_operators(known, CHOSEN, MOST_BYTES)
    assert len(chosen) == CHOSEN
    small = {suite.operators(e) for e in known if suite.size(e) <= MOST_BYTES}
    assert {suite.operators(e) for e in chosen} == small
    assert len(small) > 150


@pytest.mark.cross
@pytest.mark.slow
@pytest.mark.parametrize("target", ["arm-neon", "cortex-m4"])
def test_cases_of_every_operator_pass_on_other_cores(target: str) -> None:
    known = [e for e in suite.all_examples() if e.name not in suite.unsupported()]
    results = list(suite.run(suite.across_operators(known, CHOSEN, MOST_BYTES), target))
    assert [f"{r.verdict} {r.name}: {r.reason}" for r in results if r.verdict != "passed"] == []
