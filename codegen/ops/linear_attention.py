"""LinearAttention: attention through a state that each step decays, corrects and adds to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.overlap import Overlaps, after, param


@dataclass(frozen=True)
class LinearAttention(Op):
    """For each step and head: S = exp(decay) * S; v = beta * (v - S' k); S = S + k v'; y = scale * S' q.

    Inputs: q[B,T,H*D], k[B,T,G*D], v[B,T,G*W], the state S of all heads [B,G,D,W], decay[B,T,G] or [B,T,G*D] or none,
    beta[B,T,G] or [B,T,1] or none. Outputs: y[B,T,H*W], the next state. H is a multiple of G: neighbouring heads of q
    share a state. Without decay S is not scaled, without beta v stays as it is. (ONNX LinearAttention, version 27,
    whose rules "linear", "gated", "delta" and "gated_delta" have neither, decay, beta, and both.)
    """

    heads: int
    groups: int
    scale: float

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        q, k, v, state = (known(inputs[i], what) for i, what in enumerate(("q", "k", "v", "state")))
        decay, beta = inputs[4:]
        if any(len(t.shape) != 3 or 0 in t.shape for t in (q, k, v)) or len(state.shape) != 4:
            raise InvalidGraph(f"q {q}, k {k} and v {v} must have 3 dimensions, state {state} 4")
        batch, steps, width = q.shape
        if self.groups < 1 or self.heads % self.groups or width % self.heads or v.shape[2] % self.groups:
            raise InvalidGraph(f"{self.heads} and {self.groups} heads do not divide q {q} and v {v}")
        depth, out = width // self.heads, v.shape[2] // self.groups
        lead = (batch, steps)
        if k.shape != (*lead, self.groups * depth) or v.shape[:2] != lead:
            raise InvalidGraph(f"q {q}, k {k} and v {v} do not fit each other")
        if state.shape != (batch, self.groups, depth, out):
            raise InvalidGraph(f"state {state} does not have the shape {[batch, self.groups, depth, out]}")
        widths = ((decay, (self.groups, self.groups * depth)), (beta, (self.groups, 1)))
        for given, sizes in widths:
            if given is not None and (len(given.shape) != 3 or given.shape[:2] != lead or given.shape[2] not in sizes):
                raise InvalidGraph(f"{given} is neither a decay nor a beta of {self.groups} heads")
        return TensorType(q.dtype, (*lead, self.heads * out)), TensorType(state.dtype, state.shape)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        q, k, v, state = (present(inputs[i], what) for i, what in enumerate(("q", "k", "v", "state")))
        decay, beta = inputs[4:]
        (batch, steps, _), memory, results = q.shape, state.astype(np.float64), []
        queries, keys, values = (
            a.astype(np.float64).reshape(batch, steps, n, -1)
            for a, n in ((q, self.heads), (k, self.groups), (v, self.groups))
        )
        for t in range(steps):
            key, value = keys[:, t], values[:, t]
            if decay is not None:
                memory = memory * np.exp(decay[:, t].astype(np.float64).reshape(batch, self.groups, -1))[..., None]
            if beta is not None:
                correction = value - np.einsum("bhdm,bhd->bhm", memory, key)
                value = beta[:, t].astype(np.float64)[..., None] * correction
            memory = memory + key[..., :, None] * value[..., None, :]
            shared = np.repeat(memory, self.heads // self.groups, axis=1)
            results.append(self.scale * np.einsum("bhd,bhdm->bhm", queries[:, t], shared))
        y = np.stack(results, axis=1).reshape(batch, steps, -1)
        return y.astype(q.dtype), memory.astype(state.dtype)

    def macs(self, *inputs: TensorType | None) -> int:
        q, state = known(inputs[0], "q"), known(inputs[3], "state")
        share = self.heads // self.groups + 1 + (inputs[5] is not None)
        return q.shape[1] * state.elements * share


def _pack(node: Node) -> Packed:
    op, (batch, groups, depth, width) = node.op, node.input(3).shape
    assert isinstance(op, LinearAttention)
    decay, beta = node.inputs[4:]
    params: dict[str, Literal] = {
        "batch": batch,
        "steps": node.input(0).shape[1],
        "groups": groups,
        "share": op.heads // groups,
        "depth": depth,
        "width": width,
        "decays": 0 if decay is None else decay.shape[2],
        "betas": 0 if beta is None else beta.shape[2],
        "scale": op.scale,
    }
    absent = 1  # k stands where there is nothing to read
    inputs = (0, 1, 2, 3, absent if decay is None else 4, absent if beta is None else 5)
    return Packed("edgegen_linear_attention", params, inputs=inputs, scratch=4 * width)


def _overlap(node: Node) -> Overlaps:
    """A step's keys and values are read before its heads' results are written, each while its query is read."""
    names = ("batch", "steps", "groups", "share", "depth", "width")
    batch, steps, groups, share, depth, width = (param(node, name) for name in names)
    step = np.arange(batch * steps, dtype=np.int64)
    head = np.arange(batch * steps * groups * share, dtype=np.int64)
    done = step * (groups * share * width)
    found = {**after(node, 0, head * depth, (head + 1) * width), **after(node, 2, step * (groups * width), done)}
    return found | after(node, 1, step * (groups * depth), done)


LinearAttention.kernels = (
    Kernel(
        "linear_attention_f32",
        "f32 f32 f32 f32 f32? f32? -> f32 f32",
        _pack,
        "linear_attention",
        updates=((3, 1),),
        overlap=_overlap,
    ),
)
