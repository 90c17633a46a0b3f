"""Recurrent models of the corpus: the recorded outputs, and a stream whose state the model keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import edgegen
from tests.corpus import model, samples

CHUNKS = 50
SILERO_SHAPES = {"input": (1, 576), "state": (2, 1, 128)}


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("o2c_lstm_k1", {"input_1": (1, 16, 5)}),
        ("o2tf_lstm_1layer", {}),
        ("tract_qlstm", {"input": (1, 3)}),
    ],
)
def test_recorded_outputs(corpus: Path, name: str, shapes: dict[str, tuple[int, ...]]) -> None:
    built = edgegen.compile(model(corpus, name, "onnx"), "generic", shapes=shapes).build()
    for inputs, outputs in samples(corpus, name, "onnx"):
        for got, wanted in zip(built.run(*inputs), outputs, strict=True):
            np.testing.assert_allclose(got, wanted, 1e-4, 1e-6)


@pytest.mark.corpus
def test_silero_vad_on_recorded_samples(corpus: Path) -> None:
    path = model(corpus, "silero_vad_v5", "onnx")
    built = edgegen.compile(path, "generic", shapes=SILERO_SHAPES, values={"sr": (16000,)}).build()
    for (chunk, state, rate), outputs in samples(corpus, "silero_vad_v5", "onnx"):
        assert int(rate) == 16000
        for got, wanted in zip(built.run(chunk, state), outputs, strict=True):
            np.testing.assert_allclose(got, wanted, 1e-4, 1e-6)


@pytest.mark.corpus
def test_silero_vad_keeps_its_state(corpus: Path) -> None:
    """50 chunks of speech-like noise in one stream: the model's state against the one that onnxruntime is handed."""
    path = model(corpus, "silero_vad_v5", "onnx")
    states, values = {"state": "stateN"}, {"sr": (16000,)}
    built = edgegen.compile(path, "generic", shapes=SILERO_SHAPES, states=states, values=values).build()
    assert built.state_bytes == 4 * 2 * 128
    session = onnxruntime.InferenceSession(path)
    rng = np.random.default_rng(5)
    carried, probabilities = np.zeros((2, 1, 128), np.float32), []
    for i in range(CHUNKS):
        loud = 0.5 * np.sin(np.arange(576) * (0.05 + 0.002 * i)) * (i % 10 > 4)
        chunk = (loud + 0.02 * rng.standard_normal(576)).astype(np.float32)[None]
        wanted, carried = session.run(None, {"input": chunk, "state": carried, "sr": np.array(16000)})
        (got,) = built.run(chunk)
        np.testing.assert_allclose(got, wanted, 1e-4, 1e-6)
        probabilities.append(float(got[0, 0]))
    assert max(probabilities) > 2 * min(probabilities)
