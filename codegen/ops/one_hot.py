"""OneHot: indices as vectors that differ in one place."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.gather import check_indices

_INDEX_TYPES = ("s32", "s64")


def _pack(node: Node) -> Packed:
    op, shape = node.op, node.input(0).shape
    assert isinstance(op, OneHot)
    return Packed(
        "edgegen_one_hot",
        {
            "outer": math.prod(shape[: op.axis]),
            "depth": op.depth,
            "inner": math.prod(shape[op.axis :]),
            "from_end": int(op.from_end),
            "bytes": node.out.dtype.size,
        },
        inputs=(0, 1, 2),
    )


@dataclass(frozen=True)
class OneHot(Op):
    """A new axis of `depth` elements at `axis`: the element that the index names is `on`, the others are `off`.

    on, off:  inputs 1 and 2, one element each
    from_end: indices from -depth to -1 count from the end (ONNX OneHot); else they name nothing (TFLite ONE_HOT)

    An index outside of the axis names nothing.
    """

    depth: int = 1
    axis: int = 0
    from_end: bool = False

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        indices, on, off = known(inputs[0], "indices"), known(inputs[1], "on"), known(inputs[2], "off")
        check_indices(indices)
        if self.depth < 1 or not 0 <= self.axis <= len(indices.shape):
            raise InvalidGraph(f"indices {indices} do not make an axis {self.axis} of {self.depth}")
        if on.dtype != off.dtype or on.elements != 1 or off.elements != 1:
            raise InvalidGraph(f"on {on} and off {off} must be one element each, of one type")
        return (TensorType(on.dtype, (*indices.shape[: self.axis], self.depth, *indices.shape[self.axis :])),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        indices, on, off = present(inputs[0], "indices"), present(inputs[1], "on"), present(inputs[2], "off")
        wide = indices.astype(np.int64)
        if self.from_end:
            wide = np.where(wide < 0, wide + self.depth, wide)
        places = np.arange(self.depth).reshape(-1, *[1] * (indices.ndim - self.axis))
        return (np.where(np.expand_dims(wide, self.axis) == places, on.reshape(()), off.reshape(())),)

    kernels = tuple(Kernel(f"one_hot_{i}", f"{i} _ _ -> _", _pack, header="one_hot") for i in _INDEX_TYPES)
