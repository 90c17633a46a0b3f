"""The portable row of LiteRT's quantized LSTM."""

from __future__ import annotations

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, IntArray
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ir.tensor import Array
from edgegen.ops.gates import constant_parameters, interleaved
from edgegen.ops.lstm.fixed import FixedGates
from edgegen.ops.lstm.floats import UPDATES, optional
from edgegen.ops.lstm.op import Lstm
from edgegen.ops.overlap import Overlaps, param
from edgegen.ops.recurrent import Steps, by_cell, over_steps


def _factors(requantize: FixedPoint | None, count: int) -> tuple[int, ...]:
    """Multipliers and shifts, filled up with zeros."""
    pairs = [] if requantize is None else list(zip(requantize.multiplier, requantize.shift, strict=True))
    return tuple(v for pair in [*pairs, *[(0, 0)] * (count - len(pairs))] for v in pair)


def _finish(requantize: FixedPoint | None) -> tuple[int, ...]:
    return (0, 0, 0) if requantize is None else (*_factors(requantize, 1), requantize.zero_point)


def _or_nothing(values: Array | None, cells: int, dtype: type[np.integer]) -> IntArray:
    return np.zeros(0, dtype) if values is None else interleaved(values, cells).astype(dtype)


def _pack(node: Node) -> Packed:
    op, (units, outputs), depth = node.op, node.input(4).shape, node.input(3).shape[1]
    assert isinstance(op, Lstm)
    how = op.integers
    assert isinstance(how, FixedGates)
    bias, peepholes, norms, projection, projection_bias = (optional(node, i) for i in range(5, 10))
    cells = outputs if projection is None else projection.shape[1]
    gates = units // cells
    w, r = (interleaved(node.input(i).values.astype(np.int64), cells) for i in (3, 4))
    biases = _or_nothing(np.zeros(units) if bias is None else bias, cells, np.int32)
    from_x = (0 if norms is not None else biases.astype(np.int64)) - how.x_zero * w.sum(axis=1)
    from_h = -how.h_zero * r.sum(axis=1)
    weights = np.hstack([w, r]).reshape(cells, gates, -1).swapaxes(1, 2).astype(np.int8)
    starts = np.stack([from_x.reshape(cells, gates), from_h.reshape(cells, gates)], axis=1).astype(np.int32)
    last = np.zeros(0, np.int32)
    if projection is not None:
        last = -how.hidden.zero_point * projection.sum(axis=1, dtype=np.int64)
        last = (last if projection_bias is None else last + projection_bias).astype(np.int32)
    steps = Steps.of(node.input(0).shape, op.time_major, op.reverse)
    block = 1 if norms is None else cells
    params: dict[str, Literal] = {
        **steps.params(depth, outputs),
        "cells": cells,
        "gates": gates,
        "block": block,
        "cell_bits": how.cell_bits,
        "peepholes": int(peepholes is not None),
        "norms": int(norms is not None),
        "projected": int(projection is not None),
        "clip": how.clip,
        "projection_clip": how.projection_clip,
        "from_x": _factors(how.from_x, 4),
        "from_h": _factors(how.from_h, 4),
        "peephole": _factors(how.peepholes, 3),
        "normal": _factors(how.norms, 4),
        "guard": (*how.guards, 0, 0, 0, 0)[:4],
        "hidden": _finish(how.hidden),
        "project": _finish(how.project),
    }
    constants = (
        Constant("weights", weights),
        Constant("starts", starts),
        Constant("peepholes", _or_nothing(peepholes, cells, np.int16)),
        Constant("norms", _or_nothing(norms, cells, np.int16)),
        Constant("biases", biases if norms is not None else np.zeros(0, np.int32)),
        Constant("projection", np.zeros(0, np.int8) if projection is None else projection),
        Constant("projection_starts", last),
    )
    scratch = 2 * block * gates + (cells if projection is not None else 0)
    return Packed("edgegen_lstm_fixed", params, constants, inputs=(0, 1, 2), scratch=scratch)


def _when(node: Node) -> str | None:
    assert isinstance(node.op, Lstm)
    return constant_parameters(node) if isinstance(node.op.integers, FixedGates) else "another arithmetic"


def _overlap(node: Node) -> Overlaps:
    """What is projected or normalized is computed of all of x and h first."""
    at_once = param(node, "projected") > 0 or param(node, "norms") > 0
    return over_steps(node, 0) if at_once else by_cell(node)


_SIGNATURE = "s8 s8 s16 s8 s8 s32? s16? s16? s8? s32? -> s8 s8 s16"

ROWS = (Kernel("lstm_fixed", _SIGNATURE, _pack, when=_when, overlap=_overlap, updates=UPDATES),)
