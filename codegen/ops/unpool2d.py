"""ArgmaxPool2d and MaxUnpool2d: maxima of windows that remember where they stood, and their way back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, U8
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.overlap import Overlaps, in_turn, nested
from edgegen.ops.window import Pads, Pair, window_output

MAX_PLACES = 256


def _check_window(window: Pair) -> None:
    if min(window) < 1 or window[0] * window[1] > MAX_PLACES:
        raise InvalidGraph(f"a window of {window} must have 1 to {MAX_PLACES} places")


@dataclass(frozen=True)
class ArgmaxPool2d(Op):
    """x[N,H,W,C] -> the maximum of each window and its place in the window, column by column: left * height + top.

    As MediaPipe's MaxPoolingWithArgmax2D. Windows lie side by side; among equal pixels the first in that order counts,
    those of the padding, which repeat the nearest of the image, among them, as in XNNPACK, which computes the operator
    for LiteRT.

    window: (height, width); pad: top, left, bottom, right
    """

    window: Pair = (1, 1)
    pad: Pads = (0, 0, 0, 0)

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        _check_window(self.window)
        if len(x.shape) != 4 or x.dtype != F32:
            raise InvalidGraph(f"x {x} must be f32 of rank 4")
        if any(p >= k for p, k in zip(self.pad, self.window * 2, strict=True)):
            raise InvalidGraph(f"pad {self.pad} leaves windows of {self.window} without any pixel of {x}")
        size = window_output(x.shape[1:3], self.window, self.window, (1, 1), self.pad)
        shape = (x.shape[0], *size, x.shape[3])
        return (TensorType(F32, shape), TensorType(U8, shape))

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        (kh, kw), (h, w) = self.window, window_output(x.shape[1:3], self.window, self.window, (1, 1), self.pad)
        top, left, bottom, right = self.pad
        image = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), mode="edge")[:, : h * kh, : w * kw]
        places = image.reshape(x.shape[0], h, kh, w, kw, x.shape[3]).transpose(0, 1, 3, 5, 4, 2)
        places = places.reshape(*places.shape[:4], kh * kw)
        return places.max(-1), places.argmax(-1).astype(np.uint8)


@dataclass(frozen=True)
class MaxUnpool2d(Op):
    """x[N,H,W,C], place[N,H,W,C] -> [N,H*height,W*width,C]: each pixel in its window's place, zeros elsewhere."""

    window: Pair = (1, 1)

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, place = known(inputs[0], "x"), known(inputs[1], "places")
        _check_window(self.window)
        if len(x.shape) != 4 or (x.dtype, place.dtype) != (F32, U8) or x.shape != place.shape:
            raise InvalidGraph(f"x {x} and places {place} must be f32 and u8 of one shape and rank 4")
        n, h, w, c = x.shape
        return (TensorType(F32, (n, h * self.window[0], w * self.window[1], c)),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, place = present(inputs[0], "x"), present(inputs[1], "places")
        (n, h, w, c), (kh, kw) = x.shape, self.window
        spread = np.where(place[..., None] == np.arange(kh * kw), x[..., None], np.float32(0))
        windows = spread.reshape(n, h, w, c, kw, kh).transpose(0, 1, 5, 2, 4, 3)
        return (np.ascontiguousarray(windows.reshape(n, h * kh, w * kw, c)),)


def _pack(node: Node) -> Packed:
    """The image is the larger side: the pool's input, the other's output."""
    op = node.op
    assert isinstance(op, (ArgmaxPool2d, MaxUnpool2d))
    image, pooled = (node.input(0), node.out) if isinstance(op, ArgmaxPool2d) else (node.out, node.input(0))
    pad = op.pad if isinstance(op, ArgmaxPool2d) else (0, 0, 0, 0)
    params = {
        "batch": image.shape[0],
        "image_h": image.shape[1],
        "image_w": image.shape[2],
        "h": pooled.shape[1],
        "w": pooled.shape[2],
        "channels": image.shape[3],
        "window_h": op.window[0],
        "window_w": op.window[1],
        "pad_top": pad[0],
        "pad_left": pad[1],
    }
    return Packed("edgegen_unpool2d", params, inputs=tuple(range(len(node.inputs))))


def _over_image(node: Node) -> Overlaps:
    """An element of the output is written when its window has been read."""
    op, x, (batch, h, w, channels) = node.op, node.input(0), node.out.shape
    assert isinstance(op, ArgmaxPool2d)
    rows = np.clip(np.arange(h, dtype=np.int64) * op.window[0] - op.pad[0], 0, x.shape[1] - 1)
    columns = np.clip(np.arange(w, dtype=np.int64) * op.window[1] - op.pad[1], 0, x.shape[2] - 1)
    pixels = np.add.outer(np.add.outer(np.arange(batch) * x.shape[1], rows) * x.shape[2], columns)
    return in_turn(node, np.add.outer(pixels * channels, np.arange(channels)))


def _over_maxima(node: Node) -> Overlaps:
    """Each row of maxima is read for as many rows of the image as a window has."""
    op, (batch, h, w, channels) = node.op, node.input(0).shape
    assert isinstance(op, MaxUnpool2d)
    reads = nested((batch * h, op.window[0], w, op.window[1], channels), (w * channels, 0, channels, 0, 1))
    return {**in_turn(node, reads), **in_turn(node, reads, 1)}


ArgmaxPool2d.kernels = (Kernel("argmax_pool2d_f32", "f32 -> f32 u8", _pack, header="unpool2d", overlap=_over_image),)
MaxUnpool2d.kernels = (Kernel("max_unpool2d_f32", "f32 u8 -> f32", _pack, header="unpool2d", overlap=_over_maxima),)
