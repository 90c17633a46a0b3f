"""Portable rows. Which pixels each sample lies between is worked out ahead of time, one table along each axis."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ops.resize.op import Interpolation, Resize


def _packed(node: Node, size: int, tables: list[Constant]) -> Packed:
    """size: of an element, in what the row counts: bytes or elements."""
    x, y = node.input(0), node.out
    params = {
        "batch": x.shape[0],
        "in_h": x.shape[1],
        "in_w": x.shape[2],
        "out_h": y.shape[1],
        "out_w": y.shape[2],
        "depth": x.shape[3] * size,
    }
    return Packed("edgegen_resize", dict(params), tuple(tables))


def _resize(node: Node) -> Resize:
    assert isinstance(node.op, Resize)
    return node.op


def _pack_nearest(node: Node) -> Packed:
    op, x = _resize(node), node.input(0)
    rows, columns = (op.nearest(axis, x.shape[axis + 1]).astype(np.uint16) for axis in (0, 1))
    return _packed(node, x.dtype.size, [Constant("rows", rows), Constant("columns", columns)])


def _pack_fixed(node: Node) -> Packed:
    op, x = _resize(node), node.input(0)
    rows, columns = (np.stack(op.between_fixed(axis, x.shape[axis + 1]), 1).astype(np.uint16) for axis in (0, 1))
    return _packed(node, 1, [Constant("rows", rows), Constant("columns", columns)])


def _pack_f32(node: Node) -> Packed:
    op, x = _resize(node), node.input(0)
    tables = []
    for axis, name in ((0, "row"), (1, "column")):
        low, high, fraction = op.between(axis, x.shape[axis + 1])
        tables.append(Constant(f"{name}s", np.stack([low, high], 1).astype(np.uint16)))
        tables.append(Constant(f"{name}_fractions", fraction.astype(np.float32)))
    return _packed(node, 1, tables)


def _interpolates(interpolation: Interpolation) -> Callable[[Node], str | None]:
    """A row's `when`."""

    def when(node: Node) -> str | None:
        if _resize(node).interpolation != interpolation:
            return f"interpolates {interpolation}"
        if max(*node.input(0).shape[1:3], *node.out.shape[1:3]) > 65535:
            return "height and width must be at most 65535"
        return None

    return when


ROWS = (
    Kernel("resize_nearest", "_ -> _", _pack_nearest, when=_interpolates("nearest")),
    Kernel("resize_bilinear_s8", "s8 -> s8", _pack_fixed, "resize_bilinear_fixed", when=_interpolates("bilinear")),
    Kernel("resize_bilinear_s16", "s16 -> s16", _pack_fixed, "resize_bilinear_fixed", when=_interpolates("bilinear")),
    Kernel("resize_bilinear_u8", "u8 -> u8", _pack_f32, "resize_bilinear_f32", when=_interpolates("bilinear")),
    Kernel("resize_bilinear_f32", "f32 -> f32", _pack_f32, when=_interpolates("bilinear")),
)
