"""WHERE and UNIQUE: results whose extents depend on values, beside LiteRT."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.errors import UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from edgegen.ir.tensor import Array
from edgegen.verify import Build, Call, build_program
from tests.harness import compile_for_test
from tests.judge import judge_litert
from tests.models.tflite_builder import Operator, SubGraph, Tensor, build_model, options

RANDOM = np.random.default_rng(5)
NAMES = {"bool": "BOOL", "float32": "FLOAT32"}


def where(x: Array) -> bytes:
    tensors = [Tensor("c", NAMES.get(x.dtype.name, x.dtype.name.upper()), x.shape)]
    tensors.append(Tensor("y", "INT64", (1, x.ndim), signature=(-1, x.ndim)))
    return build_model(tensors, [Operator("WHERE", ["c"], ["y"], options("WhereOptions"))])


def unique(x: Array, places: str) -> bytes:
    kind = NAMES.get(x.dtype.name, x.dtype.name.upper())
    tensors = [Tensor("x", kind, x.shape), Tensor("y", kind, (1,), signature=(-1,)), Tensor("i", places, x.shape)]
    table = options("UniqueOptions", IdxOutType={"INT32": 2, "INT64": 4}[places])
    return build_model(tensors, [Operator("UNIQUE", ["x"], ["y", "i"], table)])


CASES: list[tuple[bytes, Array, int]] = [
    *((where(x), x, 1) for x in (RANDOM.integers(0, 2, (3, 4)).astype(bool), np.zeros((2, 2), bool))),
    *((where(x), x, 1) for x in (RANDOM.integers(-1, 2, (7,)).astype(k) for k in ("float32", "int32", "uint8"))),
    *((unique(x, "INT32"), x, 2) for x in (RANDOM.integers(0, 5, 12).astype(k) for k in ("float32", "int8", "int64"))),
    *((unique(x, "INT64"), x, 2) for x in (RANDOM.integers(0, 90, 9).astype(k) for k in ("uint8", "int16", "int32"))),
]


def compare(got: list[Array], want: list[Array]) -> None:
    """The first output has room for the most, and its shape comes last."""
    np.testing.assert_array_equal(got[-1], want[0].shape)
    np.testing.assert_array_equal(got[0].reshape(-1)[: want[0].size].reshape(want[0].shape), want[0])
    assert not got[0].reshape(-1)[want[0].size :].any()
    for a, b in zip(got[1:-1], want[1:], strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype


@pytest.mark.parametrize("target", ["generic", pytest.param("cortex-m4", marks=pytest.mark.cross)])
def test_as_litert(target: str) -> None:
    graphs = [read_tflite(data, "m", {}) for data, _, _ in CASES]
    assert [t.name for t in graphs[0].outputs] == ["y", "y_shape"]
    program = build_program(
        [compile_for_test(g, target, f"m{i}") for i, g in enumerate(graphs)], Build(cflags=("-O1",))
    )
    outcomes = program.execute([Call([x], i) for i, (_, x, _) in enumerate(CASES)])
    for (data, x, count), graph, outcome in zip(CASES, graphs, outcomes, strict=True):
        nothing = count == 1 and not x.any()  # of which LiteRT gives no tensor
        wanted = [np.argwhere(x)] if nothing else judge_litert(data, [x], count)
        compare(evaluate(graph, [x]), wanted)
        compare(outcome.outputs, wanted)


def test_nothing_reads_what_has_no_extents() -> None:
    tensors = [Tensor("c", "BOOL", (4,)), Tensor("y", "INT64", (1, 1), signature=(-1, 1)), Tensor("z", "INT64", (1, 1))]
    steps = [Operator("WHERE", ["c"], ["y"], options("WhereOptions")), Operator("ABS", ["y"], ["z"])]
    with pytest.raises(UnsupportedModel, match='how large "y" is') as error:
        read_tflite(build_model(tensors, steps), "m", {})
    assert "with its shape" in error.value.help


def test_not_within_sub_graphs() -> None:
    inner = SubGraph(
        tensors := [Tensor("c", "BOOL", (4,)), Tensor("y", "INT64", (1, 1), signature=(-1, 1))],
        [Operator("WHERE", ["c"], ["y"], options("WhereOptions"))],
        ["c"],
        ["y"],
    )
    call = Operator("CALL", ["c"], ["y"], options("CallOptions", Subgraph=1))
    with pytest.raises(UnsupportedModel, match="how large"):
        read_tflite(build_model(tensors, [call], more=[inner]), "m", {})
