"""Every TFLite operator that edgegen reads; importing this package registers them."""

from edgegen.frontends.tflite.operators import (
    activation,
    arithmetic,
    comparison,
    convolution,
    dense,
    functions,
    movement,
    normalization,
    pooling,
    quantization,
    reduction,
    resizing,
    shape,
    slicing,
    softmax,
    variables,
)

__all__ = [
    "activation",
    "arithmetic",
    "comparison",
    "convolution",
    "dense",
    "functions",
    "movement",
    "normalization",
    "pooling",
    "quantization",
    "reduction",
    "resizing",
    "shape",
    "slicing",
    "softmax",
    "variables",
]
