"""SVDF and simple recurrent layers of the file beside the judges' interpreters, over streams of runs."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.tensor import Array
from tests.models.recurrent import Inputs
from tests.models.tflite_builder import Tensor, options
from tests.streams import check_stream, stream, stream_litert

RUNS = 20
FLOATS = 2e-6  # relative to the largest output: few units of single precision, after 20 runs that feed on each other
SHAPES = ((1, 8, 4, 1, 8), (2, 13, 3, 2, 5), (1, 3, 5, 1, 1))
"""batch, depth, units, rank, memory"""


def integer_svdf(shape: tuple[int, int, int, int, int], state: str, activation: int = 0) -> bytes:
    batch, depth, units, rank, memory = shape
    rng, dtype = np.random.default_rng(sum(shape)), np.dtype(state.lower())
    high, filters = int(np.iinfo(dtype).max), units * rank
    zero = 0 if dtype == np.int16 else -7
    x_scale, f_scale = 0.05, 0.006
    s_scale = x_scale * 74 * f_scale * 74 * depth**0.5 * 2 / high
    t_scale = 1.0 / high
    y_scale = 1.2 * (rank * memory) ** 0.5 * s_scale * high / 128
    inputs = Inputs(rng)
    inputs.add(Tensor("x", "INT8", (batch, depth), scale=x_scale, zero_point=4))
    inputs.add(Tensor("f", data=rng.integers(-127, 128, (filters, depth)).astype(np.int8), scale=f_scale))
    inputs.add(Tensor("t", data=rng.integers(-high, high + 1, (filters, memory)).astype(dtype), scale=t_scale))
    bias = rng.integers(-high * 100, high * 100, units).astype(np.int32)
    inputs.add(Tensor("b", data=bias, scale=s_scale * t_scale))
    inputs.add(Tensor("s", state, (batch, filters * memory), scale=s_scale, zero_point=zero, is_variable=True))
    table = options("SVDFOptions", Rank=rank, FusedActivationFunction=activation)
    return inputs.model("SVDF", table, [Tensor("y", "INT8", (batch, units), scale=y_scale, zero_point=-3)], 3, ["x"])


def float_svdf(
    shape: tuple[int, int, int, int, int], activation: int, hybrid: bool = False, asymmetric: bool = False
) -> bytes:
    batch, depth, units, rank, memory = shape
    inputs = Inputs(np.random.default_rng(sum(shape)), hybrid)
    inputs.add(Tensor("x", "FLOAT32", (batch, depth)))
    inputs.weights("f", units * rank, depth)
    inputs.weights("t", units * rank, memory)
    inputs.floats("b", units)
    inputs.state("s", batch, units * rank * memory)
    table = options("SVDFOptions", Rank=rank, FusedActivationFunction=activation, AsymmetricQuantizeInputs=asymmetric)
    return inputs.model("SVDF", table, [Tensor("y", "FLOAT32", (batch, units))], 3, ["x"])


def recurrent(name: str, activation: int, time_major: bool, hybrid: bool = False, asymmetric: bool = False) -> bytes:
    batch, steps, depth, units = 2, 3, 5, 7
    inputs = Inputs(np.random.default_rng(activation + 2 * time_major), hybrid)
    lead = (batch,) if name == "RNN" else (steps, batch) if time_major else (batch, steps)
    inputs.add(Tensor("x", "FLOAT32", (*lead, depth)))
    inputs.weights("w", units, depth)
    inputs.weights("r", units, units)
    inputs.floats("b", units)
    inputs.state("h", batch, units)
    fields = {"FusedActivationFunction": activation, "AsymmetricQuantizeInputs": asymmetric}
    table = options("RNNOptions", **fields)
    if name != "RNN":
        table = options("SequenceRNNOptions", TimeMajor=time_major, **fields)
    return inputs.model(name, table, [Tensor("y", "FLOAT32", (*lead, units))], 3, ["x"])


def float_runs(*shape: int) -> list[list[Array]]:
    rng = np.random.default_rng(5)
    return [[rng.standard_normal(shape).astype(np.float32)] for _ in range(RUNS)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("state", ["INT16", "INT8"])
def test_integer_svdf_is_exact(shape: tuple[int, int, int, int, int], state: str) -> None:
    data = integer_svdf(shape, state, activation=sum(shape) % 2)
    rng = np.random.default_rng(6)
    runs = [[rng.integers(-128, 128, shape[:2]).astype(np.int8)] for _ in range(RUNS)]
    wanted = stream(data, runs)
    assert len({w.tobytes() for (w,) in wanted}) > RUNS // 2
    check_stream(data, runs, wanted)


@pytest.mark.parametrize("shape", SHAPES)
def test_float_svdf(shape: tuple[int, int, int, int, int]) -> None:
    for activation in (0, 1, 2, 3, 4):
        data, runs = float_svdf(shape, activation), float_runs(*shape[:2])
        check_stream(data, runs, stream(data, runs), FLOATS)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("asymmetric", [False, True])
def test_hybrid_svdf(shape: tuple[int, int, int, int, int], asymmetric: bool) -> None:
    data, runs = float_svdf(shape, 1, hybrid=True, asymmetric=asymmetric), float_runs(*shape[:2])
    check_stream(data, runs, stream_litert(data, runs), FLOATS)


@pytest.mark.parametrize(
    ("name", "time_major", "shape"),
    [
        ("RNN", False, (2, 5)),
        ("UNIDIRECTIONAL_SEQUENCE_RNN", False, (2, 3, 5)),
        ("UNIDIRECTIONAL_SEQUENCE_RNN", True, (3, 2, 5)),
    ],
)
def test_simple_layers(name: str, time_major: bool, shape: tuple[int, ...]) -> None:
    runs = float_runs(*shape)
    for how in ({"activation": 0}, {"activation": 3}, {"activation": 4}):
        for hybrid, asymmetric in ((False, False), (True, False), (True, True)):
            data = recurrent(name, time_major=time_major, hybrid=hybrid, asymmetric=asymmetric, **how)
            check_stream(data, runs, stream_litert(data, runs), FLOATS)


def test_what_is_not_supported_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedModel, match="fused activation 5"):
        read_tflite(recurrent("RNN", 5, time_major=False), "model", {})
    mixed = Inputs(np.random.default_rng(0))
    mixed.add(Tensor("x", "FLOAT32", (1, 4)))
    mixed.weights("w", 3, 4)
    mixed.hybrid = True
    mixed.weights("r", 3, 3)
    mixed.floats("b", 3)
    mixed.state("h", 1, 3)
    data = mixed.model("RNN", options("RNNOptions"), [Tensor("y", "FLOAT32", (1, 3))], 1, ["x"])
    with pytest.raises(UnsupportedModel, match="together are not supported"):
        read_tflite(data, "model", {})


def test_filters_that_make_no_units_are_invalid() -> None:
    odd = Inputs(np.random.default_rng(0))
    odd.add(Tensor("x", "FLOAT32", (1, 4)))
    odd.weights("f", 3, 4)
    odd.weights("t", 3, 2)
    odd.floats("b", 1)
    odd.state("s", 1, 6)
    data = odd.model("SVDF", options("SVDFOptions", Rank=2), [Tensor("y", "FLOAT32", (1, 1))], 1, ["x"])
    with pytest.raises(InvalidModel, match="rank"):
        read_tflite(data, "model", {})
