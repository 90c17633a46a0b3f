"""Streams of runs: what a model that remembers gives, run after run, beside what the judges' interpreters give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import Evaluation
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array
from tests.judge import Runs
from tests.judge import judge_litert_runs as stream_litert
from tests.judge import judge_runs as stream

__all__ = ["check_stream", "stream", "stream_litert"]


def check_stream(data: bytes, runs: Runs, wanted: Sequence[Sequence[Array]], tolerance: float = 0.0) -> Graph:
    """Imports the model and compares its outputs run by run; the imported graph.

    tolerance: for floats, relative to the largest magnitude that an output has in the stream; integers must be equal
    """
    graph = read_tflite(data, "model", {})
    evaluation = Evaluation(graph)
    found = [evaluation.run(inputs) for inputs in runs]
    for i in range(len(graph.outputs)):
        got, want = (np.stack([outputs[i] for outputs in side]) for side in (found, wanted))
        assert (got.dtype, got.shape) == (want.dtype, want.shape)
        if got.dtype.kind == "f":
            np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * float(np.abs(want).max()))
        else:
            np.testing.assert_array_equal(got, want)
    return graph
