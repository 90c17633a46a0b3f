"""Broken copies of models whose operators mean something only beside one another: each compiles or is refused."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from edgegen.errors import EdgegenError
from tests.frontends.tflite.test_detection import arrays
from tests.frontends.tflite.test_detection import model as detector
from tests.frontends.tflite.test_mediapipe import VALID, pool_and_back
from tests.frontends.tflite.test_spectrum import model as spectrum
from tests.frontends.tflite.test_stream import model as stream
from tests.fuzz.mutation import mutate, structure
from tests.fuzz.test_flips import TIMES, compiled

SOUND = {
    "detector": detector(arrays(0)),
    "pool": pool_and_back((1, 6, 6, 3), (2, 3), VALID),
    "spectrum": spectrum((2, 1, 32), (1, 32)),
    "stream": stream(),
}


@pytest.mark.parametrize("name", SOUND)
def test_every_copy_compiles_or_is_refused(name: str, tmp_path: Path) -> None:
    rng = random.Random(6)
    data = SOUND[name]
    places = structure(data)
    results: Counter[bool] = Counter()
    for number in range(60 * TIMES):
        broken = mutate(data, places, rng)
        try:
            result = compiled(Path(f"{name}.tflite"), broken, number)
        except BaseException as error:
            (tmp_path / "broken.tflite").write_bytes(broken)
            raise AssertionError(f"copy {number}, kept in {tmp_path}: {error!r}") from error
        results[isinstance(result, EdgegenError)] += 1
    assert results[True] > 10 * TIMES
    assert results[False] > 0
