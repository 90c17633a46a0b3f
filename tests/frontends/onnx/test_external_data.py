"""Weights in files beside the model: found, or refused when they are missing, elsewhere, too short or too large."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
import pytest

import edgegen
from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.onnx import read_onnx, reader
from edgegen.ir.evaluate import evaluate

W = np.random.default_rng(0).random((4, 300), np.float32)
X = np.random.default_rng(1).random((2, 4), np.float32)


def model(**entries: str) -> bytes:
    """x @ w, where w lies where `entries` say."""
    x, y = (
        onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, s) for n, s in (("x", (2, 4)), ("y", (2, 300)))
    )
    w = onnx.numpy_helper.from_array(W, "w")
    w.ClearField("raw_data")
    w.data_location = onnx.TensorProto.EXTERNAL
    for key, value in entries.items():
        w.external_data.add(key=key, value=value)
    graph = onnx.helper.make_graph([onnx.helper.make_node("MatMul", ["x", "w"], ["y"])], "g", [x], [y], [w])
    return onnx.helper.make_model(
        graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 17)]
    ).SerializeToString()


def test_weights_are_found_beside_the_model_whatever_the_current_folder(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(model(location="w.bin", offset="8", length=str(W.nbytes)))
    (tmp_path / "w.bin").write_bytes(bytes(8) + W.tobytes() + bytes(3))
    artifact = edgegen.compile(tmp_path / "m.onnx", target="generic")
    np.testing.assert_allclose(evaluate(artifact.compiled.source, [X])[0], X @ W, rtol=1e-5)


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({"location": "gone.bin"}, "gone.bin"),
        ({}, "missing|cannot be read"),
        ({"location": ""}, "missing|cannot be read"),
        ({"location": "."}, "cannot be read"),
        ({"location": "../outside.bin"}, "cannot be read"),
        ({"location": "link.bin"}, "cannot be read"),
        ({"location": "short.bin"}, "too small"),
        ({"location": "short.bin", "length": "4800"}, "values that its shape needs|cannot be read"),
        ({"location": "w.bin", "offset": "9999"}, "values that its shape needs|cannot be read"),
        ({"location": "w.bin", "offset": "-4"}, "cannot be read|values that its shape needs"),
        ({"location": "w.bin", "offset": "x"}, "cannot be read|missing"),
        ({"location": "w.bin", "length": "x"}, "missing|cannot be read"),
        ({"location": "w.bin", "length": "-1"}, "values that its shape needs|cannot be read"),
    ],
)
def test_what_is_not_there_or_not_allowed_is_invalid(entries: dict[str, str], says: str, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (tmp_path / "outside.bin").write_bytes(W.tobytes())
    (folder / "w.bin").write_bytes(W.tobytes())
    (folder / "short.bin").write_bytes(W.tobytes()[:100])
    (folder / "link.bin").symlink_to(tmp_path / "outside.bin")
    with pytest.raises(InvalidModel, match=says):
        read_onnx(model(**entries), "m", folder, {})


def test_an_absolute_path_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside.bin"
    outside.write_bytes(W.tobytes())
    (tmp_path / "models").mkdir()
    with pytest.raises(InvalidModel, match="cannot be read"):
        read_onnx(model(location=str(outside)), "m", tmp_path / "models", {})


def test_more_than_two_gigabytes_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "w.bin").write_bytes(W.tobytes())
    with pytest.raises(UnsupportedModel, match="at most 2,147,483,648"):
        read_onnx(model(location="w.bin", length=str(3 << 30)), "m", tmp_path, {})
    monkeypatch.setattr(reader, "MAX_BYTES", 100)
    with pytest.raises(UnsupportedModel, match="at most 100 are supported"):
        read_onnx(model(location="w.bin"), "m", tmp_path, {})


def test_shapes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(W.tobytes())
    with pytest.raises(edgegen.errors.UsageError, match=r"not \[2, 5\]"):
        read_onnx(model(location="w.bin"), "m", tmp_path, {"x": (2, 5)})
