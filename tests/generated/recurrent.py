"""SVDF, RNNs and LSTMs: several runs of one instance."""

from __future__ import annotations

import numpy as np

from tests.generated.single import Draw, Single, Tensor, generates
from tests.models.tflite_builder import Operator, Options, options

RUNS = 3


@generates("SVDF", "FLOAT32", "INT8")
def svdf(draw: Draw, kind: str) -> Single:
    """INT8 remembers in s16."""
    batch, depth, units, rank, memory = (draw.integer(1, n) for n in (3, 12, 6, 3, 6))
    filters = units * rank
    table = options("SVDFOptions", Rank=rank, FusedActivationFunction=draw.choice((0, 1)))
    shapes = {"w": (filters, depth), "t": (filters, memory), "b": (units,)}
    if kind == "FLOAT32":
        tensors = [Tensor("x", kind, (batch, depth))]
        tensors += [Tensor(name, data=draw.values(kind, shape, 0.5)) for name, shape in shapes.items()]
        tensors += [Tensor("s", kind, (batch, filters * memory), is_variable=True), Tensor("y", kind, (batch, units))]
    else:
        x, w, t = draw.tensor("x", kind, (batch, depth), -2, -1), draw.scale(-2, -1.5), draw.scale(-4, -3.5)
        s = float(np.float32((x.scale or 1) * w * 200 * depth**0.5 / 16384 * 64))
        y = float(np.float32(s * t * 1e8 * (rank * memory) ** 0.5 / 50))
        tensors = [
            x,
            Tensor("w", data=draw.within(-127, 127, shapes["w"], kind), scale=w),
            Tensor("t", data=draw.within(-32767, 32767, shapes["t"], "INT16"), scale=t),
            Tensor("b", data=draw.within(-9999, 9999, shapes["b"]), scale=s * t),
            Tensor("s", "INT16", (batch, filters * memory), scale=s, is_variable=True),
            Tensor("y", kind, (batch, units), scale=y, zero_point=draw.zero(kind)),
        ]
        table = options("SVDFOptions", Rank=rank, FusedActivationFunction=1)  # TFLM takes no other
    # sums of `depth` and of `rank * memory` products
    ulp = depth + rank * memory + 4
    return Single(tensors, Operator("SVDF", ["x", "w", "t", "b", "s"], ["y"], table, 3), ulp=ulp, scale=4.0, runs=RUNS)


def _lstm(draw: Draw, name: str, kind: str, table: Options, lead: tuple[int, ...], batch: int) -> Single:
    """The four gates' weights, then their biases, then the two states."""
    depth, cells = draw.integer(1, 8), draw.integer(1, 8)
    x_scale, h_scale = (0.03, 0.0075) if kind == "INT8" else (0.0001, 1 / 32768)
    zeros = (draw.zero(kind), draw.zero(kind))
    tensors, inputs = [Tensor("x", kind, (*lead, depth), scale=x_scale, zero_point=zeros[0])], ["x"]
    if kind == "FLOAT32":
        tensors = [Tensor("x", kind, (*lead, depth))]
    parts = [(f"w{g}", (cells, depth)) for g in range(4)] + [(f"r{g}", (cells, cells)) for g in range(4)]
    for part, shape in parts:
        if kind == "FLOAT32":
            tensors.append(Tensor(part, data=draw.values(kind, shape, 0.5)))
        else:
            tensors.append(Tensor(part, data=draw.within(-127, 127, shape, "INT8"), scale=draw.scale(-2, -1.5)))
    for g in range(4):
        if kind == "FLOAT32":
            tensors.append(Tensor(f"b{g}", data=draw.values(kind, (cells,), 0.5)))
        else:
            data = draw.within(-999, 999, (cells,), "INT32" if kind == "INT8" else "INT64")
            tensors.append(Tensor(f"b{g}", data=data, scale=float(x_scale * tensors[1 + g].scale)))
    names = [*inputs, *(part for part, _ in parts), None, None, None, *(f"b{g}" for g in range(4)), None, None]
    if kind == "FLOAT32":
        states = [Tensor(n, kind, (batch, cells), is_variable=True) for n in ("h", "c")]
        y = Tensor("y", kind, (*lead, cells))
    else:
        states = [
            Tensor("h", kind, (batch, cells), scale=h_scale, zero_point=zeros[1], is_variable=True),
            Tensor("c", "INT16", (batch, cells), scale=2.0 ** draw.integer(-14, -10), is_variable=True),
        ]
        y = Tensor("y", kind, (*lead, cells), scale=h_scale, zero_point=zeros[1])
    operator = Operator(name, [*names, "h", "c", *[None] * 4], ["y"], table, 3)
    # each step sums the products of a row and feeds its rounding errors to the next one
    steps = int(np.prod(lead)) // batch * RUNS
    return Single([*tensors, *states, y], operator, ulp=steps * (depth + cells + 4), scale=1.0, runs=RUNS)


@generates("UNIDIRECTIONAL_SEQUENCE_LSTM", "FLOAT32", "INT8", "INT16")
def unidirectional_sequence_lstm(draw: Draw, kind: str) -> Single:
    batch, steps, time_major = draw.integer(1, 3), draw.integer(1, 4), draw.yes()
    fields = {"CellClip": draw.choice((0.0, 2.0, 10.0)), "TimeMajor": time_major, "FusedActivationFunction": 4}
    table = options("UnidirectionalSequenceLSTMOptions", **fields)
    lead = (steps, batch) if time_major else (batch, steps)
    return _lstm(draw, "UNIDIRECTIONAL_SEQUENCE_LSTM", kind, table, lead, batch)


@generates("LSTM", "FLOAT32")
def lstm(draw: Draw, kind: str) -> Single:
    batch = draw.integer(1, 3)
    table = options("LSTMOptions", FusedActivationFunction=4, CellClip=draw.choice((0.0, 2.0)))
    return _lstm(draw, "LSTM", kind, table, (batch,), batch)


def _rnn(draw: Draw, name: str, kind: str, table: Options, lead: tuple[int, ...], batch: int) -> Single:
    depth, units = draw.integer(1, 8), draw.integer(1, 8)
    shapes = {"w": (units, depth), "r": (units, units), "b": (units,)}
    tensors = [
        Tensor("x", kind, (*lead, depth)),
        *(Tensor(n, data=draw.values(kind, shape, 0.5)) for n, shape in shapes.items()),
        Tensor("h", kind, (batch, units), is_variable=True),
        Tensor("y", kind, (*lead, units)),
    ]
    operator = Operator(name, ["x", "w", "r", "b", "h"], ["y"], table)
    # as LSTMs
    steps = int(np.prod(lead)) // batch * RUNS
    return Single(tensors, operator, ulp=steps * (depth + units + 4), scale=1.0, runs=RUNS)


@generates("RNN", "FLOAT32")
def rnn(draw: Draw, kind: str) -> Single:
    batch = draw.integer(1, 3)
    return _rnn(
        draw, "RNN", kind, options("RNNOptions", FusedActivationFunction=draw.choice((1, 3, 4))), (batch,), batch
    )


@generates("UNIDIRECTIONAL_SEQUENCE_RNN", "FLOAT32")
def unidirectional_sequence_rnn(draw: Draw, kind: str) -> Single:
    batch, steps, time_major = draw.integer(1, 3), draw.integer(1, 4), draw.yes()
    table = options("SequenceRNNOptions", TimeMajor=time_major, FusedActivationFunction=4)
    lead = (steps, batch) if time_major else (batch, steps)
    return _rnn(draw, "UNIDIRECTIONAL_SEQUENCE_RNN", kind, table, lead, batch)
