"""fuse_rounding: operators that become one are not rounded between."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.dtypes import DTYPES, F32
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Op, Range
from edgegen.ir.tensor import Tensor, TensorType, constant
from edgegen.ops.binary import Binary
from edgegen.ops.cast import Cast
from edgegen.ops.clamp import Clamp
from edgegen.ops.dense import Dense
from edgegen.ops.unary import Unary
from edgegen.passes.optimize.fuse_rounding import fuse_rounding
from edgegen.passes.pipeline import Options, run
from edgegen.targets import target as find_target

RANDOM = np.random.default_rng(5)
GENERIC = find_target("generic")


class Chain:
    """A graph that grows at its end. Each `then` rounds the result to a narrow float and reads it as f32 again."""

    def __init__(self, narrow: str = "f16") -> None:
        self.narrow = narrow
        self.x = Tensor("x", TensorType(DTYPES[narrow], (3, 20)))
        self.nodes: list[Node] = []
        self.end = self._add(Cast("f32"), self.x)

    def _add(self, op: Op, *inputs: Tensor) -> Tensor:
        (type,) = op.infer(*(t.type for t in inputs))
        self.nodes.append(Node(op, list(inputs), [Tensor(f"t{len(self.nodes)}", type)], f"n{len(self.nodes)}"))
        return self.nodes[-1].out

    def then(self, op: Op, *others: Tensor) -> Chain:
        self.end = self._add(Cast("f32"), self._add(Cast(self.narrow), self._add(op, self.end, *others)))
        return self

    def graph(self, *more: Tensor) -> Graph:
        return Graph("g", [self.x], [self.nodes[-2].out, *more], self.nodes[:-1])


def _constant(*shape: int) -> Tensor:
    return constant("c", RANDOM.normal(size=shape).astype(np.float16).astype(np.float32), F32)


def _kinds(graph: Graph) -> list[str]:
    return [n.op.kind for n in graph.nodes]


def test_a_layer_its_factors_and_its_activation_become_one_node() -> None:
    chain = (
        Chain().then(Dense(), _constant(30, 20)).then(Binary("mul"), _constant(30)).then(Binary("add"), _constant(30))
    )
    graph = chain.then(Clamp(Range(0, 6))).then(Unary("tanh")).graph()
    x = RANDOM.normal(size=(3, 20)).astype(np.float16)
    (before,) = evaluate(graph, [x])
    run(graph, GENERIC, Options())
    assert _kinds(graph) == ["Dense", "Tanh"]
    (after,) = evaluate(graph, [x])
    assert after.dtype == before.dtype == np.float16
    np.testing.assert_allclose(after.astype(np.float64), before.astype(np.float64), rtol=4e-3, atol=4e-3)


def test_what_does_not_become_one_is_rounded_again_where_rows_read_the_narrow_type() -> None:
    """No row computes powers and remainders of f16."""
    wanted = {"tanh": ["Dense", "Tanh"], "pow": ["Dense", "Cast", "Pow", "Cast"]}
    for function, kinds in wanted.items():
        chain = Chain().then(Dense(), _constant(30, 20))
        chain = chain.then(Unary("tanh")) if function == "tanh" else chain.then(Binary("pow"), _constant(1))
        graph = chain.graph()
        run(graph, GENERIC, Options())
        assert _kinds(graph) == kinds
    graph = Chain().then(Binary("pow"), _constant(1)).then(Binary("fmod"), _constant(1)).graph()
    run(graph, GENERIC, Options())
    assert _kinds(graph) == ["Cast", "Pow", "Fmod", "Cast"]


def test_what_is_read_elsewhere_is_rounded() -> None:
    chain = Chain().then(Dense(), _constant(30, 20))
    rounded = chain.nodes[-2].out
    graph = chain.then(Clamp(Range(0, 6))).graph(rounded)
    assert not fuse_rounding(graph, GENERIC)


def test_two_activations_stay_as_they_are_stored() -> None:
    chain = Chain().then(Dense(), _constant(20, 20))
    other = chain.nodes[0].out
    graph = chain.then(Binary("add"), other).graph()
    assert not fuse_rounding(graph, GENERIC)


@pytest.mark.parametrize(("narrow", "fused"), [("bf16", True), ("f8e4m3fn", False)])
def test_only_floats_that_are_computed_in_are_left_out(narrow: str, fused: bool) -> None:
    graph = Chain(narrow).then(Dense(), _constant(30, 20)).then(Clamp(Range(0, 6))).graph()
    assert fuse_rounding(graph, GENERIC) == fused
