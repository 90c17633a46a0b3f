"""Grey pictures of 8 bits in .png files, as arrays: what a test needs of the format."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from edgegen.ir.tensor import Array


def _paeth(left: int, above: int, corner: int) -> int:
    """The neighbour that left + above - corner is nearest to."""
    guess = left + above - corner
    return min((left, above, corner), key=lambda v: abs(guess - v))


def grey_picture(path: Path) -> Array:
    """u8[height,width]. Raises ValueError unless the picture is grey, of 8 bits and not interlaced."""
    data, at, packed = path.read_bytes(), 8, b""
    while at < len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if kind == b"IHDR":
            width, height = (int.from_bytes(data[at + k : at + k + 4], "big") for k in (8, 12))
            if tuple(data[at + 16 : at + 21]) != (8, 0, 0, 0, 0):
                raise ValueError(f"{path} is not a plain grey picture of 8 bits")
        if kind == b"IDAT":
            packed += data[at + 8 : at + 8 + size]
        at += 12 + size
    rows = zlib.decompress(packed)
    pixels = np.zeros((height + 1, width + 1), np.int64)  # a border of zeros above and to the left
    for y in range(height):
        start = y * (width + 1)
        for x in range(width):
            left, above, corner = (int(v) for v in (pixels[y + 1, x], pixels[y, x + 1], pixels[y, x]))
            guess = (0, left, above, (left + above) // 2, _paeth(left, above, corner))[rows[start]]
            pixels[y + 1, x + 1] = (rows[start + 1 + x] + guess) % 256
    return pixels[1:, 1:].astype(np.uint8)
