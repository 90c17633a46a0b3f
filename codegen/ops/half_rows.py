"""Rows in half precision, f16 or bf16: a row of f32 computes them a few rows of the output at a time.

Activations lie in the arena as they are. The rows of x that one band of the output sees become floats in scratch, the
f32 kernel computes the band as a node of its own, and the results are rounded once as they are stored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, cast

import numpy as np

from edgegen.ir.dtypes import BF16, F16, F32, DType
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Overlap, Packed
from edgegen.ir.layout import NATURAL
from edgegen.ir.op import Range
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.ops.overlap import distance
from edgegen.ops.window import Pads, Pair

_ALIGNMENT = 64  # of parts of scratch: the most that any target's vectors need
_PIXELS, _ROWS = 16, 2
"""Of a band: fewer pixels do not fill the register tiles of every row, and fewer rows of windows that are several rows
high would be read from x, and become floats, too often."""

_NUMBERS = {F16: "halves", BF16: "bfloats"}
"""What C calls runs of each type."""


class _Windowed(Protocol):
    @property
    def stride(self) -> Pair: ...

    @property
    def pad(self) -> Pads: ...

    @property
    def clamp(self) -> Range: ...


@dataclass(frozen=True)
class Bands:
    """How a node falls into bands: x[batch, in_h, in_row] -> y[batch, out_h, out_row].

    rows, band: of y that are computed at a time, and of x that they see
    step:       rows of x from one band to the next
    pad_top:    rows that the first band sees above the image; they and those below it hold `fill`
    inner:      one band as a node of f32 by itself
    """

    batch: int
    in_h: int
    in_row: int
    out_h: int
    out_row: int
    rows: int
    band: int
    step: int
    pad_top: int
    fill: float
    inner: Node


Divide = Callable[[Node], Bands]


def _inner(node: Node, shape: tuple[int, ...], **changes: Any) -> Node:
    """The node in f32, of an x of that shape, with some attributes changed."""
    op = replace(node.op, **changes)
    inputs = [Tensor("band", TensorType(F32, shape)), *node.inputs[1:]]
    (type,) = op.infer(*(None if t is None else t.type for t in inputs))
    return Node(op, inputs, [Tensor("results", type)], node.name)


def _least_rows(out_h: int, least: int) -> int:
    """At least so many rows, if there are: the fewest that divide all."""
    return next((r for r in range(min(out_h, least), out_h + 1) if out_h % r == 0), 1)


def in_image(height: Callable[[Node], int], fill: Callable[[Node], float]) -> Divide:
    """Bands of images.

    height: rows of x that a window spans; fill: what rows of x above and below the image hold
    """

    def divide(node: Node) -> Bands:
        op = cast(_Windowed, node.op)
        (batch, in_h, width, channels), (_, out_h, out_w, units) = node.input(0).shape, node.out.shape
        rows = _least_rows(out_h, max(-(-_PIXELS // max(out_w, 1)), _ROWS if height(node) > 1 else 1))
        band = (rows - 1) * op.stride[0] + height(node)
        inner = _inner(node, (1, band, width, channels), pad=(0, op.pad[1], 0, op.pad[3]))
        step = rows * op.stride[0]
        row, out_row = width * channels, out_w * units
        return Bands(batch, in_h, row, out_h, out_row, rows, band, step, op.pad[0], fill(node), inner)

    return divide


def in_rows(node: Node) -> Bands:
    """Bands of x[..., K] -> y[..., U], where each row is computed by itself."""
    *leading, depth = node.input(0).shape
    count, units = math.prod(leading), node.out.shape[-1]
    rows = _least_rows(count, _PIXELS)
    inner = _inner(node, (rows, depth))
    return Bands(1, count, depth, count, units, rows, rows, rows, 0, 0.0, inner)


def _whole(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _overlap(node: Node, divide: Divide) -> Mapping[int, Overlap]:
    """A band of x is read before the band of y is written."""
    x, y = node.input(0), node.out
    if x.is_constant or x.type.layout != NATURAL or y.type.layout != NATURAL:
        return {}
    p = divide(node)
    bands = np.arange(p.batch * p.out_h // p.rows, dtype=np.int64)
    image, first = bands // (p.out_h // p.rows), bands % (p.out_h // p.rows) * p.step - p.pad_top
    reads = (image * p.in_h + np.clip(first, 0, p.in_h - 1)) * (p.in_row * x.dtype.size)
    return {0: Overlap(distance(reads, bands * (p.rows * p.out_row * y.dtype.size)))}


def half_rows(kernels: tuple[Kernel, ...], divide: Divide) -> tuple[Kernel, ...]:
    """Rows of f16 and of bf16 for each of f32 that computes its only output from x and constants."""

    def fits(kernel: Kernel) -> bool:
        reads, writes = (side.split() for side in kernel.signature.split("->"))
        return reads[0] == "f32" and {*reads, *writes} <= {"f32", "f32?"}

    return tuple(_half_row(k, dtype, divide) for dtype in _NUMBERS for k in kernels if fits(k))


def _half_row(kernel: Kernel, dtype: DType, divide: Divide) -> Kernel:
    numbers = _NUMBERS[dtype]
    name = f"{kernel.name}_{'half' if dtype == F16 else dtype}_rows"

    def when(node: Node) -> str | None:
        if not all(t is None or t.is_constant for t in node.inputs[1:]):
            return "weights and bias must be constant"
        if not node.out.type.elements or not node.input(0).type.elements:
            return "x and the output must not be empty"
        bands = divide(node)
        if np.isnan(bands.fill) and any(_windowed(node).pad[::2]):
            return "padding above and below is not there"
        return kernel.when(bands.inner) or kernel.layout_conflict(bands.inner)

    def pack(node: Node) -> Packed:
        bands = divide(node)
        inner = bands.inner
        packed = kernel.pack(inner)
        results = _whole(inner.input(0).type.bytes)
        own = results + _whole(inner.out.type.bytes)
        params: dict[str, Literal] = {
            "rows.batch": bands.batch,
            "rows.in_h": bands.in_h,
            "rows.in_row": bands.in_row,
            "rows.out_h": bands.out_h,
            "rows.out_row": bands.out_row,
            "rows.rows": bands.rows,
            "rows.band": bands.band,
            "rows.step": bands.step,
            "rows.pad_top": bands.pad_top,
            "rows.fill": 0.0 if np.isnan(bands.fill) else bands.fill,
            "rows.results": results,
            "rows.inner": own,
        }
        params |= {f"inner.{field}": value for field, value in packed.params.items()}
        given = tuple(Constant(f"given{i}", inner.input(i).values) for i in packed.inputs if i > 0)
        constants = (*given, *packed.constants)
        scratch = "EDGEGEN_OWN_SCRATCH" if packed.scratch else "EDGEGEN_NO_SCRATCH"
        types = f"{packed.struct}, {len(constants)}, {scratch}, {numbers}"
        return Packed(
            f"edgegen_{name}",
            params,
            constants,
            scratch=own + packed.scratch,
            definitions=(*packed.definitions, f"EDGEGEN_HALF_ROWS({name}, {kernel.name}, {types})"),
        )

    return Kernel(
        name,
        kernel.signature.replace("f32", str(dtype), 1).replace("-> f32", f"-> {dtype}"),
        pack,
        header="half_rows",
        also=(kernel.header or kernel.name,),
        requires=kernel.requires,
        when=when,
        for_speed=kernel.for_speed,
        for_size=kernel.for_size,
        overlap=lambda node: _overlap(node, divide),
    )


def _windowed(node: Node) -> _Windowed:
    return cast(_Windowed, node.op)


NO_PIXEL = float("nan")
"""The fill of windows that leave out what lies beyond the image."""


def _of_weights(axis: int, node: Node) -> int:
    """Rows of x that a window spans whose height is the weights' size along `axis`."""
    dilation = cast(Pair, getattr(node.op, "dilation", (1, 1)))
    return (node.input(1).shape[axis] - 1) * dilation[0] + 1


def _zero(_node: Node) -> float:
    """What convolutions read beyond the image."""
    return 0.0


of_filters, of_taps = in_image(partial(_of_weights, 1), _zero), in_image(partial(_of_weights, 0), _zero)
"""Bands of convolutions, and of depthwise ones."""
