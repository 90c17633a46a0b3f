"""What follows the accumulation where s16 meets s8 weights: sums of 64 bits, or of 32 beside an s32 bias."""

from __future__ import annotations

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, WideFixedPoint
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Literal
from edgegen.ir.op import Range


def epilogue_s16(node: Node, requantize: FixedPoint, channels: int) -> tuple[Constant, Constant]:
    """bias s64[channels]; scale s32[channels,2]: multiplier and shift, in the form that `wide` says.

    The bias is the node's input 2, or zeros.
    """
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    values = np.zeros(channels, np.int64) if bias is None else bias.values.astype(np.int64)
    if isinstance(requantize, WideFixedPoint):
        multiplier, shift = requantize.reduced(channels)
    else:
        multiplier, shift = requantize.per_channel(channels)
    return Constant("bias", values, align=8), Constant("scale", np.stack([multiplier, shift], axis=1))


def output_s16(requantize: FixedPoint, clamp: Range) -> dict[str, Literal]:
    """The parameters of edgegen_finish_s16."""
    return {
        "output.wide": int(isinstance(requantize, WideFixedPoint)),
        "output.low": int(max(clamp.low, -32768)),
        "output.high": int(min(clamp.high, 32767)),
    }


def symmetric_s16(x_zero: int, requantize: FixedPoint | None) -> str | None:
    """Part of a row's `when`: s16 is quantized around 0, as TFLM requires."""
    if requantize is None:
        return "s16 must be requantized"
    return None if x_zero == requantize.zero_point == 0 else "zero points must be 0"
