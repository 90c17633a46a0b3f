"""SpectralSubtraction, Pcan and ScaledLog: from the levels of channels to features, cleared of steady noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S16, U32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.element_overlap import by_element

GAINS = 125
"""Entries of a gain table: three for 0 to 2, and for each further power of two below 2^32 three and one that is not
read."""


@dataclass(frozen=True)
class SpectralSubtraction(Op):
    """(x less an estimate of its noise, the new estimate), u32, from x and the estimate so far.

    Channel by channel, with 2^scale_bits for 1 in the coefficients and 2^smoothing_bits for 1 in the estimate:

        noise = (x * smoothing + noise * keep) >> scale_bits
        y     = max(x - min(noise, x), x * floor >> scale_bits)

    smoothing, keep: (of even channels, of odd ones); clamping: the estimate never exceeds x. Sums are modulo 2^64,
    values modulo 2^32. (TFLM signal operator SignalFilterBankSpectralSubtraction.)
    """

    smoothing: tuple[int, int] = (0, 0)
    keep: tuple[int, int] = (0, 0)
    floor: int = 0
    smoothing_bits: int = 0
    scale_bits: int = 0
    clamping: bool = False

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, noise = known(inputs[0], "x"), known(inputs[1], "noise")
        if x.dtype != U32 or noise.dtype != U32 or x.shape != noise.shape or len(x.shape) != 1:
            raise InvalidGraph(f"x {x} and noise {noise} must be lists of as many u32")
        if not (0 <= self.smoothing_bits <= 31 and 0 <= self.scale_bits <= 63):
            raise InvalidGraph(f"{self.smoothing_bits} and {self.scale_bits} bits are more than words have")
        if any(not 0 <= v < 1 << 31 for v in (*self.smoothing, *self.keep, self.floor)):
            raise InvalidGraph(f"coefficients {self.smoothing}, {self.keep} and {self.floor} must not be negative")
        return (TensorType(U32, x.shape), TensorType(U32, x.shape))

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, noise = (present(t, w).astype(np.uint64) for t, w in zip(inputs, ("x", "noise"), strict=True))
        word, scale = np.uint64(0xFFFFFFFF), np.uint64(self.scale_bits)
        odd = np.arange(x.size) % 2
        smoothing, keep = (np.array(v, np.uint64)[odd] for v in (self.smoothing, self.keep))
        raised = x << np.uint64(self.smoothing_bits) & word
        noise = (raised * smoothing + noise * keep) >> scale & word
        taken = np.minimum(noise, raised)
        least = x * np.uint64(self.floor) >> scale & word
        y = np.maximum((raised - taken) >> np.uint64(self.smoothing_bits), least)
        return (y.astype(np.uint32), (taken if self.clamping else noise).astype(np.uint32))


def _pack_subtraction(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, SpectralSubtraction)
    params: dict[str, Literal] = {
        "channels": node.out.type.elements,
        "smoothing": op.smoothing,
        "keep": op.keep,
        "floor": op.floor,
        "smoothing_bits": op.smoothing_bits,
        "scale_bits": op.scale_bits,
        "clamping": int(op.clamping),
    }
    return Packed("edgegen_spectral_subtraction", params, inputs=(0, 1))


SpectralSubtraction.kernels = (
    Kernel(
        "spectral_subtraction_u32",
        "u32 u32 -> u32 u32",
        _pack_subtraction,
        header="spectral_subtraction",
        in_place=(0,),
        updates=((1, 1),),
    ),
)


def _wide_gain(noise: Array, gains: Array) -> Array:
    """s64: a gain for each u64 below 2^32, by parabolas between powers of two (TFLM WideDynamicFunction)."""
    width = np.array([int(v).bit_length() for v in noise.tolist()], np.int64)
    at = np.maximum(4 * width - 6, 0)
    v = noise.astype(np.int64)
    fraction = np.where(width < 11, v << np.maximum(11 - width, 0), v >> np.maximum(width - 11, 0)) & 0x3FF
    first, slope, curve = (gains[at + i].astype(np.int64) for i in range(3))
    result = (((curve * fraction) >> 5) + (slope << 5)).astype(np.int32).astype(np.int64)
    result = (result * fraction + (1 << 14)).astype(np.int32).astype(np.int64) >> 15
    return np.where(v <= 2, gains[np.minimum(v, 2)], (result + first).astype(np.int16)).astype(np.int64)


@dataclass(frozen=True)
class Pcan(Op):
    """Levels x times a gain that falls with the noise, compressed; u32 from x, noise u32[n] and gains s16[>= GAINS].

        ratio = x * gain(noise) >> shift                        12 bits of fraction
        y     = ratio^2 / 4 below 2, ratio - 1 from there on    6 bits of fraction, rounded down

    (TFLM signal operator SignalPCAN: per-channel amplitude normalization.)
    """

    shift: int = 0

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, noise, gains = (known(t, w) for t, w in zip(inputs, ("x", "noise", "gains"), strict=True))
        if x.dtype != U32 or noise.dtype != U32 or x.shape != noise.shape or len(x.shape) != 1:
            raise InvalidGraph(f"x {x} and noise {noise} must be lists of as many u32")
        if gains.dtype != S16 or len(gains.shape) != 1 or gains.elements < GAINS:
            raise InvalidGraph(f"gains {gains} must be {GAINS} s16")
        if not 0 <= self.shift <= 63:
            raise InvalidGraph(f"products of 64 bits cannot be shifted by {self.shift}")
        return (TensorType(U32, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, noise, gains = (present(t, w) for t, w in zip(inputs, ("x", "noise", "gains"), strict=True))
        word = np.uint64(0xFFFFFFFF)
        gain = _wide_gain(noise.astype(np.uint64), gains).astype(np.uint64) & word
        ratio = (x.astype(np.uint64) * gain) >> np.uint64(self.shift) & word
        square = (ratio * ratio & word) >> np.uint64(20)
        linear = (ratio >> np.uint64(6)) - np.uint64(64) & word
        return (np.where(ratio < 2 << 12, square, linear).astype(np.uint32),)


def _pack_pcan(node: Node) -> Packed:
    assert isinstance(node.op, Pcan)
    return Packed("edgegen_pcan", {"channels": node.out.type.elements, "shift": node.op.shift}, inputs=(0, 1, 2))


Pcan.kernels = (Kernel("pcan_u32", "u32 u32 s16 -> u32", _pack_pcan, header="pcan", in_place=(0,)),)

_SEGMENTS = 128


def _log_table() -> Array:
    """u16[SEGMENTS + 1]: by how much 2^16 log2(1 + k / SEGMENTS) exceeds 2^16 k / SEGMENTS, rounded."""
    k = np.arange(_SEGMENTS + 1) / _SEGMENTS
    return np.round(65536 * (np.log2(1 + k) - k)).astype(np.uint16)


@dataclass(frozen=True)
class ScaledLog(Op):
    """scale * ln(x << bits), u32 -> s16, saturated; 0 where x << bits is at most 1.

    In fixed point of 16 bits of fraction, with a table between powers of two. (TFLM signal operator
    SignalFilterBankLog; as there, the table is read with 2^-7 of the step that would interpolate it.)
    """

    scale: int = 1
    bits: int = 0

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if x.dtype != U32 or not 0 <= self.bits <= 31 or not 0 <= self.scale < 1 << 31:
            raise InvalidGraph(f"no logarithm of {x} << {self.bits} by {self.scale}")
        return (TensorType(S16, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, table = present(inputs[0], "x"), _log_table().astype(np.int64)
        raised = x.astype(np.int64) << self.bits & 0xFFFFFFFF
        whole = np.array([max(int(v), 1).bit_length() - 1 for v in raised.reshape(-1)], np.int64).reshape(x.shape)
        rest = raised - (np.int64(1) << whole)
        fraction = np.where(whole < 16, rest << np.maximum(16 - whole, 0), rest >> np.maximum(whole - 16, 0))
        segment = np.clip(fraction >> 9, 0, _SEGMENTS - 1)
        between = ((table[segment + 1] - table[segment]) * (fraction - (segment << 9))) >> 16
        log2 = (whole << 16) + fraction + table[segment] + between
        natural = (45426 * log2 + 32768) >> 16
        scaled = ((self.scale * natural + 32768) & 0xFFFFFFFF) >> 16
        return (np.where(raised > 1, np.minimum(scaled, 32767), 0).astype(np.int16),)


def _pack_log(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, ScaledLog)
    params = {"elements": node.out.type.elements, "scale": op.scale, "bits": op.bits}
    return Packed("edgegen_scaled_log", params, (Constant("table", _log_table()),))


ScaledLog.kernels = (Kernel("scaled_log_u32", "u32 -> s16", _pack_log, header="scaled_log", overlap=by_element()),)
