"""SOFTMAX."""

from __future__ import annotations

from tests.generated.activation import one_input
from tests.generated.single import Draw, Single, Tensor, generates, like
from tests.models.tflite_builder import options


@generates("SOFTMAX", "FLOAT16", "FLOAT32", "INT8", "UINT8", "INT16", weight=2)
def softmax(draw: Draw, kind: str) -> Single:
    """s8 gives s8 or s16."""
    x = draw.tensor("x", kind, draw.shape(1, 4, 12), -2, -0.5)
    if kind == "INT16":
        x = Tensor("x", kind, x.shape, scale=draw.scale(-4.5, -3))
    y = {
        "FLOAT32": like("y", x),
        "UINT8": Tensor("y", kind, x.shape, scale=1 / 256),
        "INT16": Tensor("y", kind, x.shape, scale=1 / 32768),
    }.get(kind, Tensor("y", kind, x.shape, scale=1 / 256, zero_point=-128))
    if kind == "INT8" and draw.yes(0.3):
        y = Tensor("y", "INT16", x.shape, scale=1 / 65536, zero_point=-32768)
    beta = draw.choice((1.0, draw.real(0.2, 2)))
    # exponentials within 2 ULP each, and their sum
    return one_input("SOFTMAX", x, y, options("SoftmaxOptions", Beta=beta), ulp=4 + x.shape[-1])
