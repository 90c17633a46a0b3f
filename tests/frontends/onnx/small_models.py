"""ONNX models of a few nodes: written, judged by onnxruntime without graph optimization, read, compiled and run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnx.helper
import onnxruntime

from edgegen.frontends.onnx import import_proto
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array
from edgegen.passes.pipeline import Options, run
from edgegen.targets import target as find_target
from edgegen.verify import Build, Call, build_program
from tests.harness import compile_for_test

MS = "com.microsoft"


def make_node(kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> onnx.NodeProto:
    return onnx.helper.make_node(kind, list(inputs), [output], **attributes)


def make_model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Array],
    constants: Mapping[str, Array],
    output: type = np.uint8,
) -> onnx.ModelProto:
    """The last node's output is the model's."""
    ports = [
        onnx.helper.make_tensor_value_info(n, onnx.helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
        for n, v in inputs.items()
    ]
    kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(output))
    out = onnx.helper.make_tensor_value_info(nodes[-1].output[0], kind, None)
    known = [onnx.numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()]
    graph = onnx.helper.make_graph(nodes, "model", ports, [out], known)
    opsets = [onnx.helper.make_opsetid("", 21), onnx.helper.make_opsetid(MS, 1)]
    return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=10)


def judge(model: onnx.ModelProto, inputs: Mapping[str, Array]) -> Array:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    found: Array = onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, dict(inputs))[0]
    return found


def read_model(model: onnx.ModelProto) -> Graph:
    return import_proto(model, "model", {}, {})


def optimize(graph: Graph) -> Graph:
    copy = graph.copy()
    run(copy, find_target("generic"), Options())
    return copy


def compile_and_run(graph: Graph, inputs: Sequence[Array], target: str) -> Array:
    program = build_program([compile_for_test(graph, find_target(target), "model")], Build())
    (outcome,) = program.execute([Call(list(inputs))])
    found: Array = outcome.outputs[0]
    return found
