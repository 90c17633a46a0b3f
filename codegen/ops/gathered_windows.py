"""Convolutions and dense layers as kernels compute them that gather one window at a time (kernels/gather_window.h)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.ir.kernel import Literal
from edgegen.ir.tensor import Array
from edgegen.ops.window import Pads, Pair, image_sizes, window_steps

Shape = tuple[int, ...]


@dataclass(frozen=True)
class GatheredWindows:
    """Windows of an image [N,H,W,C] under filters [O,kH,kW,C], giving [N,oH,oW,O].

    step: bytes that a kernel multiplies at a time, to which windows and their weights are padded
    """

    x: Shape
    w: Shape
    y: Shape
    step: int
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    pad: Pads = (0, 0, 0, 0)

    @classmethod
    def of_rows(cls, rows: int, units: int, depth: int, step: int) -> GatheredWindows:
        """A dense layer, whose rows are images of one pixel."""
        return cls((rows, 1, 1, depth), (units, 1, 1, depth), (rows, 1, 1, units), step)

    @property
    def size(self) -> int:
        return self.w[1] * self.w[2] * self.w[3]

    @property
    def padded(self) -> int:
        return -(-self.size // self.step) * self.step

    @property
    def lie_in_x(self) -> bool:
        """Windows are pixels of whole steps, and need not be gathered."""
        return self.w[1:3] == (1, 1) and not any(self.pad) and self.size == self.padded

    def rejection(self, gathered: bool, fewest: int = 4) -> str | None:
        """A row's reason, for kernels of four units at a time. fewest: units that they compute"""
        if self.w[3] != self.x[3] or self.w[0] < fewest:
            return f"groups must be 1, and there must be at least {fewest} units"
        if self.lie_in_x == gathered:
            return "windows can be read in place" if gathered else "windows must be gathered"
        return None

    def params(self) -> dict[str, Literal]:
        """Fields of the kernels' member `windows`."""
        fields: dict[str, Literal] = {
            **image_sizes(self.x, self.y[1:3]),
            "units": self.w[0],
            "size": self.size,
            "padded": self.padded,
            "kernel_h": self.w[1],
            "kernel_w": self.w[2],
            **window_steps(self.stride, self.pad, self.dilation),
            "backward": 0,
        }
        return {f"windows.{k}": v for k, v in fields.items()}

    def weights(self, filters: Array) -> Array:
        """[O, padded], zeros behind each filter; of fewer than 4 units [4, padded]."""
        whole = np.zeros((max(self.w[0], 4), self.padded), filters.dtype)
        whole[: self.w[0], : self.size] = filters.reshape(self.w[0], self.size)
        return whole
