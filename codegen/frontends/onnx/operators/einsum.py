"""Einsum: products of tensors summed over the axes that the result does not name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.ir.tensor import Tensor
from edgegen.ops.batch_matmul import BatchMatmul
from edgegen.ops.binary import Binary
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.reduce import Reduce
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose


@dataclass(frozen=True)
class _Term:
    """A tensor with a label for each axis: a letter, or "0", "1", ... for the axes of an ellipsis, counted from its
    end."""

    tensor: Tensor
    labels: tuple[str, ...]

    def extent(self, label: str) -> int:
        return self.tensor.shape[self.labels.index(label)] if label in self.labels else 1


def _labels(op: Operator, text: str, rank: int) -> tuple[str, ...]:
    """The labels of a term of the equation that stands for `rank` axes."""
    before, dots, after = text.partition("...")
    if not all(c.isalpha() and c.isascii() for c in before + after):
        raise op.invalid(f'"{text}" is no term of an equation')
    rest = rank - len(before) - len(after)
    if rest < 0 or (rest and not dots):
        raise op.invalid(f'"{text}" does not name {rank} axes')
    return (*before, *(str(rest - 1 - i) for i in range(rest)), *after)


def _transposed(op: Operator, x: Tensor, order: Sequence[int]) -> Tensor:
    return x if list(order) == sorted(order) else op.add(Transpose(tuple(order)), [x])


def _diagonals(op: Operator, term: _Term) -> _Term:
    """Axes that share a label as one: elements that have the same index along all of them."""
    x, labels = term.tensor, list(term.labels)
    while repeated := next((label for label in labels if labels.count(label) > 1), ""):
        i = labels.index(repeated)
        j = labels.index(repeated, i + 1)
        n = x.shape[i]
        if x.shape[j] != n:
            raise op.invalid(f'axes "{repeated}" of {x.type} have different extents')
        rest = [k for k in range(x.rank) if k not in (i, j)]
        flat = op.reshape(_transposed(op, x, [*rest, i, j]), (*(x.shape[k] for k in rest), n * n))
        steps = (*(1 for _ in rest), n + 1)
        x = op.add(Slice((0,) * flat.rank, (*flat.shape[:-1], n), steps), [flat])
        labels = [*(labels[k] for k in rest), repeated]
    return _Term(x, tuple(labels))


def _sum(op: Operator, x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Without the axes; of no elements 0."""
    if x.type.elements:
        return op.add(Reduce("sum", axes, False), [x])
    return op.constant(np.zeros([n for i, n in enumerate(x.shape) if i not in axes]), x.dtype)


def _summed(op: Operator, term: _Term, kept: set[str]) -> _Term:
    """Without the axes that neither the result nor another term names."""
    axes = tuple(i for i, label in enumerate(term.labels) if label not in kept)
    if not axes:
        return term
    return _Term(_sum(op, term.tensor, axes), tuple(c for c in term.labels if c in kept))


def _arranged(op: Operator, term: _Term, groups: Sequence[Sequence[str]], extents: dict[str, int]) -> Tensor:
    """The term with one axis for each group of labels, those that it lacks repeated."""
    order = [term.labels.index(label) for group in groups for label in group if label in term.labels]
    x = _transposed(op, term.tensor, order)
    wanted = [label for group in groups for label in group]
    x = op.reshape(x, [term.extent(label) for label in wanted])
    full = tuple(extents[label] for label in wanted)
    if x.shape != full:
        x = op.add(BroadcastTo(full), [x])
    return op.reshape(x, [math.prod(extents[label] for label in group) for group in groups])


def _product(op: Operator, a: _Term, b: _Term, kept: set[str]) -> _Term:
    """Two terms multiplied, and summed over what they share and nothing else names."""
    extents = {}
    for label in (*a.labels, *b.labels):
        both = [t.extent(label) for t in (a, b) if label in t.labels]
        if len(set(both) - {1}) > 1:
            raise op.invalid(f'axes "{label}" of {a.tensor.type} and {b.tensor.type} have different extents')
        extents[label] = max(both)
    shared = [label for label in a.labels if label in b.labels]
    batch, inner = [c for c in shared if c in kept], [c for c in shared if c not in kept]
    rows, columns = [c for c in a.labels if c not in shared], [c for c in b.labels if c not in shared]
    labels = (*batch, *rows, *columns)
    floats = a.tensor.dtype.is_float
    x = _arranged(op, a, (batch, rows, inner), extents)
    w = _arranged(op, b, (batch, inner, columns) if floats and inner else (batch, columns, inner), extents)
    if floats and inner:
        y = op.add(BatchMatmul(), [x, w])
    else:  # [batch, rows, 1, inner] * [batch, 1, columns, inner]
        y = op.add(
            Binary("mul"),
            [op.reshape(x, (*x.shape[:2], 1, x.shape[2])), op.reshape(w, (w.shape[0], 1, *w.shape[1:]))],
        )
        y = _sum(op, y, (3,)) if inner else y
    return _Term(op.reshape(y, [extents[label] for label in labels]), labels)


def _result(op: Operator, terms: Sequence[_Term], text: str | None) -> tuple[str, ...]:
    """The labels of the result, which an equation without an arrow leaves to the rule: each letter that stands once."""
    every = [label for term in terms for label in term.labels]
    dots = sorted({c for c in every if c.isdigit()}, key=int, reverse=True)
    if text is None:
        return (*dots, *sorted(c for c in set(every) if c.isalpha() and every.count(c) == 1))
    letters = text.replace("...", "")
    labels = _labels(op, text, len(letters) + (len(dots) if "..." in text else 0))
    if len(set(labels)) != len(labels) or not set(labels) <= set(every):
        raise op.invalid(f'"{text}" is no result of this equation')
    return labels


@operator("Einsum", since=12)
def einsum(op: Operator, *inputs: Tensor, equation: str) -> Tensor:
    """As numpy.einsum: terms are multiplied from left to right, as products of matrices where floats are summed."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    texts = left.split(",")
    if len(texts) != len(inputs):
        raise op.invalid(f'"{equation}" has {len(texts)} terms, the operator {len(inputs)} inputs')
    named = [_Term(x, _labels(op, text, x.rank)) for x, text in zip(inputs, texts, strict=True)]
    wanted = _result(op, named, right if arrow else None)
    terms = [_diagonals(op, term) for term in named]
    total, *waiting = terms
    while waiting:
        after = set(wanted).union(*(t.labels for t in waiting[1:]))
        first = _summed(op, total, after | set(waiting[0].labels))
        second = _summed(op, waiting[0], after | set(total.labels))
        total, waiting = _product(op, first, second, after), waiting[1:]
    total = _summed(op, total, set(wanted))
    return _transposed(op, total.tensor, [total.labels.index(label) for label in wanted])
