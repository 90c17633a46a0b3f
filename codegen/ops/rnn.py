"""Rnn: a dense layer that also reads what it gave the step before."""

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
from edgegen.ops.gates import (
    GATES,
    Gates,
    Matrix,
    WeightScales,
    constant_parameters,
    gate_scales,
    product,
    without_general,
)
from edgegen.ops.overlap import Overlaps, param
from edgegen.ops.recurrent import ACTIVATIONS, PLAIN, General, Steps, by_cell, check_general, over_steps


@dataclass(frozen=True)
class Rnn(Op):
    """h = activation(w * x + r * h + bias), step by step.

    Inputs: x[T,N,K], or [N,T,K] if not time_major; h of N*U elements; w[U,K]; r[U,U]; bias[U] or none; lengths
    s32[N] or none, how many steps of each sequence there are (recurrent.Steps.run). Outputs: y, of x's shape with U for
    K; the next h. (TFLite UNIDIRECTIONAL_SEQUENCE_RNN and RNN, versions 1 to 3; ONNX RNN.)

    reverse:    steps run from the last to the first
    activation: one of recurrent.ACTIVATIONS
    scales:     of s8 weights beside f32 activations; None for f32 weights
    general:    another activation, and bounds of what it is given
    """

    time_major: bool = True
    reverse: bool = False
    activation: str = "tanh"
    scales: WeightScales | None = None
    general: General = PLAIN

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, h, w, r = (known(inputs[i], what) for i, what in enumerate(("x", "h", "w", "r")))
        bias = inputs[4] if len(inputs) > 4 else None
        if len(x.shape) != 3 or len(w.shape) != 2 or 0 in (*x.shape, *w.shape):
            raise InvalidGraph(f"x {x} and w {w} must be a sequence and a matrix")
        units, batch = w.shape[0], Steps.of(x.shape, self.time_major, self.reverse).batch
        if w.shape[1] != x.shape[2] or r.shape != (units, units) or h.elements != batch * units:
            raise InvalidGraph(f"w {w}, r {r} and h {h} do not fit x {x}")
        if bias is not None and bias.shape != (units,):
            raise InvalidGraph(f"bias {bias} does not have {units} elements")
        if self.activation not in ACTIVATIONS:
            raise InvalidGraph(f"{self.activation} is not one of {', '.join(ACTIVATIONS)}")
        check_general(self.general, 1, inputs[5] if len(inputs) > 5 else None, batch)
        if x.dtype != F32:
            raise InvalidGraph(f"x {x} must be f32")
        return TensorType(x.dtype, (*x.shape[:2], units)), TensorType(h.dtype, h.shape)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, h, w, r = (present(inputs[i], what) for i, what in enumerate(("x", "h", "w", "r")))
        bias = inputs[4] if len(inputs) > 4 else None
        steps, how = Steps.of(x.shape, self.time_major, self.reverse), self.scales
        scale_x, scale_h = (None if how is None else how.per_unit(s, len(w)) for s in gate_scales(how))

        def step(row: Array, hidden: Array) -> tuple[Array]:
            sums = product(row, w, how, scale_x) + product(hidden, r, how, scale_h)
            sums = sums if bias is None else sums + bias
            return (self.general.activate(0, self.activation, sums).astype(np.float32),)

        y, (hidden,) = steps.run(x, (h.reshape(-1, len(w)),), step, inputs[5] if len(inputs) > 5 else None)
        return y, hidden.reshape(h.shape)

    def macs(self, *inputs: TensorType | None) -> int:
        x, w, r = known(inputs[0], "x"), known(inputs[2], "w"), known(inputs[3], "r")
        return x.shape[0] * x.shape[1] * (w.elements + r.elements)


def _pack(gates: Gates, node: Node) -> Packed:
    op, w, r = node.op, node.input(2).values, node.input(3).values
    assert isinstance(op, Rnn)
    bias = node.inputs[4] if len(node.inputs) > 4 else None
    how, (units, depth) = op.scales, w.shape
    scales = None if how is None else (how.per_unit(how.x, units), how.per_unit(how.h, units))
    stream = gates.stream(Matrix(w, r, np.zeros(units, np.float32) if bias is None else bias.values, scales))
    sums, block = gates.scratch(depth + units), min(gates.block, gates.rounded(units))
    params = {
        **Steps.of(node.input(0).shape, op.time_major, op.reverse).params(depth, units),
        "block": block,
        "activation": ACTIVATIONS.index(op.activation),
        "sums": sums,
    }
    return Packed("edgegen_rnn", params, (Constant("stream", stream),), inputs=(0, 1), scratch=4 * (sums + block))


def _row(gates: Gates) -> Kernel:
    def when(node: Node) -> str | None:
        assert isinstance(node.op, Rnn)
        lengths = node.inputs[5] if len(node.inputs) > 5 else None
        return gates.when(node.op.scales) or without_general(node.op.general, lengths) or constant_parameters(node)

    def overlap(node: Node) -> Overlaps:
        return over_steps(node, gates.unread(node.out.shape[-1], param(node, "block")))

    return Kernel(
        f"rnn_{gates.name}",
        f"f32 f32 {gates.weights} {gates.weights} f32? s32? -> f32 f32",
        lambda node: _pack(gates, node),
        requires=gates.requires,
        when=when,
        overlap=overlap,
        roomier=lambda node: gates.roomier(_pack, node),
        updates=((1, 1),),
    )


def _pack_general(node: Node) -> Packed:
    op, (units, depth) = node.op, node.input(2).shape
    assert isinstance(op, Rnn)
    params: dict[str, Literal] = {
        **Steps.of(node.input(0).shape, op.time_major, op.reverse).params(depth, units),
        "cells": units,
        **op.general.activation(0, op.activation).params("candidate"),
        "clip": op.general.clip or math.inf,
    }
    return Packed("edgegen_recurrent", params, inputs=(0, 1, 2, 3, 4, 5))


def _when_general(node: Node) -> str | None:
    assert isinstance(node.op, Rnn)
    there = node.op.scales is None and len(node.inputs) > 5 and all(t is not None for t in node.inputs)
    return None if there else "biases and lengths must be given, and no scales"


GENERAL = Kernel(
    "rnn_f32_general",
    "f32 f32 f32 f32 f32? s32? -> f32 f32",
    _pack_general,
    "recurrent_general",
    when=_when_general,
    overlap=by_cell,
    updates=((1, 1),),
)

Rnn.kernels = (*(_row(g) for g in GATES), GENERAL)
