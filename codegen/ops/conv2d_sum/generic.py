"""Portable rows: the kernels of Conv2d and Binary, one after the other."""

from __future__ import annotations

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ops.binary import generic as binary
from edgegen.ops.conv2d import generic as conv2d
from edgegen.ops.conv2d_sum.op import convolution_of, sum_of
from edgegen.ops.overlap import Overlaps
from edgegen.ops.window_overlap import by_pixel


def _row(way: str) -> Kernel:
    """way: how the convolution requantizes, as `portable_rows` says."""
    alone = next(row for row in conv2d.ROWS if row.name == f"conv2d_s8{way}")

    def when(node: Node) -> str | None:
        return alone.when(convolution_of(node)) or binary.computes(sum_of(node), "add", quantized=True)

    def pack(node: Node) -> Packed:
        image, sum_ = alone.pack(convolution_of(node)), binary.pack_quantized(sum_of(node))
        params = {f"convolution.{k}": v for k, v in image.params.items()}
        params |= {f"sum.{k}": v for k, v in sum_.params.items()}
        return Packed("edgegen_conv2d_sum_s8", params, image.constants, inputs=(0, 3))

    return Kernel(
        f"conv2d_sum_s8{way}",
        "s8 s8 s32? s8 -> s8",
        pack,
        header="conv2d_sum_s8",
        when=when,
        overlap=_overlap,
    )


def _overlap(node: Node) -> Overlaps:
    """With x, as that of the convolution; the sum then reads and writes the output, element by element."""
    return by_pixel(convolution_of(node))


ROWS = tuple(_row(way) for way in ("", "_scaled"))
