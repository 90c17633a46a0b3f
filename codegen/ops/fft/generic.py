"""The portable rows of Rfft and Irfft."""

from __future__ import annotations

import math

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ir.tensor import Array
from edgegen.ops.fft.op import Fourier, Irfft
from edgegen.ops.fft.transform import Fixed, circle, half_circle, permutation, stages
from edgegen.ops.overlap import Overlaps, after, param


def _pairs(numbers: Array, dtype: str) -> Array:
    """c128[n] -> [n, 2] of the type, in the fixed point of an integer one."""
    if dtype == "f32":
        return np.stack([numbers.real, numbers.imag], -1).astype(np.float32)
    bits = int(dtype[1:])
    return Fixed(bits).factors(numbers).astype(f"int{bits}")


def pack_fft(node: Node) -> Packed:
    """Factors of the unit circle, and where each number starts, are laid out ahead of time."""
    op, x = node.op, node.input(0)
    assert isinstance(op, Fourier)
    n, inverse, dtype = op.length // 2, isinstance(op, Irfft), x.dtype.name
    radices = [s.radix for s in stages(n)]
    order = permutation(n)
    params = {
        "frames": math.prod(x.shape[:-1]),
        "count": n,
        "length": x.shape[-1],
        **{name: radices.count(radix) for name, radix in (("fives", 5), ("threes", 3), ("twos", 2))},
        "scale": 1.0 / op.length,
    }
    constants = (
        Constant("place" if inverse else "order", (np.argsort(order) if inverse else order).astype(np.uint16)),
        Constant("circle", _pairs(circle(n, inverse), dtype)),
        Constant("half", _pairs(half_circle(n, inverse), dtype)),
    )
    return Packed("edgegen_fft", params, constants)


def over_frames(node: Node) -> Overlaps:
    """A frame is put over the whole of its transform in an order of its own: only frames before it may lie on it."""
    frames = param(node, "frames")
    frame = np.arange(frames, dtype=np.int64)
    sizes = [t.type.elements // max(frames, 1) for t in (node.input(0), node.out)]
    return after(node, 0, frame * sizes[0], (frame + 1) * sizes[1])


def power_of_two(node: Node) -> str | None:
    """A row's `when` that has no stages of radix 3 and 5."""
    assert isinstance(node.op, Fourier)
    return f"{node.op.length} is no power of two" if node.op.length & (node.op.length - 1) else None


def _rows(direction: str) -> tuple[Kernel, ...]:
    return tuple(
        Kernel(f"{direction}_{t}{form}", f"{t} -> {t}", pack_fft, "fft", when=when, overlap=over_frames)
        for t in ("s16", "s32", "f32")
        for form, when in (("_radix_4", power_of_two), ("", lambda _node: None))
    )


RFFT, IRFFT = _rows("rfft"), _rows("irfft")
