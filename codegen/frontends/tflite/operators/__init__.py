"""Every TFLite operator that edgegen reads; importing this package registers them."""

from edgegen.frontends.tflite.operators import (
    arithmetic,
    convolution,
    dense,
    movement,
    pooling,
    resizing,
    shape,
    slicing,
    softmax,
)

__all__ = [
    "arithmetic",
    "convolution",
    "dense",
    "movement",
    "pooling",
    "resizing",
    "shape",
    "slicing",
    "softmax",
]
