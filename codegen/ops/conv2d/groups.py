"""Convolutions in groups as several of one image.

A group sees a slice of each pixel's channels. Groups that would not fill vectors are taken together, as one whose
filters are 0 where a channel is another group's.
"""

from __future__ import annotations

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.tensor import Array
from edgegen.ops.conv2d.op import Conv2d
from edgegen.ops.convolution_parts import Parts
from edgegen.ops.epilogue import bias_or_zeros


def in_groups(node: Node, depth: int, units: int) -> Parts:
    """A Conv2d of constant weights in as many parts as have at least so many channels and units each.

    If need be that is one."""
    op, x, w, y = node.op, node.input(0), node.input(1).values, node.out
    assert isinstance(op, Conv2d)
    groups = x.shape[3] // w.shape[3]
    each, slice_depth = w.shape[0] // groups, w.shape[3]
    wide = (k for k in range(1, groups) if groups % k == 0 and k * slice_depth >= depth and k * each >= units)
    together = next(wide, groups)
    order = np.arange(len(w))
    if op.interleaved and groups > 1:
        order = order.reshape(-1, groups).T.reshape(-1)
    return Parts(
        count=groups // together,
        weights=_together(w[order], each, together),
        bias=bias_or_zeros(node)[order],
        requantize=None if op.requantize is None else op.requantize.of_channels(order.tolist()),
        clamp=op.clamp,
        x_zero=op.x_zero,
        stride=op.stride,
        dilation=op.dilation,
        pad=op.pad,
        out=(y.shape[1], y.shape[2]),
        x_step=slice_depth * together if together < groups else 0,
        y_step=each * together,
        rows_apart=1,
        y_pixel=y.shape[3],
        turns=groups if op.interleaved and groups > 1 else 0,
        together=together,
    )


def _together(w: Array, units: int, groups: int) -> Array:
    """Filters [O,kH,kW,depth] of groups of so many units, as those of so many groups taken together."""
    if groups == 1:
        return w
    depth = w.shape[3]
    wide = np.zeros((*w.shape[:3], groups * depth), w.dtype)
    for unit in range(len(w)):
        place = unit // units % groups
        wide[unit, :, :, place * depth : (place + 1) * depth] = w[unit]
    return wide
