"""Select: one of two values, element by element."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import BOOL
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.binary.broadcast import MAX_LOOPS, nest, over_operands
from edgegen.ops.window import any_order


@dataclass(frozen=True)
class Select(Op):
    """a where condition, b elsewhere; the three are broadcast to a common shape as numpy does (TFLite SELECT_V2)."""

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        condition, a, b = known(inputs[0], "condition"), known(inputs[1], "a"), known(inputs[2], "b")
        if condition.dtype != BOOL or a.dtype != b.dtype:
            raise InvalidGraph(f"condition {condition}, a {a} and b {b} do not fit together")
        try:
            shape = np.broadcast_shapes(condition.shape, a.shape, b.shape)
        except ValueError as error:
            raise InvalidGraph(f"condition {condition}, a {a} and b {b} do not broadcast") from error
        return (TensorType(a.dtype, shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        condition, a, b = present(inputs[0], "condition"), present(inputs[1], "a"), present(inputs[2], "b")
        return (np.where(condition, a, b),)


def _few_loops(node: Node) -> str | None:
    count = len(nest(node, 3)[0])
    return None if count <= MAX_LOOPS else f"broadcasts over {count} runs of axes, more than {MAX_LOOPS}"


def _pack(node: Node) -> Packed:
    extent, (condition, a, b) = nest(node, 3)
    more = MAX_LOOPS - len(extent)
    return Packed(
        "edgegen_select",
        {
            "extent": (1,) * more + extent,
            "condition_step": (0,) * more + condition,
            "a_step": (0,) * more + a,
            "b_step": (0,) * more + b,
        },
        inputs=(0, 1, 2),
    )


Select.kernels = tuple(
    Kernel(
        f"select_{bits}",
        f"bool x{size} x{size} -> x{size}",
        _pack,
        header="select",
        when=_few_loops,
        overlap=partial(over_operands, count=3, any_type=True),
        reads=any_order,
        writes=any_order,
    )
    for size, bits in ((1, 8), (2, 16), (4, 32), (8, 64))
)
