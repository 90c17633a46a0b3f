"""Layers that read a sequence in both directions beside LiteRT's interpreter, over streams of runs."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from tests.models.recurrent import Inputs, add_cell
from tests.models.tflite_builder import Tensor, options
from tests.streams import check_stream, stream_litert

RUNS = 12
FLOATS = 2e-6  # relative to the largest output: few units of single precision, after runs that feed on each other
STEPS, DEPTH, UNITS, AUX = 3, 5, 4, 3


def _batch(merge: bool, time_major: bool) -> int:
    """LiteRT's LSTM gives other numbers each time for a batch of merged sequences that are not time-major."""
    return 1 if merge and not time_major else 2


def _lead(merge: bool, time_major: bool) -> tuple[int, int]:
    batch = _batch(merge, time_major)
    return (STEPS, batch) if time_major else (batch, STEPS)


def _finish(
    inputs: Inputs, name: str, table: str, merge: bool, time_major: bool, reads: list[str], **fields: object
) -> bytes:
    lead = _lead(merge, time_major)
    outputs = [Tensor("y", "FLOAT32", (*lead, 2 * UNITS))]
    if not merge:
        outputs = [Tensor(side, "FLOAT32", (*lead, UNITS)) for side in ("forward", "backward")]
    made = options(table, MergeOutputs=merge, TimeMajor=time_major, FusedActivationFunction=4, **fields)
    return inputs.model(name, made, outputs, 3, reads)


def long_model(merge: bool, time_major: bool, aux: str = "", hybrid: bool = False, **form: int) -> bytes:
    """aux: "" for no auxiliary input, "linked" for one with weights, "parallel" for the backward layer's own"""
    inputs = Inputs(np.random.default_rng(1), hybrid)
    inputs.add(Tensor("x", "FLOAT32", (*_lead(merge, time_major), DEPTH)))
    for side in ("f", "b"):
        add_cell(inputs, side, DEPTH, UNITS, **form)
    for side in ("f", "b"):
        inputs.state(f"{side}h", _batch(merge, time_major), UNITS)
        inputs.state(f"{side}c", _batch(merge, time_major), UNITS)
    width = {"": 0, "linked": AUX, "parallel": DEPTH}[aux]
    inputs.add(Tensor("aux", "FLOAT32", (*_lead(merge, time_major), width))) if aux else inputs.absent()
    for side in ("f", "b"):
        for g in range(4):
            there = aux == "linked" and not (form.get("coupled") and g == 0)
            inputs.weights(f"{side}a{g}", UNITS, AUX) if there else inputs.absent()
    reads = ["x", "aux"] if aux else ["x"]
    name, table = "BIDIRECTIONAL_SEQUENCE_LSTM", "BidirectionalSequenceLSTMOptions"
    return _finish(inputs, name, table, merge, time_major, reads, CellClip=0.8, ProjClip=0.0)


def simple_model(merge: bool, time_major: bool, aux: str = "", hybrid: bool = False) -> bytes:
    inputs = Inputs(np.random.default_rng(2), hybrid)
    inputs.add(Tensor("x", "FLOAT32", (*_lead(merge, time_major), DEPTH)))
    for side in ("f", "b"):
        inputs.weights(f"{side}w", UNITS, DEPTH)
        inputs.weights(f"{side}r", UNITS, UNITS)
        inputs.floats(f"{side}b", UNITS)
        inputs.state(f"{side}h", _batch(merge, time_major), UNITS)
    width = {"": 0, "linked": AUX, "parallel": DEPTH}[aux]
    inputs.add(Tensor("aux", "FLOAT32", (*_lead(merge, time_major), width))) if aux else inputs.absent()
    for side in ("f", "b"):
        inputs.weights(f"{side}a", UNITS, AUX) if aux == "linked" else inputs.absent()
    reads = ["x", "aux"] if aux else ["x"]
    name, table = "BIDIRECTIONAL_SEQUENCE_RNN", "BidirectionalSequenceRNNOptions"
    return _finish(inputs, name, table, merge, time_major, reads)


def check(data: bytes, merge: bool, time_major: bool, aux: str) -> None:
    rng = np.random.default_rng(5)
    widths = [DEPTH, *([AUX if aux == "linked" else DEPTH] if aux else [])]
    runs = [
        [rng.standard_normal((*_lead(merge, time_major), w)).astype(np.float32) for w in widths] for _ in range(RUNS)
    ]
    check_stream(data, runs, stream_litert(data, runs, 1 if merge else 2), FLOATS)


@pytest.mark.parametrize("merge", [False, True])
@pytest.mark.parametrize("time_major", [False, True])
@pytest.mark.parametrize("aux", ["", "linked", "parallel"])
def test_both_directions(merge: bool, time_major: bool, aux: str) -> None:
    """But for simple layers whose auxiliary input LiteRT reads wrongly: linked and time-major it takes what memory
    holds; parallel and not time-major, its backward layer reads x instead."""
    if not aux or (aux == "linked") != time_major:
        check(simple_model(merge, time_major, aux), merge, time_major, aux)
    for form in ({}, {"coupled": True, "peepholes": True}):
        check(long_model(merge, time_major, aux, **form), merge, time_major, aux)


def test_weights_of_s8() -> None:
    check(simple_model(True, False, hybrid=True), True, False, "")
    check(long_model(True, False, hybrid=True), True, False, "")


def test_what_is_not_supported_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedModel, match="auxiliary input with quantized weights"):
        read_tflite(long_model(True, True, "linked", hybrid=True), "model", {})
    with pytest.raises(UnsupportedModel, match="must be time-major"):
        read_tflite(simple_model(True, False, "parallel"), "model", {})


def test_outputs_must_be_one_or_one_of_each_direction() -> None:
    inputs = Inputs(np.random.default_rng(2))
    inputs.add(Tensor("x", "FLOAT32", (1, 2, 3)))
    table = options("BidirectionalSequenceRNNOptions", MergeOutputs=False)
    with pytest.raises(InvalidModel, match="not one of each direction"):
        read_tflite(
            inputs.model("BIDIRECTIONAL_SEQUENCE_RNN", table, [Tensor("y", "FLOAT32", (1, 2, 8))], 1, ["x"]), "m", {}
        )
