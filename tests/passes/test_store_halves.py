"""store_halves: activations of f16 models lie in the arena as f16."""

from __future__ import annotations

import numpy as np
import onnx
import onnx.helper

from edgegen.frontends.onnx import import_proto
from edgegen.ir.dtypes import F16, F32
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.passes.pipeline import Options, run
from edgegen.passes.post_optimize.store_halves import store_halves
from edgegen.targets import target as find_target
from edgegen.verify import Build, Call, build_program
from tests.build_graph import GENERIC
from tests.harness import compile_for_test

RANDOM = np.random.default_rng(8)
X = RANDOM.normal(size=(1, 3, 24, 24))


def _network(kind: type) -> Graph:
    """Convolutions with normalization and activation, one depthwise and a sum, then pooling and a dense layer."""
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []
    rng = np.random.default_rng(9)

    def constant(values: np.ndarray) -> str:
        name = f"c{len(constants)}"
        constants.append(onnx.numpy_helper.from_array(values.astype(kind), name))
        return name

    def add(op: str, *inputs: str, **attributes: object) -> str:
        nodes.append(onnx.helper.make_node(op, list(inputs), [f"t{len(nodes)}"], **attributes))
        return nodes[-1].output[0]

    def block(x: str, weights: np.ndarray, **window: object) -> str:
        units = len(weights)
        each = [rng.uniform(0.5, 1.5, units), *rng.normal(size=(2, units)) / 9, rng.uniform(0.5, 1.5, units)]
        y = add("Conv", x, constant(weights), **window)
        return add("Relu", add("BatchNormalization", y, *map(constant, each)))

    x = block("x", rng.normal(size=(16, 3, 3, 3)) / 5, pads=[1, 1, 1, 1])
    x = block(x, rng.normal(size=(16, 1, 3, 3)) / 3, pads=[1, 1, 1, 1], strides=[2, 2], group=16)
    x = add("Add", x, block(x, rng.normal(size=(16, 16, 1, 1)) / 4))
    x = block(x, rng.normal(size=(32, 16, 1, 1)) / 4)
    x = add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = add("Flatten", add("GlobalAveragePool", x))
    add("Gemm", x, constant(rng.normal(size=(10, 32)) / 6), constant(rng.normal(size=10)), transB=1)
    code = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    ports = [onnx.helper.make_tensor_value_info("x", code, X.shape)]
    results = [onnx.helper.make_tensor_value_info(nodes[-1].output[0], code, [1, 10])]
    graph = onnx.helper.make_graph(nodes, "network", ports, results, constants)
    opsets = [onnx.helper.make_opsetid("", 17)]
    return import_proto(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8), "network", {}, {})


def test_images_between_layers_are_f16() -> None:
    graph = _network(np.float16)
    run(graph, GENERIC, Options(disabled=["store_halves"]))
    assert store_halves(graph, GENERIC)
    images = [n.out for n in graph.nodes if n.out.rank == 4 and n.out.type.elements > 32 * 6 * 6]
    assert {t.dtype for t in images} == {F16}
    assert not store_halves(graph, GENERIC)


def test_without_rows_of_f16_nothing_changes() -> None:
    graph = _network(np.float32)
    run(graph, GENERIC, Options(disabled=["store_halves"]))
    assert {n.out.dtype for n in graph.nodes} == {F32}
    assert not store_halves(graph, GENERIC)


def test_a_network_of_f16_takes_less_arena_than_one_of_f32_and_computes_the_same() -> None:
    (wanted,) = evaluate(_network(np.float32), [X.astype(np.float32)])
    for target in ("generic", "arm-neon", "cortex-m4"):
        half = compile_for_test(_network(np.float16), find_target(target))
        whole = compile_for_test(_network(np.float32), find_target(target))
        assert half.graph.plan is not None
        assert whole.graph.plan is not None
        assert half.graph.plan.arena_bytes < 0.8 * whole.graph.plan.arena_bytes
        if target == "generic":
            (found,) = build_program([half], Build()).execute([Call([X.astype(np.float16)])])[0].outputs
            np.testing.assert_allclose(found.astype(np.float32), wanted, rtol=0.01, atol=0.01)
