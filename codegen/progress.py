"""What a person sees while something takes time."""

from __future__ import annotations

import sys


class Progress:
    """Names the stage at work on stderr while a person watches, and leaves nothing behind."""

    def __init__(self) -> None:
        self._shown = False

    def __call__(self, stage: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{stage} ...")
            sys.stderr.flush()
            self._shown = True

    def clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False
