"""Weights of recurrent layers' gates, laid out for edgegen_gates_f32 and its like."""

from __future__ import annotations

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.tensor import Array


def constant_parameters(node: Node) -> str | None:
    """A row's `when`: everything but x and the states (inputs 0, 1 and, of an LSTM, 2) is known ahead of time."""
    states = len(node.outputs) - 1
    known = all(t is None or t.is_constant for t in node.inputs[1 + states :])
    return None if known else "weights and biases must be constant"


def gate_stream(weights: Array, bias: Array, width: int) -> tuple[Array, int]:
    """(stream, units rounded up): per `width` units biases, then [taps][width] weights; zeros where there is none.

    weights: [units, taps]; bias: [units]
    """
    units, taps = weights.shape
    count = -(-units // width)
    rows = np.zeros((count * width, 1 + taps), weights.dtype)
    rows[:units, 0], rows[:units, 1:] = bias, weights
    return rows.reshape(count, width, 1 + taps).swapaxes(1, 2).reshape(-1), count * width
