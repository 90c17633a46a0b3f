"""Breaks model files: flipped bits, hostile numbers, missing tails, mostly where the file's structure lies."""

from __future__ import annotations

import random
import struct

import numpy as np
import tflite

WEIGHTS = 64  # bytes from which a buffer counts as weights, where a flip changes a value and nothing else
NUMBERS = (
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    16,
    127,
    128,
    255,
    256,
    1 << 14,
    1 << 15,
    1 << 16,
    1 << 24,
    1 << 28,
    1 << 30,
    (1 << 31) - 1,
)


def structure(data: bytes) -> list[int]:
    """Positions of all bytes that do not lie inside of weights."""
    inside = np.zeros(len(data), bool)
    model = tflite.Model.GetRootAs(data, 0)
    start = np.frombuffer(data, np.uint8).__array_interface__["data"][0]
    for i in range(model.BuffersLength()):
        buffer = model.Buffers(i)
        if buffer is not None and buffer.DataLength() >= WEIGHTS:
            first = buffer.DataAsNumpy().__array_interface__["data"][0] - start
            inside[first : first + buffer.DataLength()] = True
    return [int(i) for i in np.flatnonzero(~inside)]


def mutate(data: bytes, places: list[int], rng: random.Random) -> bytes:
    """A broken copy. places: where most of the damage is done."""
    kind = rng.random()
    if kind < 0.05:
        return data[: rng.randrange(len(data))]
    broken = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = rng.choice(places) if rng.random() < 0.9 else rng.randrange(len(data))
        if kind < 0.5:
            broken[at] ^= 1 << rng.randrange(8)
        elif kind < 0.7:
            broken[at] = rng.choice((0, 1, 2, 3, 4, 127, 128, 254, 255, rng.randrange(256)))
        else:
            at = min(at // 4 * 4, len(data) // 4 * 4 - 4)
            number = rng.choice(NUMBERS) * rng.choice((1, 1, 1, -1))
            broken[at : at + 4] = struct.pack("<i", number)
    return bytes(broken)


def flip(data: bytes, rng: random.Random) -> bytes:
    """A broken copy of a protobuf, whose fields start with a tag and, if they have one, a length of some bytes each."""
    kind = rng.random()
    if kind < 0.1:
        return data[: rng.randrange(len(data))]
    broken = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(broken))
        if kind < 0.5:
            broken[at] ^= 1 << rng.randrange(8)
        elif kind < 0.9:
            broken[at] = rng.choice((0, 1, 2, 3, 4, 127, 128, 254, 255, rng.randrange(256)))
        else:
            broken[at:at] = bytes(rng.randrange(256) for _ in range(rng.choice((1, 4, 9))))
    return bytes(broken)
