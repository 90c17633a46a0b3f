"""Front-ends: one folder per format. `read_model` picks one by the file's content and name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edgegen.errors import InvalidModel, UnsupportedModel, UsageError
from edgegen.frontends.onnx import read_onnx
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.graph import Graph

Shapes = Mapping[str, tuple[int, ...]]


def read_model(path: Path, data: bytes, shapes: Shapes, signature: str = "") -> Graph:
    """The graph of a model file.

    path: for its ending and for messages; data: its bytes
    shapes: sizes chosen for inputs with free dimensions, by input name
    signature: which of the file's models to read, where its format has several; "" for the first

    Raises InvalidModel, UnsupportedModel, UsageError.
    """
    if data[4:8] == b"TFL3" or path.suffix == ".tflite":
        return read_tflite(data, path.stem, shapes, signature)
    if path.suffix == ".onnx":
        if signature:
            raise UsageError(f"{path.name} has one model; signatures are TensorFlow Lite's")
        return read_onnx(data, path.stem, path.parent, shapes)
    if not data:
        raise InvalidModel(f"{path.name} is empty")
    raise UnsupportedModel(
        f"{path.name} is in no format that edgegen reads",
        [("read", ".tflite (identifier TFL3 at byte 4), .onnx")],
        "convert the model to TensorFlow Lite or ONNX",
    )
