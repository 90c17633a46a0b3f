"""Rows for AArch64: a vector of channels at a time."""

from __future__ import annotations

from collections.abc import Callable

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ops.epilogue import clamp_f32
from edgegen.ops.overlap import by_channel, by_pixel
from edgegen.ops.pool2d.generic import geometry, only, pack_s8
from edgegen.ops.pool2d.op import Pool2d, Pooling

MOST_PIXELS = 1 << 16  # of a window; with more, averages in f32 are not exact


def _holds(pooling: Pooling, channels: int, scaled: bool) -> Callable[[Node], str | None]:
    def when(node: Node) -> str | None:
        op = node.op
        assert isinstance(op, Pool2d)
        if node.out.shape[3] < channels:
            return f"there must be at least {channels} channels"
        if op.kernel[0] * op.kernel[1] > MOST_PIXELS:
            return f"a window must have at most {MOST_PIXELS} pixels"
        return only(pooling, scaled)(node)

    return when


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
        requires=frozenset({"neon"}),
        when=_holds(pooling, channels, scaled),
        overlap=by_channel(8) if dtype == "s8" else by_pixel,
    )


ROWS = (
    _row("average", "s8", pack_s8, 8),
    _row("average", "s8", pack_s8, 8, scaled=True),
    _row("max", "s8", pack_s8, 8),
    _row("average", "f32", _pack_f32, 4),
    _row("max", "f32", _pack_f32, 4),
)
