"""Outputs that are fed back to inputs: `--state`, for every format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

import edgegen
from edgegen.cli import main
from edgegen.errors import UsageError
from edgegen.ir.tensor import Array
from tests.models.tflite_builder import Operator, Tensor, build_model, options

STEPS = 5


def _recurrent(folder: Path, start: Array | None = None) -> Path:
    """y, hn, total = h0 + x, y, 2 * total0 + x; total0 has an initializer if `start` is given."""

    def port(name: str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 4])

    nodes = [
        helper.make_node("Add", ["x", "h0"], ["hn"]),
        helper.make_node("Add", ["total0", "total0"], ["twice"]),
        helper.make_node("Add", ["twice", "x"], ["total"]),
        helper.make_node("Sub", ["hn", "total"], ["y"]),
    ]
    constants = [] if start is None else [onnx.numpy_helper.from_array(start, "total0")]
    ports = [port(n) for n in ("x", "h0", "total0")]
    graph = helper.make_graph(nodes, "g", ports, [port(n) for n in ("y", "hn", "total")], constants)
    path = folder / "stream.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.mark.parametrize("target", ["generic", pytest.param("cortex-m4", marks=pytest.mark.cross)])
def test_a_stream_needs_no_copies(tmp_path: Path, target: str) -> None:
    start = np.arange(4, dtype=np.float32)[None]
    artifact = edgegen.compile(_recurrent(tmp_path, start), target, states={"h0": "hn", "total0": "total"})
    assert artifact.state_bytes >= 2 * 16
    model = artifact.build()
    rng = np.random.default_rng(0)
    samples = [[rng.integers(-8, 9, (1, 4)).astype(np.float32)] for _ in range(STEPS)]
    for _ in range(2):  # NAME_init starts afresh
        model.reset()
        hidden, total = np.zeros((1, 4), np.float32), start
        for (x,), (y,) in zip(samples, model.run_many(samples), strict=True):
            hidden, total = hidden + x, 2 * total + x
            np.testing.assert_array_equal(y, hidden - total)


def test_tflite_models_too(tmp_path: Path) -> None:
    """sum + x, whose zero point stands for zero at first; h's name and the output's are the file's."""
    tensors = [Tensor(n, "INT8", (1, 4), scale=0.5, zero_point=-3) for n in ("x", "h", "sum", "y")]
    operators = [
        Operator("ADD", ["x", "h"], ["sum"], options("AddOptions")),
        Operator("ADD", ["sum", "x"], ["y"], options("AddOptions")),
    ]
    path = tmp_path / "sum.tflite"
    path.write_bytes(build_model(tensors, operators, ["x", "h"], ["sum", "y"]))
    model = edgegen.compile(path, "generic", states={"h": "sum"}).build()
    x = np.full((1, 4), -1, np.int8)  # 1.0
    runs = model.run_many([[x], [x], [x]])
    assert [int(y[0][0, 0]) for y in runs] == [-3 + 2 * n for n in (2, 3, 4)]
    with pytest.raises(UsageError, match="none would be left"):
        edgegen.compile(path, "generic", states={"h": "sum", "x": "y"})
    with pytest.raises(UsageError, match="--value is for ONNX"):
        edgegen.compile(path, "generic", values={"h": (0, 0, 0, 0)})


def test_inputs_that_always_hold_the_same(tmp_path: Path) -> None:
    path = _recurrent(tmp_path)
    model = edgegen.compile(path, "generic", values={"h0": (1, 2, 3, 4.5)}, states={"total0": "total"}).build()
    x = np.ones((1, 4), np.float32)
    np.testing.assert_array_equal(model.run(x)[1], [[2, 3, 4, 5.5]])
    with pytest.raises(UsageError, match="was given 2 values"):
        edgegen.compile(path, "generic", values={"h0": (1, 2)})
    with pytest.raises(UsageError, match='no input "h1"'):
        edgegen.compile(path, "generic", values={"h1": (1,)})


def test_refusals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _recurrent(tmp_path)
    with pytest.raises(UsageError, match='no input "h"'):
        edgegen.compile(path, "generic", states={"h": "hn"})
    with pytest.raises(UsageError, match='no output "h1"'):
        edgegen.compile(path, "generic", states={"h0": "h1"})
    assert main([str(path), "--state", "h0=hn", "-o", str(tmp_path / "out")]) == 0
    header = (tmp_path / "out" / "stream.h").read_text()
    assert "stream_output1" in header
    assert "stream_output2" not in header
    with pytest.raises(SystemExit):
        main([str(path), "--state", "h0"])
    assert "INPUT=OUTPUT" in capsys.readouterr().err
