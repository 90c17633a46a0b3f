"""Broken copies of every .tflite model of the corpus, and of models that no corpus has: with control flow, and of
operators that mean something only beside one another."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests import corpus as corpus_files
from tests.frontends.tflite.test_bidirectional import long_model
from tests.frontends.tflite.test_control import branches, composite, counting, nested, power
from tests.frontends.tflite.test_detection import arrays
from tests.frontends.tflite.test_detection import model as detector
from tests.frontends.tflite.test_interior import cast
from tests.frontends.tflite.test_mediapipe import VALID, pool_and_back, transposed
from tests.frontends.tflite.test_non_max_suppression import model as suppression
from tests.frontends.tflite.test_sparsity import compress, densified
from tests.frontends.tflite.test_spectrum import model as spectrum
from tests.frontends.tflite.test_stream import model as stream
from tests.frontends.tflite.test_windows import gather, table
from tests.fuzz.copies import TIMES, Copies
from tests.fuzz.mutation import mutate, structure

BUDGET = 1 << 20  # bytes of models to go through for each: many copies of a small one, a few of a large one
MOST = 12
FLOATS = np.ones(2, np.float32)
CONTROL = {"branches": branches, "power": power, "nested": nested, "counting": counting, "composite": composite}
BESIDE = {
    "detector": lambda: detector(arrays(0)),
    "pool": lambda: pool_and_back((1, 6, 6, 3), (2, 3), VALID),
    "spectrum": lambda: spectrum((2, 1, 32), (1, 32)),
    "stream": stream,
    "bidirectional": lambda: long_model(False, False),
    "cast": lambda: cast("INT32", (3,), "INT16", (3, 2)),
    "sparse": lambda: densified(*compress(np.eye(4, 6, dtype=np.float32), [0, 1], {}, {1}), (4, 6), "FLOAT32"),
    "suppression": lambda: suppression(5, 4, 0.5, 0.1, 0.5),
    "transposed": lambda: transposed((1, 4, 5, 3), np.ones((2, 3, 2, 3), np.float32), FLOATS, VALID, (2, 1)),
    "windows": lambda: gather("INT8", (5, 3), "INT32", (4, 1), (4, 3), table((1,), (0,), (0,), 1, (1, 3))),
}
"""Of operators that tests/generated does not draw."""


def breaker(data: bytes) -> Callable[[bytes, random.Random], bytes]:
    """Breaks copies of one model, mostly where its structure lies."""
    places = structure(data)
    return lambda data, rng: mutate(data, places, rng)


@pytest.mark.corpus
def test_copies_of_the_corpus(corpus: Path, tmp_path: Path) -> None:
    copies = Copies(tmp_path)
    for path in corpus_files.models(corpus):
        data = path.read_bytes()
        copies.check(path.name, data, max(1, min(MOST, BUDGET // len(data))), breaker(data))
    assert copies.accepted > 50 * TIMES
    assert copies.refused > 300 * TIMES


@pytest.mark.parametrize(
    ("name", "make", "count", "accepted", "refused"),
    [
        *(pytest.param(name, make, 120, 5, 20, id=name) for name, make in CONTROL.items()),
        *(pytest.param(name, make, 60, 0, 10, id=name) for name, make in BESIDE.items()),
    ],
)
def test_copies_of_one_model(
    tmp_path: Path, name: str, make: Callable[[], bytes], count: int, accepted: int, refused: int
) -> None:
    copies, data = Copies(tmp_path), make()
    copies.check(f"{name}.tflite", data, count, breaker(data))
    assert copies.accepted > accepted * TIMES
    assert copies.refused > refused * TIMES
