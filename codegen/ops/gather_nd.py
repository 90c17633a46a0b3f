"""GatherNd: elements or slices of a tensor, chosen by tuples of indices."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.gather import INDEX_TYPES, bounded, check_indices, moves_onto, overlap_of_slices
from edgegen.ops.overlap import NONE, Overlaps
from edgegen.ops.strided_copy import natural_strides

MAX_DEPTH = 8
"""Indices in one tuple that the kernel takes."""


def _pack(node: Node) -> Packed:
    op, x, indices = node.op, node.input(0), node.input(1)
    assert isinstance(op, GatherNd)
    batch, depth = op.batch_dims, indices.shape[-1]
    steps = [s * x.dtype.size for s in natural_strides(x.shape)[batch : batch + depth]]
    bytes = math.prod(x.shape[batch + depth :]) * x.dtype.size
    return Packed(
        "edgegen_gather_nd",
        {
            "batch": math.prod(x.shape[:batch]),
            "batch_bytes": math.prod(x.shape[batch:]) * x.dtype.size,
            "count": math.prod(indices.shape[batch:-1]),
            "depth": depth,
            "extent": (*x.shape[batch : batch + depth], *[1] * (MAX_DEPTH - depth)),
            "step": (*steps, *[0] * (MAX_DEPTH - depth)),
            "bytes": bytes,
            "onto": int(moves_onto(node, bytes)),
        },
        inputs=(0, 1),
    )


def _overlap(node: Node) -> Overlaps:
    """Where indices are known."""
    op, x, indices = node.op, node.input(0), node.input(1)
    assert isinstance(op, GatherNd)
    if not indices.is_constant or x.is_constant:
        return NONE
    batch, depth = op.batch_dims, indices.shape[-1]
    tuples = indices.values.reshape(math.prod(x.shape[:batch]), -1, depth)
    steps = natural_strides(x.shape)[batch : batch + depth]
    places = [bounded(tuples[..., k], n) * steps[k] for k, n in enumerate(x.shape[batch : batch + depth])]
    starts = np.arange(len(tuples))[:, None] * math.prod(x.shape[batch:])
    return overlap_of_slices(node, (starts + np.sum(places, axis=0)).reshape(-1))


@dataclass(frozen=True)
class GatherNd(Op):
    """y[b, i, ...] = x[b, t0, t1, ..., ...] with the tuple t = indices[b, i, :] (TFLite GATHER_ND, ONNX GatherND).

    b runs over the first `batch_dims` axes, which x and indices share, i over the other axes of indices but the last.
    Indices below 0 and outside of x are taken as Gather takes them.
    """

    batch_dims: int = 0

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, indices = known(inputs[0], "x"), known(inputs[1], "indices")
        check_indices(indices)
        batch = self.batch_dims
        if not indices.shape or not 0 <= batch < len(indices.shape) or x.shape[:batch] != indices.shape[:batch]:
            raise InvalidGraph(f"x {x} and indices {indices} do not share {batch} axes")
        depth = indices.shape[-1]
        if not 1 <= depth <= min(len(x.shape) - batch, MAX_DEPTH) or x.elements == 0:
            raise InvalidGraph(f"tuples of {depth} indices do not choose from x {x}")
        return (TensorType(x.dtype, indices.shape[:-1] + x.shape[batch + depth :]),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, indices = present(inputs[0], "x"), present(inputs[1], "indices")
        batch, depth = self.batch_dims, indices.shape[-1]
        parts, tuples = x.reshape(-1, *x.shape[batch:]), indices.reshape(-1, *indices.shape[batch:])
        extents = x.shape[batch : batch + depth]
        y = [
            part[tuple(bounded(t[..., k], n) for k, n in enumerate(extents))]
            for part, t in zip(parts, tuples, strict=True)
        ]
        return (np.stack(y).reshape(indices.shape[:-1] + x.shape[batch + depth :]),)

    kernels = tuple(
        Kernel(f"gather_nd_{i}", f"_ {i} -> _", _pack, header="gather_nd", overlap=_overlap) for i in INDEX_TYPES
    )
