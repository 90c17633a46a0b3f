"""Portable rows: plain loops over any strides, so they read and write NHWC and NCHW alike."""

from __future__ import annotations

from collections.abc import Callable

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed
from edgegen.ops.epilogue import clamp_f32, clamp_s8
from edgegen.ops.pool2d.op import Pool2d, Pooling
from edgegen.ops.window import any_order


def geometry(node: Node) -> dict[str, Literal]:
    """The params that rows of every dtype share."""
    op, x, y = node.op, node.input(0), node.out
    assert isinstance(op, Pool2d)
    return {
        "batch": x.shape[0],
        "in_h": x.shape[1],
        "in_w": x.shape[2],
        "out_h": y.shape[1],
        "out_w": y.shape[2],
        "channels": x.shape[3],
        "kernel_h": op.kernel[0],
        "kernel_w": op.kernel[1],
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        "pad_top": op.pad[0],
        "pad_left": op.pad[1],
        "in_stride": x.type.layout.strides(x.shape),
        "out_stride": y.type.layout.strides(y.shape),
    }


def only(pooling: Pooling) -> Callable[[Node], str | None]:
    """A row's `when`: it computes this kind of pooling."""

    def when(node: Node) -> str | None:
        assert isinstance(node.op, Pool2d)
        return None if node.op.pooling == pooling else f"computes {pooling} pooling"

    return when


def _pack_s8(node: Node) -> Packed:
    assert isinstance(node.op, Pool2d)
    low, high = clamp_s8(node.op.clamp)
    return Packed("edgegen_pool2d_s8", geometry(node) | {"low": low, "high": high})


def _pack_f32(node: Node) -> Packed:
    assert isinstance(node.op, Pool2d)
    low, high = clamp_f32(node.op.clamp)
    return Packed("edgegen_pool2d_f32", geometry(node) | {"low": low, "high": high})


ROWS = tuple(
    Kernel(
        f"{pooling}_pool2d_{dtype}",
        f"{dtype} -> {dtype}",
        pack,
        header=f"pool2d_{dtype}",
        when=only(pooling),
        reads=any_order,
        writes=any_order,
    )
    for dtype, pack in (("s8", _pack_s8), ("f32", _pack_f32))
    for pooling in ("average", "max")
)
