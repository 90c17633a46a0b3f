from __future__ import annotations

import numpy as np
import pytest

from edgegen.errors import UsageError
from edgegen.ir.evaluate import evaluate, evaluate_all
from tests.build_graph import Builder
from tests.planned_ops import Both, Mix, Step

X = np.array([1, 2, 3, 4], np.int8)


def test_values_flow_from_inputs_and_constants_to_outputs_in_order() -> None:
    b = Builder()
    x = b.input((4,))
    first, second = b.add_all(Both(), b.add(Mix(), b.constant(X), x))
    assert [y.tolist() for y in evaluate(b.graph(second, first, x, second), [X])] == [
        [6, 10, 14, 18],
        [5, 9, 13, 17],
        [1, 2, 3, 4],
        [6, 10, 14, 18],
    ]


def test_inputs_may_be_given_by_name() -> None:
    b = Builder()
    x, y = b.input((4,)), b.input((4,))
    graph = b.graph(b.add(Mix(), x, y))
    (by_name,) = evaluate(graph, {"in1": X, "in0": 2 * X})
    assert by_name.tolist() == [7, 14, 21, 28]
    with pytest.raises(UsageError, match="no value for input in1"):
        evaluate(graph, {"in0": X})


def test_constants_may_be_outputs_and_every_value_is_given() -> None:
    b = Builder()
    c = b.constant(X)
    y = b.add(Step(), b.input((4,)))
    graph = b.graph(c, y)
    assert evaluate(graph, [X])[0].tolist() == X.tolist()
    assert set(evaluate_all(graph, [X])) == {c, y, graph.inputs[0]}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([X.astype(np.int16)], r'input "in0" is s8\[4\], was given int16\[4\]'),
        ([X[:3]], r"was given int8\[3\]"),
        ([X, X], "has 1 inputs, was given 2"),
        ([], "has 1 inputs, was given 0"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(given: list[np.ndarray], message: str) -> None:
    b = Builder()
    graph = b.graph(b.add(Step(), b.input((4,))))
    with pytest.raises(UsageError, match=message):
        evaluate(graph, given)
