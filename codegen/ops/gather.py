"""Gather: slices of a tensor along one axis, chosen by indices."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.overlap import NONE, Offsets, Overlaps, after, in_turn, param
from edgegen.ops.stored_weights import codes_of, holds_codes

INDEX_TYPES = ("s32", "s64", "s16")
_REGISTERS = (1, 2, 4, 8)  # bytes of slices that the kernels move in registers
_LONG = 256  # bytes of slices beside which it is nothing to ask whether they lie on themselves


def bounded(indices: Array, extent: int) -> Array:
    """Indices as every operator takes them: below 0 they count from the end, and what lies outside then is clamped."""
    wide = indices.astype(np.int64)
    return np.clip(np.where(wide < 0, wide + extent, wide), 0, extent - 1)


def check_indices(indices: TensorType) -> None:
    """Raises InvalidGraph unless the tensor can hold indices."""
    if indices.dtype.name not in INDEX_TYPES:
        raise InvalidGraph(f"indices {indices} must be s16, s32 or s64")


def _pack(node: Node) -> Packed:
    op, x, indices = node.op, node.input(0), node.input(1)
    assert isinstance(op, Gather)
    bytes = math.prod(x.shape[op.axis + 1 :]) * x.dtype.size
    return Packed(
        "edgegen_gather",
        {
            "batch": math.prod(x.shape[: op.batch_dims]),
            "outer": math.prod(x.shape[op.batch_dims : op.axis]),
            "extent": x.shape[op.axis],
            "count": math.prod(indices.shape[op.batch_dims :]),
            "bytes": bytes,
            "onto": int(moves_onto(node, bytes)),
        },
        inputs=(0, 1),
    )


def moves_onto(node: Node, slice_bytes: int) -> bool:
    """Whether the kernel moves a slice as if all of it were read before any is written, so that it may lie on itself:
    long ones, where the indices, which bound that, are known. Short ones would take up to four times the
    instructions."""
    return slice_bytes > _LONG and node.input(1).is_constant and not node.input(0).is_constant


def overlap_of_slices(node: Node, reads: Offsets) -> Overlaps:
    """Of a kernel that copies slices of x one after the other, from the elements reads[k] on."""
    if param(node, "bytes") in _REGISTERS or param(node, "onto"):
        return in_turn(node, reads)
    apart = node.out.type.elements // max(reads.size, 1)  # from the end of each slice's place to its source
    return after(node, 0, reads, (np.arange(reads.size) + 1) * apart)


def _overlap(node: Node) -> Overlaps:
    """Where indices are known."""
    op, x, indices = node.op, node.input(0), node.input(1)
    assert isinstance(op, Gather)
    if not indices.is_constant or x.is_constant:
        return NONE
    batch, outer, extent = (param(node, name) for name in ("batch", "outer", "extent"))
    chosen = bounded(indices.values, extent).reshape(batch, 1, -1)
    starts = np.arange(batch * outer).reshape(batch, outer, 1) * extent
    return overlap_of_slices(node, (starts + chosen).reshape(-1) * math.prod(x.shape[op.axis + 1 :]))


def _when_stored(node: Node) -> str | None:
    """Rows of a constant table."""
    op, x = node.op, node.input(0)
    assert isinstance(op, Gather)
    if op.axis or op.batch_dims or not x.is_constant:
        return "x must be a constant whose first axis is chosen from"
    return holds_codes(x)


def _pack_stored(node: Node) -> Packed:
    codes = codes_of(node.input(0))
    params = {"count": node.input(1).type.elements, "extent": node.input(0).shape[0]}
    return Packed("edgegen_gather_stored", params | codes.params, codes.constants, (1,))


def chooses_rows(node: Node) -> bool:
    """Whether a packed node's indices, which a run computes, choose rows of a constant."""
    op = node.op
    if not isinstance(op, Gather) or op.axis or op.batch_dims or node.packed is None or node.packed.inputs != (0, 1):
        return False
    return node.input(0).is_constant and not node.input(1).is_constant


@dataclass(frozen=True)
class Gather(Op):
    """y[b, o, i, k] = x[b, o, indices[b, i], k] (TFLite GATHER and EMBEDDING_LOOKUP, ONNX Gather).

    b runs over the first `batch_dims` axes, which x and indices share, o over those from there to `axis`, i over the
    other axes of indices, k over the axes after `axis`. An index below 0 counts from the end, as ONNX has it; one that
    lies outside then, which interpreters refuse at run time, is clamped to the first or last.
    """

    axis: int = 0
    batch_dims: int = 0

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, indices = known(inputs[0], "x"), known(inputs[1], "indices")
        check_indices(indices)
        batch, axis = self.batch_dims, self.axis
        if not 0 <= batch <= min(axis, len(indices.shape)) or axis >= len(x.shape) or x.shape[axis] == 0:
            raise InvalidGraph(f"indices {indices} do not choose along axis {axis} of x {x}, {batch} axes batched")
        if x.shape[:batch] != indices.shape[:batch]:
            raise InvalidGraph(f"x {x} and indices {indices} differ in their first {batch} axes")
        return (TensorType(x.dtype, x.shape[:axis] + indices.shape[batch:] + x.shape[axis + 1 :]),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, indices = present(inputs[0], "x"), present(inputs[1], "indices")
        batch, axis = self.batch_dims, self.axis
        chosen = bounded(indices, x.shape[axis]).reshape(-1, *indices.shape[batch:])
        parts = x.reshape(-1, *x.shape[batch:])
        y = [part.take(i, axis - batch) for part, i in zip(parts, chosen, strict=True)]
        return (np.stack(y).reshape(x.shape[:axis] + indices.shape[batch:] + x.shape[axis + 1 :]),)

    kernels = (
        *(
            Kernel(f"gather_stored_{i}", f"f32 {i} -> f32", _pack_stored, header="gather_stored", when=_when_stored)
            for i in INDEX_TYPES
        ),
        *(Kernel(f"gather_{i}", f"_ {i} -> _", _pack, header="gather", overlap=_overlap) for i in INDEX_TYPES),
    )
