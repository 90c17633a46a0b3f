"""Attention: weighted means of values, their weights a softmax of products of queries and keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import BF16, F16, F32, F64, S64, dtype_of
from edgegen.ir.graph import Node
from edgegen.ir.kernel import EXACTLY, Double, Kernel, Literal, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.overlap import Overlaps, after, in_turn, nested, numbers, param
from edgegen.ops.softmax.op import rounded_softmax

SCORES = ("raw", "capped", "masked", "weights")
"""In the order of the enumeration in attention.h."""

_PRECISIONS = {"f32": 0, "f64": 0, "f16": 1, "bf16": 2}


@dataclass(frozen=True)
class Attention(Op):
    """softmax(scale^2 * q * k' + mask) * v for each head.

    Inputs: q[B,H,R,D], k[B,G,S,D], v[B,G,S,W], mask that broadcasts to [B,H,R,S], lengths s64[B]. H is a multiple of
    G: neighbouring heads of q share one of k and v. Outputs: y[B,H,R,W]; if `scores`, they too, [B,H,R,S].

    Key j counts for query i, at position p = i + offset, if j < lengths[b], p - left <= j <= p + right, j <= p if
    `causal`, and mask is not -infinity; a query for which none counts gives zeros. Keys that do not count are not
    read. f16 and bf16: q * scale, k * scale, the sums of products (made in f32), each step of the soft cap, the sum
    with the mask and the weights are rounded to the type, and softmax to `precision` as `rounded_softmax` says
    (numpy's arithmetic in the reference implementation of ONNX Attention, versions 23 to 25).

    scale:     of queries, and of keys
    causal, left, right: as above; -1 for no bound
    offset:    position of the first query; from_end: it is lengths[b] - R
    cap:       scores become cap * tanh(scores / cap) before the mask; 0 for none
    q_by_row, kv_by_row: stored as [B,R,H,D], and [B,S,G,D]; y is stored as q
    scores:    one of SCORES, which leave as the second output; "" for none
    precision: type to which softmax rounds; "" for that of q
    """

    scale: float
    causal: bool = False
    left: int = -1
    right: int = -1
    offset: int = 0
    from_end: bool = False
    cap: float = 0.0
    q_by_row: bool = False
    kv_by_row: bool = False
    scores: str = ""
    precision: str = ""

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        q, k, v, mask, lengths = (
            known(t, what) for t, what in zip(inputs, ("q", "k", "v", "mask", "lengths"), strict=True)
        )
        if any(len(t.shape) != 4 or 0 in t.shape or t.dtype != q.dtype for t in (q, k, v)) or mask.dtype != q.dtype:
            raise InvalidGraph(f"q {q}, k {k}, v {v} and mask {mask} must be of one type and have 4 dimensions")
        (batch, heads, rows, depth), (others, groups, keys, other) = _by_head(q.shape, self.q_by_row), self._key(k)
        if self._key(v)[:3] != (batch, groups, keys) or (others, other) != (batch, depth) or heads % groups:
            raise InvalidGraph(f"q {q}, k {k} and v {v} do not fit each other")
        scores = (batch, heads, rows, keys)
        try:
            fits = np.broadcast_shapes(mask.shape, scores) == scores
        except ValueError:
            fits = False
        if not fits or lengths.dtype != S64 or lengths.shape != (batch,):
            raise InvalidGraph(f"mask {mask} and lengths {lengths} do not fit scores {list(scores)}")
        if (self.scores and self.scores not in SCORES) or (self.precision and self.precision not in _PRECISIONS):
            raise InvalidGraph(f"{self.scores} scores and precision {self.precision} are not known")
        if self.precision and (self.precision == F64.name) != (q.dtype == F64):
            raise InvalidGraph(f"softmax of {q.dtype} in {self.precision} is not supported")
        y = TensorType(q.dtype, (*q.shape[:3], v.shape[3]))
        return (y, TensorType(q.dtype, scores)) if self.scores else (y,)

    def _key(self, x: TensorType) -> tuple[int, ...]:
        return _by_head(x.shape, self.kv_by_row)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        q, k, v, mask, lengths = (
            present(a, what) for a, what in zip(inputs, ("q", "k", "v", "mask", "lengths"), strict=True)
        )
        narrow = dtype_of(q) in (F16, BF16)
        real = np.dtype(np.float32 if narrow else np.float64)

        def nearest(x: Array) -> Array:
            return x.astype(q.dtype).astype(real) if narrow else x

        query, key, value = (
            (a.swapaxes(1, 2) if by_row else a).astype(real)
            for a, by_row in ((q, self.q_by_row), (k, self.kv_by_row), (v, self.kv_by_row))
        )
        key, value = (np.repeat(a, query.shape[1] // a.shape[1], axis=1) for a in (key, value))
        scale, cap = np.array(self.scale, real), np.array(self.cap, real)
        raw = nearest(nearest(query * scale) @ nearest(key * scale).swapaxes(2, 3))
        capped = nearest(nearest(np.tanh(nearest(raw / cap))) * cap) if self.cap else raw
        counts = self._counts(query.shape[2], key.shape[2], lengths) & (mask.astype(real) != -np.inf)
        with np.errstate(invalid="ignore"):
            biased = np.where(counts, nearest(capped + mask.astype(real)), -np.inf)
        softened = rounded_softmax(np.where(biased.max(axis=-1, keepdims=True) == -np.inf, 0, biased), self._softmax(q))
        weights = np.where(counts & (biased != -np.inf), softened, 0)
        y = (nearest(weights) @ value).astype(q.dtype)
        y = np.ascontiguousarray(y.swapaxes(1, 2) if self.q_by_row else y)
        leaving = {"raw": raw, "capped": capped, "masked": biased, "weights": weights}
        return (y, leaving[self.scores].astype(q.dtype)) if self.scores else (y,)

    def _softmax(self, q: Array) -> str:
        return self.precision or dtype_of(q).name

    def _counts(self, rows: int, keys: int, lengths: Array) -> Array:
        """bool[B,1,R,S]: which keys count, the mask aside."""
        limit = np.clip(lengths, 0, keys)[:, None, None]
        at = np.arange(rows)[:, None] + (limit - rows if self.from_end else self.offset)
        j = np.arange(keys)
        counts = j < np.broadcast_to(limit, (len(lengths), rows, 1))
        counts = counts & (j <= at) if self.causal else counts
        counts = counts & (at - j <= self.left) if self.left >= 0 else counts
        counts = counts & (j - at <= self.right) if self.right >= 0 else counts
        return np.asarray(counts[:, None])

    def macs(self, *inputs: TensorType | None) -> int:
        q, v = known(inputs[0], "q"), known(inputs[2], "v")
        keys = self._key(v)[2]
        return q.elements * keys + q.elements // q.shape[3] * keys * v.shape[3]


def _by_head(shape: tuple[int, ...], by_row: bool) -> tuple[int, ...]:
    return (shape[0], shape[2], shape[1], shape[3]) if by_row else shape


def _steps(shape: tuple[int, ...], by_row: bool) -> tuple[int, ...]:
    """Elements to the next sequence, head and row."""
    _, second, third, width = shape
    inner, outer = width, third * width
    return (second * outer, inner, outer) if by_row else (second * outer, outer, inner)


def _pack(node: Node) -> Packed:
    op, (q, k, v, mask), y = node.op, (node.input(i) for i in range(4)), node.out
    assert isinstance(op, Attention)
    batch, heads, rows, depth = _by_head(q.shape, op.q_by_row)
    _, groups, keys, _ = _by_head(k.shape, op.kv_by_row)
    steps, size = [], 1
    for extent in reversed((*(1,) * (4 - mask.rank), *mask.shape)):
        steps.append(size if extent > 1 else 0)
        size *= extent
    params: dict[str, Literal] = {
        "batch": batch,
        "heads": heads,
        "group": heads // groups,
        "rows": rows,
        "keys": keys,
        "depth": depth,
        "width": v.shape[3],
        "q": _steps(q.shape, op.q_by_row),
        "k": _steps(k.shape, op.kv_by_row),
        "v": _steps(v.shape, op.kv_by_row),
        "y": _steps(y.shape, op.q_by_row),
        "mask": tuple(reversed(steps)),
        "causal": int(op.causal),
        "left": op.left,
        "right": op.right,
        "offset": op.offset,
        "from_end": int(op.from_end),
        "leaves": SCORES.index(op.scores) if op.scores else 0,
        "precision": _PRECISIONS[op.precision or q.dtype.name],
        "scale": Double(op.scale),
        "cap": Double(op.cap),
    }
    size = 8 if q.dtype == F64 else 4
    return Packed("edgegen_attention", params, inputs=(0, 1, 2, 3, 4), scratch=size * (depth + keys + v.shape[3]))


def _when(scores: bool) -> Callable[[Node], str | None]:
    def when(node: Node) -> str | None:
        assert isinstance(node.op, Attention)
        return None if bool(node.op.scores) == scores else "scores leave" if node.op.scores else "no scores leave"

    return when


def _overlap(node: Node) -> Overlaps:
    """A query is copied before its row of the output is written."""
    extent = (param(node, "batch"), param(node, "heads"), param(node, "rows"))
    read, begun = (nested(extent, numbers(node, name)) for name in ("q", "y"))
    if (np.diff(begun) > 0).all():
        return in_turn(node, read)
    if node.input(0).shape == node.out.shape and not node.input(0).is_constant:
        return {0: EXACTLY}  # each row takes its query's place
    written = np.maximum.accumulate(np.append(0, begun[:-1] + param(node, "width")))[: read.size]
    return after(node, 0, read, written)


Attention.kernels = tuple(
    Kernel(
        f"attention{'_scores' * scores}_{t}",
        f"{t} {t} {t} {t} s64 -> {t}" + f" {t}" * scores,
        _pack,
        header="attention",
        when=_when(scores),
        overlap=_overlap,
    )
    for t in (F32.name, F64.name, F16.name, BF16.name)
    for scores in (False, True)
)
