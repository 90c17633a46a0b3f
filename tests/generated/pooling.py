"""AVERAGE_POOL_2D, MAX_POOL_2D and L2_POOL_2D."""

from __future__ import annotations

import math

from tests.generated.convolution import window
from tests.generated.single import Draw, Single, generates, like
from tests.models.tflite_builder import Operator, options


def _pool(draw: Draw, name: str, kind: str, activations: tuple[int, ...]) -> Single:
    shape, channels = window(draw, 4, dilated=False), draw.choice((1, 2, 3, 8, 17))
    x = draw.tensor("x", kind, (draw.integer(1, 2), *shape.size, channels))
    y = like("y", x, (x.shape[0], *shape.out, channels))
    fields = {"FilterHeight": shape.kernel[0], "FilterWidth": shape.kernel[1]}
    table = options("Pool2DOptions", FusedActivationFunction=draw.choice(activations), **fields, **shape.fields)
    return Single([x, y], Operator(name, ["x"], ["y"], table), ulp=0 if name[0] == "M" else math.prod(shape.kernel))


@generates("AVERAGE_POOL_2D", "FLOAT32", "INT8", "UINT8", "INT16")
def average_pool_2d(draw: Draw, kind: str) -> Single:
    return _pool(draw, "AVERAGE_POOL_2D", kind, (0, 0, 1, 2, 3))


@generates("MAX_POOL_2D", "FLOAT32", "INT8", "UINT8", "INT16")
def max_pool_2d(draw: Draw, kind: str) -> Single:
    return _pool(draw, "MAX_POOL_2D", kind, (0, 0, 1, 2, 3))


@generates("L2_POOL_2D", "FLOAT32")
def l2_pool_2d(draw: Draw, kind: str) -> Single:
    return _pool(draw, "L2_POOL_2D", kind, (0, 0, 1, 2, 3))
