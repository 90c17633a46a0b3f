"""The LSTM that reads handwritten digits, compiled and run, reads ten of them as TensorFlow Lite Micro does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgegen.compiler import Request, compile_model
from edgegen.targets import TARGETS, host_target
from edgegen.verify import Call, build_program
from tests import corpus as corpus_files
from tests.models.png import grey_picture
from tests.streams import stream

TOLERANCE = 1e-6  # of probabilities: few units of single precision


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["host", pytest.param("cortex-m4", marks=pytest.mark.cross)])
def test_digits_are_read_as_the_judge_reads_them(name: str, corpus: Path) -> None:
    """From a fresh state each is read right; in a stream the state that eight others left makes a 3 of the 9."""
    path = corpus_files.model(corpus, "mnist_lstm_f32")
    pictures = [grey_picture(corpus / "data" / "mnist" / f"sample{d}.png") / np.float32(255) for d in range(10)]
    runs = [[p.reshape(1, 28, 28).astype(np.float32)] for p in pictures]
    target = host_target() if name == "host" else TARGETS[name]
    program = build_program([compile_model(Request(path, target, name="digits"))])
    alone = program.execute([Call(inputs, restart=True) for inputs in runs])
    together = program.execute([Call(inputs, restart=i == 0) for i, inputs in enumerate(runs)])
    data = path.read_bytes()
    judged_alone = [stream(data, [inputs])[0] for inputs in runs]
    for outcomes, wanted, read in (
        (alone, judged_alone, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (together, stream(data, runs), [0, 1, 2, 3, 4, 5, 6, 7, 8, 3]),
    ):
        got = np.concatenate([o.outputs[0] for o in outcomes])
        want = np.concatenate([w[0] for w in wanted])
        np.testing.assert_allclose(got, want, rtol=0, atol=TOLERANCE)
        assert got.argmax(axis=1).tolist() == want.argmax(axis=1).tolist() == read
