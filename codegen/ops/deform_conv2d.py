"""DeformConv2d: a convolution whose taps lie where offsets, computed at run time, move them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.window import Pads, Pair, image_sizes, window_output, window_steps


@dataclass(frozen=True)
class DeformConv2d(Op):
    """x[N,H,W,C], w[O,kH,kW,C/groups], offset[N,oH,oW,G,kH,kW,2], mask[N,oH,oW,G,kH,kW]? -> y[N,oH,oW,O].

    As Conv2d without a bias, but a tap of the channels of offset group g (C/G of them each) lies offset[..., g, ky, kx]
    (down, right) pixels further, between pixels, and is multiplied by the mask's element (ONNX DeformConv). Pixels
    outside of x are zeros.
    """

    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    pad: Pads = (0, 0, 0, 0)

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, w, offset = known(inputs[0], "x"), known(inputs[1], "weights"), known(inputs[2], "offset")
        mask = inputs[3] if len(inputs) > 3 else None
        if any(t is not None and t.dtype != F32 for t in (x, w, offset, mask)):
            raise InvalidGraph(f"x {x}, weights {w}, offset {offset} and mask {mask} must be f32")
        if len(x.shape) != 4 or len(w.shape) != 4 or 0 in (*x.shape, *w.shape) or x.shape[3] % w.shape[3]:
            raise InvalidGraph(f"weights {w} do not filter the channels of x {x}")
        if w.shape[0] % (x.shape[3] // w.shape[3]):
            raise InvalidGraph(f"filters {w} do not divide into {x.shape[3] // w.shape[3]} groups")
        size = window_output(x.shape[1:3], (w.shape[1], w.shape[2]), self.stride, self.dilation, self.pad)
        groups = offset.shape[3] if len(offset.shape) == 7 else 0
        places = (x.shape[0], *size, groups, *w.shape[1:3])
        if groups == 0 or x.shape[3] % groups or offset.shape != (*places, 2):
            raise InvalidGraph(f"offset {offset} does not move windows {list(places)} of x {x}")
        if mask is not None and mask.shape != places:
            raise InvalidGraph(f"mask {mask} does not have the shape {list(places)}")
        return (TensorType(F32, (x.shape[0], *size, w.shape[0])),)

    def _columns(self, x: Array, w: Array, offset: Array, mask: Array | None) -> Array:
        """f64[N,oH,oW,kH,kW,C]: what each tap of each window reads."""
        (kh, kw), groups = w.shape[1:3], offset.shape[3]
        batch, height, width, depth = x.shape
        oh, ow = offset.shape[1:3]
        oy = np.arange(oh)[:, None, None, None, None] * self.stride[0] - self.pad[0]
        ox = np.arange(ow)[:, None, None, None] * self.stride[1] - self.pad[1]
        down = (np.arange(kh)[:, None] * self.dilation[0] + oy).astype(np.float32) + offset[..., 0]
        right = (np.arange(kw) * self.dilation[1] + ox).astype(np.float32) + offset[..., 1]
        down, right = (np.clip(np.where(v > -2, v, -2), -2, n + 1) for v, n in ((down, height), (right, width)))
        image = np.pad(x.astype(np.float64), ((0, 0), (2, 3), (2, 3), (0, 0)))
        image = image.reshape(batch, height + 5, width + 5, groups, depth // groups)
        top, left = np.floor(down), np.floor(right)
        fy, fx = (down - top)[..., None], (right - left)[..., None]
        n = np.arange(batch).reshape(-1, 1, 1, 1, 1, 1)
        g = np.arange(groups).reshape(1, 1, 1, -1, 1, 1)
        iy, ix = top.astype(np.int64) + 2, left.astype(np.int64) + 2
        read = (image[n, iy, ix, g] * (1 - fx) + image[n, iy, ix + 1, g] * fx) * (1 - fy) + (
            image[n, iy + 1, ix, g] * (1 - fx) + image[n, iy + 1, ix + 1, g] * fx
        ) * fy
        if mask is not None:
            read = read * mask[..., None]
        return np.moveaxis(read, 3, 5).reshape(batch, oh, ow, kh, kw, depth)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, w, offset = present(inputs[0], "x"), present(inputs[1], "weights"), present(inputs[2], "offset")
        columns = self._columns(x, w, offset, inputs[3] if len(inputs) > 3 else None)
        depth, per = w.shape[3], w.shape[0] * w.shape[3] // x.shape[3]
        y = [
            np.tensordot(columns[..., g * depth : (g + 1) * depth], w[g * per : (g + 1) * per], ((3, 4, 5), (1, 2, 3)))
            for g in range(x.shape[3] // depth)
        ]
        return (np.concatenate(y, 3).astype(np.float32),)

    def macs(self, *inputs: TensorType | None) -> int:
        (y,) = self.infer(*inputs)
        w = known(inputs[1], "weights")
        return y.elements * w.elements // w.shape[0]


def _pack(node: Node) -> Packed:
    op, x, w, offset = node.op, node.input(0), node.input(1), node.input(2)
    assert isinstance(op, DeformConv2d)
    masked = len(node.inputs) > 3 and node.inputs[3] is not None
    params = {
        **image_sizes(x.shape, node.out.shape[1:3]),
        "units": w.shape[0],
        "kernel_h": w.shape[1],
        "kernel_w": w.shape[2],
        "depth": w.shape[3],
        "offset_groups": offset.shape[3],
        **window_steps(op.stride, op.pad, op.dilation),
    }
    scratch = w.shape[1] * w.shape[2] * x.shape[3] * 4  # what the taps of one window read
    return Packed("edgegen_deform_conv2d", dict(params), inputs=(0, 1, 2, 3) if masked else (0, 1, 2), scratch=scratch)


DeformConv2d.kernels = (
    Kernel("deform_conv2d_masked_f32", "f32 f32 f32 f32 -> f32", _pack, header="deform_conv2d"),
    Kernel("deform_conv2d_f32", "f32 f32 f32 -> f32", _pack, header="deform_conv2d"),
)
