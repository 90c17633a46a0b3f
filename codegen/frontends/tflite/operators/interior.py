"""DILATE and STABLEHLO_PAD, which put elements between those of a tensor; BITCAST."""

from __future__ import annotations

import math

import tflite

from edgegen.frontends.tflite.operator import Operator, operator
from edgegen.frontends.tflite.reader import MAX_ELEMENTS, MAX_RANK
from edgegen.ir.tensor import Tensor
from edgegen.ops.bitcast import Bitcast
from edgegen.ops.pad import Pad
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice


def _fill(op: Operator, i: int, x: Tensor) -> float:
    """The number that input i holds for what is put in."""
    values = op.constant(i, "what is put in")
    if values.size != 1 or values.dtype != x.dtype.np:
        raise op.invalid(f"puts {op.input(i).type} into {x.type}")
    value = values.reshape(-1)[0]
    if values.dtype.kind in "iu" and int(float(value)) != int(value):
        raise op.unsupported(f"{value} is no number that 64-bit floats hold", "pad with a smaller number")
    return float(value)


def _spread(op: Operator, x: Tensor, gaps: tuple[int, ...], fill: float) -> Tensor:
    """x with gaps[i] elements between each two along axis i: as a pad along a new axis behind each such axis."""
    for axis, gap in enumerate(gaps):
        n = x.shape[axis]
        if gap == 0 or n < 2:
            continue
        column = op.add(Reshape((*x.shape[: axis + 1], 1, *x.shape[axis + 1 :])), [x])
        zeros = (0,) * column.rank
        padded = op.add(Pad(zeros, (*zeros[: axis + 1], gap, *zeros[axis + 2 :]), fill), [column])
        joined = op.add(Reshape((*x.shape[:axis], n * (gap + 1), *x.shape[axis + 1 :])), [padded])
        size = (*x.shape[:axis], n * (gap + 1) - gap, *x.shape[axis + 1 :])
        x = op.add(Slice((0,) * x.rank, size, (1,) * x.rank), [joined])
    return x


def _check(op: Operator, x: Tensor, *lists: tuple[int, ...]) -> None:
    """One entry for each axis, none of them huge."""
    if any(len(entries) != x.rank for entries in lists) or x.rank == MAX_RANK:
        raise op.invalid(f"{', '.join(str(list(entries[:8])) for entries in lists)} do not fit {x.type}")
    if any(abs(v) >= MAX_ELEMENTS for entries in lists for v in entries):
        raise op.invalid("puts in more elements than a tensor holds")
    spread = math.prod(
        (n or 1) * (1 + sum(map(abs, v))) for n, v in zip(x.shape, zip(*lists, strict=True), strict=True)
    )
    if spread >= MAX_ELEMENTS:
        raise op.unsupported(f"{x.type} becomes {spread:,} elements and more")


@operator("DILATE", last_version=1)
def dilate(op: Operator) -> None:
    """Input 1 is how far elements come to lie apart along each axis, input 2 what lies between them."""
    x, steps = op.input(0), op.integers(1, "the dilation")
    _check(op, x, steps)
    if min(steps, default=1) < 1:
        raise op.invalid(f"dilations {list(steps)} must be positive")
    spread = _spread(op, x, tuple(s - 1 for s in steps), _fill(op, 2, x))
    op.add(Reshape(spread.shape), [spread], op.output)


@operator("STABLEHLO_PAD", last_version=1)
def stablehlo_pad(op: Operator) -> None:
    """Elements put in between, then at both ends of each axis; what is negative there takes elements away."""
    x, options = op.input(0), op.options(tflite.StablehloPadOptions)
    low, high = options.integers("EdgePaddingLow"), options.integers("EdgePaddingHigh")
    gaps = options.integers("InteriorPadding")
    padded = pad_between(op, x, low, high, gaps)
    op.add(Reshape(padded.shape), [padded], op.output)


def pad_between(op: Operator, x: Tensor, low: tuple[int, ...], high: tuple[int, ...], gaps: tuple[int, ...]) -> Tensor:
    """x with what input 1 holds put in between, then at both ends of each axis."""
    _check(op, x, low, high, gaps)
    if min(gaps, default=0) < 0:
        raise op.invalid(f"interior padding {list(gaps)} must not be negative")
    fill = _fill(op, 1, x)
    spread = _spread(op, x, gaps, fill)
    before, after = tuple(max(v, 0) for v in low), tuple(max(v, 0) for v in high)
    padded = op.add(Pad(before, after, fill), [spread])
    begin = tuple(max(-v, 0) for v in low)
    size = tuple(n + min(a, 0) + min(b, 0) for n, a, b in zip(padded.shape, low, high, strict=True))
    if min(size, default=1) < 1:
        raise op.unsupported(f"padding by {list(low)} and {list(high)} leaves nothing of {x.type}")
    return op.add(Slice(begin, size, (1,) * x.rank), [padded])


@operator("BITCAST", last_version=1)
def bitcast(op: Operator) -> None:
    """To a narrower type the last axis is new, to a wider one it is gone."""
    x, y = op.input(0), op.output
    size = x.dtype.size
    if y.dtype.size < size:
        shape = (*x.shape, size // y.dtype.size)
    elif y.dtype.size > size:
        if not x.shape or x.shape[-1] * size != y.dtype.size:
            raise op.invalid(f"{x.type} has no axis that makes elements of {y.dtype}")
        shape = x.shape[:-1]
    else:
        shape = x.shape
    op.add(Bitcast(y.dtype.name, shape), [x], y)
