"""Compiles broken copies of models: each is accepted or refused with an EdgegenError, soon, and C that is emitted is
sound. Always the same copies; EDGEGEN_FUZZ=N makes N times as many.

    copies = Copies(tmp_path)
    copies.check("kws.tflite", data, 12, mutate)
    assert copies.accepted > 2 and copies.refused > 5
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edgegen.compiler import Compiled, compile_graph
from edgegen.emit.render import Origin
from edgegen.errors import EdgegenError, format_error
from edgegen.frontends import read_model
from edgegen.passes.pipeline import Options
from edgegen.targets import TARGETS, target
from edgegen.verify.objects import STRICT

TIMES = int(os.environ.get("EDGEGEN_FUZZ", "1"))
SECONDS = 30  # of processor time for one copy; the slowest sound model takes about one
LARGEST = 1 << 20  # characters of C, above which its syntax is not looked at


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


def compiled(file: str, data: bytes, number: int, name: str = "broken") -> Compiled | EdgegenError:
    """The model on one of the targets in turn, or why it is refused. name: of its C"""
    core = target(sorted(TARGETS)[number % len(TARGETS)])
    try:
        with limited(SECONDS):
            graph = read_model(Path(file), data, {})
            return compile_graph(graph, core, name, Origin(file, "0" * 64, "test"), Options())
    except EdgegenError as error:
        return error


class Copies:
    """What became of all copies so far; the syntax of the C of every so-manieth that is accepted is looked at."""

    def __init__(self, folder: Path, every: int = 8) -> None:
        self.folder, self.every = folder, every
        self.accepted = self.refused = 0

    def check(self, name: str, data: bytes, count: int, broken: Callable[[bytes, random.Random], bytes]) -> None:
        """Compiles copies of one model, TIMES as many as `count`. Fails for the first that does neither, and keeps it.

        broken: makes a copy
        """
        rng = random.Random(zlib.crc32(name.encode()))
        for number in range(count * TIMES):
            copy = broken(data, rng)
            try:
                result = compiled(name, copy, number + self.accepted)
            except BaseException as error:
                kept = self.folder / name
                kept.write_bytes(copy)
                raise AssertionError(f"copy {number} of {name}, kept as {kept}: {error!r}") from error
            if isinstance(result, EdgegenError):
                self.refused += 1
                assert 20 < len(format_error(result)) < 10_000
                continue
            self.accepted += 1
            if self.accepted % self.every == 0 and len(result.files["broken.c"]) < LARGEST:
                self._check_syntax(result)

    def _check_syntax(self, model: Compiled) -> None:
        """On the host, which lacks other cores' intrinsics, so that only the portable rows are looked at."""
        if model.target.prefix:
            return
        for name, text in model.files.items():
            (self.folder / name).write_text(text)
        command = ["gcc", *STRICT, "-fsyntax-only", *model.target.cflags, str(self.folder / "broken.c")]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr[:2000]
