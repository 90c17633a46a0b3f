"""Rows on f32 activations: one for each way to compute the sums of the gates."""

from __future__ import annotations

import math

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.gates import GATES, Gates, Matrix, constant_parameters, interleaved, without_general
from edgegen.ops.lstm.op import Lstm
from edgegen.ops.overlap import Overlaps, param
from edgegen.ops.recurrent import ACTIVATIONS, Steps, by_cell, over_steps

UPDATES = ((1, 1), (2, 2))


def optional(node: Node, i: int) -> Array | None:
    """The values of a parameter that may be absent."""
    tensor = node.inputs[i] if i < len(node.inputs) else None
    return None if tensor is None else tensor.values


def _lengths(node: Node) -> Tensor | None:
    return node.inputs[10] if len(node.inputs) > 10 else None


def _step(node: Node, cells: int) -> Matrix:
    """What a step multiplies, by cell. With norms their biases come later."""
    op, w, r, bias = node.op, node.input(3).values, node.input(4).values, optional(node, 5)
    assert isinstance(op, Lstm)
    how = op.scales
    start = np.zeros(len(w), np.float32) if bias is None or optional(node, 7) is not None else bias
    scales = None
    if how is not None:
        scales = interleaved(how.per_unit(how.x, len(w)), cells), interleaved(how.per_unit(how.h, len(w)), cells)
    return Matrix(interleaved(w, cells), interleaved(r, cells), interleaved(start, cells), scales)


def _projection(node: Node) -> Matrix | None:
    op, weights, bias = node.op, optional(node, 8), optional(node, 9)
    assert isinstance(op, Lstm)
    if weights is None:
        return None
    units, scales = len(weights), None
    if op.scales is not None:
        scales = (np.full(units, op.scales.projection, np.float32), np.zeros(units, np.float32))
    nothing = np.zeros((units, 0), weights.dtype)
    return Matrix(weights, nothing, np.zeros(units, np.float32) if bias is None else bias, scales)


def _pack(gates: Gates, node: Node) -> Packed:
    op, depth = node.op, node.input(3).shape[1]
    assert isinstance(op, Lstm)
    units, outputs = node.input(4).shape
    bias, peepholes, norms, projection = (*(optional(node, i) for i in (5, 6, 7)), _projection(node))
    cells = outputs if projection is None else projection.x.shape[1]
    empty = np.zeros(0, np.float32)
    if norms is not None:
        norms = np.stack([norms, np.zeros(units, np.float32) if bias is None else bias], axis=1)
    each = units // cells
    sums = max(gates.scratch(depth + outputs), 0 if projection is None else gates.scratch(cells))
    projected = 0 if projection is None else min(gates.block, gates.rounded(outputs))
    if norms is None:
        block = min(gates.cells(each), cells)
        hidden, last = sums + max(gates.rounded(block * each), projected), sums
        end = hidden if projection is None else hidden + cells
    else:
        block, hidden, last = cells, sums, sums + gates.rounded(units)
        end = last + projected
    params: dict[str, Literal] = {
        "cells": cells,
        "gates": each,
        "block": block,
        "candidate": ACTIVATIONS.index(op.candidate),
        "result": ACTIVATIONS.index(op.result),
        "peepholes": int(peepholes is not None),
        "norms": int(norms is not None),
        "projected": projected,
        "sums": sums,
        "hidden": hidden,
        "last": last,
        "cell_clip": op.cell_clip or math.inf,
        "projection_clip": op.projection_clip or math.inf,
    }
    stream = gates.stream(_step(node, cells))
    constants = (
        Constant("stream", stream),
        Constant("peepholes", empty if peepholes is None else interleaved(peepholes, cells)),
        Constant("norms", empty if norms is None else interleaved(norms, cells)),
        Constant("projection", np.zeros(0, stream.dtype) if projection is None else gates.stream(projection)),
    )
    return Packed(
        "edgegen_lstm_f32",
        Steps.of(node.input(0).shape, op.time_major, op.reverse).params(depth, outputs) | params,
        constants,
        inputs=(0, 1, 2),
        scratch=4 * end,
    )


def _overlap(gates: Gates, node: Node) -> Overlaps:
    """What is projected or normalized is computed of all of x and h first."""
    at_once = param(node, "projected") > 0 or param(node, "norms") > 0
    return over_steps(node, 0 if at_once else gates.unread(param(node, "cells"), param(node, "block")))


def _row(gates: Gates) -> Kernel:
    def when(node: Node) -> str | None:
        assert isinstance(node.op, Lstm)
        return (
            gates.when(node.op.scales) or without_general(node.op.general, _lengths(node)) or constant_parameters(node)
        )

    weights = gates.weights
    return Kernel(
        f"lstm_{gates.name}",
        f"f32 f32 f32 {weights} {weights} f32? f32? f32? {weights}? f32? s32? -> f32 f32 f32",
        lambda node: _pack(gates, node),
        requires=gates.requires,
        when=when,
        overlap=lambda node: _overlap(gates, node),
        roomier=lambda node: gates.roomier(_pack, node),
        updates=UPDATES,
    )


def _pack_general(node: Node) -> Packed:
    op, depth = node.op, node.input(3).shape[1]
    assert isinstance(op, Lstm)
    units, cells = node.input(4).shape
    own = ("logistic", op.candidate, op.result)
    gate, candidate, result = (op.general.activation(i, name) for i, name in enumerate(own))
    params: dict[str, Literal] = {
        **Steps.of(node.input(0).shape, op.time_major, op.reverse).params(depth, cells),
        "cells": cells,
        "gates": units // cells,
        **gate.params("gate"),
        **candidate.params("candidate"),
        **result.params("result"),
        "clip": op.general.clip or math.inf,
    }
    return Packed("edgegen_recurrent", params, inputs=(0, 1, 2, 3, 4, 5, 6, 10))


def _when_general(node: Node) -> str | None:
    op = node.op
    assert isinstance(op, Lstm)
    if op.scales is not None or op.cell_clip or any(t is not None for t in node.inputs[7:10]):
        return "no scales, norms, projection and bounds of the cell"
    given = (5, 6, 10)
    there = len(node.inputs) > 10 and all(node.inputs[i] is not None for i in given)
    return None if there else "biases, peepholes and lengths must be given"


GENERAL = Kernel(
    "lstm_f32_general",
    "f32 f32 f32 f32 f32 f32? f32? f32? f32? f32? s32? -> f32 f32 f32",
    _pack_general,
    "recurrent_general",
    when=_when_general,
    overlap=by_cell,
    updates=UPDATES,
)

ROWS = (*(_row(g) for g in GATES), GENERAL)
