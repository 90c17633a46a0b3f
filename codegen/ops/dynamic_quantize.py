"""DynamicQuantize: floats as u8 of a scale that their own range needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, U8
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.element_overlap import by_element
from edgegen.ops.lookup import same_order
from edgegen.ops.window import any_order


@dataclass(frozen=True)
class DynamicQuantize(Op):
    """x f32 -> y u8, its scale f32[] and its zero point u8[] (ONNX DynamicQuantizeLinear).

    scale = (greatest - least) / 255 of x and 0, as f32; where both are 0 it is 1, as in onnxruntime. zero point =
    round(-least / scale); y = round(x / scale) + zero point, saturated. Ties go to even. NaN gives 0.
    """

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if x.dtype != F32:
            raise InvalidGraph(f"x {x} must be f32")
        return TensorType(U8, x.shape), TensorType(F32, ()), TensorType(U8, ())

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        low, high = np.fmin.reduce(x, None, initial=np.float32(0)), np.fmax.reduce(x, None, initial=np.float32(0))
        with np.errstate(all="ignore"):
            scale = np.float32(1) if low == high else np.float32(high - low) / np.float32(255)
            zero = np.rint(np.clip(np.float32(0 - low) / scale, 0, 255))
            steps = np.rint(np.clip(np.nan_to_num(x / scale, nan=-np.inf), -zero, 255 - zero)) + zero
        return steps.astype(np.uint8), np.asarray(scale, np.float32), np.asarray(zero, np.uint8)


def _pack(node: Node) -> Packed:
    return Packed("edgegen_dynamic_quantize", {"count": node.input(0).type.elements})


DynamicQuantize.kernels = (
    Kernel(
        "dynamic_quantize_f32_u8",
        "f32 -> u8 f32 u8",
        _pack,
        "dynamic_quantize",
        when=same_order,
        overlap=by_element(),
        reads=any_order,
        writes=any_order,
    ),
)
