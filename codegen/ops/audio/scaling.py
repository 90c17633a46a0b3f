"""Taper and AutoScale: what frames of sound go through before their spectrum is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType


@dataclass(frozen=True)
class Taper(Op):
    """saturate(x * weights >> shift), s16; the weights repeat over all of x. (TFLM signal operator SignalWindow.)"""

    shift: int = 0

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, weights = known(inputs[0], "x"), known(inputs[1], "weights")
        if (x.dtype.name, weights.dtype.name) != ("s16", "s16"):
            raise InvalidGraph(f"x {x} and weights {weights} must be s16")
        if not x.shape or len(weights.shape) != 1 or x.elements % weights.elements:
            raise InvalidGraph(f"weights {weights} do not divide x {x} into frames")
        if not 0 <= self.shift <= 31:
            raise InvalidGraph(f"products of 31 bits cannot be shifted by {self.shift}")
        return (TensorType(x.dtype, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, weights = present(inputs[0], "x"), present(inputs[1], "weights")
        product = x.reshape(-1, weights.size).astype(np.int64) * weights
        return (np.clip(product >> self.shift, -32768, 32767).astype(np.int16).reshape(x.shape),)

    def macs(self, *inputs: TensorType | None) -> int:
        return known(inputs[0], "x").elements


def _pack_taper(node: Node) -> Packed:
    assert isinstance(node.op, Taper)
    x, length = node.input(0).type, node.input(1).type.elements
    params = {"frames": x.elements // length, "length": length, "shift": node.op.shift}
    return Packed("edgegen_taper", params, inputs=(0, 1))


def _even(position: int) -> Callable[[Node], str | None]:
    """A `when`: the input's elements come in pairs, one register each."""

    def when(node: Node) -> str | None:
        x = node.input(position).type
        return f"{x} has an odd number of elements" if x.elements % 2 else None

    return when


_DSP = frozenset({"dsp"})
Taper.kernels = (
    Kernel("taper_s16_dsp", "s16 s16 -> s16", _pack_taper, "scaling_dsp", requires=_DSP, when=_even(1), in_place=(0,)),
    Kernel("taper_s16", "s16 s16 -> s16", _pack_taper, "taper", in_place=(0,)),
)


@dataclass(frozen=True)
class AutoScale(Op):
    """(x << bits, bits), s16 and s32[]: as many bits as the largest magnitude has to spare. (TFLM SignalFftAutoScale.)

    0 where all of x is. The magnitude is held in 16 bits, as TFLM holds it: that of -32768 is negative, and any value
    after it larger.
    """

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if x.dtype.name != "s16":
            raise InvalidGraph(f"x {x} must be s16")
        return (TensorType(x.dtype, x.shape), TensorType(S32, ()))

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        largest = 0
        for value in x.reshape(-1).tolist():
            if value > largest:
                largest = value
            elif -value > largest:
                largest = -value if value != -32768 else value
        bits = 15 - largest.bit_length() if largest > 0 else 0
        scaled = (x.astype(np.int64) << bits).astype(np.int16)
        return (scaled, np.array(bits, np.int32))


def _pack_auto_scale(node: Node) -> Packed:
    return Packed("edgegen_auto_scale", {"elements": node.input(0).type.elements})


AutoScale.kernels = (
    Kernel(
        "auto_scale_s16_dsp",
        "s16 -> s16 s32",
        _pack_auto_scale,
        "scaling_dsp",
        requires=_DSP,
        when=_even(0),
        in_place=(0,),
    ),
    Kernel("auto_scale_s16", "s16 -> s16 s32", _pack_auto_scale, "auto_scale", in_place=(0,)),
)
