"""Standardize: rows brought to mean 0 and variance 1, or to mean square 1."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Double, Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.half_rows import half_rows, in_rows


@dataclass(frozen=True)
class Standardize(Op):
    """(x - mean) / sqrt(variance + epsilon) * scale + bias along the last axis.

    Inputs: x[...,D], scale[D] or none, bias[D] or none, in x's type or in f32; no bias without scale. (ONNX
    LayerNormalization and, if not centered, RMSNormalization, whose mean is 0.)
    """

    epsilon: float = 1e-5
    centered: bool = True

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if not x.shape or x.shape[-1] == 0 or not x.dtype.is_float:
            raise InvalidGraph(f"x {x} has no rows of floats")
        for given in inputs[1:]:
            if given is not None and (given.shape != x.shape[-1:] or given.dtype not in (x.dtype, F32)):
                raise InvalidGraph(f"scale or bias {given} is not one row of x {x}")
        if len(inputs) > 2 and inputs[2] is not None and inputs[1] is None:
            raise InvalidGraph("a bias without a scale")
        return (TensorType(x.dtype, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        wide = x.astype(np.float64)
        wide = wide - wide.mean(axis=-1, keepdims=True) if self.centered else wide
        y = wide / np.sqrt((wide * wide).mean(axis=-1, keepdims=True) + self.epsilon)
        scale, bias = (*inputs[1:], None, None)[:2]
        y = y if scale is None else y * scale.astype(np.float64)
        y = y if bias is None else y + bias.astype(np.float64)
        return (y.astype(x.dtype),)


def _affine(node: Node) -> int:
    """How many of scale and bias there are."""
    return sum(t is not None for t in node.inputs[1:])


def _pack(node: Node) -> Packed:
    op, shape = node.op, node.input(0).shape
    assert isinstance(op, Standardize)
    params = {
        "rows": math.prod(shape[:-1]),
        "depth": shape[-1],
        "centered": int(op.centered),
        "epsilon": Double(op.epsilon),
    }
    return Packed("edgegen_standardize", params, inputs=tuple(range(1 + _affine(node))))


def _when(count: int) -> Callable[[Node], str | None]:
    def when(node: Node) -> str | None:
        return None if _affine(node) == count else f"there are {count} of scale and bias"

    return when


_ROWS = tuple(
    Kernel(
        f"standardize{suffix}_{t}",
        f"{t} {t}? {t}? -> {t}",
        _pack,
        header="standardize",
        when=_when(count),
        in_place=(0,),
    )
    for t in ("f32", "f64")
    for count, suffix in enumerate(("", "_scale", "_scale_bias"))
)
Standardize.kernels = (*_ROWS, *half_rows(_ROWS, in_rows))
