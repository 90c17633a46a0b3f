"""How sums of products of quantized rows become floats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.ir.fixed_point import IntArray
from edgegen.ir.op import Range
from edgegen.ir.tensor import Array


@dataclass(frozen=True)
class RowScale:
    """sum * (row's scale * weights' scale) + bias, each step in f32.

    weights:       one scale, or one per output channel
    weights_first: sum * weights' scale * row's scale instead, from left to right
    """

    weights: tuple[float, ...]
    weights_first: bool = False

    def apply(self, sums: IntArray, row: Array, bias: Array | None, clamp: Range) -> Array:
        """sums [..., O], row f32 that broadcasts to them, bias f32[O] -> f32[..., O]"""
        real, weights = sums.astype(np.float32), np.array(self.weights, np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = real * weights * row if self.weights_first else real * (row * weights)
            biased = scaled if bias is None else scaled + bias
        return np.clip(biased, np.float32(clamp.low), np.float32(clamp.high)).astype(np.float32)

    def factors(self, bias: Array) -> Array:
        """f32[O,2]: weights' scale and bias of each output channel, as one stream for one pointer."""
        return np.stack([np.broadcast_to(np.array(self.weights, np.float32), bias.shape), bias], axis=1)
