"""QUANTIZE and DEQUANTIZE."""

from __future__ import annotations

import numpy as np

from tests.generated.activation import one_input
from tests.generated.single import Draw, Single, Tensor, generates
from tests.models.tflite_builder import options

TARGETS = {
    "FLOAT32": ("INT8", "UINT8", "INT16"),
    "INT8": ("INT8", "UINT8", "INT16", "INT32"),
    "UINT8": ("INT8", "UINT8", "INT16"),
    "INT16": ("INT8", "INT16", "INT32"),
    "INT32": ("INT8", "INT16"),
}
"""What each type can become, as far as a judge knows."""


@generates("QUANTIZE", "FLOAT32", "INT8", "UINT8", "INT16", "INT32", weight=2)
def quantize(draw: Draw, kind: str) -> Single:
    """From f32, or from one quantized type to another; kind is the source's."""
    to = draw.choice(TARGETS.get(kind, ("INT8",)))
    x = draw.tensor("x", kind, draw.shape(1, 4))
    if kind == "INT32":
        x = Tensor("x", kind, x.shape, scale=draw.scale(-5, -3))
    scale = draw.scale(-2, 0) if x.scale is None else float(np.float32(x.scale * 10 ** draw.real(-1, 1)))
    if "INT16" in (kind, to) and kind != to and x.scale is not None:
        scale = float(np.float32(scale * (256 if kind == "INT16" else 1 / 256)))
    zero = draw.zero(to)
    return one_input("QUANTIZE", x, Tensor("y", to, x.shape, scale=scale, zero_point=zero), options("QuantizeOptions"))


@generates("DEQUANTIZE", "INT8", "UINT8", "INT16")
def dequantize(draw: Draw, kind: str) -> Single:
    x = draw.tensor("x", kind, draw.shape(1, 4))
    return one_input("DEQUANTIZE", x, Tensor("y", "FLOAT32", x.shape), options("DequantizeOptions"))


@generates("FAKE_QUANT", "FLOAT32")
def fake_quant(draw: Draw, kind: str) -> Single:
    x = draw.tensor("x", kind, draw.shape(1, 4))
    low, high = -draw.real(0, 6), draw.real(0.5, 6)
    table = options("FakeQuantOptions", Min=low, Max=high, NumBits=draw.choice((4, 8, 16)))
    return one_input("FAKE_QUANT", x, Tensor("y", kind, x.shape), table)
