"""FakeQuantize: f32 as it would come back from integers of a few bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.lookup import same_order
from edgegen.ops.window import any_order


def _pack(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, FakeQuantize)
    params = {"count": node.out.type.elements, "low": op.low, "high": op.high, "scale": op.scale}
    return Packed("edgegen_fake_quantize", params | {"inverse": float(np.float32(1) / np.float32(op.scale))})


@dataclass(frozen=True)
class FakeQuantize(Op):
    """low + scale * round((x - low) / scale), x limited to low and high first (TFLite FAKE_QUANT, FakeQuantizeArray).

    Rounds half away from zero; NaN gives `low`. low, high and scale are f32: see `nudged`
    """

    low: float = 0.0
    high: float = 1.0
    scale: float = 1.0

    kernels = (
        Kernel(
            "fake_quantize_f32",
            "f32 -> f32",
            _pack,
            "fake_quantize",
            when=same_order,
            in_place=(0,),
            reads=any_order,
            writes=any_order,
        ),
    )

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if not x.dtype.is_float or not 0 < self.scale < float("inf"):
            raise InvalidGraph(f"x {x} cannot be quantized by {self.scale}")
        return (TensorType(x.dtype, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, f32 = present(inputs[0], "x"), np.float32
        low, scale = f32(self.low), f32(self.scale)
        place = (np.clip(np.where(np.isnan(x), low, x), low, f32(self.high)) - low) * (f32(1) / scale)
        whole = np.floor(place)
        return ((whole + (place - whole >= f32(0.5))) * scale + low,)


def nudged(low: float, high: float, bits: int) -> FakeQuantize:
    """The operator for integers of `bits` bits, its limits moved so that 0 is one of them, in f32
    (tflite::NudgeQuantizationRange). Raises InvalidGraph for limits that are not in order or not finite."""
    f32, most = np.float32, (1 << bits) - 1
    with np.errstate(all="ignore"):
        scale = (f32(high) - f32(low)) / f32(most)
        zero = -f32(low) / scale
    if not (np.isfinite(zero) and 0 < scale < np.inf):
        raise InvalidGraph(f"numbers from {low} to {high} cannot be quantized")
    whole = f32(min(max(np.floor(float(zero) + 0.5), 0), most))
    return FakeQuantize(float(-whole * scale), float((f32(most) - whole) * scale), float(scale))
