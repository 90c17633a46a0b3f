"""Rows for AArch64: a vector of channels at a time."""

from __future__ import annotations

from collections.abc import Callable

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ops.epilogue import clamp_f32
from edgegen.ops.pool2d.generic import geometry, in_vectors, pack_s8
from edgegen.ops.pool2d.op import Pool2d, Pooling
from edgegen.ops.window_overlap import by_channel, by_pixel


def _pack_f32(node: Node) -> Packed:
    assert isinstance(node.op, Pool2d)
    low, high = clamp_f32(node.op.clamp)
    return Packed("edgegen_pool2d_f32", geometry(node) | {"low": low, "high": high})


def _row(pooling: Pooling, dtype: str, pack: Callable[[Node], Packed], channels: int, scaled: bool = False) -> Kernel:
    return Kernel(
        f"{pooling}_pool2d_{dtype}{'_scaled' if scaled else ''}_neon",
        f"{dtype} -> {dtype}",
        pack,
        header=f"pool2d_{dtype}_neon",
        requires=frozenset({"neon", "fp16"} if dtype == "f16" else {"neon"}),
        when=in_vectors(pooling, channels, scaled),
        overlap=by_channel(8) if dtype == "s8" else by_pixel,
    )


ROWS = (
    _row("average", "s8", pack_s8, 8),
    _row("average", "s8", pack_s8, 8, scaled=True),
    _row("max", "s8", pack_s8, 8),
    _row("average", "f32", _pack_f32, 4),
    _row("max", "f32", _pack_f32, 4),
    _row("average", "f16", _pack_f32, 8),
    _row("max", "f16", _pack_f32, 8),
)
