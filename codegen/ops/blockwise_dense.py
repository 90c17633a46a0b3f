"""BlockwiseDense: a dense layer of rows quantized at run time, whose weights have a scale for each block of a row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F16, F32, S8, S32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.dsp_tiles import tiles_of
from edgegen.ops.nibbles import fit_nibbles, pack_nibble_quads, pack_nibbles
from edgegen.ops.overlap import Overlaps, after, param


def _weighted_sums(weights: Array, scales: Array) -> Array:
    """f32[O]: what a zero point of 1 takes from every sum, added up block by block in f32."""
    blocks = weights.reshape(*scales.shape, -1).sum(axis=2, dtype=np.int64).astype(np.float32)
    total = np.zeros(len(scales), np.float32)
    for b in range(scales.shape[1]):
        total += scales[:, b] * blocks[:, b]
    return total


@dataclass(frozen=True)
class BlockwiseDense(Op):
    """(sum over blocks of (q * weights) * scale - zero * correction) * row's scale + bias -> f32[M,O].

    Inputs: q s8[M,K], scale f32[M] and zero point s32[M] of its rows (QuantizeRows), weights s8[O,K], their scales
    f16[O,blocks], bias f32[O] or none. Sums of a block are exact; all else is f32, block after block (TFLite
    FULLY_CONNECTED with blockwise int4 weights).
    """

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        q, scale, zero, w, scales = (
            known(t, name) for t, name in zip(inputs[:5], ("q", "scale", "zero", "weights", "scales"), strict=True)
        )
        b = inputs[5] if len(inputs) > 5 else None
        if (q.dtype, scale.dtype, zero.dtype, w.dtype, scales.dtype) != (S8, F32, S32, S8, F16):
            raise InvalidGraph(f"q {q}, scale {scale}, zero {zero}, weights {w} or scales {scales} have the wrong type")
        if len(q.shape) != 2 or len(w.shape) != 2 or q.shape[1] != w.shape[1] or len(scales.shape) != 2:
            raise InvalidGraph(f"q {q} and weights {w} with scales {scales} do not multiply")
        if scales.shape[0] != w.shape[0] or scales.shape[1] == 0 or w.shape[1] % scales.shape[1]:
            raise InvalidGraph(f"weights {w} do not divide into blocks of scales {scales}")
        if not scale.shape == zero.shape == q.shape[:1] or (b is not None and b.shape != (w.shape[0],)):
            raise InvalidGraph(f"scale {scale}, zero {zero} or bias {b} do not fit q {q} and weights {w}")
        return (TensorType(F32, (q.shape[0], w.shape[0])),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        q, scale, zero, w, halves = (
            present(t, name) for t, name in zip(inputs[:5], ("q", "scale", "zero", "weights", "scales"), strict=True)
        )
        b = inputs[5] if len(inputs) > 5 else None
        scales = halves.astype(np.float32)
        units, blocks = scales.shape
        split_q, split_w = q.reshape(len(q), blocks, -1), w.reshape(units, blocks, -1)
        y = np.zeros((len(q), units), np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            for k in range(blocks):
                sums = split_q[:, k].astype(np.float64) @ split_w[:, k].astype(np.float64).T
                y += sums.astype(np.float32) * scales[:, k]
            y -= zero.astype(np.float32)[:, None] * _weighted_sums(w, scales)
            y *= scale[:, None]
        return (y if b is None else y + b,)

    def macs(self, *inputs: TensorType | None) -> int:
        return known(inputs[0], "q").elements * known(inputs[3], "weights").shape[0]


def _when(node: Node) -> str | None:
    if not all(t is None or t.is_constant for t in node.inputs[3:6]):
        return "weights, scales and bias must be constant"
    w, scales = node.input(3), node.input(4)
    if w.shape[1] // scales.shape[1] % 2:
        return "blocks must have an even size"
    return fit_nibbles(w.values)


def _when_dsp(node: Node) -> str | None:
    w, scales = node.input(3), node.input(4)
    if w.shape[0] < 4 or w.shape[1] // scales.shape[1] % 8:
        return "there must be at least 4 units, and blocks of whole eights"
    return _when(node)


def _pack(node: Node, quads: bool) -> Packed:
    w, halves = node.input(3).values, node.input(4).values
    absent = len(node.inputs) < 6 or node.inputs[5] is None
    bias = np.zeros(len(w), np.float32) if absent else node.input(5).values
    params = {
        "rows": node.input(0).shape[0],
        "units": len(w),
        "blocks": halves.shape[1],
        "block": w.shape[1] // halves.shape[1],
    }
    ends = np.stack([_weighted_sums(w, halves.astype(np.float32)), bias], axis=1)
    if quads:
        weights = pack_nibble_quads(w).view(np.uint32)
        scales = np.stack([halves[list(quad)].T for quad in tiles_of(len(w), 4)])
    else:
        weights, scales = pack_nibbles(w), halves
    constants = (Constant("weights", weights), Constant("scales", scales), Constant("ends", ends))
    return Packed("edgegen_blockwise_dense", params, constants, (0, 1, 2))


def _overlap(node: Node, quads: bool) -> Overlaps:
    """A row is read until its last unit, or its last four, are written."""
    units, row = param(node, "units"), np.arange(param(node, "rows"), dtype=np.int64)
    last = (units - 1) // 4 * 4 if quads else units - 1
    return after(node, 0, row * (param(node, "blocks") * param(node, "block")), row * units + last)


_SIGNATURE = "s8 f32 s32 s8 f16 f32? -> f32"

BlockwiseDense.kernels = (
    Kernel(
        "blockwise_dense_s4_dsp",
        _SIGNATURE,
        partial(_pack, quads=True),
        "blockwise_dense_dsp",
        frozenset({"dsp"}),
        _when_dsp,
        overlap=partial(_overlap, quads=True),
    ),
    Kernel(
        "blockwise_dense_s4",
        _SIGNATURE,
        partial(_pack, quads=False),
        "blockwise_dense",
        when=_when,
        overlap=partial(_overlap, quads=False),
    ),
)
