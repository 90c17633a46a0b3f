"""An LSTM's parameters among the inputs of the operators that have one or two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgegen.frontends.tflite.operator import Operator
from edgegen.frontends.tflite.operators.recurrent import dequantized
from edgegen.ir.dtypes import F32
from edgegen.ir.tensor import Tensor
from edgegen.ops.concat import Concat


def joined(op: Operator, tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Parameters one behind the other, as Lstm takes those of all gates. Raises InvalidModel if they do not fit."""
    first = tensors[0]
    for tensor in tensors:
        others = [(*t.shape[:axis], *t.shape[axis + 1 :]) for t in (first, tensor)]
        if tensor.dtype != first.dtype or tensor.rank <= axis or others[0] != others[1]:
            raise op.invalid(f'"{first.name}" {first.type} and "{tensor.name}" {tensor.type} do not fit')
    if not all(t.is_constant for t in tensors):
        return op.add(Concat(axis), tensors)
    return op.add_constant("joined", np.concatenate([t.values for t in tensors], axis), first.dtype)


@dataclass(frozen=True)
class Cell:
    """One LSTM's inputs: positions of the first weights of x and of everything that follows them in a fixed order.

    weights, recurrent, biases: of input, forget, candidate and output gate; the first is absent where it is coupled
    peepholes: of input, forget and output gate; projection: weights and bias
    norms:     as biases; absent where the operator has no such inputs
    """

    weights: tuple[Tensor | None, ...]
    recurrent: tuple[Tensor | None, ...]
    peepholes: tuple[Tensor | None, ...]
    biases: tuple[Tensor | None, ...]
    projection: tuple[Tensor | None, ...]
    norms: tuple[Tensor | None, ...]

    @staticmethod
    def of(op: Operator, first: int, norms: int | None) -> Cell:
        """first: position of the input gate's weights; norms: of its normalization's coefficients, None if none."""

        def some(start: int, count: int) -> tuple[Tensor | None, ...]:
            return tuple(op.optional(i) for i in range(start, start + count))

        absent = (None,) * 4
        return Cell(
            some(first, 4),
            some(first + 4, 4),
            some(first + 8, 3),
            some(first + 11, 4),
            some(first + 15, 2),
            absent if norms is None else some(norms, 4),
        )

    @property
    def coupled(self) -> bool:
        return self.weights[0] is None

    def gates(self, op: Operator, tensors: tuple[Tensor | None, ...], what: str) -> list[Tensor]:
        """The tensors of every gate there is. Raises InvalidModel if one is missing, or one too many."""
        found = [t for t in tensors if t is not None]
        if len(found) != len(tensors) - self.coupled or (tensors[0] is None) != self.coupled:
            raise op.invalid(f"has {what} for {len(found)} gates of {len(tensors) - self.coupled}")
        return found

    def parameters(self, op: Operator) -> list[Tensor | None]:
        """Inputs 3 and following of Lstm. Raises InvalidModel."""
        w, r = self.gates(op, self.weights, "weights"), self.gates(op, self.recurrent, "recurrent weights")
        b = self.gates(op, self.biases, "biases")
        optional: list[Tensor | None] = []
        floats = all(t.dtype == F32 for t in b)
        for tensors, what in ((self.peepholes, "peepholes"), (self.norms, "normalization")):
            there = any(t is not None for t in tensors)
            found = self.gates(op, tensors, what) if there else []
            found = [dequantized(op, t, what) if floats else t for t in found]
            optional.append(joined(op, found) if there else None)
        weights, bias = self.projection
        if bias is not None and weights is None:
            raise op.invalid("has a bias of a projection, but no projection")
        return [joined(op, w), joined(op, r), joined(op, b), *optional, weights, bias]
