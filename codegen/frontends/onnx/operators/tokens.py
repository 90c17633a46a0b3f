"""Sequences of tokens: TfIdfVectorizer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.ir.dtypes import F32
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.compare import Compare
from edgegen.ops.ngrams import Ngrams
from edgegen.ops.select_op import Select


def _grams(
    op: Operator, pool: Sequence[int], counts: Sequence[int], indexes: Sequence[int], lengths: range
) -> tuple[tuple[tuple[int, ...], int], ...]:
    """(tokens, column) of each n-gram of the pool that has one of the lengths. counts: where each length starts."""
    ends, number = [*counts[1:], len(pool)], 0
    found: dict[tuple[int, ...], int] = {}
    for n, (start, end) in enumerate(zip(counts, ends, strict=True), 1):
        if not 0 <= start <= end <= len(pool) or (end - start) % n:
            raise op.invalid(f"ngram_counts {list(counts)} do not divide a pool of {len(pool)} tokens")
        for at in range(start, end, n):
            tokens = tuple(pool[at : at + n])
            if number >= len(indexes) or indexes[number] < 0:
                raise op.invalid(f"n-gram {number} has no place in the result")
            if n in lengths:
                if tokens in found:
                    raise op.invalid(f"n-gram {list(tokens)} stands in the pool twice")
                found[tokens] = indexes[number]
            number += 1
    return tuple(found.items())


@operator("TfIdfVectorizer", since=9)
def tf_idf_vectorizer(
    op: Operator,
    x: Tensor,
    *,
    max_gram_length: int,
    max_skip_count: int,
    min_gram_length: int,
    mode: str,
    ngram_counts: tuple[int, ...],
    ngram_indexes: tuple[int, ...],
    pool_int64s: tuple[int, ...] = (),
    pool_strings: tuple[str, ...] = (),
    weights: tuple[float, ...] = (),
) -> Tensor:
    """x[C] or [N, C], integers: how often n-grams occur (TF), the weights of those that do (IDF), or the product."""
    if pool_strings:
        raise op.unsupported("strings have no place on a device", "number the tokens outside of the model")
    if mode not in ("TF", "IDF", "TFIDF") or not 1 <= min_gram_length <= max_gram_length or max_skip_count < 0:
        raise op.invalid(f'mode "{mode}" of n-grams of {min_gram_length} to {max_gram_length} tokens')
    if x.rank not in (1, 2) or not ngram_indexes:
        raise op.invalid(f"{x.type} has no rows of tokens")
    columns = max(ngram_indexes) + 1
    lengths = range(min_gram_length, max_gram_length + 1)
    grams = _grams(op, pool_int64s, ngram_counts, ngram_indexes, lengths)
    rows = op.reshape(x, (1, *x.shape) if x.rank == 1 else x.shape)
    if grams:
        counts = op.add(Ngrams(grams, max_skip_count + 1, columns), [rows])
    else:
        counts = op.constant(np.zeros((rows.shape[0], columns)), F32)
    if mode != "TF":
        if weights and len(weights) < columns:
            raise op.invalid(f"{len(weights)} weights for {columns} columns")
        factor = op.constant(weights[:columns] or np.ones(columns), F32)
        if mode == "TFIDF":
            counts = op.add(Binary("mul"), [counts, factor])
        else:
            zero = op.constant(0, F32)
            counts = op.add(Select(), [op.add(Compare("less"), [zero, counts]), factor, zero])
    return op.reshape(counts, (*x.shape[:-1], columns))
