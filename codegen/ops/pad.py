"""Pad: a constant around the values."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self, cast

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.layout import NATURAL, NCHW, Layout
from edgegen.ir.op import Op, known, present
from edgegen.ir.rows import RowWindow
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.overlap import NONE, Overlaps, distance, param, turning
from edgegen.ops.strided_copy import storage_axes

LOOPS = 5  # outer loops that the kernel has

Counts = tuple[int, ...]


def only_value(values: Array) -> Array | None:
    """[1]: what all elements are, to the bit; None if they differ or if there are none."""
    flat = values.reshape(-1)
    bits = flat.view(f"i{flat.itemsize}")
    return flat[:1] if bits.size and (bits == bits[0]).all() else None


def _merge(shape: Counts, before: Counts, after: Counts) -> tuple[list[int], list[int], list[int]]:
    """The same padding over fewer axes: an axis without padding joins the axis outside of it."""
    size, low, high = [1], [0], [0]
    for n, b, a in zip(shape, before, after, strict=True):
        if b == a == 0:
            size[-1], low[-1], high[-1] = size[-1] * n, low[-1] * n, high[-1] * n
        elif (size, low, high) == ([1], [0], [0]):
            size, low, high = [n], [b], [a]
        else:
            size.append(n)
            low.append(b)
            high.append(a)
    return size, low, high


def pack_pad(x: TensorType, before: Counts, after: Counts, value: float) -> Packed:
    """Parameters of the kernel `pad`.

    x: in natural order, or any order that the output shares; before, after: elements along each axis of the shape
    """
    axes = storage_axes(x.layout, len(x.shape))
    size, low, high = _merge(
        tuple(x.shape[i] for i in axes), tuple(before[i] for i in axes), tuple(after[i] for i in axes)
    )
    outer = LOOPS - (len(size) - 1)
    bits = np.array(value, x.dtype.np).reshape(1).view(f"i{x.dtype.size}")[0]
    return Packed(
        "edgegen_pad",
        {
            "count": (*[1] * outer, *(n + b + a for n, b, a in zip(size[:-1], low[:-1], high[:-1], strict=True))),
            "first": (*[0] * outer, *low[:-1]),
            "inside": (*[1] * outer, *size[:-1]),
            "left": low[-1],
            "run": size[-1],
            "right": high[-1],
            "bytes": x.dtype.size,
            "x_rows": math.prod(size[:-1]),
            "y_rows": math.prod(n + b + a for n, b, a in zip(size[:-1], low[:-1], high[:-1], strict=True)),
            "backward": 0,
            "value": int(bits),
        },
    )


def pad_overlap(node: Node) -> Overlaps:
    """Of a node that `pack_pad` has packed: a row of x is moved as a whole, what lies before it in y was written."""
    assert node.packed is not None
    params = node.packed.params
    count, first, inside = (cast(Counts, params[name]) for name in ("count", "first", "inside"))
    run, left, bytes_ = (param(node, name) for name in ("run", "left", "bytes"))
    numbers = np.arange(math.prod(count), dtype=np.int64).reshape(count)
    rows = numbers[tuple(slice(f, f + n) for f, n in zip(first, inside, strict=True))].reshape(-1)
    if node.input(0).is_constant or len(rows) == 0:
        return NONE
    run *= bytes_
    reads = np.arange(len(rows), dtype=np.int64) * run
    written = rows * (run + (left + param(node, "right")) * bytes_) + left * bytes_
    return turning(node, distance(reads, written), lambda: (reads + run, written + run))


def _pack(node: Node) -> Packed:
    assert isinstance(node.op, Pad)
    return pack_pad(node.input(0).type, node.op.before, node.op.after, node.op.value)


def _fits(node: Node) -> str | None:
    rank = node.out.rank
    return None if rank <= LOOPS + 1 else f"{rank} dimensions are more than {LOOPS + 1}"


def _reads(_node: Node) -> tuple[Layout, ...]:
    return (NATURAL, NCHW)


def _writes(node: Node) -> tuple[Layout, ...]:
    return (node.input(0).type.layout,)


@dataclass(frozen=True)
class Pad(Op):
    """x with before[i] and after[i] elements of `value` at the ends of axis i.

    value: in the output's own numbers (the zero point stands for 0 in a quantized tensor)
    """

    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    value: float = 0

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if not len(self.before) == len(self.after) == len(x.shape) or min(*self.before, *self.after, 0) < 0:
            raise InvalidGraph(f"cannot pad {x} by {list(self.before)} and {list(self.after)}")
        shape = tuple(n + b + a for n, b, a in zip(x.shape, self.before, self.after, strict=True))
        return (TensorType(x.dtype, shape),)

    def row_windows(self, *inputs: TensorType | None) -> tuple[RowWindow | None, ...] | None:
        x = known(inputs[0], "x")
        whole = len(x.shape) != 4 or self.before[0] or self.after[0]
        return None if whole else (RowWindow(1, 1, self.before[1]),)

    def at_rows(self, above: int, below: int) -> Self:
        return replace(self, before=(0, above, *self.before[2:]), after=(0, below, *self.after[2:]))

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        widths = list(zip(self.before, self.after, strict=True))
        value = np.array(self.value, x.dtype)
        return (np.pad(x, widths, constant_values=value) if widths else x,)

    def joins(self, x: TensorType, y: TensorType) -> int | None:
        """The axis along which y is x between two runs of the value, as stored; None: x lies in pieces."""
        padded = [i for i, widths in enumerate(zip(self.before, self.after, strict=True)) if widths != (0, 0)]
        if len(padded) != 1 or x.layout != y.layout or x.layout not in (NATURAL, NCHW):
            return None
        axes = storage_axes(x.layout, len(x.shape))
        outer = axes[: axes.index(padded[0])]
        return padded[0] if all(y.shape[axis] == 1 for axis in outer) else None

    kernels = (Kernel("pad", "_ -> _", _pack, when=_fits, overlap=pad_overlap, reads=_reads, writes=_writes),)
