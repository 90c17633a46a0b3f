"""Energy, FilterBank and IntegerRoot: from a spectrum to the levels of a few channels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S16, U32, U64
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.element_overlap import by_element
from edgegen.ops.overlap import Overlaps, after, param


@dataclass(frozen=True)
class Energy(Op):
    """real^2 + imaginary^2, u32[n], of complex numbers start to stop - 1 of x, s16[2 n]; 0 for the others.

    (TFLM signal operator SignalEnergy, which leaves the others as they lie in memory.)
    """

    start: int = 0
    stop: int = 0

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if x.dtype.name != "s16" or len(x.shape) != 1 or x.elements % 2:
            raise InvalidGraph(f"x {x} is no list of complex s16")
        if not 0 <= self.start <= self.stop <= x.elements // 2:
            raise InvalidGraph(f"{self.start} to {self.stop} are not within {x.elements // 2} complex numbers")
        return (TensorType(U32, (x.elements // 2,)),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x").astype(np.int64)
        y = np.zeros(x.size // 2, np.uint32)
        y[self.start : self.stop] = (x[::2] ** 2 + x[1::2] ** 2)[self.start : self.stop]
        return (y,)

    def macs(self, *inputs: TensorType | None) -> int:
        del inputs
        return 2 * (self.stop - self.start)


def _pack_energy(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, Energy)
    return Packed("edgegen_energy", {"count": node.out.type.elements, "start": op.start, "stop": op.stop})


def _over_energy(node: Node) -> Overlaps:
    at = np.arange(param(node, "start"), param(node, "stop"), dtype=np.int64)
    return after(node, 0, 2 * at, at, any_type=True)


Energy.kernels = (Kernel("energy_s16", "s16 -> u32", _pack_energy, header="energy", overlap=_over_energy),)


@dataclass(frozen=True)
class FilterBank(Op):
    """Weighted sums of ranges of x, u32[n], as u64[channels]. weights, unweights: s16[k], constant.

    Range i, of widths[i] numbers from x[starts[i]] on, meets as many weights from weight_starts[i] on. Its weighted sum
    belongs to channel i - 1, its unweighted one to channel i: filters overlap by halves, so there is one range more
    than channels. Sums are modulo 2^64. (TFLM signal operator SignalFilterBank.)
    """

    starts: tuple[int, ...] = ()
    weight_starts: tuple[int, ...] = ()
    widths: tuple[int, ...] = ()

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, weights, unweights = (known(t, w) for t, w in zip(inputs, ("x", "weights", "unweights"), strict=True))
        if x.dtype != U32 or len(x.shape) != 1 or x.elements > 1 << 16 or {weights.dtype, unweights.dtype} != {S16}:
            raise InvalidGraph(f"x {x}, weights {weights} and unweights {unweights} are no list of u32, and s16")
        ranges = len(self.starts)
        if ranges < 2 or not ranges == len(self.weight_starts) == len(self.widths):
            raise InvalidGraph(f"{ranges} starts, {len(self.weight_starts)} weight starts, {len(self.widths)} widths")
        known_weights = min(weights.elements, unweights.elements)
        for start, first, width in zip(self.starts, self.weight_starts, self.widths, strict=True):
            if width > 0 and not (0 <= start <= x.elements - width and 0 <= first <= known_weights - width):
                raise InvalidGraph(f"{width} numbers from {start}, weights from {first}, are not within {x}, {weights}")
        return (TensorType(U64, (ranges - 1,)),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x").astype(np.uint64)
        weights, unweights = (present(t, "weights").astype(np.int64).astype(np.uint64) for t in inputs[1:3])
        sums, carried = [], np.uint64(0)
        with np.errstate(over="ignore"):
            for start, first, width in zip(self.starts, self.weight_starts, self.widths, strict=True):
                part = slice(first, first + max(width, 0))
                level = x[start : start + max(width, 0)]
                sums.append(carried + (weights[part] * level).sum(dtype=np.uint64))
                carried = (unweights[part] * level).sum(dtype=np.uint64)
        return (np.array(sums[1:], np.uint64),)

    def macs(self, *inputs: TensorType | None) -> int:
        del inputs
        return 2 * sum(max(width, 0) for width in self.widths)


def _weights(node: Node) -> Array:
    """s16[k, 2]: weight and unweight of each number of each range, in the order in which the kernel reads them."""
    op = node.op
    assert isinstance(op, FilterBank)
    ranges = [slice(f, f + max(w, 0)) for f, w in zip(op.weight_starts, op.widths, strict=True)]
    return np.stack([np.concatenate([node.input(i).values.reshape(-1)[r] for r in ranges]) for i in (1, 2)], -1)


def _pack_filter_bank(node: Node) -> Packed:
    op, weights = node.op, _weights(node)
    assert isinstance(op, FilterBank)
    ranges = np.array([(s, max(w, 0)) for s, w in zip(op.starts, op.widths, strict=True)], np.uint16)
    unsigned = bool((weights >= 0).all())
    return Packed(
        "edgegen_filter_bank",
        {"ranges": len(op.starts)},
        (Constant("ranges", ranges), Constant("weights", weights.astype(np.uint16) if unsigned else weights)),
    )


def _constant(node: Node) -> str | None:
    return None if node.input(1).is_constant and node.input(2).is_constant else "weights must be constant"


def _unsigned(node: Node) -> str | None:
    return _constant(node) or ("a weight is negative" if (_weights(node) < 0).any() else None)


def _over_spectrum(node: Node) -> Overlaps:
    """A channel is written when the range has been read that ends it."""
    assert isinstance(node.op, FilterBank)
    starts = np.array(node.op.starts, np.int64)
    return after(node, 0, starts, np.maximum(np.arange(len(starts)) - 1, 0), any_type=True)


FilterBank.kernels = tuple(
    Kernel(name, "u32 s16 s16 -> u64", _pack_filter_bank, "filter_bank", when=when, overlap=_over_spectrum)
    for name, when in (("filter_bank_u16", _unsigned), ("filter_bank_s16", _constant))
)


@dataclass(frozen=True)
class IntegerRoot(Op):
    """round(sqrt(x)) >> bits, u64 -> u32; bits, s32[], counts modulo 32.

    Roots of numbers below 2^32 are at most 65535. (TFLM signal operator SignalFilterBankSquareRoot.)
    """

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, bits = known(inputs[0], "x"), known(inputs[1], "bits")
        if x.dtype != U64 or bits.dtype.name != "s32" or bits.elements != 1:
            raise InvalidGraph(f"x {x} and bits {bits} are no u64 and one s32")
        return (TensorType(U32, x.shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, bits = present(inputs[0], "x"), int(present(inputs[1], "bits").reshape(-1)[0]) & 31

        def root(value: int) -> int:
            down = math.isqrt(value)
            limit = 0xFFFF if value < 1 << 32 else 0xFFFFFFFF
            return min(down + (value - down * down > down), limit)

        roots = [root(v) >> bits for v in x.reshape(-1).tolist()]
        return (np.array(roots, np.uint32).reshape(x.shape),)


def _pack_root(node: Node) -> Packed:
    return Packed("edgegen_integer_root", {"elements": node.out.type.elements}, inputs=(0, 1))


IntegerRoot.kernels = (
    Kernel("integer_root_u64", "u64 s32 -> u32", _pack_root, header="integer_root", overlap=by_element()),
)
