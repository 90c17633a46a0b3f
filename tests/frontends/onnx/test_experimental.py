"""Operators without a schema, whose meaning onnxruntime still knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.helper
import onnxruntime
import pytest

from edgegen.errors import InvalidModel
from edgegen.frontends.onnx import read_onnx
from edgegen.ir.evaluate import evaluate

X = np.random.default_rng(0).random((1, 3, 7, 9), np.float32)


def model(name: str, **attributes: object) -> bytes:
    """One node over x f32[1,3,7,9]."""
    x = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, X.shape)
    y = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", "c", "h", "w"])
    graph = onnx.helper.make_graph([onnx.helper.make_node(name, ["x"], ["y"], **attributes)], "g", [x], [y])
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 7)], ir_version=4)
    return made.SerializeToString()


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("Affine", {"alpha": 1.5, "beta": -0.25}),
        ("Affine", {"alpha": 2.0}),
        ("ImageScaler", {"scale": 0.5, "bias": [1.0, -2.0, 3.0]}),
        ("Crop", {"border": [1, 2, 3, 1]}),
        ("Crop", {"border": [2, 1, 0, 0], "scale": [4, 5]}),
    ],
)
def test_as_onnxruntime(name: str, attributes: dict[str, object]) -> None:
    data = model(name, **attributes)
    (want,) = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, {"x": X})
    (got,) = evaluate(read_onnx(data, "m", Path(), {}), [X])
    np.testing.assert_allclose(got, want, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("ImageScaler", {"bias": [1.0]}),
        ("Crop", {"border": [1, 2, 3]}),
        ("Crop", {"border": [4, 0, 5, 0]}),
        ("Crop", {"border": [-1, 0, 0, 0]}),
        ("Crop", {"border": [0, 4, 0, 0], "scale": [4, 4]}),
    ],
)
def test_what_does_not_fit_is_invalid(name: str, attributes: dict[str, object]) -> None:
    with pytest.raises(InvalidModel, match=name):
        read_onnx(model(name, **attributes), "m", Path(), {})
