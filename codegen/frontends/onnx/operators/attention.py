"""Attention, and the forms of it that exporters for onnxruntime emit."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.operators.matrix import matmul
from edgegen.ir.dtypes import BOOL, F64, S32, S64
from edgegen.ir.tensor import Tensor
from edgegen.ops.attention import SCORES, Attention
from edgegen.ops.binary import Binary
from edgegen.ops.concat import Concat
from edgegen.ops.pad import Pad
from edgegen.ops.select_op import Select
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose

_PRECISIONS = {1: "f32", 10: "f16", 11: "f64", 16: "bf16"}


@dataclass(frozen=True)
class Heads:
    """One of queries, keys and values: [B,heads,rows,width], or [B,rows,heads,width] if `by_row`."""

    tensor: Tensor
    by_row: bool

    @property
    def rows(self) -> int:
        return self.tensor.shape[1 if self.by_row else 2]

    def by_head(self, op: Operator) -> Tensor:
        return op.add(Transpose((0, 2, 1, 3)), [self.tensor]) if self.by_row else self.tensor


def heads_of(op: Operator, x: Tensor, heads: int | None) -> Heads:
    """[B,heads,rows,width] as it is, [B,rows,heads * width] split. Raises InvalidModel."""
    if x.rank == 4:
        return Heads(x, False)
    if x.rank != 3 or not heads or heads < 1 or x.shape[2] % heads:
        raise op.invalid(f"{x.type} is not made of {heads} heads")
    return Heads(op.reshape(x, (*x.shape[:2], heads, x.shape[2] // heads)), True)


def with_past(op: Operator, x: Heads, past: Tensor | None) -> Heads:
    """Behind what earlier runs left, [B,heads,rows,width], if there is any."""
    if past is None or past.type.elements == 0:
        return x
    return Heads(op.add(Concat(2), [past, x.by_head(op)]), False)


def added(op: Operator, mask: Tensor, like: Tensor, keys: int) -> Tensor:
    """A mask as what is added to scores: 0 and -infinity for a boolean one; keys beyond its end do not count."""
    if mask.dtype == BOOL:
        nothing, never = op.constant(0, like.dtype), op.constant(-math.inf, like.dtype)
        mask = op.add(Select(), [mask, nothing, never])
    mask = op.cast(mask, like.dtype)
    short = keys - mask.shape[-1] if mask.rank else 0
    if short > 0:
        mask = op.add(Pad((0,) * mask.rank, (*(0,) * (mask.rank - 1), short), -math.inf), [mask])
    return mask


def attend(
    op: Operator, core: Attention, q: Heads, k: Heads, v: Heads, mask: Tensor | None, lengths: Tensor | None
) -> list[Tensor]:
    """The node of the core operator: its outputs, y as q is stored."""
    if k.by_row != v.by_row:
        k, v = Heads(k.by_head(op), False), Heads(v.by_head(op), False)
    like = q.tensor
    mask = op.constant([[0.0]], like.dtype) if mask is None else added(op, mask, like, k.rows)
    if lengths is None:
        lengths = op.constant([k.rows] * like.shape[0], S64)
    core = replace(core, q_by_row=q.by_row, kv_by_row=k.by_row)
    return op.add_all(core, [like, k.tensor, v.tensor, mask, op.cast(lengths, S64)])


def joined(op: Operator, y: Tensor, q: Heads) -> Tensor:
    """Heads that were split from rows, side by side again."""
    return op.reshape(y, (*y.shape[:2], y.shape[2] * y.shape[3])) if q.by_row else y


def scale_root(op: Operator, scale: float | None, width: int, like: Tensor) -> float:
    """What queries and keys are multiplied by, as a number of their type. Raises InvalidModel for scales below 0."""
    scale = 1 / math.sqrt(width) if scale is None else scale
    if not 0 <= scale < math.inf:
        raise op.invalid(f"scale is {scale}")
    return float(np.asarray(math.sqrt(scale), like.dtype.np).astype(np.float64))


@operator("Attention", since=23)
def attention(
    op: Operator,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    attn_mask: Tensor | None = None,
    past_key: Tensor | None = None,
    past_value: Tensor | None = None,
    nonpad_kv_seqlen: Tensor | None = None,
    *,
    is_causal: int = 0,
    kv_num_heads: int | None = None,
    q_num_heads: int | None = None,
    qk_matmul_output_mode: int = 0,
    scale: float | None = None,
    softcap: float = 0.0,
    softmax_precision: int | None = None,
    left_window_size: int = -1,
    right_window_size: int = -1,
) -> list[Tensor]:
    """y, the keys and values with those of the past, and scores."""
    if (past_key is None) != (past_value is None) or (past_key is not None and nonpad_kv_seqlen is not None):
        raise op.invalid("past keys and values come together, and without nonpad_kv_seqlen")
    if not 0 <= qk_matmul_output_mode < len(SCORES):
        raise op.invalid(f"qk_matmul_output_mode is {qk_matmul_output_mode}")
    if softmax_precision is not None and softmax_precision not in _PRECISIONS:
        raise op.invalid(f"softmax_precision is {softmax_precision}, not a float type")
    if q.dtype == F64 and softmax_precision not in (None, 11):
        raise op.unsupported("softmax of f64 in a narrower type is not supported", "leave softmax_precision out")
    query = heads_of(op, q, q_num_heads)
    key, value = with_past(op, heads_of(op, k, kv_num_heads), past_key), heads_of(op, v, kv_num_heads)
    value = with_past(op, value, past_value)
    wanted = (*op.wanted, False, False, False)
    if wanted[1] or wanted[2]:
        key, value = Heads(key.by_head(op), False), Heads(value.by_head(op), False)
    core = Attention(
        scale_root(op, scale, query.tensor.shape[3], query.tensor),
        bool(is_causal),
        left_window_size,
        right_window_size,
        past_key.shape[2] if past_key is not None and past_key.rank == 4 else 0,
        nonpad_kv_seqlen is not None,
        softcap,
        scores=SCORES[qk_matmul_output_mode] if wanted[3] else "",
        precision="" if softmax_precision is None else _PRECISIONS[softmax_precision],
    )
    if core.precision == F64.name and q.dtype != F64:  # all of it in f64
        wide = [replace(h, tensor=op.cast(h.tensor, F64)) for h in (query, key, value)]
        results = attend(op, core, wide[0], wide[1], wide[2], attn_mask, nonpad_kv_seqlen)
        y, *scores = (op.cast(t, q.dtype) for t in results)
    else:
        y, *scores = attend(op, core, query, key, value, attn_mask, nonpad_kv_seqlen)
    return [joined(op, y, query), key.tensor, value.tensor, *scores]


def _padding(op: Operator, mask: Tensor, batch: int, keys: int) -> tuple[Tensor | None, Tensor | None]:
    """(mask, lengths) of onnxruntime's key_padding_mask: s32[B], lengths, or [B,S] or [B,R,S], 0 for keys to leave
    out."""
    if mask.shape == (batch,):
        return None, mask
    if mask.rank not in (2, 3) or mask.shape[0] != batch or mask.shape[-1] != keys:
        raise op.unsupported(f"a mask of the type {mask.type} is not supported")
    seen = op.cast(mask, BOOL)
    return op.reshape(seen, (batch, 1, *((1, keys) if mask.rank == 2 else mask.shape[1:]))), None


def _with_bias(op: Operator, mask: Tensor | None, bias: Tensor | None, like: Tensor, keys: int) -> Tensor | None:
    if mask is None or bias is None:
        return bias if mask is None else mask
    return op.add(Binary("add"), [added(op, mask, like, keys), bias])


@operator("MultiHeadAttention", domain="com.microsoft")
def multi_head_attention(
    op: Operator,
    query: Tensor,
    key: Tensor | None = None,
    value: Tensor | None = None,
    bias: Tensor | None = None,
    key_padding_mask: Tensor | None = None,
    attention_bias: Tensor | None = None,
    past_key: Tensor | None = None,
    past_value: Tensor | None = None,
    *,
    num_heads: int,
    mask_filter_value: float = -10000.0,
    scale: float = 0.0,
    unidirectional: int = 0,
) -> list[Tensor]:
    """Queries [B,R,heads * width], keys and values likewise or, computed elsewhere, by head; bias: of all three."""
    del mask_filter_value  # what is left out gets no weight
    if num_heads < 1:
        raise op.invalid(f"num_heads is {num_heads}")
    if key is None or value is None or query.rank != 3:
        raise op.unsupported("queries, keys and values in one tensor are not supported", "export them side by side")
    parts = [query, key, value]
    if bias is not None:
        widths = [p.shape[-1] * (1 if p.rank == 3 else num_heads) for p in parts]
        if bias.shape != (sum(widths),) or any(p.rank != 3 for p in parts):
            raise op.unsupported(f"bias {bias.type} beside keys and values that are given by head is not supported")
        starts = [sum(widths[:i]) for i in range(len(widths))]
        pieces = [op.add(Slice((s,), (w,), (1,)), [bias]) for s, w in zip(starts, widths, strict=True)]
        parts = [op.add(Binary("add"), [p, b]) for p, b in zip(parts, pieces, strict=True)]
    q, k, v = (heads_of(op, p, num_heads) for p in parts)
    k, v = with_past(op, k, past_key), with_past(op, v, past_value)
    mask, lengths = None, None
    if key_padding_mask is not None:
        mask, lengths = _padding(op, key_padding_mask, q.tensor.shape[0], k.rows)
    mask = _with_bias(op, mask, attention_bias, q.tensor, k.rows)
    wanted = (*op.wanted, False, False)
    if wanted[1] or wanted[2]:
        k, v = Heads(k.by_head(op), False), Heads(v.by_head(op), False)
    core = Attention(
        scale_root(op, scale or None, q.tensor.shape[3], q.tensor), bool(unidirectional), offset=k.rows - q.rows
    )
    (y,) = attend(op, core, q, k, v, mask, lengths)
    return [joined(op, y, q), k.tensor, v.tensor]


@operator("Attention", domain="com.microsoft")
def projected_attention(
    op: Operator,
    x: Tensor,
    weights: Tensor,
    bias: Tensor | None = None,
    mask_index: Tensor | None = None,
    past: Tensor | None = None,
    attention_bias: Tensor | None = None,
    *,
    num_heads: int,
    qkv_hidden_sizes: tuple[int, ...] = (),
    scale: float = 0.0,
    unidirectional: int = 0,
    do_rotary: int = 0,
    mask_filter_value: float = -10000.0,
    past_present_share_buffer: int = 0,
    rotary_embedding_dim: int = 0,
) -> list[Tensor]:
    """x times weights, whose columns are those of queries, keys and values, then attention within x."""
    del mask_filter_value, rotary_embedding_dim  # what is left out gets no weight; no rotation
    if past is not None or do_rotary or past_present_share_buffer:
        raise op.unsupported("past keys and rotary embeddings are not supported in this form")
    if x.rank != 3 or weights.rank != 2 or num_heads < 1:
        raise op.invalid(f"x {x.type} and weights {weights.type} are not a sequence and a matrix")
    widths = qkv_hidden_sizes or (weights.shape[1] // 3,) * 3
    if len(widths) != 3 or sum(widths) != weights.shape[1]:
        raise op.invalid(f"{widths} columns of {weights.type} are not queries, keys and values")
    product = matmul(op, x, weights)
    product = product if bias is None else op.add(Binary("add"), [product, bias])
    starts, lead = (0, widths[0], widths[0] + widths[1]), product.shape[:2]
    parts = [op.add(Slice((0, 0, s), (*lead, w), (1, 1, 1)), [product]) for s, w in zip(starts, widths, strict=True)]
    q, k, v = (heads_of(op, p, num_heads) for p in parts)
    mask, lengths = None, None
    if mask_index is not None:
        if mask_index.dtype != S32:
            raise op.unsupported(f"a mask of the type {mask_index.type} is not supported")
        mask, lengths = _padding(op, mask_index, x.shape[0], k.rows)
    mask = _with_bias(op, mask, attention_bias, q.tensor, k.rows)
    core = Attention(scale_root(op, scale or None, q.tensor.shape[3], q.tensor), bool(unidirectional))
    (y,) = attend(op, core, q, k, v, mask, lengths)
    return [joined(op, y, q)]
