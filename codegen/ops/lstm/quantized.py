"""What rows of quantized LSTMs share: biases into which zero points are folded, and parameters."""

from __future__ import annotations

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, IntArray, WideFixedPoint
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ops.gates import constant_parameters, interleaved
from edgegen.ops.lstm.basic import BasicGates
from edgegen.ops.lstm.floats import UPDATES, optional
from edgegen.ops.lstm.integer import IntegerGates
from edgegen.ops.lstm.op import Lstm
from edgegen.ops.recurrent import Steps, by_cell
from edgegen.ops.unary_tables import SIGMOID_TABLE


def arithmetic(node: Node) -> IntegerGates:
    assert isinstance(node.op, Lstm)
    assert isinstance(node.op.integers, IntegerGates)
    return node.op.integers


def weights_by_cell(node: Node) -> tuple[IntArray, IntArray]:
    """(over x [4 * cells, inputs], over h [4 * cells, cells]), int64, the gates of a cell side by side."""
    cells = node.input(4).shape[1]
    w, r = (interleaved(node.input(i).values.astype(np.int64), cells) for i in (3, 4))
    return w, r


def starts(node: Node) -> tuple[IntArray, IntArray]:
    """int64[4 * cells]: what sums of raw products with x, and with h, start from."""
    gates, (w, r) = arithmetic(node), weights_by_cell(node)
    bias = optional(node, 5)
    first = 0 if bias is None else interleaved(bias.astype(np.int64), node.input(4).shape[1])
    return first - gates.x_zero * w.sum(axis=1), -gates.h_zero * r.sum(axis=1)


def _factors(requantize: FixedPoint) -> tuple[int, ...]:
    """Multiplier and shift of each gate, in the form that the kernel's sums need."""
    if isinstance(requantize, WideFixedPoint):
        multiplier, shift = requantize.reduced(4)
    else:
        multiplier, shift = requantize.per_channel(4)
    return tuple(int(v) for v in np.stack([multiplier, shift], axis=1).reshape(-1))


def params(node: Node) -> dict[str, Literal]:
    op, gates = node.op, arithmetic(node)
    assert isinstance(op, Lstm)
    inputs, outputs = node.input(3).shape[1], node.input(4).shape[1]
    low, high = node.out.dtype.range
    return {
        **Steps.of(node.input(0).shape, op.time_major, op.reverse).params(inputs, outputs),
        "cells": outputs,
        "from_x": _factors(gates.from_x),
        "from_h": _factors(gates.from_h),
        "keep": (gates.keep.multiplier[0], gates.keep.shift[0]),
        "add": (gates.add.multiplier[0], gates.add.shift[0]),
        "hidden": (gates.hidden.multiplier[0], gates.hidden.shift[0]),
        "tanh": (gates.cell_tanh.multiplier, gates.cell_tanh.shift),
        "clip": gates.clip,
        "h_zero": gates.h_zero,
        "low": low,
        "high": high,
    }


SIGMOID = Constant("sigmoid", SIGMOID_TABLE)


def _pack(node: Node) -> Packed:
    outputs = node.input(4).shape[1]
    weights = np.hstack(weights_by_cell(node)).reshape(outputs, 4, -1).swapaxes(1, 2)
    both = np.stack([a.reshape(outputs, 4) for a in starts(node)], axis=1)
    sums = np.int64 if node.input(0).dtype.size == 2 else np.int32
    constants = (Constant("weights", weights.astype(np.int8)), Constant("starts", both.astype(sums), align=8), SIGMOID)
    return Packed("edgegen_lstm_integer", params(node), constants, inputs=(0, 1, 2))


def plain(node: Node, kind: type[IntegerGates | BasicGates] = IntegerGates) -> str | None:
    """A row's `when`: an integer LSTM has four gates and nothing but biases beside them."""
    assert isinstance(node.op, Lstm)
    if not isinstance(node.op.integers, kind):
        return "another arithmetic"
    more = any(t is not None for t in node.inputs[6:])
    if more or node.input(3).shape[0] != 4 * node.input(4).shape[1]:
        return "integers need four gates without peepholes, norms and projection"
    gates = node.op.integers
    if isinstance(gates, IntegerGates) and any(f.shift[0] >= 0 for f in (gates.keep, gates.add, gates.hidden)):
        return "products of gates must be scaled down"
    return constant_parameters(node)


def _pack_u8(node: Node) -> Packed:
    op, cells = node.op, node.input(4).shape[1]
    assert isinstance(op, Lstm)
    assert isinstance(op.integers, BasicGates)
    weights = np.hstack([interleaved(node.input(i).values, cells) for i in (3, 4)]).reshape(cells, 4, -1)
    bias = optional(node, 5)
    starts = np.zeros(4 * cells, np.int32) if bias is None else interleaved(bias, cells)
    steps = Steps.of(node.input(0).shape, op.time_major, op.reverse)
    params: dict[str, Literal] = {
        **steps.params(node.input(3).shape[1], cells),
        "cells": cells,
        "w_zero": op.integers.w_zero,
        "multiplier": op.integers.gates.multiplier[0],
        "shift": op.integers.gates.shift[0],
    }
    constants = (Constant("weights", weights.swapaxes(1, 2)), Constant("bias", starts))
    return Packed("edgegen_lstm_u8", params, constants, inputs=(0, 1, 2))


def _when_u8(node: Node) -> str | None:
    return plain(node, BasicGates)


def _row(name: str, signature: str) -> Kernel:
    return Kernel(name, signature, _pack, "lstm_integer", when=plain, overlap=by_cell, updates=UPDATES)


ROWS = (
    Kernel("lstm_u8", "u8 u8 s16 u8 u8 s32? -> u8 u8 s16", _pack_u8, when=_when_u8, overlap=by_cell, updates=UPDATES),
    _row("lstm_s8", "s8 s8 s16 s8 s8 s32? -> s8 s8 s16"),
    _row("lstm_s16", "s16 s16 s16 s8 s8 s64? -> s16 s16 s16"),
)
