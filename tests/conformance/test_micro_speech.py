"""From sound to words: audio_preprocessor_int8 feeds micro_speech_int8, as TensorFlow Lite Micro's micro_speech does.

Windows of 30 ms of 16 kHz sound, 20 ms apart, give 40 features each; 49 windows are what the network sees at once.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from edgegen.compiler import Request, compile_model
from edgegen.ir.tensor import Array
from edgegen.targets import target
from edgegen.verify import Call, build_program
from tests import corpus as corpus_files
from tests.judge import judge, judge_runs

pytestmark = [pytest.mark.corpus, pytest.mark.slow]

MODELS = ("audio_preprocessor_int8", "micro_speech_int8")
WINDOW, STRIDE, WINDOWS = 480, 320, 49
CLASSES = ("silence", "unknown", "yes", "no")
HEARD = {"yes": "yes", "no": "no", "noise": "silence", "silence": "silence"}


def windows(path: Path) -> list[Array]:
    """s16[1, 480] of each window of a recording."""
    with wave.open(str(path)) as recording:
        assert (recording.getframerate(), recording.getnchannels(), recording.getsampwidth()) == (16000, 1, 2)
        sound = np.frombuffer(recording.readframes(recording.getnframes()), "<i2").astype(np.int16)
    return [sound[k * STRIDE : k * STRIDE + WINDOW].reshape(1, WINDOW) for k in range(WINDOWS)]


@pytest.mark.parametrize(
    "name", ["generic", "host", *(pytest.param(t, marks=pytest.mark.cross) for t in ("arm-neon", "cortex-m4"))]
)
def test_words_are_heard(name: str, corpus: Path) -> None:
    """Features and scores are the judge's byte for byte; each recording starts from a fresh state."""
    files = [corpus_files.model(corpus, m) for m in MODELS]
    program = build_program([compile_model(Request(f, target(name), name=f.stem)) for f in files])
    calls: list[Call] = []
    wanted: list[Array] = []
    for word in HEARD:
        sound = windows(corpus / "data" / f"{word}_1000ms.wav")
        features = [run[0] for run in judge_runs(files[0].read_bytes(), [[w] for w in sound])]
        seen = np.concatenate(features).reshape(1, -1)
        calls += [Call([w], 0, restart=k == 0) for k, w in enumerate(sound)] + [Call([seen], 1)]
        wanted += [*features, judge(files[1].read_bytes(), [seen])[0]]
    outputs = [o.outputs[0] for o in program.execute(calls)]
    for got, want in zip(outputs, wanted, strict=True):
        np.testing.assert_array_equal(got, want)
    scores = outputs[WINDOWS :: WINDOWS + 1]
    assert [CLASSES[s.argmax()] for s in scores] == list(HEARD.values())
