"""LogSoftmax: the logarithms of what softmax gives."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.fixed_point import FixedPoint, rounding_shift_right
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.fixed_point_functions import exp_on_negative_values, log
from edgegen.ops.half_rows import half_rows, in_rows

_SUM_BITS, _DIFFERENCE_BITS, _OUTPUT_BITS = 12, 5, 4  # integer bits
MAX_DEPTH_S8 = (1 << _SUM_BITS) - 1


@dataclass(frozen=True)
class LogSoftmax(Op):
    """x - max(x) - log(sum(exp(x - max(x)))) along the last axis.

    difference: for s8: scales x - max(x) so that it has 5 integer bits
    diff_min:   for s8: smaller differences count as exp = 0
    reverse:    for s8: from 5 integer bits back to differences of x

    s8 gives s8 with scale 1/16 and zero point 127 (TFLM LOG_SOFTMAX, int8: reference_ops::LogSoftmaxQuantized).
    """

    difference: FixedPoint | None = None
    diff_min: int = 0
    reverse: FixedPoint | None = None

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if not x.shape or x.shape[-1] == 0:
            raise InvalidGraph(f"x {x} has no last axis to sum over")
        if self.difference is not None and x.shape[-1] > MAX_DEPTH_S8:
            raise InvalidGraph(f"s8 over {x.shape[-1]} values, more than {MAX_DEPTH_S8}, overflows its sum")
        return (TensorType(x.dtype, x.shape),)

    def tables(self) -> tuple[Array, Array]:
        """int64[n]: exp of the differences 0, -1, ... that count, with 12 integer bits, and the differences with 5."""
        assert self.difference is not None
        differences = -np.arange(min(256, 1 - self.diff_min))
        scaled = self.difference.apply(differences)
        return rounding_shift_right(exp_on_negative_values(scaled, _DIFFERENCE_BITS), _SUM_BITS), scaled

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        if self.difference is None or self.reverse is None:
            wide = x.astype(np.float64)
            below = wide - wide.max(axis=-1, keepdims=True)
            return ((below - np.log(np.exp(below).sum(axis=-1, keepdims=True))).astype(x.dtype),)
        exponentials, scaled = self.tables()
        wide = x.astype(np.int64)
        below = wide.max(axis=-1, keepdims=True) - wide
        counts = below < len(scaled)
        place = np.minimum(below, len(scaled) - 1)
        total = np.where(counts, exponentials[place], 0).sum(axis=-1, keepdims=True)
        logarithm = log(total, _SUM_BITS, _DIFFERENCE_BITS)
        least = np.maximum(self.diff_min - 1, self.reverse.apply(logarithm - (1 << 31)))
        y = rounding_shift_right(scaled[place] - logarithm, 31 - _DIFFERENCE_BITS - _OUTPUT_BITS) + 127
        return (np.where(counts & (-below > least), np.clip(y, -128, 127), -128).astype(x.dtype),)


def _rows(node: Node) -> dict[str, int]:
    shape = node.input(0).shape
    return {"rows": math.prod(shape[:-1]), "depth": shape[-1]}


def _pack_s8(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, LogSoftmax)
    assert op.reverse is not None
    exponentials, scaled = op.tables()
    params = {
        **_rows(node),
        "length": len(scaled),
        "diff_min": op.diff_min,
        "multiplier": op.reverse.multiplier[0],
        "shift": op.reverse.shift[0],
    }
    tables = (
        Constant("exponentials", exponentials.astype(np.int32)),
        Constant("differences", scaled.astype(np.int32)),
    )
    return Packed("edgegen_log_softmax_s8", params, tables)


def _pack_f32(node: Node) -> Packed:
    return Packed("edgegen_log_softmax_f32", {**_rows(node)})


_ROWS = (
    Kernel("log_softmax_s8", "s8 -> s8", _pack_s8, header="log_softmax", in_place=(0,)),
    Kernel("log_softmax_f32", "f32 -> f32", _pack_f32, header="log_softmax", in_place=(0,)),
)
LogSoftmax.kernels = (*_ROWS, *half_rows(_ROWS, in_rows))
