"""ONNX models with a dimension that is free up to a bound, beside onnxruntime with sizes within it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import onnxruntime

from edgegen.frontends import read_model
from edgegen.frontends.bounds import AtMost
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array
from edgegen.verify import Build, Call, build_program
from tests.harness import compile_for_test


def model(text: str, opset: int = 17, **constants: tuple[int, ...] | Array) -> onnx.ModelProto:
    """From ONNX's textual form. constants: their values, or the shapes of random ones"""
    rng = np.random.default_rng(4)
    proto = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": {opset}]>\n{text}')
    for name, size in constants.items():
        given = isinstance(size, np.ndarray)
        values = size if given else rng.standard_normal(size).astype(np.float32) / 2
        proto.graph.initializer.append(onnx.numpy_helper.from_array(values, name))
    return proto


def bounded(proto: onnx.ModelProto, dimension: str, bound: int) -> Graph:
    """The model with that dimension free."""
    return read_model(Path("m.onnx"), proto.SerializeToString(), {dimension: AtMost(bound)})


def sized(proto: onnx.ModelProto, size: int) -> Graph:
    """The model with its dimension T fixed."""
    return read_model(Path("m.onnx"), proto.SerializeToString(), {"T": (size,)})


def given(proto: onnx.ModelProto, size: int) -> dict[str, Array]:
    """Random inputs of that size."""
    rng = np.random.default_rng(size)
    values: dict[str, Array] = {}
    for info in proto.graph.input:
        shape = [d.dim_value or size for d in info.type.tensor_type.shape.dim]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type)
        random = rng.integers(0, 9, shape) if dtype.kind == "i" else rng.standard_normal(shape)
        values[info.name] = np.asarray(random, dtype)
    return values


def padded(graph: Graph, values: Mapping[str, Array], size: int) -> list[Array]:
    """What the graph takes: rooms for the bound, whose rest must not matter, and the size."""
    arrays = []
    for tensor in graph.inputs[:-1]:
        room = np.full(tensor.shape, np.nan if tensor.dtype.is_float else -99, tensor.dtype.np)
        value = values[tensor.name]
        room.reshape(-1)[: value.size] = value.reshape(-1)
        arrays.append(room)
    return [*arrays, np.array(size, np.int32)]


def check(graph: Graph, outputs: Sequence[Array], wanted: Sequence[Array]) -> None:
    """Results of that size, and nothing but 0 beyond."""
    named = dict(zip([t.name for t in graph.outputs], outputs, strict=True))
    results = [name for name in named if not name.endswith("_shape")]
    for name, expected in zip(results, wanted, strict=True):
        assert tuple(named[f"{name}_shape"]) == expected.shape
        given = named[name].reshape(-1)
        np.testing.assert_allclose(given[: expected.size].reshape(expected.shape), expected, 1e-5, 1e-5, err_msg=name)
        assert not given[expected.size :].any(), name


def compare(models: Sequence[onnx.ModelProto], dimension: str, bound: int, target: str, sizes: Sequence[int]) -> None:
    """All models, as one program, with all sizes: in numpy and in C."""
    graphs = [bounded(proto, dimension, bound) for proto in models]
    program = build_program(
        [compile_for_test(g, target, f"m{i}") for i, g in enumerate(graphs)], Build(cflags=("-O1",))
    )
    for i, (proto, graph) in enumerate(zip(models, graphs, strict=True)):
        session = onnxruntime.InferenceSession(proto.SerializeToString())
        cases = [given(proto, n) for n in sizes]
        arrays = [padded(graph, values, n) for values, n in zip(cases, sizes, strict=True)]
        outcomes = program.execute([Call(a, i) for a in arrays])
        for values, array, outcome in zip(cases, arrays, outcomes, strict=True):
            wanted = session.run(None, values)
            check(graph, evaluate(graph, array), wanted)
            check(graph, outcome.outputs, wanted)
