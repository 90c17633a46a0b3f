"""Narrow numbers: where no kernel computes in their type, in which wider type they are computed."""

from __future__ import annotations

from collections.abc import Sequence

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import BF16, F16, F32, S8, S16, S32, S64, SMALL_FLOATS, SMALL_INTEGERS, U8, U16, U32, DType
from edgegen.ir.graph import Node
from edgegen.ir.op import Op
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.select import candidates
from edgegen.ops.unary import Unary
from edgegen.targets import target

_FUSED = (Binary, Clamp, Pool2d, Unary)

WIDER: dict[DType, DType] = {
    **dict.fromkeys((F16, BF16, *SMALL_FLOATS), F32),
    **dict.fromkeys((S8, U8, S16, U16, *SMALL_INTEGERS), S32),
    U32: S64,
}
"""Types whose numbers the wider type holds. A result cast back has the bits of the narrow arithmetic: integers wrap
around, and a sum, product, quotient or root of f16 that is rounded to f32 first rounds to the same f16."""


def _types(op: Op, inputs: Sequence[Tensor | None], wide: bool) -> tuple[TensorType, ...] | None:
    def type(x: Tensor) -> TensorType:
        return TensorType(WIDER.get(x.dtype, x.dtype), x.shape) if wide else x.type

    try:
        return op.infer(*(None if t is None else type(t) for t in inputs))
    except InvalidGraph:
        return None


def narrow_results(op: Op, inputs: Sequence[Tensor | None]) -> list[DType] | None:
    """Types of the results if the operator must be computed on wider inputs; None if it is computed as it stands.

    Every target has the portable rows, so that what no row of `generic` computes has none anywhere. What computes one
    number of f16 or bf16 from one is widened though it has rows: it can become one with layers that have none.
    """
    narrow = [t.dtype for t in inputs if t is not None and t.dtype in WIDER]
    if not narrow or op.is_control:  # sub-graphs see to it themselves
        return None
    results = _types(op, inputs, wide=False)
    if results is not None and not (isinstance(op, _FUSED) and results[0].dtype in (F16, BF16)):
        node = Node(op, list(inputs), [Tensor(f"y{i}", t) for i, t in enumerate(results)], "y")
        if candidates(node, target("generic")):
            return None
    wide = _types(op, inputs, wide=True)
    if wide is None:
        return None
    if results is not None:
        return [t.dtype for t in results]
    back = {WIDER[d]: d for d in reversed(narrow)}
    return [back.get(t.dtype, t.dtype) for t in wide]
