"""Portable rows: plain loops over any strides, so they read and write NHWC and NCHW alike."""

from __future__ import annotations

from collections.abc import Callable

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed
from edgegen.ops.binary.op import integer_clamp
from edgegen.ops.epilogue import clamp_f32
from edgegen.ops.overlap import by_channel
from edgegen.ops.pool2d.op import INTEGER_POOLINGS, POOLINGS, Pool2d, Pooling
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


def _pack_integer(node: Node) -> Packed:
    assert isinstance(node.op, Pool2d)
    low, high = integer_clamp(node.op.clamp, node.out.dtype.np)
    return Packed("edgegen_pool2d_integer", geometry(node) | {"low": low, "high": high})


def _pack_f32(node: Node) -> Packed:
    assert isinstance(node.op, Pool2d)
    low, high = clamp_f32(node.op.clamp)
    return Packed("edgegen_pool2d_f32", geometry(node) | {"low": low, "high": high})


_COMPUTED = (
    *((dtype, pooling, _pack_integer, "integer") for dtype in ("s8", "u8", "s16") for pooling in INTEGER_POOLINGS),
    *(("f32", pooling, _pack_f32, "f32") for pooling in POOLINGS),
)

ROWS = tuple(
    Kernel(
        f"{pooling}_pool2d_{dtype}",
        f"{dtype} -> {dtype}",
        pack,
        header=f"pool2d_{header}",
        when=only(pooling),
        overlap=by_channel(1),
        reads=any_order,
        writes=any_order,
    )
    for dtype, pooling, pack, header in _COMPUTED
)
