from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgegen.ir.quantization import Quantization
from edgegen.passes.pre_optimize.eliminate_common_subexpressions import eliminate_common_subexpressions
from tests.build_graph import GENERIC, Builder, kinds, transform
from tests.planned_ops import Both, Mix, Reverse, Step


def test_merges_chains_of_equal_nodes_in_one_walk() -> None:
    b = Builder()
    x = b.input((4,))
    left = b.add(Reverse(), b.add(Step(2), x))
    right = b.add(Reverse(), b.add(Step(2), x))
    after = transform(b.graph(b.add(Mix(), left, right)), eliminate_common_subexpressions)
    assert kinds(after) == ["Step", "Reverse", "Mix"]


def test_merges_constants_with_the_same_data() -> None:
    b = Builder()
    x = b.input((2,))
    one, two = b.constant(np.array([1, 2], np.int8)), b.constant(np.array([1, 2], np.int8))
    after = transform(b.graph(b.add(Mix(), b.add(Mix(), x, one), two)), eliminate_common_subexpressions)
    first, second = after.nodes
    assert first.inputs[1] is second.inputs[1]


def test_keeps_what_differs_in_attributes_inputs_order_or_quantization() -> None:
    b = Builder()
    x, y = b.input((4,)), b.input((4,))
    steps = [b.add(Step(1), x), b.add(Step(2), x), b.add(Step(1), y)]
    mixes = [b.add(Mix(), x, y), b.add(Mix(), y, x)]
    quantized = b.add(Step(1), x, quantization=Quantization((0.5,), (3,)))
    graph = b.graph(*steps, *mixes, quantized)
    assert kinds(transform(graph, eliminate_common_subexpressions)) == kinds(graph)


def test_merges_nodes_with_several_results() -> None:
    b = Builder()
    x = b.input((4,))
    _, left = b.add_all(Both(), x)
    right, _ = b.add_all(Both(), x)
    assert kinds(transform(b.graph(b.add(Mix(), left, right)), eliminate_common_subexpressions)) == ["Both", "Mix"]


def test_an_output_keeps_its_name_when_an_earlier_twin_exists() -> None:
    b = Builder()
    x = b.input((4,))
    inner, out = b.add(Step(1), x), b.add(Step(1), x)
    other = b.add(Reverse(), inner)
    after = transform(b.graph(out, other), eliminate_common_subexpressions)
    assert kinds(after) == ["Step", "Reverse"]
    assert after.nodes[1].inputs == [after.outputs[0]]


def test_two_outputs_with_one_value_become_a_result_and_a_view() -> None:
    b = Builder()
    x = b.input((4,))
    after = transform(b.graph(b.add(Step(1), x), b.add(Step(1), x)), eliminate_common_subexpressions)
    assert kinds(after) == ["Step", "Reshape"]


def test_constants_of_other_types_with_the_same_bytes_stay_apart() -> None:
    b = Builder()
    x = b.input((4,))
    signed, plain = b.constant(np.zeros(4, np.int8)), b.constant(np.zeros(4, np.int8))
    plain.type = replace(plain.type, quantization=Quantization((1.0,), (0,)))
    graph = b.graph(b.add(Mix(), x, signed), b.add(Mix(), x, plain))
    assert not eliminate_common_subexpressions(graph.copy(), GENERIC)
