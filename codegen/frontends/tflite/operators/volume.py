"""CONV_3D and CONV_3D_TRANSPOSE."""

from __future__ import annotations

import math
from typing import Any

import tflite

from edgegen.frontends.tflite.operator import Operator, operator
from edgegen.frontends.tflite.operators.activation_range import activation_clamp
from edgegen.frontends.tflite.operators.convolution import MAX_WINDOW
from edgegen.ir.dtypes import F32
from edgegen.ir.tensor import Tensor
from edgegen.ops.conv3d import Conv3d, Triple
from edgegen.ops.transpose import Transpose

MAX_VOXELS = 1 << 24
"""Of a padded volume."""


def _floats(op: Operator, *tensors: Tensor | None) -> None:
    if any(t is not None and t.dtype != F32 for t in (*tensors, op.output)):
        names = ", ".join(str(t.dtype) for t in tensors if t is not None)
        raise op.unsupported(f"{names} to {op.output.dtype} is not supported", "use f32")


def _triple(options: Any, stem: str) -> Triple:
    depth, height, width = (getattr(options, stem.format(axis)) for axis in "DHW")
    return depth, height, width


def _geometry(op: Operator, options: Any, kernel: tuple[int, ...], size: tuple[int, ...]) -> tuple[Triple, ...]:
    """(stride, dilation, padding before, windows) over a volume of `size`. Raises InvalidModel, UnsupportedModel."""
    stride, dilation = _triple(options, "Stride{}"), _triple(options, "Dilation{}Factor")
    if min(*stride, *dilation, *kernel) < 1 or max(*stride, *dilation, *kernel) > MAX_WINDOW:
        raise op.invalid(f"kernel {kernel}, stride {stride} and dilation {dilation} must be 1 to {MAX_WINDOW}")
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    if options.Padding not in (tflite.Padding.SAME, tflite.Padding.VALID):
        raise op.invalid(f"padding {options.Padding} is unknown")
    same = options.Padding == tflite.Padding.SAME
    each = tuple(zip(size, spans, stride, strict=True))
    a, b, c = (-(-n // s) if same else (n - e) // s + 1 for n, e, s in each)
    total = [max((out - 1) * s + e - n, 0) for out, (n, e, s) in zip((a, b, c), each, strict=True)]
    if math.prod(n + e for n, e, _ in each) > MAX_VOXELS:
        raise op.unsupported(f"a volume of {size} with windows of {tuple(spans)} has more than {MAX_VOXELS} voxels")
    return stride, dilation, (total[0] // 2, total[1] // 2, total[2] // 2), (a, b, c)


@operator("CONV_3D", last_version=1)
def conv_3d(op: Operator) -> None:
    """Weights are [kD,kH,kW,C,O]."""
    x, w, bias, options = op.input(0), op.input(1), op.optional(2), op.options(tflite.Conv3DOptions)
    _floats(op, x, w, bias)
    if x.rank != 5 or w.rank != 5:
        raise op.invalid(f"weights {w.type} and input {x.type} must have rank 5")
    stride, dilation, pad, size = _geometry(op, options, w.shape[:3], x.shape[1:4])
    if min(size) < 1:
        raise op.invalid(f"windows {w.shape[:3]} do not fit into {x.type}")
    if x.shape[4] != w.shape[3]:
        raise op.invalid(f"weights {w.type} do not fit x {x.type}")
    clamp = activation_clamp(op, options.FusedActivationFunction, op.output)
    w = op.add(Transpose((4, 0, 1, 2, 3)), [w])
    op.add(Conv3d(size, stride, dilation, pad, clamp), [x, w, bias], op.output)


@operator("CONV_3D_TRANSPOSE", last_version=1)
def conv_3d_transpose(op: Operator) -> None:
    """Inputs are the output's shape, weights [kD,kH,kW,O,C], x and perhaps a bias; padding is that of a convolution
    from the output's size."""
    shape, w, x, bias = op.integers(0, "the output's shape"), op.input(1), op.input(2), op.optional(3)
    options = op.options(tflite.Conv3DOptions)
    _floats(op, x, w, bias)
    if x.rank != 5 or w.rank != 5 or len(shape) != 5 or min(shape) < 1:
        raise op.invalid(f"output shape {shape}, weights {w.type} and input {x.type} must have rank 5")
    size = (shape[1], shape[2], shape[3])
    stride, dilation, pad, windows = _geometry(op, options, w.shape[:3], size)
    if windows != x.shape[1:4] or shape[0] != x.shape[0] or shape[4] != w.shape[3]:
        raise op.invalid(f"input {x.type} and weights {w.type} do not make an output of {shape}")
    if x.shape[4] != w.shape[4]:
        raise op.invalid(f"weights {w.type} do not fit x {x.type}")
    clamp = activation_clamp(op, options.FusedActivationFunction, op.output)
    w = op.add(Transpose((3, 0, 1, 2, 4)), [w])
    op.add(Conv3d(size, stride, dilation, pad, clamp, True), [x, w, bias], op.output)
