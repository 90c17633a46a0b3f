"""Constants of which a file stores only what is not zero, expanded while the model is read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import tflite

from edgegen.errors import InvalidModel
from edgegen.frontends.tflite.room import Room, reading
from edgegen.ir.tensor import Array

MAX_LEVELS = 16
"""Dimensions of a sparse tensor, those of its blocks counted too."""

_VECTORS: dict[int, tuple[type, int]] = {
    tflite.SparseIndexVector.Int32Vector: (tflite.Int32Vector, 4),
    tflite.SparseIndexVector.Uint16Vector: (tflite.Uint16Vector, 2),
    tflite.SparseIndexVector.Uint8Vector: (tflite.Uint8Vector, 1),
}


@dataclass(frozen=True)
class FileLevel:
    """One level of a sparse tensor: a dimension that is stored whole, or whose elements are listed.

    size:              of a dense level
    segments, indices: of a sparse one (compressed rows): element i of the level above has those numbered segments[i] to
                       segments[i + 1] - 1, which lie at their indices along the dimension; None for a dense level
    """

    size: int
    segments: tuple[int, ...] | None = None
    indices: tuple[int, ...] | None = None


@dataclass(frozen=True)
class FileSparsity:
    """How a sparse tensor is stored.

    order:  the dimension that each level stands for; those after the tensor's own are the blocks'
    blocks: the dimension that each dimension of the blocks divides
    """

    order: tuple[int, ...]
    blocks: tuple[int, ...]
    levels: tuple[FileLevel, ...]


def _read_vector(room: Room, kind: int, table: Any, what: str) -> tuple[int, ...]:
    if kind not in _VECTORS or table is None:
        raise InvalidModel(f"{what} lacks segments or indices of a known type")
    accessor, each = _VECTORS[kind]
    vector = accessor()
    vector.Init(table.Bytes, table.Pos)
    return room.numbers(vector, "Values", what, each=each)


def _read_level(room: Room, table: Any, what: str) -> FileLevel:
    with reading(what):
        kind, size = table.Format(), table.DenseSize()
        parts = ((table.ArraySegmentsType(), table.ArraySegments()), (table.ArrayIndicesType(), table.ArrayIndices()))
    if kind == tflite.DimensionType.DENSE:
        return FileLevel(size)
    if kind != tflite.DimensionType.SPARSE_CSR:
        raise InvalidModel(f"{what} has a dimension of unknown format {kind}")
    segments, indices = (_read_vector(room, k, t, what) for k, t in parts)
    return FileLevel(0, segments, indices)


def read_sparsity(room: Room, table: Any, shape: tuple[int, ...], tensor: str) -> FileSparsity:
    """Of a tensor of that shape. What the table says is checked by `expand`.

    Raises InvalidModel if the table is corrupt, and UnsupportedModel if the tensor would be too large.
    """
    what = f"the sparsity of {tensor}"
    room.expand(math.prod(shape), what)
    with reading(what):
        count = table.DimMetadataLength()
    if count > MAX_LEVELS:
        raise InvalidModel(f"{what} has {count} levels, more than {MAX_LEVELS}")
    order = room.numbers(table, "TraversalOrder", what, MAX_LEVELS)
    blocks = room.numbers(table, "BlockMap", what, MAX_LEVELS)
    levels = [_read_level(room, level, what) for level in room.tables(table.DimMetadata, count, what)]
    return FileSparsity(order, blocks, tuple(levels))


def _extents(sparsity: FileSparsity, shape: tuple[int, ...]) -> list[int]:
    """Size of each dimension, those of the blocks behind the tensor's own. Raises ValueError."""
    rank, blocks = len(shape), sparsity.blocks
    if sorted(sparsity.order) != list(range(rank + len(blocks))) or len(sparsity.levels) != len(sparsity.order):
        raise ValueError("its order is not one of its dimensions")
    if len(set(blocks)) != len(blocks) or not set(blocks) <= set(range(rank)):
        raise ValueError("its blocks do not divide its dimensions")
    extents = list(shape)
    for k, divided in enumerate(blocks):
        level = sparsity.levels[sparsity.order.index(rank + k)]
        if level.segments is not None or level.size < 1 or shape[divided] % level.size:
            raise ValueError("its blocks do not divide its dimensions")
        extents[divided] //= level.size
        extents.append(level.size)
    return extents


def _children(level: FileLevel, parents: int, extent: int) -> tuple[Array, Array]:
    """(parent, index along the dimension) of each element of a level, as they are stored. Raises ValueError."""
    if level.segments is None or level.indices is None:
        if level.size != extent:
            raise ValueError(f"a dense dimension has {level.size} elements instead of {extent}")
        return np.repeat(np.arange(parents), extent), np.tile(np.arange(extent), parents)
    segments, indices = np.array(level.segments, np.int64), np.array(level.indices, np.int64)
    counts = np.diff(segments)
    if len(segments) != parents + 1 or segments[0] != 0 or segments[-1] != len(indices) or (counts < 0).any():
        raise ValueError("its segments do not divide its indices")
    parent = np.repeat(np.arange(parents), counts)
    if len(indices) and (indices.min() < 0 or indices.max() >= extent):
        raise ValueError("an index lies outside of its dimension")
    if (np.diff(parent * extent + indices) <= 0).any():
        raise ValueError("its indices do not grow")
    return parent, indices


def places(sparsity: FileSparsity, shape: tuple[int, ...]) -> Array:
    """Where each stored element stands in the flattened tensor, int64.

    Every level has at most as many elements as the tensor has, whatever the file says, and that number is bounded while
    the file is read (Room.expand). Raises ValueError.
    """
    extents = _extents(sparsity, shape)
    rank, found = len(shape), np.zeros(1, np.int64)
    strides = [math.prod(shape[d + 1 :]) for d in range(rank)]
    steps = [s * extents[rank + sparsity.blocks.index(d)] if d in sparsity.blocks else s for d, s in enumerate(strides)]
    steps += [strides[d] for d in sparsity.blocks]
    for dimension, level in zip(sparsity.order, sparsity.levels, strict=True):
        parent, index = _children(level, len(found), extents[dimension])
        found = found[parent] + index * steps[dimension]
    return found


def expand(stored: Array, sparsity: FileSparsity, shape: tuple[int, ...]) -> Array:
    """stored[n] in its places, 0 elsewhere. Raises ValueError if the parameters contradict each other."""
    at = places(sparsity, shape)
    if len(at) != len(stored):
        raise ValueError(f"{len(stored)} elements are stored, its parameters place {len(at)}")
    values = np.zeros(math.prod(shape), stored.dtype)
    values[at] = stored
    return values.reshape(shape)
