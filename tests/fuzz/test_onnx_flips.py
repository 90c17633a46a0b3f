"""Broken copies of small .onnx models: each compiles or is refused with an EdgegenError, soon and in bounded memory.

The models are the corpus's small ones and those of the onnx package's suite, one of each operator. Always the same
copies; EDGEGEN_FUZZ=N makes N times as many.
"""

from __future__ import annotations

import os
import random
import tracemalloc
import zlib
from pathlib import Path

import pytest

from edgegen.errors import EdgegenError, format_error
from tests import corpus as corpus_files
from tests.frontends.onnx import suite
from tests.fuzz.mutation import flip
from tests.fuzz.test_flips import check_syntax, compiled

TIMES = int(os.environ.get("EDGEGEN_FUZZ", "1"))
LARGEST = 100_000  # bytes of a model's file
MEMORY = 1 << 30  # bytes that one copy may take


def check(name: str, data: bytes, copies: int, folder: Path) -> tuple[int, int]:
    """(accepted, refused) of broken copies of one model."""
    accepted = refused = 0
    rng = random.Random(zlib.crc32(name.encode()))
    for number in range(copies):
        broken = flip(data, rng)
        try:
            result = compiled(Path(f"{name}.onnx"), broken, number + rng.randrange(8))
        except BaseException as error:
            kept = folder / f"{name}.onnx"
            kept.write_bytes(broken)
            raise AssertionError(f"copy {number} of {name}, kept as {kept}: {error!r}") from error
        if isinstance(result, EdgegenError):
            refused += 1
            assert 20 < len(format_error(result)) < 10_000
            continue
        accepted += 1
        if accepted % 32 == 1 and len(result.files["broken.c"]) < 1 << 20:
            check_syntax(result, folder)
    return accepted, refused


@pytest.mark.corpus
def test_copies_of_the_corpus(corpus: Path, tmp_path: Path) -> None:
    counts = []
    for path in corpus_files.models(corpus, "onnx"):
        if path.stat().st_size <= LARGEST:
            counts.append(check(path.stem, path.read_bytes(), 10 * TIMES, tmp_path))
    assert sum(accepted for accepted, _ in counts) > 20 * TIMES
    assert sum(refused for _, refused in counts) > 40 * TIMES


@pytest.mark.slow
def test_copies_of_each_operator(tmp_path: Path) -> None:
    chosen = [e for e in suite.all_examples() if len(e.model) <= LARGEST]
    counts = [check(e.name, e.model, 2 * TIMES, tmp_path) for e in suite.across_operators(chosen, 250, 1 << 16)]
    assert sum(refused for _, refused in counts) > 100 * TIMES


@pytest.mark.corpus
def test_memory_is_bounded(corpus: Path) -> None:
    data = corpus_files.model(corpus, "o2c_mnist_simplified", "onnx").read_bytes()
    rng = random.Random(0)
    tracemalloc.start()
    try:
        for number in range(20):
            compiled(Path("mnist.onnx"), flip(data, rng), number)
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()
