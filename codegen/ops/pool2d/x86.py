"""Rows for x86-64 with AVX2: a vector of channels at a time."""

from __future__ import annotations

from collections.abc import Callable

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ops.epilogue import clamp_f32
from edgegen.ops.pool2d.generic import geometry, only, pack_s8
from edgegen.ops.pool2d.op import Pool2d, Pooling
from edgegen.ops.x86_tiles import FEATURES_AVX2

_MOST_PIXELS = 1 << 16  # of a window; with more, averages of s8 in f32 are not exact


def _holds_s8(pooling: Pooling, scaled: bool = False) -> Callable[[Node], str | None]:
    def when(node: Node) -> str | None:
        op = node.op
        assert isinstance(op, Pool2d)
        if node.out.shape[3] < 16:
            return "there must be at least 16 channels"
        if op.kernel[0] * op.kernel[1] > _MOST_PIXELS:
            return f"a window must have at most {_MOST_PIXELS} pixels"
        return only(pooling, scaled)(node)

    return when


def _pack_f32(node: Node) -> Packed:
    assert isinstance(node.op, Pool2d)
    low, high = clamp_f32(node.op.clamp)
    return Packed("edgegen_pool2d_f32", geometry(node) | {"low": low, "high": high})


def _row(kind: str, dtype: str, pack: Callable[[Node], Packed], when: Callable[[Node], str | None]) -> Kernel:
    return Kernel(f"{kind}_avx2", f"{dtype} -> {dtype}", pack, f"pool2d_{dtype}_avx2", FEATURES_AVX2, when)


ROWS = (
    _row("average_pool2d_s8", "s8", pack_s8, _holds_s8("average")),
    _row("average_pool2d_s8_scaled", "s8", pack_s8, _holds_s8("average", scaled=True)),
    _row("max_pool2d_s8", "s8", pack_s8, _holds_s8("max")),
    _row("average_pool2d_f32", "f32", _pack_f32, only("average")),
    _row("max_pool2d_f32", "f32", _pack_f32, only("max")),
)
