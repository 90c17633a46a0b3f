"""Large weights beside the C: one file of bytes, and assembly that gives each array in it its symbol.

C takes a compiler some seconds for each million of numbers, and hundreds of bytes of memory for each; assembly that
includes a file takes no time at all, whatever its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from edgegen.ir.dtypes import dtype_of
from edgegen.ir.tensor import Array

Form = Literal["auto", "inline", "separate", "stream"]
"""Where weights stand: in the C file; in files of their own; by their size, for "auto"; or, for "stream", outside, in a
file that the caller's function copies from: the few that stay are in the C file."""

FORMS: tuple[str, ...] = get_args(Form)

INLINE_BYTES = 1 << 19
"""Up to this many bytes of weights "auto" keeps in the C file, which is then below some 3 MB of text."""

PORTION_BYTES = 1 << 14
"""Of streamed weights, as many are copied at a time: a double buffer of them takes some tens of KiB."""

Pieces = tuple[memoryview, ...]
"""The bytes of a file, piece after piece, where they lie in memory already."""


@dataclass(frozen=True)
class Placed:
    """One array in the file. offset, bytes: where its bytes lie; align: of its symbol in memory.

    region: the flash memory that it is for, as macros have it; "" if there is no choice
    """

    symbol: str
    comment: str
    offset: int
    bytes: int
    align: int
    region: str


def is_separate(form: Form, weights_bytes: int) -> bool:
    return form == "separate" or (form == "auto" and weights_bytes > INLINE_BYTES)


def raw(values: Array) -> Array:
    """The array's bytes in memory as u8, without a copy if it is contiguous."""
    dtype = dtype_of(values)
    if values.dtype.kind == "V" and not dtype.is_float:  # an integer below 8 bits fills a byte in C
        values = values.astype(np.uint8 if dtype.c.startswith("u") else np.int8)
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8)


def place(arrays: Sequence[tuple[str, str, Array, int, str]]) -> tuple[list[Placed], Pieces]:
    """Where (symbol, comment, values, align, region) of each array come to lie, each aligned within the file; and the
    file."""
    placed: list[Placed] = []
    pieces: list[memoryview] = []
    at = 0
    for symbol, comment, values, align, region in arrays:
        data = raw(values)
        gap = -at % align
        if gap:
            pieces.append(memoryview(bytes(gap)))
        pieces.append(data.data)
        placed.append(Placed(symbol, comment, at + gap, data.size, align, region))
        at += gap + data.size
    return placed, tuple(pieces)
