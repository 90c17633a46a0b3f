"""Weights that lie outside of the core's memory and are copied to the arena, portion by portion, to be read."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgegen.ir.tensor import Array

if TYPE_CHECKING:
    from edgegen.ir.graph import Node


@dataclass(frozen=True, eq=False)
class Portion:
    """Arrays that are copied together, by one call of the caller's function.

    arrays:    one after the other, each from a multiple of the alignment on, where a kernel reads it
    alignment: bytes; of the copy, too
    """

    arrays: tuple[Array, ...]
    alignment: int

    @property
    def offsets(self) -> tuple[int, ...]:
        """Bytes from the portion's start to each array."""
        found, at = [], 0
        for array in self.arrays:
            found.append(at)
            at += self._rounded(array)
        return tuple(found)

    @property
    def bytes(self) -> int:
        """A multiple of the alignment."""
        return sum(map(self._rounded, self.arrays))

    @functools.cached_property
    def content(self) -> str:
        """The same for portions that are the same in memory."""
        sizes = np.array([a.nbytes for a in self.arrays], np.int64).tobytes()
        return hashlib.sha256(sizes + b"".join(a.tobytes() for a in self.arrays)).hexdigest()

    def _rounded(self, array: Array) -> int:
        return -(-array.nbytes // self.alignment) * self.alignment


@dataclass(frozen=True, eq=False)
class Share:
    """What one call of a kernel computes of a node whose weights are copied: some of the output's units, or all.

    node:    as if it had these units alone, with its kernel and constants; the node itself if the call computes all
    start:   bytes from the output's start to its first result
    read:    bytes from the first input's start to where the call reads it
    portion: the weights that the call reads
    copied:  which of the call's arguments they are, in order, by its inputs' and then its constants' numbers
    """

    node: Node
    start: int
    read: int
    portion: Portion
    copied: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Table:
    """A constant of which a run reads a few rows: those that are chosen are copied, one by one.

    rows:      [extent, ...]
    count:     how many a run chooses
    alignment: bytes; each row starts at a multiple of it
    """

    rows: Array
    count: int
    alignment: int

    @property
    def row_bytes(self) -> int:
        return self.rows.nbytes // len(self.rows)

    @property
    def step(self) -> int:
        """Bytes from one row to the next, and of each copy."""
        return -(-self.row_bytes // self.alignment) * self.alignment

    @property
    def bytes(self) -> int:
        return len(self.rows) * self.step

    @functools.cached_property
    def content(self) -> str:
        """The same for tables that are the same in memory."""
        return hashlib.sha256(
            np.array([self.row_bytes, self.step], np.int64).tobytes() + self.rows.tobytes()
        ).hexdigest()


@dataclass(frozen=True)
class PortionPlan:
    """One of the plans that were made in search of the largest portions within a limit.

    bytes:         arena and state
    portion_bytes: the largest
    copies, copied_bytes: of one run
    ahead:         each copy but the first begins while the call before computes; if not, right before it is needed
    chosen:        it is the graph's
    """

    bytes: int
    portion_bytes: int
    copies: int
    copied_bytes: int
    ahead: bool
    chosen: bool = False


def constant_arguments(node: Node) -> dict[int, tuple[Array, int]]:
    """(array, alignment) of each constant that the kernel is passed, by its number among inputs and constants."""
    packed = node.packed
    assert packed is not None, node.name
    tensors = ((k, node.input(i)) for k, i in enumerate(packed.inputs))
    found = {k: (t.values, t.dtype.size) for k, t in tensors if t.is_constant}
    behind = len(packed.inputs)
    return found | {behind + k: (c.array, c.align) for k, c in enumerate(packed.constants)}


def constants_that_stay(node: Node) -> Iterator[Array]:
    """Those of a node's calls that are not copied."""
    calls = [(share.node, share.copied) for share in node.shares] or [(node, (0,) if node.table is not None else ())]
    for call, copied in calls:
        yield from (array for k, (array, _) in constant_arguments(call).items() if k not in copied)
