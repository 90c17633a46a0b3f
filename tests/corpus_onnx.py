"""The corpus's .onnx models for the shapes of their samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx

from edgegen.frontends.onnx import read_proto
from edgegen.frontends.onnx.tensors import dtype_of_onnx
from edgegen.ir.tensor import Array, TensorType
from edgegen.onnx_backend import Specialized, named_inputs, specialize
from tests import corpus
from tests.corpus import Recorded

FIXED: dict[str, dict[str, Array]] = {"silero_vad_v5": {"sr": np.array(16000)}}
"""Inputs that choose among parts of a model, each of which fits some shapes only."""


def types(model: onnx.ModelProto) -> list[TensorType]:
    """Of the inputs, free dimensions being 1."""
    constants = {t.name for t in model.graph.initializer}
    tensors = [i.type.tensor_type for i in model.graph.input if i.name not in constants]
    shapes = [tuple(max(d.dim_value, 1) for d in t.shape.dim) for t in tensors]
    return [TensorType(dtype_of_onnx(t.elem_type, "input"), s) for t, s in zip(tensors, shapes, strict=True)]


def specialized(path: Path) -> tuple[Specialized, list[tuple[list[Array], list[Recorded]]]]:
    """The model for the shapes of its samples, and those: (inputs that the graph has, outputs).

    Raises InvalidModel, UnsupportedModel and UsageError.
    """
    proto = read_proto(path.read_bytes(), path.parent)
    samples = corpus.references(corpus.ROOT, path.stem, types(proto), "onnx")
    assert samples, path.stem
    named = [(named_inputs(proto, inputs), outputs) for inputs, outputs in samples]
    found = specialize(proto, named[0][0], FIXED.get(path.stem, {}))
    return found, [(found.arguments(inputs), outputs) for inputs, outputs in named]
