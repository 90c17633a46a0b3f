"""Broken copies of small .onnx models: the corpus's and those of the onnx package's suite, one of each operator."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import pytest

from tests import corpus as corpus_files
from tests.frontends.onnx import suite
from tests.fuzz.copies import TIMES, Copies, compiled
from tests.fuzz.mutation import flip

LARGEST = 100_000  # bytes of a model's file
MEMORY = 1 << 30  # bytes that one copy may take


@pytest.mark.corpus
def test_copies_of_the_corpus(corpus: Path, tmp_path: Path) -> None:
    copies = Copies(tmp_path)
    for path in corpus_files.models(corpus, "onnx"):
        if path.stat().st_size <= LARGEST:
            copies.check(path.name, path.read_bytes(), 10, flip)
    assert copies.accepted > 20 * TIMES
    assert copies.refused > 40 * TIMES


@pytest.mark.slow
def test_copies_of_each_operator(tmp_path: Path) -> None:
    copies = Copies(tmp_path, every=32)
    chosen = [e for e in suite.all_examples() if len(e.model) <= LARGEST]
    for example in suite.across_operators(chosen, 250, 1 << 16):
        copies.check(f"{example.name}.onnx", example.model, 2, flip)
    assert copies.refused > 100 * TIMES


@pytest.mark.corpus
def test_memory_is_bounded(corpus: Path) -> None:
    data = corpus_files.model(corpus, "o2c_mnist_simplified", "onnx").read_bytes()
    rng = random.Random(0)
    tracemalloc.start()
    try:
        for number in range(20):
            compiled("mnist.onnx", flip(data, rng), number)
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()
