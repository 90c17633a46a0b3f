"""Signatures name inputs and outputs, and pick one of a file's models."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from edgegen.cli import main
from edgegen.compiler import Compiled, compile_graph
from edgegen.emit.render import Origin
from edgegen.errors import InvalidModel, UsageError
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from edgegen.passes.pipeline import Options
from edgegen.report.inspection import inspection, inspection_text
from edgegen.report.json_report import report
from edgegen.targets import TARGETS
from edgegen.verify import build_program
from tests.models.tflite_builder import Operator, Signature, SubGraph, Tensor, build_model, options

SHAPE = (1, 3)


def part(name: str) -> SubGraph:
    """`name` of two inputs, and the second input squared."""
    tensors = [Tensor(n, "FLOAT32", SHAPE, signature=(-1, 3)) for n in ("x:0", "y:0", "r:0", "s:0")]
    first = Operator(name, [0, 1], [2], options(f"{name.capitalize()}Options"))
    square = Operator("MUL", [1, 1], [3], options("MulOptions"))
    return SubGraph(tensors, [first, square], [0, 1], [2, 3])


ADDING = Signature("adding", {"left": 0, "right": 1}, {"sum": 2, "square": 3})
MULTIPLYING = Signature("multiplying", {"right": 1, "left": 0}, {"product": 2}, 1)


def model(*signatures: Signature) -> bytes:
    first = part("ADD")
    return build_model(
        first.tensors, first.operators, first.inputs, first.outputs, more=[part("MUL")], signatures=signatures
    )


def compiled(data: bytes, signature: str = "") -> Compiled:
    graph = read_tflite(data, "two", {}, signature)
    return compile_graph(graph, TARGETS["generic"], "two", Origin("two.tflite", "0" * 64, "test"), Options())


def test_one_signature_gives_names() -> None:
    graph = read_tflite(model(ADDING), "m", {})
    assert (graph.input_names(), graph.output_names()) == (["left", "right"], ["sum", "square"])
    assert [t.name for t in graph.inputs] == ["x:0", "y:0"]


def test_without_signature_tensors_give_names() -> None:
    graph = read_tflite(model(), "m", {})
    assert (graph.signature, graph.input_names()) == (None, ["x:0", "y:0"])


def test_several_signatures() -> None:
    """By default the first sub-graph; each signature computes what LiteRT's runner for it computes."""
    data = model(MULTIPLYING, ADDING)
    x, y = np.float32([[1, 2, 3]]), np.float32([[4, 5, 6]])
    np.testing.assert_array_equal(evaluate(read_tflite(data, "m", {}), [x, y])[0], x + y)
    interpreter = Interpreter(model_content=data)
    for key in ("adding", "multiplying"):
        graph = read_tflite(data, "m", {}, key)
        want = interpreter.get_signature_runner(key)(left=x, right=y)
        got = dict(zip(graph.output_names(), evaluate(graph, [x, y]), strict=True))
        assert want.keys() <= got.keys()
        for name, array in want.items():
            np.testing.assert_array_equal(got[name], array)


def test_outputs_that_a_signature_leaves_out_keep_their_names() -> None:
    assert read_tflite(model(ADDING, MULTIPLYING), "m", {}, "multiplying").output_names() == ["product", "s:0"]


def test_an_unknown_signature() -> None:
    with pytest.raises(UsageError, match='no signature "serving"') as caught:
        read_tflite(model(ADDING, MULTIPLYING), "m", {}, "serving")
    assert caught.value.details == (("has", "adding, multiplying"),)
    with pytest.raises(UsageError, match="no signature"):
        read_tflite(model(), "m", {}, "serving")


@pytest.mark.parametrize("name", ["left", "x:0"])
def test_shapes_by_either_name(name: str) -> None:
    shapes = {name: (2, 3), "y:0": (2, 3)}
    assert read_tflite(model(ADDING), "m", shapes).outputs[0].shape == (2, 3)


def test_a_shape_for_nobody() -> None:
    with pytest.raises(UsageError, match='no input "product"') as caught:
        read_tflite(model(ADDING), "m", {"product": (2, 3)})
    assert caught.value.details == (("inputs", "left, right, x:0, y:0"),)


@pytest.mark.parametrize(
    "bad", [Signature("k", {"x": 9}, {}), Signature("k", {}, {}, 2), Signature("k", {}, {"y": 2**31})]
)
def test_hostile_signatures(bad: Signature) -> None:
    with pytest.raises(InvalidModel, match="signature 0"):
        read_tflite(model(bad), "m", {})


def test_a_signature_of_other_tensors_names_nothing() -> None:
    """Some converters quantize inputs and outputs after they wrote the signature, which then names inner tensors."""
    graph = read_tflite(model(Signature("old", {"x": 2}, {"y": 0})), "m", {})
    assert (graph.input_names(), graph.output_names()) == (["x:0", "y:0"], ["r:0", "s:0"])


def test_the_header_has_both_names() -> None:
    result = compiled(model(ADDING))
    assert "#define two_input_left two_input0" in result.files["two.h"]
    assert "#define two_output_square two_output1" in result.files["two.h"]
    assert '"left"' in result.files["two.h"]
    assert build_program([result]).sizes()
    alike = compiled(model(Signature("k", {"A b": 0, "a.b": 1}, {"sum": 2})))
    assert "two_input_a_b" not in alike.files["two.h"]
    assert "two_input_" not in compiled(model()).files["two.h"]


def test_reports_have_the_names() -> None:
    result = compiled(model(ADDING))
    data = report(result)
    assert data["signature"] == "adding"
    assert [(p["name"], p["tensor"]) for p in data["inputs"]] == [("left", "x:0"), ("right", "y:0")]
    text = inspection_text(inspection(result.source))
    assert 'signature  "adding": left, right -> sum, square (shown here)' in text


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "two.tflite"
    path.write_bytes(model(ADDING, MULTIPLYING))
    inputs = {"left": np.float32([[1, 2, 3]]), "y:0": np.float32([[4, 5, 6]]), "out0": np.float32([[4, 10, 18]])}
    np.savez(tmp_path / "in.npz", **inputs)
    words = ["verify", str(path), "--target", "generic", "--inputs", str(tmp_path / "in.npz"), "--json"]
    assert main([*words, "--signature", "multiplying"]) == 0
    outputs = json.loads(capsys.readouterr().out)["runs"][0]["outputs"]
    assert [o["name"] for o in outputs] == ["product", "s:0"]
    assert main([*words, "--signature", "adding"]) == 1  # the recorded output is that of the other
    assert main(["inspect", str(path), "--signature", "none"]) == 1
    assert "adding, multiplying" in capsys.readouterr().err
