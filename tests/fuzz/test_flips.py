"""Broken copies of every corpus model: each compiles or is refused with an EdgegenError, soon, and C that is emitted is
sound. Always the same copies; EDGEGEN_FUZZ=N makes N times as many."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgegen.compiler import Compiled, compile_graph
from edgegen.emit.render import Origin
from edgegen.errors import EdgegenError, format_error
from edgegen.frontends import read_model
from edgegen.passes.pipeline import Options
from edgegen.targets import TARGETS, target
from tests import corpus as corpus_files
from tests.fuzz.mutation import mutate, structure

SECONDS = 30  # of processor time for one copy; the slowest sound model takes about one
BUDGET = 1 << 20  # bytes of models to go through for each: many copies of a small one, a few of a large one
MOST = 12
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-fsyntax-only")
TIMES = int(os.environ.get("EDGEGEN_FUZZ", "1"))


class Hang(BaseException):
    """Not an Exception, so that nothing that compiles the model can take it for an error of its own."""


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise Hang(f"after {seconds} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def compiled(path: Path, data: bytes, number: int, name: str = "broken") -> Compiled | EdgegenError:
    """The model on one of the targets in turn, or why it is refused."""
    core = target(sorted(TARGETS)[number % len(TARGETS)])
    try:
        with limited(SECONDS):
            graph = read_model(path, data, {})
            return compile_graph(graph, core, name, Origin(path.name, "0" * 64, "test"), Options())
    except EdgegenError as error:
        return error


def check_syntax(model: Compiled, folder: Path) -> None:
    """On the host, which lacks other cores' intrinsics, so that only the portable rows are looked at."""
    if model.target.prefix:
        return
    for name, text in model.files.items():
        (folder / name).write_text(text)
    command = ["gcc", *STRICT, *model.target.cflags, str(folder / "broken.c")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[:2000]


@pytest.mark.corpus
def test_every_copy_compiles_or_is_refused(corpus: Path, tmp_path: Path) -> None:
    accepted = refused = 0
    for path in corpus_files.models(corpus):
        data = path.read_bytes()
        rng = random.Random(zlib.crc32(path.name.encode()))
        places = structure(data)
        for number in range(TIMES * max(1, min(MOST, BUDGET // len(data)))):
            broken = mutate(data, places, rng)
            try:
                result = compiled(path, broken, number + accepted)
            except BaseException as error:
                kept = tmp_path / path.name
                kept.write_bytes(broken)
                raise AssertionError(f"copy {number} of {path.name}, kept as {kept}: {error!r}") from error
            if isinstance(result, EdgegenError):
                refused += 1
                assert 20 < len(format_error(result)) < 10_000
                continue
            accepted += 1
            if accepted % 8 == 0 and len(result.files["broken.c"]) < 1 << 20:
                check_syntax(result, tmp_path)
    assert accepted > 50 * TIMES
    assert refused > 300 * TIMES
