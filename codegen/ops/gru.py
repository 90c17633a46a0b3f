"""Gru: gated recurrent units."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.gates import GATES, Gates, Matrix, constant_parameters, interleaved, without_general
from edgegen.ops.overlap import Overlaps, param
from edgegen.ops.recurrent import ACTIVATIONS, PLAIN, General, Steps, by_cell, check_general, over_steps


@dataclass(frozen=True)
class Gru(Op):
    """h = (1 - z) * candidate + z * h, step by step.

    Inputs: x[T,N,K], or [N,T,K] if not time_major; h of N*U elements; w[3U,K]; r[3U,U]; bias[4U]; lengths s32[N] or
    none, how many steps of each sequence there are (recurrent.Steps.run). Outputs: y, of x's shape with U for K; the
    next h. The gates stand in the order update z, reset, candidate; the last U biases belong to the candidate's
    products with h. (ONNX GRU as onnxruntime computes it.)

    reverse:     steps run from the last to the first
    reset_after: the reset gate weighs the candidate's products with h, biases included, rather than h
    candidate:   one of recurrent.ACTIVATIONS
    general:     other activations of gates and candidate, and bounds of what they are given
    """

    time_major: bool = True
    reverse: bool = False
    reset_after: bool = False
    candidate: str = "tanh"
    general: General = PLAIN

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, h, w, r, bias = (known(inputs[i], what) for i, what in enumerate(("x", "h", "w", "r", "bias")))
        if len(x.shape) != 3 or len(w.shape) != 2 or 0 in (*x.shape, *w.shape) or x.dtype != F32:
            raise InvalidGraph(f"x {x} and w {w} must be a sequence and a matrix of f32")
        units, batch = w.shape[0] // 3, Steps.of(x.shape, self.time_major, self.reverse).batch
        if w.shape != (3 * units, x.shape[2]) or r.shape != (3 * units, units) or h.elements != batch * units:
            raise InvalidGraph(f"w {w}, r {r} and h {h} do not fit x {x}")
        if bias.shape != (4 * units,):
            raise InvalidGraph(f"bias {bias} does not have {4 * units} elements")
        if self.candidate not in ACTIVATIONS:
            raise InvalidGraph(f"{self.candidate} is not one of {', '.join(ACTIVATIONS)}")
        check_general(self.general, 2, inputs[5] if len(inputs) > 5 else None, batch)
        return TensorType(x.dtype, (*x.shape[:2], units)), TensorType(h.dtype, h.shape)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, h, w, r, bias = (
            present(inputs[i], what).astype(np.float64) for i, what in enumerate(("x", "h", "w", "r", "bias"))
        )
        units, act = r.shape[1], self.general.activate

        def step(row: Array, hidden: Array) -> tuple[Array]:
            from_x, from_h = row @ w.T + bias[: 3 * units], hidden @ r[: 2 * units].T
            gates = act(0, "logistic", from_x[:, : 2 * units] + from_h)
            update, reset = gates[:, :units], gates[:, units:]
            last, start = r[2 * units :].T, bias[3 * units :]
            weighed = reset * (hidden @ last + start) if self.reset_after else (reset * hidden) @ last + start
            candidate = act(1, self.candidate, from_x[:, 2 * units :] + weighed)
            new = (1 - update) * candidate + update * hidden
            return (new.astype(np.float32).astype(np.float64),)

        steps = Steps.of(x.shape, self.time_major, self.reverse)
        y, (hidden,) = steps.run(x, (h.reshape(steps.batch, -1),), step, inputs[5] if len(inputs) > 5 else None)
        return y.astype(np.float32), hidden.astype(np.float32).reshape(h.shape)

    def macs(self, *inputs: TensorType | None) -> int:
        x, w, r = known(inputs[0], "x"), known(inputs[2], "w"), known(inputs[3], "r")
        return x.shape[0] * x.shape[1] * (w.elements + r.elements)


def _lengths(node: Node) -> bool:
    return len(node.inputs) > 5 and node.inputs[5] is not None


def _pack(gates: Gates, node: Node) -> Packed:
    op, (w, r, bias) = node.op, (node.input(i).values for i in (2, 3, 4))
    assert isinstance(op, Gru)
    units, depth = r.shape[1], w.shape[1]
    last, none = slice(2 * units, None), np.zeros((units, 0), np.float32)
    after = bias[3 * units :]
    from_x, from_h, start = (interleaved(a[: 2 * units], units) for a in (w, r, bias))
    both = Matrix(from_x, from_h, start)
    if op.reset_after:
        candidate = Matrix(w[last], none, bias[2 * units : 3 * units])
        products = gates.stream(Matrix(r[last], none, after))
    else:
        candidate = Matrix(w[last], r[last], bias[2 * units : 3 * units] + after)
        products = np.zeros(0, np.float32)
    block = min(gates.block, gates.rounded(units))
    params: dict[str, Literal] = {
        **Steps.of(node.input(0).shape, op.time_major, op.reverse).params(depth, units),
        "block": block,
        "reset_after": int(op.reset_after),
        "candidate": ACTIVATIONS.index(op.candidate),
    }
    constants = (
        Constant("gates", gates.stream(both)),
        Constant("candidate", gates.stream(candidate)),
        Constant("products", products),
    )
    scratch = 4 * (2 * block + (2 * block if op.reset_after else units))
    return Packed("edgegen_gru", params, constants, inputs=(0, 1), scratch=scratch)


def _row(gates: Gates) -> Kernel:
    def when(node: Node) -> str | None:
        assert isinstance(node.op, Gru)
        lengths = node.inputs[5] if _lengths(node) else None
        return without_general(node.op.general, lengths) or constant_parameters(node)

    def overlap(node: Node) -> Overlaps:
        units = node.out.shape[-1]
        return over_steps(node, gates.unread(units, param(node, "block")) if param(node, "reset_after") else units)

    return Kernel(
        f"gru_{gates.name}",
        "f32 f32 f32 f32 f32 s32? -> f32 f32",
        lambda node: _pack(gates, node),
        requires=gates.requires,
        when=when,
        overlap=overlap,
        roomier=lambda node: gates.roomier(_pack, node),
        updates=((1, 1),),
    )


def _pack_general(node: Node) -> Packed:
    op, (units, depth) = node.op, node.input(2).shape
    assert isinstance(op, Gru)
    own = ("logistic", op.candidate)
    gate, candidate = (op.general.activation(i, name) for i, name in enumerate(own))
    params: dict[str, Literal] = {
        **Steps.of(node.input(0).shape, op.time_major, op.reverse).params(depth, units // 3),
        "cells": units // 3,
        "reset_after": int(op.reset_after),
        **gate.params("gate"),
        **candidate.params("candidate"),
        "clip": op.general.clip or math.inf,
    }
    return Packed("edgegen_recurrent", params, inputs=(0, 1, 2, 3, 4, 5), scratch=4 * (units // 3))


def _when_general(node: Node) -> str | None:
    return None if _lengths(node) else "lengths must be given"


GENERAL = Kernel(
    "gru_f32_general",
    "f32 f32 f32 f32 f32 s32? -> f32 f32",
    _pack_general,
    "recurrent_general",
    when=_when_general,
    overlap=by_cell,
    updates=((1, 1),),
)

Gru.kernels = (*(_row(g) for g in GATES if g.asymmetric is None), GENERAL)
