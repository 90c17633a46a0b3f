"""Ngrams: how often known sequences of tokens occur."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType

_DTYPES = ("s32", "s64")


@dataclass(frozen=True)
class Ngrams(Op):
    """x[N, C], tokens -> f32[N, columns]: how often each n-gram occurs in a row (ONNX TfIdfVectorizer, mode TF).

    grams:   (its tokens, the column that counts it) of each n-gram
    skips:   tokens of an n-gram may be this far apart, all equally: 1 is side by side. Of one token, 1 alone counts
    columns: of the result
    """

    grams: tuple[tuple[tuple[int, ...], int], ...] = ()
    skips: int = 1
    columns: int = 1

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if x.dtype.name not in _DTYPES or len(x.shape) != 2 or self.skips < 1:
            raise InvalidGraph(f"x {x} has no rows of tokens")
        if not all(tokens and 0 <= column < self.columns for tokens, column in self.grams):
            raise InvalidGraph(f"n-grams must have tokens, and one of {self.columns} columns each")
        return (TensorType(F32, (x.shape[0], self.columns)),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x").astype(np.int64)
        y = np.zeros((len(x), self.columns), np.float32)
        for tokens, column in self.grams:
            for skip in range(1, 2 if len(tokens) == 1 else self.skips + 1):
                count = x.shape[1] - skip * (len(tokens) - 1)
                if count > 0:
                    parts = [x[:, skip * k : skip * k + count] == token for k, token in enumerate(tokens)]
                    y[:, column] += np.logical_and.reduce(parts).sum(-1)
        return (y,)


def _pack(node: Node) -> Packed:
    """Tokens of all n-grams in a row; an n-gram has those from start[i] to before start[i + 1]."""
    op, x = node.op, node.input(0)
    assert isinstance(op, Ngrams)
    ends = np.cumsum([0, *(len(tokens) for tokens, _ in op.grams)])
    params = {"rows": x.shape[0], "length": x.shape[1], "grams": len(op.grams)}
    return Packed(
        "edgegen_ngrams",
        params | {"skips": op.skips, "columns": op.columns},
        (
            Constant("start", ends.astype(np.int32)),
            Constant("token", np.array([t for tokens, _ in op.grams for t in tokens], x.dtype.np), x.dtype.size),
            Constant("column", np.array([column for _, column in op.grams], np.int32)),
        ),
    )


def _when(node: Node) -> str | None:
    assert isinstance(node.op, Ngrams)
    ends = node.input(0).dtype.range
    if not node.op.grams:
        return "there must be an n-gram"
    fit = all(ends[0] <= t <= ends[1] for tokens, _ in node.op.grams for t in tokens)
    return None if fit else "tokens do not fit the type of x"


Ngrams.kernels = tuple(Kernel(f"ngrams_{t}", f"{t} -> f32", _pack, header="ngrams", when=_when) for t in _DTYPES)
