"""Streaming wake-word models: 50 consecutive calls give what one TensorFlow Lite Micro interpreter gives in as many."""

from __future__ import annotations

import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tflite

from benchmarks.conformance import compiled_model, named_target
from edgegen.compiler import Request, compile_model
from edgegen.ir.tensor import Array
from edgegen.verify import Call, build_program
from tests import corpus as corpus_files
from tests.judge import judge_runs

pytestmark = pytest.mark.corpus

STREAMING = ["mww_v2_hey_home_assistant", "mww_v2_hey_jarvis", "mww_v2_hey_mycroft", "mww_v2_vad"]
CALLS = 50


def stream(seed: int, calls: int = CALLS) -> list[list[Array]]:
    """Spectrogram slices that grow louder and fall silent again, as around a spoken word."""
    rng = np.random.default_rng(seed)
    loudness = np.abs(np.sin(np.arange(calls) / 7))
    return [[np.clip(rng.normal(-128 + 200 * k, 40, (1, 3, 40)), -128, 127).astype(np.int8)] for k in loudness]


def judged(data: bytes, runs: list[list[Array]]) -> list[Array]:
    return [outputs[0] for outputs in judge_runs(data, runs)]


def with_features(data: bytes) -> bytes:
    """The file with what its last dense layer reads as its output: most verdicts are 0, and all features differ."""
    patched = bytearray(data)
    model = tflite.Model.GetRootAs(patched, 0)
    graph = model.Subgraphs(0)
    dense = [
        operator
        for operator in map(graph.Operators, range(graph.OperatorsLength()))
        if model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode() == tflite.BuiltinOperator.FULLY_CONNECTED
    ]
    outputs = graph._tab.Vector(graph._tab.Offset(8))  # the schema's third field: outputs
    struct.pack_into("<i", patched, outputs, dense[-1].Inputs(0))
    return bytes(patched)


@pytest.mark.parametrize(
    ("target", "features"),
    [("host", False), ("generic", True), pytest.param("cortex-m4", True, marks=pytest.mark.cross)],
)
def test_fifty_calls_and_a_fresh_start(target: str, features: bool, corpus: Path, tmp_path: Path) -> None:
    """In the emulator one model, whose calls are two starts of it: its state is saved between them."""
    files = []
    for name in STREAMING if target != "cortex-m4" else STREAMING[-1:]:
        data = corpus_files.model(corpus, name).read_bytes()
        files.append(tmp_path / f"{name}.tflite")
        files[-1].write_bytes(with_features(data) if features else data)
    core = replace(named_target(target), optimize="size")
    program = build_program([compile_model(Request(file, core)) for file in files])
    for index, file in enumerate(files):
        runs = stream(index)
        wanted = judged(file.read_bytes(), runs)
        assert not features or len({w.tobytes() for w in wanted}) == CALLS
        calls = [Call(inputs, index, restart=k == 0) for k, inputs in enumerate(runs)]
        got = [*program.execute(calls[:20]), *program.execute(calls[20:])]
        np.testing.assert_array_equal([g.outputs[0] for g in got], wanted)
        again = program.execute(calls[:5])
        np.testing.assert_array_equal([g.outputs[0] for g in again], wanted[:5])


MAIN = """\
#include "wake.h"
#include <stdio.h>
#include <string.h>

static wake_t a, b;

static int step(wake_t *m)
{
    if (fread(wake_input(m), 1, WAKE_INPUT_ELEMENTS, stdin) != WAKE_INPUT_ELEMENTS || wake_run(m) != WAKE_OK) {
        return 1;
    }
    return fwrite(wake_output(m), 1, WAKE_OUTPUT_ELEMENTS, stdout) != WAKE_OUTPUT_ELEMENTS;
}

int main(void)
{
    int failed = wake_init(&a) != WAKE_OK || wake_init(&b) != WAKE_OK;
    for (int k = 0; k < %(calls)d; k++) {
        failed = failed || step(&a) || step(&b);
    }
    failed = failed || wake_init(&a) != WAKE_OK;
    for (int k = 0; k < %(calls)d; k++) {
        failed = failed || step(&a);
    }
    return failed;
}
"""


def test_two_instances_do_not_disturb_each_other(corpus: Path, tmp_path: Path) -> None:
    """Two streams in turn; then the first one again, after its instance was initialized anew."""
    name, calls = STREAMING[-1], 20
    model = compiled_model(name, "generic", "size", symbols="wake")
    for file, text in model.files.items():
        (tmp_path / file).write_text(text)
    (tmp_path / "main.c").write_text(MAIN % {"calls": calls})
    command = ["gcc", "-std=c99", "-O1", "-I.", "main.c", "wake.c", "-lm", "-o", "main"]
    subprocess.run(command, cwd=tmp_path, check=True)
    first, second = stream(7, calls), stream(8, calls)
    given = [inputs[0] for pair in zip(first, second, strict=True) for inputs in pair] + [x[0] for x in first]
    done = subprocess.run(
        [tmp_path / "main"], input=b"".join(x.tobytes() for x in given), capture_output=True, check=True
    )
    got = np.frombuffer(done.stdout, np.uint8)
    data = corpus_files.model(corpus, name).read_bytes()
    one, two = (np.array(judged(data, runs)).reshape(-1) for runs in (first, second))
    assert (one != two).any()
    np.testing.assert_array_equal(got[: 2 * calls : 2], one)
    np.testing.assert_array_equal(got[1 : 2 * calls : 2], two)
    np.testing.assert_array_equal(got[2 * calls :], one)
