"""Models of the corpus exported in f16: their activations stay f16, and they still mean the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from edgegen.compiler import Compiled
from edgegen.frontends.onnx import import_proto
from edgegen.ir.dtypes import F16
from edgegen.verify import Build, Call, build_program
from tests import corpus as corpus_files
from tests.harness import compile_for_test

NETWORKS = ["blazeface_front_barracuda", "fastestdet", "rten_mnist", "ultraface_slim_320", "yunet_n_320"]


def exported(path: Path) -> onnx.ModelProto:
    """The model with all its floats in f16."""
    model = onnx.load(path)

    def halve(tensor: onnx.TensorProto) -> None:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            values = onnx.numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))

    for tensor in model.graph.initializer:
        halve(tensor)
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT:
            value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    for attribute in (a for node in model.graph.node for a in node.attribute):
        if attribute.HasField("t"):
            halve(attribute.t)
    return model


def in_half(corpus: Path, name: str, target: str = "generic") -> Compiled:
    return compile_for_test(import_proto(exported(corpus_files.model(corpus, name, "onnx")), name, {}, {}), target)


@pytest.mark.corpus
@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_is_cast(name: str, corpus: Path) -> None:
    graph = in_half(corpus, name).graph
    assert {t.dtype for n in graph.nodes for t in n.outputs} == {F16}
    assert not [n.name for n in graph.nodes if n.op.kind == "Cast"]


@pytest.mark.corpus
@pytest.mark.parametrize("target", ["generic", pytest.param("arm-neon-dotprod", marks=pytest.mark.cross)])
def test_digits_are_told_apart_as_in_f32(target: str, corpus: Path) -> None:
    samples = corpus_files.samples(corpus, "rten_mnist", "onnx")
    program = build_program([in_half(corpus, "rten_mnist", target)], Build())
    outcomes = program.execute([Call([x.astype(np.float16) for x in inputs]) for inputs, _ in samples])
    for outcome, (_, (wanted,)) in zip(outcomes, samples, strict=True):
        scores = outcome.outputs[0].astype(np.float32)
        assert scores.argmax() == wanted.argmax()
        np.testing.assert_allclose(scores, wanted, atol=0.01 * float(np.abs(wanted).max()))


def test_bounds_given_as_tensors_become_part_of_the_layer_before() -> None:
    rng = np.random.default_rng(3)
    weights = {"v": rng.normal(size=(8, 3, 1, 1)), "w": rng.normal(size=(8, 8, 1, 1))}
    given = weights | {"low": np.array(0), "high": np.array(6)}
    constants = [onnx.numpy_helper.from_array(v.astype(np.float16), name) for name, v in given.items()]
    nodes = [
        onnx.helper.make_node("Conv", ["x", "v"], ["t"]),
        onnx.helper.make_node("Clip", ["t", "low", "high"], ["u"]),
        onnx.helper.make_node("Conv", ["u", "w"], ["y"]),
    ]
    ports = [
        [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT16, [1, channels, 4, 4])]
        for name, channels in (("x", 3), ("y", 8))
    ]
    graph = onnx.helper.make_graph(nodes, "clipped", *ports, constants)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    kinds = [n.op.kind for n in compile_for_test(import_proto(model, "clipped", {}, {}), "generic").graph.nodes]
    assert kinds == ["Transpose", "Conv2d", "Conv2d", "Transpose"]
