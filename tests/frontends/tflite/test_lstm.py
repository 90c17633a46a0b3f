"""LSTMs of the file beside the judges' interpreters, over streams of runs."""

from __future__ import annotations

import numpy as np
import pytest

from tests.models.tflite_builder import Operator, Tensor, build_model, options
from tests.streams import check_stream, stream

RUNS = 20


def integer_model(
    kind: str, sizes: tuple[int, int, int, int], time_major: bool = False, clip: float = 0.0, power: int = -11
) -> bytes:
    """sizes: steps, batch, inputs, cells; kind: of activations; power: of 2, the cell state's scale"""
    steps, batch, depth, cells = sizes
    rng = np.random.default_rng(sum(sizes))
    x_zero, h_zero = (3, -5) if kind == "INT8" else (0, 0)
    x_scale, h_scale = (0.03, 0.0075) if kind == "INT8" else (0.0001, 1 / 32768)
    lead = (steps, batch) if time_major else (batch, steps)
    tensors = [Tensor("x", kind, (*lead, depth), scale=x_scale, zero_point=x_zero)]
    names: list[str | None] = ["x"]

    def weights(name: str, width: int, scale: float) -> None:
        data = rng.integers(-127, 128, (cells, width)).astype(np.int8)
        tensors.append(Tensor(name, data=data, scale=scale))
        names.append(name)

    for g in range(4):
        weights(f"w{g}", depth, 0.02 + 0.003 * g)
    for g in range(4):
        weights(f"r{g}", cells, 0.01 + 0.002 * g)
    names += [None] * 3
    for g in range(4):
        bias = rng.integers(-999, 999, cells).astype(np.int32 if kind == "INT8" else np.int64)
        tensors.append(Tensor(f"b{g}", data=bias, scale=x_scale * (0.02 + 0.003 * g)))
        names.append(f"b{g}")
    tensors.append(Tensor("h", kind, (batch, cells), scale=h_scale, zero_point=h_zero, is_variable=True))
    tensors.append(Tensor("c", "INT16", (batch, cells), scale=2.0**power, is_variable=True))
    tensors.append(Tensor("y", kind, (*lead, cells), scale=h_scale, zero_point=h_zero))
    names += [None, None, "h", "c", *[None] * 4]
    table = options("UnidirectionalSequenceLSTMOptions", FusedActivationFunction=4, CellClip=clip, TimeMajor=time_major)
    operator = Operator("UNIDIRECTIONAL_SEQUENCE_LSTM", names, ["y"], table, version=3)
    return build_model(tensors, [operator], inputs=["x"])


def runs_of(kind: str, shape: tuple[int, ...]) -> list[list[np.ndarray]]:
    rng = np.random.default_rng(3)
    dtype = np.dtype(kind.lower())
    limits = np.iinfo(dtype)
    return [[rng.integers(limits.min, limits.max + 1, shape).astype(dtype)] for _ in range(RUNS)]


@pytest.mark.parametrize("kind", ["INT8", "INT16"])
@pytest.mark.parametrize(
    ("sizes", "time_major", "clip", "power"),
    [
        ((3, 1, 5, 4), False, 0.0, -11),
        ((2, 3, 7, 6), True, 2.0, -12),
        ((2, 2, 6, 5), False, 10.0, -13),
        ((1, 1, 3, 2), True, 0.0, -15),
    ],
)
def test_integers_are_exact(
    kind: str, sizes: tuple[int, int, int, int], time_major: bool, clip: float, power: int
) -> None:
    data = integer_model(kind, sizes, time_major, clip, power)
    steps, batch, depth, _ = sizes
    runs = runs_of(kind, (steps, batch, depth) if time_major else (batch, steps, depth))
    check_stream(data, runs, stream(data, runs))
