"""CONV_3D and CONV_3D_TRANSPOSE."""

from __future__ import annotations

import math

from tests.generated.convolution import linear
from tests.generated.single import Draw, Single, Tensor, generates, numbers
from tests.models.tflite_builder import Operator, options


def _volume(draw: Draw) -> tuple[dict[str, int], tuple[int, ...], list[int], list[int]]:
    """(options, kernel, size, windows) of a window over a volume; padding 0 is SAME."""
    kernel, stride, padding = draw.shape(3, 3, 3), draw.shape(3, 3, 2), draw.integer(0, 1)
    size = [draw.integer(k if padding else 1, k + 3) for k in kernel]
    out = [-(-n // s) if padding == 0 else (n - k) // s + 1 for n, k, s in zip(size, kernel, stride, strict=True)]
    fields = {f"Stride{axis}": s for axis, s in zip("DHW", stride, strict=True)}
    return {"Padding": padding, **fields, **{f"Dilation{axis}Factor": 1 for axis in "DHW"}}, kernel, size, out


@generates("CONV_3D", "FLOAT32")
def conv_3d(draw: Draw, kind: str) -> Single:
    (fields, kernel, size, out), channels, units = _volume(draw), draw.integer(1, 4), draw.integer(1, 4)
    x = Tensor("x", kind, (draw.integer(1, 2), *size, channels))
    w = Tensor("w", data=draw.values(kind, (*kernel, channels, units), 0.5))
    y = Tensor("y", kind, (x.shape[0], *out, units))
    table = options("Conv3DOptions", FusedActivationFunction=draw.choice((0, 1, 3)), **fields)
    tensors = [x, w, Tensor("b", data=draw.values(kind, (units,))), y]
    depth = math.prod(kernel) * channels
    return linear(draw, tensors, Operator("CONV_3D", ["x", "w", "b"], ["y"], table), depth)


@generates("CONV_3D_TRANSPOSE", "FLOAT32")
def conv_3d_transpose(draw: Draw, kind: str) -> Single:
    (fields, kernel, size, out), channels, units = _volume(draw), draw.integer(1, 4), draw.integer(1, 4)
    x = Tensor("x", kind, (draw.integer(1, 2), *out, channels))
    w = Tensor("w", data=draw.values(kind, (*kernel, units, channels), 0.5))
    shape = (x.shape[0], *size, units)
    table = options("Conv3DOptions", **fields)
    tensors = [numbers("s", shape), w, x, Tensor("b", data=draw.values(kind, (units,))), Tensor("y", kind, shape)]
    depth = math.prod(kernel) * channels
    return linear(draw, tensors, Operator("CONV_3D_TRANSPOSE", ["s", "w", "x", "b"], ["y"], table), depth)
