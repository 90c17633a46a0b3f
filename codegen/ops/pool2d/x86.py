"""Rows for x86-64 with AVX2: a vector of channels at a time."""

from __future__ import annotations

from collections.abc import Callable

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ops.epilogue import clamp_f32
from edgegen.ops.pool2d.generic import geometry, in_vectors, only, pack_s8
from edgegen.ops.pool2d.op import Pool2d
from edgegen.ops.window_overlap import by_channel
from edgegen.ops.x86_tiles import FEATURES_AVX2


def _pack_f32(node: Node) -> Packed:
    assert isinstance(node.op, Pool2d)
    low, high = clamp_f32(node.op.clamp)
    return Packed("edgegen_pool2d_f32", geometry(node) | {"low": low, "high": high})


def _row(kind: str, dtype: str, pack: Callable[[Node], Packed], when: Callable[[Node], str | None]) -> Kernel:
    return Kernel(
        f"{kind}_avx2",
        f"{dtype} -> {dtype}",
        pack,
        f"pool2d_{dtype}_avx2",
        FEATURES_AVX2,
        when,
        overlap=by_channel(16) if dtype == "s8" else by_channel(8, steps_back=False),
    )


ROWS = (
    _row("average_pool2d_s8", "s8", pack_s8, in_vectors("average", 16)),
    _row("average_pool2d_s8_scaled", "s8", pack_s8, in_vectors("average", 16, scaled=True)),
    _row("max_pool2d_s8", "s8", pack_s8, in_vectors("max", 16)),
    _row("average_pool2d_f32", "f32", _pack_f32, only("average")),
    _row("max_pool2d_f32", "f32", _pack_f32, only("max")),
)
