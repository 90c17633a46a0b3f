"""Front-ends: one folder per format. `read_model` picks one by the file's content and name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from edgegen.errors import InvalidModel, UnsupportedModel, UsageError
from edgegen.frontends.batch import run_in_batches
from edgegen.frontends.bounds import AtMost
from edgegen.frontends.lengths import run_to_length
from edgegen.frontends.onnx import read_onnx
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.graph import Graph
from edgegen.ir.state import keep_state

Shapes = Mapping[str, tuple[int, ...]]
Values = Mapping[str, Sequence[float]]


def read_model(
    path: Path,
    data: bytes,
    shapes: Shapes,
    signature: str = "",
    states: Mapping[str, str] | None = None,
    values: Values | None = None,
) -> Graph:
    """The graph of a model file.

    path: for its ending and for messages; data: its bytes
    shapes: sizes chosen for inputs with free dimensions, by input name. Of ONNX models, also sizes of free dimensions
            by their own names; one of these may be AtMost(bound): see `run_in_batches` and, where that is not
            possible, `run_to_length`
    signature: which of the file's models to read, where its format has several; "" for the first
    states: outputs that are fed back to inputs from run to run, by the input's name (ir.state)
    values: what inputs always hold, element after element, which makes them constants; ONNX only

    Raises InvalidModel, UnsupportedModel, UsageError.
    """
    bounds = {name: size for name, size in shapes.items() if isinstance(size, AtMost)}
    if data[4:8] == b"TFL3" or path.suffix == ".tflite":
        if bounds:
            raise UsageError(f"{path.name} has no dimensions that have names: bounds are for ONNX models")
        if values:
            raise UsageError(f"{path.name} has no inputs whose values can be fixed: --value is for ONNX models")
        graph = read_tflite(data, path.stem, shapes, signature)
        keep_state(graph, states or {})
        return graph
    if path.suffix == ".onnx":
        if signature:
            raise UsageError(f"{path.name} has one model; signatures are TensorFlow Lite's")
        if not bounds:
            return read_onnx(data, path.stem, path.parent, shapes, states=states or {}, values=values or {})
        ((dimension, bound), *more) = bounds.items()
        if more or states:
            raise UsageError(f"beside the bound of {dimension}, there can be no {'state' if states else 'other bound'}")

        def read(size: int) -> Graph:
            return read_onnx(data, path.stem, path.parent, {**shapes, dimension: (size,)}, values=values or {})

        try:
            return run_in_batches(read, dimension, bound[0])
        except (InvalidModel, UnsupportedModel):  # it mixes what lies along the dimension, or needs more than 2 of it
            return run_to_length(read, dimension, bound[0])
    if not data:
        raise InvalidModel(f"{path.name} is empty")
    raise UnsupportedModel(
        f"{path.name} is in no format that edgegen reads",
        [("read", ".tflite (identifier TFL3 at byte 4), .onnx")],
        "convert the model to TensorFlow Lite or ONNX",
    )
