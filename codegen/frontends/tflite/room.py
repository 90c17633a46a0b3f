"""What a .tflite file may still hold: every vector and text of the flatbuffer is read through it, or not at all."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from edgegen.errors import InvalidModel, UnsupportedModel

T = TypeVar("T")

MAX_NAME = 512  # characters; converters join the names of fused operators, but no person reads more

MAX_EXPANDED = 1 << 24  # elements of all sparse constants together, which may be far larger than the file

TABLE_BYTES, NUMBER_BYTES = 8, 4  # least that an entry of a vector of tables or of numbers takes in an honest file


class Room:
    """How much the file can still hold.

    Flatbuffer offsets may point anywhere, so a small file can claim the same bytes over and over; an honest one has
    each table and vector once. Twice the file's size is room enough for any writer that shares some of them.
    """

    def __init__(self, size: int) -> None:
        self._left = 2 * size + 1024
        self._expanded = MAX_EXPANDED

    def claim(self, count: int, each: int, what: str) -> int:
        """`count`, if entries of `each` bytes fit. Raises InvalidModel."""
        self._left -= count * each
        if count < 0 or self._left < 0:
            raise InvalidModel(f"{what}: {count} entries are more than the file can hold")
        return count

    def expand(self, elements: int, what: str) -> None:
        """Takes note of a constant that will be that large, however small in the file. Raises UnsupportedModel."""
        self._expanded -= elements
        if self._expanded < 0:
            raise UnsupportedModel(f"{what}: the model's sparse constants have more than {MAX_EXPANDED:,} elements")

    def tables(self, read: Callable[[int], T], count: int, what: str) -> list[T]:
        """A vector of tables."""
        self.claim(count, TABLE_BYTES, what)
        with reading(what):
            return [read(i) for i in range(count)]

    def numbers(
        self, owner: Any, field: str, what: str, limit: int = 1 << 31, each: int = NUMBER_BYTES
    ) -> tuple[Any, ...]:
        """A vector of numbers of `each` bytes; empty where it is absent."""
        with reading(f"{field} of {what}"):
            count = getattr(owner, f"{field}Length")()
            if count > limit:
                raise InvalidModel(f"{field} of {what}: {count} entries are more than {limit}")
            self.claim(count, each, f"{field} of {what}")
            return tuple(getattr(owner, f"{field}AsNumpy")().tolist()) if count else ()

    def text(self, value: bytes | None, what: str) -> str:
        """A name from the file: printable, and of bearable length."""
        value = value or b""
        self.claim(len(value), 1, what)
        text = "".join(c if c.isprintable() else "?" for c in value.decode("utf-8", "replace"))
        half = MAX_NAME // 2
        return text if len(text) <= MAX_NAME else f"{text[:half]}...{text[-half:]}"


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turns what the flatbuffers library raises on bad offsets into InvalidModel."""
    try:
        yield
    except (struct.error, IndexError, ValueError, OverflowError, TypeError, UnicodeDecodeError) as error:
        raise InvalidModel(f"{what} is truncated or corrupt", [("why", str(error) or type(error).__name__)]) from error
