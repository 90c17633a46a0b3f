"""Portable rows, and how f32 rows lay out their constants."""

from __future__ import annotations

import math

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ir.tensor import Array
from edgegen.ops.gates import constant_parameters, gate_stream
from edgegen.ops.lstm.op import Lstm
from edgegen.ops.recurrent import ACTIVATIONS, Steps

UPDATES = ((1, 1), (2, 2))
SIGNATURE_F32 = "f32 f32 f32 f32 f32 f32? f32? f32? f32? f32? -> f32 f32 f32"


def optional(node: Node, i: int) -> Array | None:
    """The values of a parameter that may be absent."""
    tensor = node.inputs[i] if i < len(node.inputs) else None
    return None if tensor is None else tensor.values


def interleaved(values: Array, cells: int) -> Array:
    """[gates * cells, ...] by gate -> by cell, its gates side by side."""
    return values.reshape(-1, cells, *values.shape[1:]).swapaxes(0, 1).reshape(values.shape)


def pack_f32(node: Node, width: int = 4, joins: bool = False) -> Packed:
    """width: units whose sums are computed together; joins: x and h are copied to one place."""
    op, w, r = node.op, node.input(3).values, node.input(4).values
    assert isinstance(op, Lstm)
    bias, peepholes, norms = (optional(node, i) for i in (5, 6, 7))
    projection, projection_bias = optional(node, 8), optional(node, 9)
    outputs = r.shape[1]
    cells = outputs if projection is None else projection.shape[1]
    bias = np.zeros(len(w), np.float32) if bias is None else bias
    start = bias if norms is None else np.zeros_like(bias)
    stream, units = gate_stream(*(interleaved(a, cells) for a in (np.hstack([w, r]), start)), width)
    empty = np.zeros(0, np.float32)
    if projection is not None:
        first = np.zeros(outputs, np.float32) if projection_bias is None else projection_bias
        projection = np.hstack([first[:, None], projection])
    steps = Steps.of(node.input(0).shape, op.time_major, op.reverse)
    joined = w.shape[1] + outputs if joins else 0
    params: dict[str, Literal] = {
        "cells": cells,
        "gates": len(w) // cells,
        "units": units,
        "candidate": ACTIVATIONS.index(op.candidate),
        "result": ACTIVATIONS.index(op.result),
        "peepholes": int(peepholes is not None),
        "norms": int(norms is not None),
        "projected": int(projection is not None),
        "joined": joined,
        "cell_clip": op.cell_clip or math.inf,
        "projection_clip": op.projection_clip or math.inf,
    }
    constants = (
        Constant("stream", stream),
        Constant("peepholes", empty if peepholes is None else interleaved(peepholes, cells)),
        Constant("norms", empty if norms is None else interleaved(np.stack([norms, bias], axis=1), cells)),
        Constant("projection", empty if projection is None else projection),
    )
    return Packed(
        "edgegen_lstm_f32",
        steps.params(w.shape[1], outputs) | params,
        constants,
        inputs=(0, 1, 2),
        scratch=4 * (joined + units),
    )


ROWS = (Kernel("lstm_f32", SIGNATURE_F32, pack_f32, when=constant_parameters, updates=UPDATES),)
