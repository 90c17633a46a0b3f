"""LSTMs of the file beside the judges' interpreters, over streams of runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.tensor import Array
from tests.models.recurrent import Inputs, add_cell
from tests.models.tflite_builder import Operator, Tensor, build_model, options
from tests.streams import check_stream, stream, stream_litert

RUNS = 20
FLOATS = 2e-6  # relative to the largest output: few units of single precision, after 20 runs that feed on each other


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


def float_model(
    name: str = "UNIDIRECTIONAL_SEQUENCE_LSTM",
    steps: int = 2,
    batch: int = 1,
    depth: int = 5,
    cells: int = 6,
    time_major: bool = False,
    norms: bool = False,
    hybrid: bool = False,
    activation: int = 4,
    clips: tuple[float, float] = (0.0, 0.0),
    asymmetric: bool = False,
    **form: int,
) -> bytes:
    """form: as of add_cell"""
    inputs = Inputs(np.random.default_rng(depth * cells + steps), hybrid)
    lead = (batch,) if name == "LSTM" else (steps, batch) if time_major else (batch, steps)
    outputs = form.get("projection", 0) or cells
    inputs.add(Tensor("x", "FLOAT32", (*lead, depth)))
    add_cell(inputs, "", depth, cells, **form)
    inputs.state("h", batch, outputs)
    inputs.state("c", batch, cells)
    for g in range(4):
        inputs.absent() if not norms or (form.get("coupled") and g == 0) else inputs.floats(f"n{g}", cells)
    fields = {"FusedActivationFunction": activation, "CellClip": clips[0], "ProjClip": clips[1]}
    fields["AsymmetricQuantizeInputs"] = asymmetric
    if name == "LSTM":
        table = options("LSTMOptions", **fields)
    else:
        table = options("UnidirectionalSequenceLSTMOptions", TimeMajor=time_major, **fields)
    return inputs.model(name, table, [Tensor("y", "FLOAT32", (*lead, outputs))], 3, ["x"])


def float_runs(*shape: int) -> list[list[Array]]:
    rng = np.random.default_rng(5)
    return [[rng.standard_normal(shape).astype(np.float32)] for _ in range(RUNS)]


@pytest.mark.parametrize("time_major", [False, True])
def test_plain_floats_are_those_of_the_first_judge(time_major: bool) -> None:
    data = float_model(steps=3, batch=2, time_major=time_major, clips=(0.4, 0.0))
    runs = float_runs(*((3, 2) if time_major else (2, 3)), 5)
    check_stream(data, runs, stream(data, runs), FLOATS)
    check_stream(data, runs, stream_litert(data, runs), FLOATS)


@pytest.mark.parametrize("name", ["UNIDIRECTIONAL_SEQUENCE_LSTM", "LSTM"])
@pytest.mark.parametrize(
    "form",
    [
        {"coupled": True},
        {"peepholes": True},
        {"coupled": True, "peepholes": True, "clips": (0.3, 0.0)},
        {"projection": 3, "clips": (0.0, 0.2)},
        {"norms": True},
        {"coupled": True, "peepholes": True, "projection": 4, "norms": True},
        {"activation": 1},
        {"activation": 3, "projection": 7},
    ],
)
def test_other_float_forms_are_those_of_the_second_judge(name: str, form: dict[str, int]) -> None:
    data = float_model(name, batch=2, **form)
    runs = float_runs(2, 5) if name == "LSTM" else float_runs(2, 2, 5)
    check_stream(data, runs, stream_litert(data, runs), FLOATS)


@pytest.mark.parametrize("asymmetric", [False, True])
@pytest.mark.parametrize(
    "form",
    [
        {},
        {"time_major": True},
        {"coupled": True, "peepholes": True},
        {"projection": 3, "clips": (0.9, 0.2)},
        {"norms": True, "projection": 4, "peepholes": True},
    ],
)
def test_hybrid_forms_are_those_of_the_second_judge(form: dict[str, int], asymmetric: bool) -> None:
    data = float_model(batch=2, hybrid=True, asymmetric=asymmetric, **form)
    runs = float_runs(2, 2, 5)
    check_stream(data, runs, stream_litert(data, runs), FLOATS)


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ({"activation": 0}, "without an activation"),
        ({"activation": 5}, "fused activation 5"),
    ],
)
def test_what_has_no_meaning_is_refused(model: dict[str, int], why: str) -> None:
    with pytest.raises(UnsupportedModel, match=why):
        read_tflite(float_model(**model), "model", {})


def test_malformed_lstms_are_refused() -> None:
    with pytest.raises(InvalidModel, match="clips at"):
        read_tflite(float_model(clips=(-1.0, 0.0)), "model", {})
    with pytest.raises(InvalidModel, match="clips at"):
        read_tflite(integer_model("INT8", (1, 1, 3, 2), clip=0.0001), "model", {})
    with pytest.raises(InvalidModel, match="clips at"):
        read_tflite(fixed_model(projection=3, clips=(0.0, 0.001)), "model", {})


def basic_model(kind: str, batch: int = 2, depth: int = 5, cells: int = 4, outputs: list[str] | None = None) -> bytes:
    """Both states are inputs of the model."""
    rng = np.random.default_rng(batch * depth)
    quantized: dict[str, float] = {"scale": 1 / 128, "zero_point": 128} if kind == "UINT8" else {}
    shape, width = (4 * cells, depth + cells), depth + cells
    weights = Tensor("w", data=(rng.standard_normal(shape) * 0.5).astype(np.float32))
    bias = Tensor("b", data=rng.standard_normal(4 * cells).astype(np.float32))
    if kind == "UINT8":
        weights = Tensor("w", data=rng.integers(0, 256, shape).astype(np.uint8), scale=0.02, zero_point=111)
        bias = Tensor("b", data=rng.integers(-9999, 9999, 4 * cells).astype(np.int32), scale=0.02 / 128)
    state: dict[str, float] = {"scale": 2.0**-11} if kind == "UINT8" else {}
    wide = "INT16" if kind == "UINT8" else kind
    tensors = [
        Tensor("x", kind, (batch, depth), **quantized),
        Tensor("h", kind, (batch, cells), **quantized),
        weights,
        bias,
        Tensor("c", wide, (batch, cells), **state),
        Tensor("y", kind, (batch, cells), **quantized),
        Tensor("next", wide, (batch, cells), **state),
        Tensor("joined", kind, (batch, width), **quantized),
        Tensor("sums", wide, (batch, 4 * cells), **state),
    ]
    table = options("LSTMOptions", FusedActivationFunction=4, KernelType=1)
    operator = Operator("LSTM", ["x", "h", "w", "b", "c"], ["y", "next", "joined", "sums"], table, version=2)
    return build_model(tensors, [operator], inputs=["x", "h", "c"], outputs=outputs or ["y", "next"])


@pytest.mark.parametrize("kind", ["UINT8", "FLOAT32"])
def test_the_basic_kernel(kind: str) -> None:
    rng = np.random.default_rng(3)
    runs: list[list[Array]] = []
    for _ in range(RUNS):
        if kind == "UINT8":
            x, h = (rng.integers(0, 256, (2, n)).astype(np.uint8) for n in (5, 4))
            runs.append([x, h, rng.integers(-32768, 32768, (2, 4)).astype(np.int16)])
        else:
            runs.append([rng.standard_normal((2, n)).astype(np.float32) for n in (5, 4, 4)])
    data = basic_model(kind)
    check_stream(data, runs, stream_litert(data, runs, 2), FLOATS)


def test_working_memory_of_the_basic_kernel_is_no_output() -> None:
    with pytest.raises(UnsupportedModel, match="working memory"):
        read_tflite(basic_model("FLOAT32", outputs=["y", "sums"]), "model", {})


def fixed_model(
    name: str = "UNIDIRECTIONAL_SEQUENCE_LSTM",
    coupled: bool = False,
    peepholes: bool = False,
    projection: int = 0,
    norms: bool = False,
    clips: tuple[float, float] = (0.0, 0.0),
    power: int = -11,
    hidden_zero: int = 0,
) -> bytes:
    """s8 with a cell state of s16, in the forms that LiteRT alone computes. x [2,3,5], or [2,5] for LSTM; 6 cells"""
    depth, cells, outputs = 5, 6, projection or 6
    inputs = Inputs(np.random.default_rng(depth + outputs - power))
    rng = inputs.rng
    lead = (2,) if name == "LSTM" else (2, 3)
    inputs.add(Tensor("x", "INT8", (*lead, depth), scale=0.03, zero_point=3))

    def gates(what: str, shape: tuple[int, ...], dtype: str, high: int, scale: float) -> None:
        for g in range(4):
            if coupled and g == 0:
                inputs.absent()
            else:
                data = rng.integers(-high, high + 1, shape).astype(dtype)
                inputs.add(Tensor(f"{what}{g}", data=data, scale=scale * (1 + 0.1 * g)))

    gates("w", (cells, depth), "int8", 127, 0.01)
    gates("r", (cells, outputs), "int8", 127, 0.01)
    for g in range(3):
        if peepholes and not (coupled and g == 0):
            inputs.add(Tensor(f"p{g}", data=rng.integers(-9999, 9999, cells).astype(np.int16), scale=2.0**-14))
        else:
            inputs.absent()
    gates("b", (cells,), "int32", 2000, 0.0003)
    if projection:
        inputs.add(Tensor("projection", data=rng.integers(-127, 128, (outputs, cells)).astype(np.int8), scale=0.008))
        inputs.add(Tensor("pb", data=rng.integers(-999, 999, outputs).astype(np.int32), scale=0.0001))
    else:
        inputs.absent(2)
    inputs.add(Tensor("h", "INT8", (2, outputs), scale=0.008, zero_point=-5, is_variable=True))
    inputs.add(Tensor("c", "INT16", (2, cells), scale=2.0**power, is_variable=True))
    if norms:
        gates("n", (cells,), "int16", 9999, 2.0**-13)
    else:
        inputs.absent(4)
    inside = [Tensor(f"inner{g}", "INT16", (), scale=0.0005 * (1 + g)) for g in range(4)]
    inside.append(Tensor("hidden", "INT8", (), scale=0.0078, zero_point=hidden_zero))
    fields = {"FusedActivationFunction": 4, "CellClip": clips[0], "ProjClip": clips[1]}
    table = options("LSTMOptions" if name == "LSTM" else "UnidirectionalSequenceLSTMOptions", **fields)
    y = Tensor("y", "INT8", (*lead, outputs), scale=0.008, zero_point=-5)
    tensors, operator = inputs.parts(name, table, [y], 3, inside)
    return build_model(tensors, [operator], inputs=["x"], outputs=["y"])


@pytest.mark.parametrize(
    "form",
    [
        {"coupled": True},
        {"peepholes": True, "power": -12},
        {"projection": 4, "clips": (2.0, 0.5), "hidden_zero": 7},
        {"norms": True, "power": -9},
        {"coupled": True, "peepholes": True, "projection": 6, "norms": True, "power": -15},
        {"name": "LSTM"},
        {"name": "LSTM", "clips": (1.5, 0.0), "hidden_zero": -9, "power": -10},
        {"name": "LSTM", "norms": True, "projection": 7},
    ],
)
def test_quantized_forms_of_the_second_judge_are_exact(form: dict[str, Any]) -> None:
    data = fixed_model(**form)
    rng = np.random.default_rng(8)
    shape = (2, 5) if form.get("name") == "LSTM" else (2, 3, 5)
    runs = [[rng.integers(-128, 128, shape).astype(np.int8)] for _ in range(RUNS)]
    check_stream(data, runs, stream_litert(data, runs))


def test_quantized_forms_that_the_second_judge_computes_in_part_are_refused() -> None:
    with pytest.raises(UnsupportedModel, match="peepholes before a projection"):
        read_tflite(fixed_model(peepholes=True, projection=4), "model", {})
    with pytest.raises(UnsupportedModel, match="cell state of scale"):
        read_tflite(fixed_model(coupled=True, power=-8), "model", {})
