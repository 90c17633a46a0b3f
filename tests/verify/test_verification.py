"""verify_model: the verdict, the measures and the first layer that differs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edgegen.compiler import Compiled, Request, compile_graph, compile_model
from edgegen.emit.render import Origin
from edgegen.errors import UsageError
from edgegen.ir.dtypes import F32, S8
from edgegen.ir.evaluate import Evaluation, evaluate
from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Tensor, TensorType, constant
from edgegen.ops.dense import Dense
from edgegen.ops.hybrid import HybridProduct
from edgegen.ops.quantize_rows import QuantizeRows
from edgegen.ops.row_scale import RowScale
from edgegen.passes.pipeline import Options
from edgegen.targets import TARGETS
from edgegen.verify import verify_model
from tests import corpus as corpus_files
from tests.verify.altered import X, altered, dense_model

EVERY = [
    "generic",
    pytest.param("arm-neon", marks=pytest.mark.cross),
    pytest.param("cortex-m4", marks=pytest.mark.cross),
]


def spoiled(model: Compiled) -> Compiled:
    """The model with one byte of its output off by one."""
    plan = model.graph.plan
    assert plan is not None
    at = plan.tensors[model.graph.outputs[0]].offset
    return altered(model, {"\n\n    return MODEL_OK;": f"\n    a[{at}]++;\n    return MODEL_OK;"})


@pytest.mark.parametrize("target", EVERY)
def test_a_right_model_matches_and_is_measured(target: str) -> None:
    found = verify_model(dense_model(target), runs=2, layers=True)
    assert found.match
    assert (found.max_abs_error, found.max_ulp) == (0.0, 0)
    assert found.first_difference is None
    assert [r.label for r in found.runs] == ["random 0", "random 1"]
    assert [layer.step for layer in found.runs[0].layers] == [0, 1]
    plan = dense_model(target).graph.plan
    assert plan is not None
    assert found.arena_bytes == plan.arena_bytes
    assert found.instance_bytes >= found.arena_bytes + found.state_bytes
    emulated = target != "generic"
    assert (found.instructions is not None) is emulated
    assert (found.stack_bytes is not None) is emulated


@pytest.mark.parametrize("target", EVERY)
def test_a_wrong_output_is_a_mismatch_not_an_error(target: str) -> None:
    found = verify_model(spoiled(dense_model(target)), runs=1)
    assert not found.match
    assert found.max_abs_error in (1.0, 255.0)  # an s8 may wrap
    (check,) = found.runs[0].outputs
    assert check.reference.worst == (0, 0)


def test_recorded_outputs_count_too(tmp_path: Path) -> None:
    model = dense_model("generic")
    (want,) = evaluate(model.source, [X])
    np.savez(tmp_path / "right.npz", in0=X, out0=want)
    np.savez(tmp_path / "wrong.npz", in0=X, out0=want + np.int8(1))
    assert verify_model(model, tmp_path / "right.npz").match
    found = verify_model(model, tmp_path / "wrong.npz")
    assert not found.match
    (check,) = found.runs[0].outputs
    assert check.reference.match
    assert check.recorded is not None
    assert check.recorded.count == 8


def test_the_summary_is_json_and_has_what_programs_need() -> None:
    facts = json.loads(json.dumps(verify_model(spoiled(dense_model("generic")), runs=1, layers=True).summary()))
    needed = "match max_abs_error max_ulp instructions arena_bytes state_bytes instance_bytes "
    needed += "stack_bytes text_bytes rodata_bytes"
    assert set(needed.split()) <= set(facts)
    assert facts["match"] is False
    assert facts["instructions"] is None
    assert facts["first_difference"] is None  # the layers' own build is not the spoiled one
    assert facts["runs"][0]["layers"][0]["match"] is True


def test_no_runs_make_no_verification() -> None:
    with pytest.raises(UsageError, match="cannot verify with 0 runs"):
        verify_model(dense_model("generic"), runs=0)


@pytest.mark.corpus
@pytest.mark.parametrize("target", EVERY)
@pytest.mark.parametrize("name", ["mlperf_kws_int8", "hello_world_f32"])
def test_models_of_the_corpus_match_their_recorded_outputs(target: str, name: str, corpus: Path) -> None:
    compiled = compile_model(Request(corpus_files.model(corpus, name), TARGETS[target]))
    found = verify_model(compiled, corpus / "refs" / f"tflite_{name}.npz", layers=True)
    assert found.match
    assert len(found.runs) == 4
    assert all(o.recorded is not None for r in found.runs for o in r.outputs)
    if name.endswith("int8"):
        assert found.max_ulp == 0
    else:
        assert found.max_abs_error < 1e-5


def quantizing_model() -> Compiled:
    """A dense layer whose input is quantized at run time."""
    rng = np.random.default_rng(0)
    x = Tensor("x", TensorType(F32, (1, 8)))
    parts = [Tensor(n, t) for n, t in zip(("q", "s", "z"), QuantizeRows(1, True).infer(x.type), strict=True)]
    y = Tensor("y", TensorType(F32, (1, 4)))
    weights = constant("w", rng.integers(-127, 128, (4, 8)), S8)
    nodes = [
        Node(QuantizeRows(1, True), [x], parts, "quantize"),
        Node(HybridProduct(Dense(), RowScale((0.1,))), [*parts, weights, None], [y], "dense"),
    ]
    graph = Graph("model", [x], [y], nodes)
    return compile_graph(graph, TARGETS["generic"], "model", Origin("model.test", "0" * 64, "test"), Options())


def test_nodes_decide_where_a_model_quantizes_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not verify_model(quantizing_model(), runs=1).runs[0].by_layers
    run = Evaluation.run
    monkeypatch.setattr(Evaluation, "run", lambda self, inputs: [y + 1 for y in run(self, inputs)])
    found = verify_model(quantizing_model(), runs=1)
    assert found.runs[0].by_layers
    assert not found.runs[0].outputs[0].match
    assert found.match  # every node is right
    assert found.summary()["runs"][0]["by_layers"]


def test_a_wrong_node_of_a_model_that_quantizes_while_it_runs_is_a_mismatch(monkeypatch: pytest.MonkeyPatch) -> None:
    right = HybridProduct.reference
    monkeypatch.setattr(HybridProduct, "reference", lambda op, *inputs: (right(op, *inputs)[0] + 1,))
    found = verify_model(quantizing_model(), runs=1)
    assert not found.match
    assert found.first_difference is not None
    assert found.first_difference.name.startswith('1 HybridDense "dense"')
