"""How the NEON rows of convolutions find windows: where they lie in x, or in a copy of some rows in scratch."""

from __future__ import annotations

from dataclasses import dataclass

from edgegen.ir.kernel import Literal
from edgegen.ir.tensor import Tensor
from edgegen.ops.window import Pads, Pair

MOST_RUNS = 64  # EDGEGEN_NEON_RUNS


@dataclass(frozen=True)
class Windows:
    """Windows of an image: the fields of edgegen_neon_window, and what is not in them.

    batch, out_h, out_w: of the output; a 1x1 window that moves pixel by pixel sees all pixels as one row
    runs, run:           pieces that a window consists of, and their elements
    scratch:             bytes
    """

    batch: int
    out_h: int
    out_w: int
    runs: int
    run: int
    fields: dict[str, Literal]
    scratch: int


def find_windows(
    x: Tensor,
    out: Pair,
    kernel: Pair,
    stride: Pair,
    dilation: Pair,
    pad: Pads,
    fill: int,
    joined: bool,
    strip: int = 0,
    depth: int = 0,
    flat: bool = True,
) -> Windows:
    """Windows of x[N,H,W,C]; fill: value of padding, as a byte.

    depth:  channels of a pixel that a window sees, from the first on; 0: all
    flat:   a row of the output lies right behind the one before
    strip: pixels of a row where a 1x1 window that moves pixel by pixel sees all pixels as one row: that row is cut so
           that the output may follow the input closely; the last piece may be shorter. 0: it is not cut
    joined: pixels beside each other are one piece; pieces of fewer than 16 bytes, except of 8, are gathered in scratch
    """
    size = x.dtype.size
    batch, in_h, in_w, channels = x.shape
    top, left, bottom, right = pad
    depth = depth or channels
    whole_rows = joined and (depth == channels or kernel[1] == 1) and (dilation[1] == 1 or kernel[1] == 1)
    runs_w, run = (1, kernel[1] * depth) if whole_rows else (kernel[1], depth)
    gathered = joined and run * size < 16 and run * size != 8
    last = out[1]
    if flat and kernel == (1, 1) and stride == (1, 1) and not any(pad) and not gathered:
        pixels = batch * in_h * in_w
        batch, in_h, in_w = 1, 1, pixels
        if 0 < strip < pixels:
            in_h, in_w = -(-pixels // strip), strip
        out, last = (in_h, in_w), pixels - (in_h - 1) * in_w
    copied = (kernel[0] - 1) * dilation[0] + 1 if left or right or gathered else 0
    beyond = joined and batch == 1 and top < copied  # rows beyond the image lie among the copied ones
    border = int(not beyond and (top > 0 or bottom > 0))
    row = (in_w + left + right if copied else in_w) * channels * size
    taps = kernel[0] * kernel[1] * depth * size
    strip = (max(taps, 16) if taps > 8 else 8) if gathered else 0
    fields: dict[str, Literal] = {
        "in_h": in_h,
        "in_w": in_w,
        "pixel": channels * size,
        "row": row,
        "out_w": out[1],
        "last": last,
        "kernel_h": kernel[0],
        "runs_w": runs_w,
        "run": run * size,
        "stride_h": stride[0],
        "stride_w": stride[1],
        "dilation_h": dilation[0],
        "dilation_w": dilation[1],
        "pad_top": top,
        "pad_left": left,
        "copied": copied,
        "border": border,
        "gathered": strip,
        "fill": fill % 256,
    }
    scratch = (copied + border) * row + (out[1] * strip + 16 if gathered else 0)
    runs, run = (1, strip // size) if gathered else (kernel[0] * runs_w, run)
    return Windows(batch, *out, runs, run, {f"window.{k}": v for k, v in fields.items()}, scratch)


def too_many_runs(runs: int) -> str | None:
    """A row's `when`: the kernels list a window's pieces in an array of fixed size."""
    return None if runs <= MOST_RUNS else f"a window must be at most {MOST_RUNS} pieces of memory, is {runs}"
