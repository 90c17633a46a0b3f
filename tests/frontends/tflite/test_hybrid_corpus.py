"""Dynamic-range models of the corpus, layer by layer: on what the judge's layers read, ours give what they give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.hybrid import HybridProduct
from edgegen.ops.quantize_rows import QuantizeRows
from tests import corpus as corpus_files

pytestmark = pytest.mark.corpus


def judged_tensors(data: bytes, inputs: list[Array]) -> dict[str, Array]:
    """Every activation of the judge's run by name; some the interpreter no longer has."""
    resolver = OpResolverType.BUILTIN_REF
    interpreter = Interpreter(
        model_content=data, experimental_op_resolver_type=resolver, experimental_preserve_all_tensors=True
    )
    interpreter.allocate_tensors()
    for detail, array in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    found: dict[str, Array] = {}
    for detail in interpreter.get_tensor_details():
        try:
            found[detail["name"]] = interpreter.get_tensor(detail["index"])
        except ValueError:
            continue
    return found


def source(graph: Graph, node: Node) -> tuple[QuantizeRows, Tensor]:
    """How a hybrid layer's input was quantized, and the floats, where they have a name in the file."""
    producers = graph.producers()
    quantize = producers[node.input(0)]
    assert isinstance(quantize.op, QuantizeRows)
    x = quantize.input(0)
    while x in producers and producers[x].is_view:
        x = producers[x].input(0)
    return quantize.op, x


@pytest.mark.parametrize(
    ("name", "least"), [("yolox_nano_dynrange", 76), ("style_transfer_dynamic", 38), ("dtln_quant_2", 3)]
)
def test_every_hybrid_layer_is_the_judges_to_the_bit(corpus: Path, name: str, least: int) -> None:
    data = corpus_files.model(corpus, name).read_bytes()
    graph = read_tflite(data, name, {})
    inputs = [corpus_files.generated_input(name, i, 0, t.shape, t.dtype.np) for i, t in enumerate(graph.inputs)]
    judged = judged_tensors(data, inputs)
    compared = 0
    for node in graph.nodes:
        if not isinstance(node.op, HybridProduct):
            continue
        quantize, x = source(graph, node)
        if x.name not in judged or node.out.name not in judged:
            continue
        rows = quantize.reference(judged[x.name].reshape(node.input(0).shape))
        (y,) = node.op.reference(*rows, *(None if t is None else t.data for t in node.inputs[3:]))
        np.testing.assert_array_equal(y, judged[node.out.name].reshape(y.shape), err_msg=node.source)
        compared += 1
    assert compared >= least


def test_blockwise_weights_are_those_of_the_judges_other_kernels(corpus: Path) -> None:
    data = corpus_files.model(corpus, "lrt_qwen_fc_blockwise").read_bytes()
    graph = read_tflite(data, "model", {})
    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=data, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    for inputs, zeros in corpus_files.samples(corpus, "lrt_qwen_fc_blockwise"):
        assert not zeros[0].any()  # what the reference resolver gives
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], inputs[0])
        interpreter.invoke()
        wanted = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        np.testing.assert_array_equal(evaluate(graph, inputs)[0], wanted)
