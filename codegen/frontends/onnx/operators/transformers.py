"""Layers of transformers and of state-space models, onnxruntime's fused forms among them."""

from __future__ import annotations

import math

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.operators.normalization import standardized_rows
from edgegen.ir.dtypes import F32, S32
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.cast import Cast
from edgegen.ops.concat import Concat
from edgegen.ops.gather import Gather
from edgegen.ops.linear_attention import LinearAttention
from edgegen.ops.reduce import Reduce
from edgegen.ops.slice import Slice
from edgegen.ops.standardize import Standardize
from edgegen.ops.unary import Unary

_RULES = {"linear": (False, False), "gated": (True, False), "delta": (False, True), "gated_delta": (True, True)}


@operator("LinearAttention", since=27)
def linear_attention(
    op: Operator,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    past_state: Tensor | None = None,
    decay: Tensor | None = None,
    beta: Tensor | None = None,
    *,
    kv_num_heads: int,
    q_num_heads: int,
    chunk_size: int = 64,
    scale: float = 0.0,
    update_rule: str = "gated_delta",
) -> list[Tensor]:
    """y and the next state; `update_rule` says whether decay and beta must be there."""
    del chunk_size  # changes no result
    if update_rule not in _RULES or _RULES[update_rule] != (decay is not None, beta is not None):
        raise op.invalid(f'the rule "{update_rule}" does not go with these inputs')
    if min(q_num_heads, kv_num_heads) < 1 or query.rank != 3 or value.rank != 3:
        raise op.invalid(f"{query.type} and {value.type} are not {q_num_heads} and {kv_num_heads} heads")
    depth, width = query.shape[2] // q_num_heads, value.shape[2] // kv_num_heads
    state = past_state
    if state is None:
        state = op.constant(np.zeros((query.shape[0], kv_num_heads, depth, width)), query.dtype)
    core = LinearAttention(q_num_heads, kv_num_heads, scale or 1 / math.sqrt(depth))
    return op.add_all(core, [query, key, value, state, decay, beta])


@operator("CausalConvWithState", since=27)
def causal_conv_with_state(
    op: Operator,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    past_state: Tensor | None = None,
    *,
    activation: str = "none",
) -> list[Tensor]:
    """Each channel [B,C,L] convolved with its own taps [C,1,k] behind the k - 1 numbers of the past; the next past.

    The sum of k products of shifted slices: k is small, and channels stand before time.
    """
    if x.rank != 3 or weight.rank != 3 or weight.shape[:2] != (x.shape[1], 1) or weight.shape[2] < 1:
        raise op.invalid(f"input {x.type} and weight {weight.type} are not channels and their taps")
    if activation not in ("none", "silu", "swish"):
        raise op.invalid(f'activation is "{activation}"')
    (batch, channels, length), taps = x.shape, weight.shape[2]
    past = (batch, channels, taps - 1)
    if past_state is not None and past_state.shape != past:
        raise op.invalid(f"past_state {past_state.type} must have the shape {list(past)}")
    padded = x
    if taps > 1:
        before = op.constant(np.zeros(past), x.dtype) if past_state is None else past_state
        padded = op.add(Concat(2), [before, x])
    y = None
    for k in range(taps):
        part = padded if taps == 1 else op.add(Slice((0, 0, k), x.shape, (1, 1, 1)), [padded])
        tap = op.add(Slice((0, 0, k), (channels, 1, 1), (1, 1, 1)), [weight])
        product = op.add(Binary("mul"), [part, op.reshape(tap, (channels, 1))])
        y = product if y is None else op.add(Binary("add"), [y, product])
    assert y is not None
    y = y if bias is None else op.add(Binary("add"), [y, op.reshape(bias, (channels, 1))])
    if activation != "none":
        y = op.add(Unary("silu", 1.0), [y])
    if taps == 1:
        return [y, op.constant(np.zeros(past), x.dtype)][: len(op.wanted)]
    return [y, op.add(Slice((0, 0, length), past, (1, 1, 1)), [padded])]


@operator("SkipLayerNormalization", domain="com.microsoft")
def skip_layer_normalization(
    op: Operator,
    x: Tensor,
    skip: Tensor,
    gamma: Tensor,
    beta: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    epsilon: float = 1e-12,
) -> list[Tensor | None]:
    """LayerNormalization of x + skip + bias; that sum is the fourth output."""
    total = _sum(op, [x, skip, bias])
    y = standardized_rows(op, Standardize(epsilon), total, total.rank - 1, gamma, beta)
    return [y, None, None, total][: len(op.wanted)]


@operator("SkipSimplifiedLayerNormalization", domain="com.microsoft")
def skip_rms_normalization(
    op: Operator, x: Tensor, skip: Tensor, gamma: Tensor, bias: Tensor | None = None, *, epsilon: float = 1e-12
) -> list[Tensor | None]:
    """RMSNormalization of x + skip + bias; that sum is the fourth output."""
    total = _sum(op, [x, skip, bias])
    y = standardized_rows(op, Standardize(epsilon, False), total, total.rank - 1, gamma)
    return [y, None, None, total][: len(op.wanted)]


def _sum(op: Operator, terms: list[Tensor | None]) -> Tensor:
    first, *rest = (t for t in terms if t is not None)
    for term in rest:
        first = op.add(Binary("add"), [first, term])
    return first


@operator("EmbedLayerNormalization", domain="com.microsoft")
def embed_layer_normalization(
    op: Operator,
    input_ids: Tensor,
    segment_ids: Tensor | None,
    word: Tensor,
    position: Tensor,
    segment: Tensor | None,
    gamma: Tensor,
    beta: Tensor,
    mask: Tensor | None = None,
    position_ids: Tensor | None = None,
    *,
    epsilon: float = 1e-12,
    mask_index_type: int = 0,
) -> list[Tensor]:
    """LayerNormalization of the embeddings of words, positions and segments; how many words the mask has; the sum."""
    del mask_index_type
    if input_ids.rank != 2 or (segment_ids is None) != (segment is None):
        raise op.invalid(f"input_ids {input_ids.type} are not a batch of sequences, or segments lack their embedding")
    steps = input_ids.shape[1]
    places = op.constant(np.arange(steps), S32) if position_ids is None else position_ids
    terms: list[Tensor | None] = [op.add(Gather(0), [word, input_ids]), op.add(Gather(0), [position, places])]
    if segment is not None and segment_ids is not None:
        terms.append(op.add(Gather(0), [segment, segment_ids]))
    total = _sum(op, terms)
    y = standardized_rows(op, Standardize(epsilon), total, 2, gamma, beta)
    if mask is None:
        count = op.constant(np.zeros(input_ids.shape[0]), S32)
    else:
        seen = op.add(Reduce("sum", (1,), False), [op.cast(mask, F32)])
        count = op.add(Cast(S32.name), [seen])
    return [y, count, total][: len(op.wanted)]
