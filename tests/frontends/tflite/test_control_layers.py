"""Convolutions within control flow: every target's rows and layouts work inside of sub-graphs."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.emit.constants import constant_arrays
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from edgegen.targets import host_target
from edgegen.verify import Call, build_program
from tests.frontends.tflite.test_control import flag, if_, number, while_
from tests.harness import compile_for_test
from tests.judge import judge
from tests.models.tflite_builder import Operator, SubGraph, Tensor, build_model, options

IMAGE = (1, 6, 5, 8)
RNG = np.random.default_rng(0)
WEIGHTS = RNG.integers(-127, 128, (8, 3, 3, 8)).astype(np.int8)
BIAS = RNG.integers(-2000, 2000, 8).astype(np.int32)
CONV = options("Conv2DOptions", StrideH=1, StrideW=1, Padding=0)
POOL = options("Pool2DOptions", StrideH=1, StrideW=1, FilterHeight=3, FilterWidth=3, Padding=0)


def image(name: str) -> Tensor:
    return Tensor(name, "INT8", IMAGE, scale=0.5, zero_point=3)


def layers(
    *extra: Tensor, more: tuple[Operator, ...] = (), inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()
) -> SubGraph:
    """Two convolutions with a pool between them; the same weights twice."""
    tensors = [
        *(image(n) for n in ("x", "u", "v", "w")),
        Tensor("f", data=WEIGHTS, scale=0.004),
        Tensor("b", data=BIAS, scale=0.002),
        *extra,
    ]
    operators = [
        Operator("CONV_2D", ["x", "f", "b"], ["u"], CONV),
        Operator("MAX_POOL_2D", ["u"], ["v"], POOL),
        Operator("CONV_2D", ["v", "f", "b"], ["w"], CONV),
        *more,
    ]
    return SubGraph(tensors, operators, [*inputs, "x"], [*outputs, "w"])


def model() -> bytes:
    """A loop of 3 turns of the layers; then, depending on c, the layers once more or a pool."""
    counter = [Tensor(n, "INT32", (1,)) for n in ("i", "j")]
    condition = SubGraph(
        [counter[0], image("x"), number("three", 3, "int32"), flag("go")],
        [Operator("LESS", ["i", "three"], ["go"])],
        ["i", "x"],
        ["go"],
    )
    step = Operator("ADD", ["i", "one"], ["j"], options("AddOptions"))
    body = layers(*counter, number("one", 1, "int32"), more=(step,), inputs=("i",), outputs=("j",))
    pool = SubGraph([image("x"), image("y")], [Operator("MAX_POOL_2D", ["x"], ["y"], POOL)], ["x"], ["y"])
    tensors = [flag(), image("x"), image("y"), image("z"), number("zero", 0, "int32"), Tensor("k", "INT32", (1,))]
    operators = [while_(["zero", "x"], ["k", "y"]), if_(["c", "y"], ["z"], 3, 4)]
    return build_model(tensors, operators, ["c", "x"], ["z"], more=[condition, body, layers(), pool])


CROSS = [pytest.param(t, marks=pytest.mark.cross) for t in ("arm-neon", "cortex-m4")]


@pytest.mark.parametrize("target", ["generic", "host", *CROSS])
def test_layers_in_loops_and_branches(target: str) -> None:
    data = model()
    graph = read_tflite(data, "m", {})
    compiled = compile_for_test(graph, host_target() if target == "host" else target)
    calls = [Call([np.array([c]), RNG.integers(-128, 128, IMAGE).astype(np.int8)]) for c in (True, False)]
    for call, outcome in zip(calls, build_program([compiled]).execute(calls), strict=True):
        want = judge(data, call.inputs)[0]
        np.testing.assert_array_equal(evaluate(graph, call.inputs)[0], want)
        np.testing.assert_array_equal(outcome.outputs[0], want)
    weights = [a for a in constant_arrays(compiled.graph) if a.nbytes >= WEIGHTS.nbytes]
    assert len(weights) == 1, "the weights of four layers are equal"
    assert compiled.graph.plan is not None
    assert compiled.graph.plan.arena_bytes <= 1.1 * compiled.graph.plan.lower_bound
