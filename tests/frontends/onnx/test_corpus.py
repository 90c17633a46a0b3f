"""Every .onnx model of the corpus is either refused by name, or means what its reference outputs say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgegen.ir.evaluate import evaluate
from edgegen.ir.tensor import Array
from edgegen.onnx_backend import compile_specialized
from edgegen.targets import target
from edgegen.verify import Call, build_program
from tests import corpus as corpus_files
from tests.corpus_onnx import specialized

SLOW = {"style_candy"}
"""What numpy takes a minute for."""


def agree(name: str, outputs: list[Array], recorded: list[corpus_files.Recorded]) -> None:
    """Fails unless integers are equal and floats within 1e-5 of their output's largest magnitude."""
    for output, there in zip(outputs, recorded, strict=True):
        got, want = there.part(output), there.values
        assert (got.dtype, got.shape) == (want.dtype, want.shape), name
        if want.dtype.kind == "f":
            error = 1e-5 * float(np.abs(want).max()) + corpus_files.judge_error(name)
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=error, err_msg=name)
        else:
            np.testing.assert_array_equal(got, want, err_msg=name)


@pytest.mark.corpus
@pytest.mark.slow
def test_every_model_means_what_its_references_say(corpus: Path) -> None:
    paths = corpus_files.models(corpus, "onnx")
    assert len(paths) == 31
    for path in paths:
        if path.stem not in SLOW:
            model, samples = specialized(path)
            for inputs, outputs in samples[:2]:
                agree(path.stem, evaluate(model.graph, inputs), outputs)


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize(
    ("core", "most_bytes"),
    [
        ("host", 1 << 30),
        pytest.param("arm-neon", 1 << 19, marks=pytest.mark.cross),
        pytest.param("cortex-m4", 1 << 19, marks=pytest.mark.cross),
    ],
)
def test_every_model_in_c(core: str, most_bytes: int, part: int, corpus: Path) -> None:
    """On the host all samples; on other cores one of each of the models of up to half a megabyte."""
    paths = [p for p in corpus_files.models(corpus, "onnx") if p.stat().st_size <= most_bytes]
    chosen = paths[part::4]
    read = [specialized(path) for path in chosen]
    most = 100 if core == "host" else 1
    models = [compile_specialized(m, path.stem, target(core)) for (m, _), path in zip(read, chosen, strict=True)]
    calls = [Call(x, k, restart=i == 0) for k, (_, s) in enumerate(read) for i, (x, _) in enumerate(s[:most])]
    outcomes = iter(build_program(models).execute(calls))
    for (_, samples), path in zip(read, chosen, strict=True):
        for _, outputs in samples[:most]:
            agree(path.stem, next(outcomes).outputs, outputs)
