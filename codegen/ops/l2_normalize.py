"""L2Normalize: vectors along the last axis, brought to length 1."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.fixed_point import multiply_by_quantized_multiplier
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.fixed_point_functions import reciprocal_root
from edgegen.ops.half_rows import half_rows, in_rows

EPSILON = 1e-6  # TFLite's least length of f32
MAX_DEPTH_S8 = (1 << 31) // (255 * 255)  # the longest sum of squares that 32 bits hold


@dataclass(frozen=True)
class L2Normalize(Op):
    """x / sqrt(sum(x^2)) along the last axis.

    x_zero:     zero point of s8, whose results have scale 1/128 and zero point 0 (TFLM L2_NORMALIZATION, int8)
    left_shift: bits by which s8 is scaled up before it is multiplied, rather than after (7 in LiteRT's kernel of u8)
    """

    x_zero: int = 0
    left_shift: int = 0

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if not x.shape or x.shape[-1] == 0:
            raise InvalidGraph(f"x {x} has no last axis")
        if x.dtype.name == "s8" and x.shape[-1] > MAX_DEPTH_S8:
            raise InvalidGraph(f"s8 vectors of {x.shape[-1]} numbers, more than {MAX_DEPTH_S8}, overflow")
        return (TensorType(x.dtype, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        if "float" in x.dtype.name:
            wide = x.astype(np.float64)
            length = np.sqrt((wide * wide).sum(axis=-1, keepdims=True))
            return ((wide / np.maximum(length, EPSILON)).astype(x.dtype),)
        value = x.astype(np.int64) - self.x_zero
        multiplier, shift = reciprocal_root(np.maximum((value * value).sum(axis=-1, keepdims=True), 1))
        y = multiply_by_quantized_multiplier(value << self.left_shift, multiplier, shift + 7 - self.left_shift)
        return (np.clip(y, -128, 127).astype(x.dtype),)


def _pack(node: Node) -> Packed:
    assert isinstance(node.op, L2Normalize)
    shape = node.input(0).shape
    params = {
        "rows": math.prod(shape[:-1]),
        "depth": shape[-1],
        "x_zero": node.op.x_zero,
        "left_shift": node.op.left_shift,
    }
    return Packed("edgegen_l2_normalize", params)


_ROWS = tuple(
    Kernel(f"l2_normalize_{t}", f"{t} -> {t}", _pack, header="l2_normalize", in_place=(0,)) for t in ("s8", "f32")
)
L2Normalize.kernels = (*_ROWS, *half_rows(_ROWS, in_rows))
