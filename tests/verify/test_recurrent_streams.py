"""Recurrent models of the file, compiled and run: a stream of calls gives the judges' stream of outputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from edgegen.frontends.tflite import read_tflite
from edgegen.ir.tensor import Array
from edgegen.verify import Build, Call, build_program
from tests.frontends.tflite.test_bidirectional import long_model, simple_model
from tests.frontends.tflite.test_lstm import basic_model, fixed_model, float_model, integer_model
from tests.frontends.tflite.test_recurrent import float_svdf, integer_svdf, recurrent
from tests.harness import compile_for_test
from tests.streams import stream, stream_litert

RUNS = 20
FLOATS = 4e-6  # relative to the largest output: few units of single precision, after 20 runs that feed on each other


@dataclass(frozen=True)
class Model:
    """kernel: how the name of the recurrent layer's row begins; micro: whether the first judge runs the model"""

    data: bytes
    kernel: str
    micro: bool = True


def models() -> list[Model]:
    shape = (2, 12, 4, 2, 8)
    return [
        Model(integer_svdf(shape, "INT16"), "svdf_s8_s16"),
        Model(integer_svdf(shape, "INT8"), "svdf_s8_s8"),
        Model(float_svdf(shape, 4), "svdf_f32"),
        Model(float_svdf(shape, 1, hybrid=True), "svdf_hybrid", micro=False),
        Model(integer_model("INT8", (3, 2, 5, 6), True, 2.0), "lstm_s8"),
        Model(integer_model("INT16", (2, 2, 5, 6)), "lstm_s16"),
        Model(float_model(batch=2, clips=(0.5, 0.0)), "lstm_f32"),
        Model(float_model(norms=True, projection=4, peepholes=True), "lstm_f32", micro=False),
        Model(float_model(hybrid=True, asymmetric=True), "lstm_hybrid_asymmetric", micro=False),
        Model(fixed_model(coupled=True, peepholes=True, projection=6, norms=True), "lstm_fixed", micro=False),
        Model(fixed_model("LSTM", projection=7, hidden_zero=5, clips=(2.0, 0.4)), "lstm_fixed", micro=False),
        Model(basic_model("UINT8"), "lstm_u8", micro=False),
        Model(recurrent("UNIDIRECTIONAL_SEQUENCE_RNN", 4, time_major=True), "rnn_f32", micro=False),
        Model(recurrent("RNN", 4, time_major=False, hybrid=True), "rnn_hybrid", micro=False),
        Model(long_model(True, True, "linked"), "lstm_f32", micro=False),
        Model(simple_model(False, True), "rnn_f32", micro=False),
    ]


def check(target: str, sanitize: bool) -> None:
    chosen = models()
    graphs = [read_tflite(m.data, "model", {}) for m in chosen]
    compiled = [compile_for_test(g, target, f"model{i}", trace=sanitize) for i, g in enumerate(graphs)]
    program = build_program(compiled, Build(sanitize=sanitize))
    rng = np.random.default_rng(9)
    for i, (model, graph, made) in enumerate(zip(chosen, graphs, compiled, strict=True)):
        assert any(n.kernel.name.startswith(model.kernel) for n in made.graph.nodes if n.kernel is not None)
        runs: list[list[Array]] = []
        for _ in range(RUNS):
            drawn = [rng.standard_normal(t.shape) for t in graph.inputs]
            scale = [1 if t.dtype.is_float else t.dtype.range[1] / 2 for t in graph.inputs]
            low = [0 if t.dtype.is_float or t.dtype.range[0] else 128 for t in graph.inputs]
            runs.append(
                [
                    np.clip(a * s + z, *((-9, 9) if t.dtype.is_float else t.dtype.range)).astype(t.dtype.np)
                    for a, s, z, t in zip(drawn, scale, low, graph.inputs, strict=True)
                ]
            )
        wanted = (stream if model.micro else stream_litert)(model.data, runs, len(graph.outputs))
        found = [o.outputs for o in program.execute([Call(r, i, restart=k == 0) for k, r in enumerate(runs)])]
        for k in range(len(graph.outputs)):
            got, want = (np.stack([outputs[k] for outputs in side]) for side in (found, wanted))
            if got.dtype.kind == "f":
                np.testing.assert_allclose(got, want, rtol=0, atol=FLOATS * float(np.abs(want).max()), err_msg=str(i))
            else:
                np.testing.assert_array_equal(got, want, err_msg=str(i))


def test_streams_on_the_host() -> None:
    check("generic", sanitize=True)


@pytest.mark.cross
@pytest.mark.parametrize("target", ["arm-neon", "cortex-m4"])
def test_streams_on_other_cores(target: str) -> None:
    check(target, sanitize=False)
