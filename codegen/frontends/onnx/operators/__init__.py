"""Import functions, one file per family. Importing this package fills the registry."""

from edgegen.frontends.onnx.operators import (
    activation,
    arithmetic,
    attention,
    convolution,
    einsum,
    logic,
    matrix,
    movement,
    normalization,
    pooling,
    reduction,
    shape,
    spectrum,
    training,
)

__all__ = [
    "activation",
    "arithmetic",
    "attention",
    "convolution",
    "einsum",
    "logic",
    "matrix",
    "movement",
    "normalization",
    "pooling",
    "reduction",
    "shape",
    "spectrum",
    "training",
]
