"""Sound models of operators that remember, for random_models."""

from __future__ import annotations

import random

import numpy as np

from tests.models.recurrent import Inputs, add_cell
from tests.models.tflite_builder import Operator, Tensor, options

Model = tuple[list[Tensor], Operator]


def _svdf(rng: random.Random, kind: str, inputs: Inputs) -> Model:
    depth, units, rank, memory = rng.choice((1, 4, 7)), rng.choice((1, 3, 4)), rng.choice((1, 2)), rng.choice((1, 5, 8))
    filters = units * rank
    table = options("SVDFOptions", Rank=rank, FusedActivationFunction=rng.choice((0, 1)))
    if kind == "FLOAT32":
        inputs.add(Tensor("x", kind, (2, depth)))
        inputs.weights("f", filters, depth)
        inputs.weights("t", filters, memory)
        inputs.floats("b", units)
        inputs.state("s", 2, filters * memory)
        return inputs.parts("SVDF", table, [Tensor("y", kind, (2, units))])
    inputs.add(Tensor("x", kind, (2, depth), scale=0.05, zero_point=3))
    inputs.add(Tensor("f", data=inputs.rng.integers(-127, 128, (filters, depth)).astype(np.int8), scale=0.01))
    inputs.add(Tensor("t", data=inputs.rng.integers(-999, 999, (filters, memory)).astype(np.int16), scale=0.01))
    inputs.add(Tensor("b", data=np.arange(units).astype(np.int32), scale=0.0001))
    inputs.add(Tensor("s", "INT16", (2, filters * memory), scale=0.01, is_variable=True))
    return inputs.parts("SVDF", table, [Tensor("y", kind, (2, units), scale=0.5, zero_point=-3)])


def _simple(rng: random.Random, inputs: Inputs) -> Model:
    depth, units, sequence = rng.choice((1, 4, 7)), rng.choice((1, 3, 8)), rng.random() < 0.6
    lead = (2, 3) if sequence else (2,)
    inputs.add(Tensor("x", "FLOAT32", (*lead, depth)))
    inputs.weights("w", units, depth)
    inputs.weights("r", units, units)
    inputs.floats("b", units)
    inputs.state("h", 2, units)
    table = options("SequenceRNNOptions" if sequence else "RNNOptions", FusedActivationFunction=rng.choice((0, 1, 4)))
    name = "UNIDIRECTIONAL_SEQUENCE_RNN" if sequence else "RNN"
    return inputs.parts(name, table, [Tensor("y", "FLOAT32", (*lead, units))])


def _long(rng: random.Random, inputs: Inputs) -> Model:
    depth, cells, sequence, projection = (
        rng.choice((1, 4, 7)),
        rng.choice((1, 3)),
        rng.random() < 0.6,
        rng.choice((0, 2)),
    )
    lead, outputs = (2, 3) if sequence else (2,), projection or cells
    inputs.add(Tensor("x", "FLOAT32", (*lead, depth)))
    add_cell(inputs, "", depth, cells, rng.random() < 0.3, rng.random() < 0.3, projection)
    inputs.state("h", 2, outputs)
    inputs.state("c", 2, cells)
    fields = {"FusedActivationFunction": rng.choice((1, 4)), "CellClip": rng.choice((0.0, 1.5)), "ProjClip": 0.0}
    table = options("UnidirectionalSequenceLSTMOptions" if sequence else "LSTMOptions", **fields)
    name = "UNIDIRECTIONAL_SEQUENCE_LSTM" if sequence else "LSTM"
    inputs.absent(4)
    return inputs.parts(name, table, [Tensor("y", "FLOAT32", (*lead, outputs))])


def recurrent(rng: random.Random, kind: str) -> Model:
    """One of the operators that remember, in some form."""
    inputs = Inputs(np.random.default_rng(rng.randrange(99)), hybrid=kind == "FLOAT32" and rng.random() < 0.3)
    which = rng.randrange(3)
    if which == 0:
        return _svdf(rng, kind, inputs)
    return _simple(rng, inputs) if which == 1 else _long(rng, inputs)
