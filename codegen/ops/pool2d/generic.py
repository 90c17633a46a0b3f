"""Portable rows: plain loops over any strides, so they read and write NHWC and NCHW alike."""

from __future__ import annotations

from collections.abc import Callable

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed
from edgegen.ops.binary.op import integer_clamp
from edgegen.ops.epilogue import clamp_f32, clamp_s8
from edgegen.ops.pool2d.op import INTEGER_POOLINGS, POOLINGS, Pool2d, Pooling
from edgegen.ops.window import any_order, window_steps
from edgegen.ops.window_overlap import by_channel


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
        **window_steps(op.stride, op.pad),
        "in_stride": x.type.layout.strides(x.shape),
        "out_stride": y.type.layout.strides(y.shape),
    }


def only(pooling: Pooling, scaled: bool = False) -> Callable[[Node], str | None]:
    """A row's `when`: it computes this kind of pooling, of integers at x's scale or at one of their own."""

    def when(node: Node) -> str | None:
        assert isinstance(node.op, Pool2d)
        if node.op.pooling != pooling:
            return f"computes {pooling} pooling"
        if (node.op.requantize is not None) != scaled:
            return "gives results another scale" if scaled else "leaves results the scale of x"
        return None

    return when


MOST_PIXELS = 1 << 16  # of a window; with more, averages that vectors compute in f32 are not exact


def in_vectors(pooling: Pooling, channels: int, scaled: bool = False) -> Callable[[Node], str | None]:
    """A row's `when`: it computes this kind of pooling for so many channels at a time."""

    def when(node: Node) -> str | None:
        op = node.op
        assert isinstance(op, Pool2d)
        if node.out.shape[3] < channels:
            return f"there must be at least {channels} channels"
        if op.kernel[0] * op.kernel[1] > MOST_PIXELS:
            return f"a window must have at most {MOST_PIXELS} pixels"
        return only(pooling, scaled)(node)

    return when


def output(op: Pool2d) -> dict[str, Literal]:
    """Of integers: the clamp, within s8, and what gives an average a scale of its own."""
    low, high = clamp_s8(op.clamp)
    scheme = op.requantize
    return {
        "low": low,
        "high": high,
        "x_zero": op.x_zero,
        "zero_point": 0 if scheme is None else scheme.zero_point,
        "factor": 1.0 if scheme is None else float(scheme.factors()[0]),
    }


def pack_s8(node: Node) -> Packed:
    """Params of the rows of s8."""
    assert isinstance(node.op, Pool2d)
    return Packed("edgegen_pool2d_s8", geometry(node) | output(node.op))


def _pack_integer(node: Node) -> Packed:
    assert isinstance(node.op, Pool2d)
    low, high = integer_clamp(node.op.clamp, node.out.dtype.np)
    return Packed("edgegen_pool2d_integer", geometry(node) | output(node.op) | {"low": low, "high": high})


def _pack_f32(node: Node) -> Packed:
    assert isinstance(node.op, Pool2d)
    low, high = clamp_f32(node.op.clamp)
    return Packed("edgegen_pool2d_f32", geometry(node) | {"low": low, "high": high})


def _row(pooling: Pooling, dtype: str, pack: Callable[[Node], Packed], header: str, scaled: bool = False) -> Kernel:
    return Kernel(
        f"{pooling}_pool2d_{dtype}{'_scaled' if scaled else ''}",
        f"{dtype} -> {dtype}",
        pack,
        header=f"pool2d_{header}",
        when=only(pooling, scaled),
        overlap=by_channel(1),
        reads=any_order,
        writes=any_order,
    )


ROWS = (
    *(_row(p, dtype, _pack_integer, "integer") for dtype in ("s8", "u8", "s16") for p in INTEGER_POOLINGS),
    _row("average", "s8", pack_s8, "integer", scaled=True),
    *(_row(pooling, "f32", _pack_f32, "f32") for pooling in POOLINGS),
)
_SUMS: tuple[Pooling, ...] = ("average", "l2")
HALF_ROWS = tuple(_row(pooling, dtype, _pack_f32, "half") for dtype in ("f16", "bf16") for pooling in _SUMS)
"""After bands of f32: these also leave out pixels above and below the image."""
