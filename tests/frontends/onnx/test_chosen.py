"""Results whose extents depend on values: outputs have their shapes beside them; what reads them is refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import onnx.helper
import pytest

import edgegen.onnx_backend as backend
from edgegen.frontends.onnx import ValueNeeded, import_proto
from edgegen.ir.tensor import Array

BOXES = np.array([[[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, 0, 3, 3]]], np.float32)
SCORES = np.array([[[0.9, 0.8, 0.5], [0.1, 0.6, 0.7]]], np.float32)


def model(nodes: Sequence[onnx.NodeProto], inputs: dict[str, Array], outputs: dict[str, int]) -> onnx.ModelProto:
    """outputs: the rank of each"""
    ports = [
        onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
        for name, x in inputs.items()
    ]
    given = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.INT64, [f"{name}{i}" for i in range(rank)])
        for name, rank in outputs.items()
    ]
    graph = onnx.helper.make_graph(list(nodes), "g", ports, given)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)])


def test_an_output_has_room_and_its_shape() -> None:
    x = np.array([[1, 0, 2], [0, 0, 3]], np.float32)
    graph = import_proto(model([onnx.helper.make_node("NonZero", ["x"], ["y"])], {"x": x}, {"y": 2}), "m", {}, {})
    assert [(t.name, t.shape) for t in graph.outputs] == [("y", (2, 6)), ("y_shape", (2,))]


def test_one_program_gives_results_of_every_size() -> None:
    node = onnx.helper.make_node("NonZero", ["x"], ["y"])
    prepared = backend.prepare(model([node], {"x": np.zeros((2, 3), np.float32)}, {"y": 2}))
    for x in (np.eye(2, 3, dtype=np.float32), np.zeros((2, 3), np.float32), np.ones((2, 3), np.float32)):
        (y,) = prepared.run([x])
        np.testing.assert_array_equal(y, np.stack(np.nonzero(x)))
    assert len(prepared._built) == 1


def test_what_reads_it_needs_the_values_ahead_of_time() -> None:
    x = np.array([0, 5, 0, 7], np.float32)
    nodes = [onnx.helper.make_node("NonZero", ["x"], ["at"]), onnx.helper.make_node("Shape", ["at"], ["y"])]
    proto = model(nodes, {"x": x}, {"y": 1})
    with pytest.raises(ValueNeeded, match='the extents of "at"'):
        import_proto(proto, "m", {}, {})
    np.testing.assert_array_equal(backend.run_model(proto, [x])[0], [1, 2])


def test_unused_outputs_may_be_left_out() -> None:
    x = np.array([2, 1, 1, 3, 4, 3], np.float32)
    node = onnx.helper.make_node("Unique", ["x"], ["y", "", "inverse"])
    (inverse,) = backend.run_model(model([node], {"x": x}, {"inverse": 1}), [x])
    np.testing.assert_array_equal(inverse, np.unique(x, return_inverse=True)[1])


@pytest.mark.parametrize(
    ("most", "overlap", "score", "wanted"),
    [
        (3, 0.5, None, [[0, 0, 0], [0, 0, 2], [0, 1, 2], [0, 1, 1]]),
        (1, 0.5, None, [[0, 0, 0], [0, 1, 2]]),
        (3, 0.5, 0.65, [[0, 0, 0], [0, 1, 2]]),
        (3, 1.0, 0.55, [[0, 0, 0], [0, 0, 1], [0, 1, 2], [0, 1, 1]]),
        (0, 0.5, None, np.zeros((0, 3))),
    ],
)
def test_boxes_of_each_class(most: int, overlap: float, score: float | None, wanted: list[list[int]]) -> None:
    inputs = {"boxes": BOXES, "scores": SCORES, "most": np.array([most]), "overlap": np.array([overlap], np.float32)}
    if score is not None:
        inputs["score"] = np.array([score], np.float32)
    node = onnx.helper.make_node("NonMaxSuppression", list(inputs), ["y"])
    (y,) = backend.run_model(model([node], inputs, {"y": 2}), list(inputs.values()))
    assert y.dtype == np.int64
    np.testing.assert_array_equal(y, wanted)
