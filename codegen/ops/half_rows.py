"""Rows of images in half precision: a row of f32 computes them a few rows of the output at a time.

Activations lie in the arena as f16. The rows of x that one band of the output sees become floats in scratch, the f32
kernel computes the band as an image of its own, and the results are rounded once as they are stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, cast

import numpy as np

from edgegen.ir.dtypes import F32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Overlap, Packed
from edgegen.ir.layout import NATURAL
from edgegen.ir.op import Range
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.ops.overlap import distance
from edgegen.ops.window import Pads, Pair

_ALIGNMENT = 64  # of parts of scratch: the most that any target's vectors need
_PIXELS, _ROWS = 16, 2
"""Of a band: fewer pixels do not fill the register tiles of every row, and fewer rows of windows that are several rows
high would be read from x, and become floats, too often."""


class _Windowed(Protocol):
    @property
    def stride(self) -> Pair: ...

    @property
    def pad(self) -> Pads: ...

    @property
    def clamp(self) -> Range: ...


def _windowed(node: Node) -> _Windowed:
    return cast(_Windowed, node.op)


def _band(node: Node, height: int) -> tuple[int, int]:
    """(rows of y at a time, rows of x that they see) for windows that span `height` rows."""
    out_h, out_w = node.out.shape[1:3]
    least = min(out_h, max(-(-_PIXELS // out_w), _ROWS if height > 1 else 1))
    rows = next(r for r in range(least, out_h + 1) if out_h % r == 0)
    return rows, (rows - 1) * _windowed(node).stride[0] + height


def _inner(node: Node, height: int) -> Node:
    """One band as a node of f32 by itself."""
    _, left, _, right = _windowed(node).pad
    changes: dict[str, Any] = {"pad": (0, left, 0, right)}
    op = replace(node.op, **changes)
    _, _, width, channels = node.input(0).shape
    x = Tensor("band", TensorType(F32, (1, _band(node, height)[1], width, channels)))
    inputs = [x, *node.inputs[1:]]
    (type,) = op.infer(*(None if t is None else t.type for t in inputs))
    return Node(op, inputs, [Tensor("results", type)], node.name)


def _whole(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _overlap(node: Node, height: int) -> Mapping[int, Overlap]:
    """A band of x is read before the band of y is written."""
    x, y, op = node.input(0), node.out, _windowed(node)
    if x.is_constant or x.type.layout != NATURAL or y.type.layout != NATURAL:
        return {}
    rows, _ = _band(node, height)
    bands = np.arange(x.shape[0] * y.shape[1] // rows, dtype=np.int64)
    image, first = bands // (y.shape[1] // rows), bands % (y.shape[1] // rows) * rows * op.stride[0] - op.pad[0]
    reads = (image * x.shape[1] + np.clip(first, 0, x.shape[1] - 1)) * (x.shape[2] * x.shape[3] * x.dtype.size)
    return {0: Overlap(distance(reads, bands * (rows * y.shape[2] * y.shape[3] * y.dtype.size)))}


def half_rows(
    kernels: tuple[Kernel, ...], height: Callable[[Node], int], fill: Callable[[Node], float]
) -> tuple[Kernel, ...]:
    """A row of f16 for each of f32 that computes images from x, constant weights and bias.

    height: rows of x that a window spans; fill: what rows of x above and below the image hold
    """
    return tuple(_half_row(k, height, fill) for k in kernels if k.signature in ("f32 -> f32", "f32 f32 f32? -> f32"))


def _half_row(kernel: Kernel, height: Callable[[Node], int], fill: Callable[[Node], float]) -> Kernel:
    name = f"{kernel.name}_half_rows"

    def when(node: Node) -> str | None:
        if not all(t is None or t.is_constant for t in node.inputs[1:]):
            return "weights and bias must be constant"
        if not node.out.type.elements:
            return "the output must not be empty"
        if np.isnan(fill(node)) and any(_windowed(node).pad[::2]):
            return "padding above and below is not there"
        inner = _inner(node, height(node))
        return kernel.when(inner) or kernel.layout_conflict(inner)

    def pack(node: Node) -> Packed:
        rows, band = _band(node, height(node))
        inner = _inner(node, height(node))
        packed = kernel.pack(inner)
        x, y, filler = node.input(0).shape, node.out.shape, fill(node)
        results = _whole(inner.input(0).type.bytes)
        own = results + _whole(inner.out.type.bytes)
        params: dict[str, Literal] = {
            "rows.batch": x[0],
            "rows.in_h": x[1],
            "rows.in_row": x[2] * x[3],
            "rows.out_h": y[1],
            "rows.out_row": y[2] * y[3],
            "rows.rows": rows,
            "rows.band": band,
            "rows.step": rows * _windowed(node).stride[0],
            "rows.pad_top": _windowed(node).pad[0],
            "rows.fill": 0.0 if np.isnan(filler) else filler,
            "rows.results": results,
            "rows.inner": own,
        }
        params |= {f"inner.{field}": value for field, value in packed.params.items()}
        scratch = "EDGEGEN_OWN_SCRATCH" if packed.scratch else "EDGEGEN_NO_SCRATCH"
        definition = f"EDGEGEN_HALF_ROWS({name}, {kernel.name}, {packed.struct}, {len(packed.constants)}, {scratch})"
        return Packed(
            f"edgegen_{name}",
            params,
            packed.constants,
            scratch=own + packed.scratch,
            definitions=(*packed.definitions, definition),
        )

    return Kernel(
        name,
        kernel.signature.replace("f32", "f16", 1).replace("-> f32", "-> f16"),
        pack,
        header="half_rows",
        also=(kernel.header or kernel.name,),
        requires=kernel.requires,
        when=when,
        for_speed=kernel.for_speed,
        for_size=kernel.for_size,
        overlap=lambda node: _overlap(node, height(node)),
    )


NO_PIXEL = float("nan")
"""The fill of windows that leave out what lies beyond the image."""


def of_weights(axis: int, node: Node) -> int:
    """Rows of x that a window spans whose height is the weights' size along `axis`."""
    dilation = cast(Pair, getattr(node.op, "dilation", (1, 1)))
    return (node.input(1).shape[axis] - 1) * dilation[0] + 1


def zero(_node: Node) -> float:
    """What convolutions read beyond the image."""
    return 0.0


of_filters, of_taps = partial(of_weights, 1), partial(of_weights, 0)
