"""BIDIRECTIONAL_SEQUENCE_LSTM and BIDIRECTIONAL_SEQUENCE_RNN: two layers, one of which reads the sequence backwards."""

from __future__ import annotations

from dataclasses import replace

import tflite

from edgegen.frontends.tflite.operator import Operator, operator
from edgegen.frontends.tflite.operators.lstm import add_lstm, lstm_kernel
from edgegen.frontends.tflite.operators.lstm_cell import Cell, joined
from edgegen.frontends.tflite.operators.recurrent import add_rnn, rnn_kernel
from edgegen.ir.dtypes import F32
from edgegen.ir.tensor import Tensor
from edgegen.ops.concat import Concat


def _sequences(op: Operator, aux: int) -> tuple[Tensor, Tensor, bool]:
    """(what the forward layer reads, what the backward layer reads, whether an auxiliary input joins both).

    aux: position of the auxiliary input; the forward layer's first weights for it follow. Without weights it is what
    the backward layer reads.
    """
    x, other = op.input(0), op.optional(aux)
    if other is None:
        return x, x, False
    if other.rank != 3 or x.rank != 3 or other.shape[:2] != x.shape[:2] or other.dtype != x.dtype:
        raise op.invalid(f'auxiliary input "{other.name}" {other.type} does not accompany {x.type}')
    weighted = any(op.optional(i) is not None for i in range(aux + 1, len(op.inputs)))
    if not weighted:
        return x, other, False
    both = op.add(Concat(2), [x, other])
    return both, both, True


def _with_weights(op: Operator, weights: Tensor | None, position: int) -> Tensor | None:
    """Weights of x, followed by those of the auxiliary input at `position`."""
    more = op.optional(position)
    if weights is None or more is None:
        if weights is not more:
            raise op.invalid("has weights of the auxiliary input for some gates only")
        return None
    if {weights.dtype, more.dtype} != {F32}:
        raise op.unsupported("an auxiliary input with quantized weights is not supported", "use f32 weights")
    return joined(op, [weights, more], 1)


@operator("BIDIRECTIONAL_SEQUENCE_LSTM", last_version=3)
def bidirectional_sequence_lstm(op: Operator) -> None:
    """x[N,T,K], or [T,N,K] if time-major; outputs [...,P] of both, or one of both side by side."""
    options = op.options(tflite.BidirectionalSequenceLSTMOptions)
    forward, backward, weighted = _sequences(op, 39)
    outputs: list[Tensor | None] = [None, None] if options.MergeOutputs else _two_outputs(op)
    results = []
    for side, (x, y) in enumerate(zip((forward, backward), outputs, strict=True)):
        cell = Cell.of(op, 1 + 17 * side, None)
        if weighted:
            weights = [_with_weights(op, t, 40 + 4 * side + g) for g, t in enumerate(cell.weights)]
            cell = replace(cell, weights=tuple(weights))
        states = op.state(35 + 2 * side), op.state(36 + 2 * side)
        kernel = lstm_kernel(op, options, bool(options.TimeMajor), x, states, cell)
        results.append(add_lstm(op, replace(kernel, reverse=side == 1), x, states, cell, y))
    if options.MergeOutputs:
        op.add(Concat(2), results, op.output)


def _two_outputs(op: Operator) -> list[Tensor | None]:
    if len(op.outputs) != 2:
        raise op.invalid(f"has {len(op.outputs)} outputs, not one of each direction")
    return list(op.outputs)


@operator("BIDIRECTIONAL_SEQUENCE_RNN", last_version=3)
def bidirectional_sequence_rnn(op: Operator) -> None:
    """As BIDIRECTIONAL_SEQUENCE_LSTM, of simple layers."""
    options = op.options(tflite.BidirectionalSequenceRNNOptions)
    forward, backward, weighted = _sequences(op, 9)
    if (
        backward is not forward and not options.TimeMajor
    ):  # LiteRT's backward layer then reads what the forward one does
        raise op.unsupported("a backward layer's own input must be time-major", "transpose the sequences")
    outputs: list[Tensor | None] = [None, None] if options.MergeOutputs else _two_outputs(op)
    results = []
    for side, (x, y) in enumerate(zip((forward, backward), outputs, strict=True)):
        first = 1 + 4 * side
        w = _with_weights(op, op.input(first), 10 + side) if weighted else op.input(first)
        assert w is not None
        kernel = rnn_kernel(op, options, bool(options.TimeMajor), w, op.input(first + 1), reverse=side == 1)
        results.append(add_rnn(op, kernel, x, (w, op.input(first + 1), op.input(first + 2)), op.state(first + 3), y))
    if options.MergeOutputs:
        op.add(Concat(2), results, op.output)
