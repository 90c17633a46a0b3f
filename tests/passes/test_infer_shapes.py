from __future__ import annotations

from dataclasses import replace

import pytest

from edgegen.errors import InvalidGraph, UsageError
from edgegen.ir.dtypes import S32
from edgegen.ops.reshape import Reshape
from edgegen.passes.pre_optimize.infer_shapes import infer_shapes
from tests.build_graph import GENERIC, Builder
from tests.planned_ops import Mix, Reverse, Step


def test_fills_open_dimensions_from_the_inputs_on() -> None:
    b = Builder()
    x = b.input((2, 6))
    y = b.add(Step(), x)
    z = b.add(Reverse(), y)
    graph = b.graph(z)
    y.type, z.type = replace(y.type, shape=(-1, 6)), replace(z.type, shape=(-1, -1))
    assert infer_shapes(graph, GENERIC)
    assert y.shape == z.shape == (2, 6)
    assert not infer_shapes(graph, GENERIC)


def test_refuses_an_input_with_a_free_dimension() -> None:
    b = Builder()
    x = b.input((-1, 6))
    graph = b.graph(b.add(Step(), x))
    with pytest.raises(UsageError, match=r'input "in0" is s8\[-1,6\]') as error:
        infer_shapes(graph, GENERIC)
    assert "--shape in0=1,6" in error.value.help


@pytest.mark.parametrize("shape", [(2, 7), (12,), (-1,)])
def test_refuses_a_declared_shape_that_contradicts_the_operator(shape: tuple[int, ...]) -> None:
    b = Builder()
    y = b.add(Step(), b.input((2, 6)))
    graph = b.graph(y)
    y.type = replace(y.type, shape=shape)
    with pytest.raises(InvalidGraph, match=r'Step "n0": "t0" is declared .* computes s8\[2,6\]'):
        infer_shapes(graph, GENERIC)


def test_refuses_a_declared_dtype_that_contradicts_the_operator() -> None:
    b = Builder()
    y = b.add(Step(), b.input((2, 6)))
    graph = b.graph(y)
    y.type = replace(y.type, dtype=S32)
    with pytest.raises(InvalidGraph, match="is declared s32"):
        infer_shapes(graph, GENERIC)


def test_names_the_node_whose_inputs_do_not_fit() -> None:
    b = Builder()
    x, y = b.input((4,)), b.input((4,))
    z = b.add(Mix(), x, y)
    graph = b.graph(z)
    y.type = replace(y.type, shape=(5,))
    with pytest.raises(InvalidGraph, match=r'Mix "n0": .* differ'):
        infer_shapes(graph, GENERIC)


def test_refuses_a_node_with_too_many_results() -> None:
    b = Builder()
    x = b.input((4,))
    y = b.add(Reshape((2, 2)), x)
    graph = b.graph(y)
    graph.nodes[0].outputs.append(b.add(Step(), x))
    with pytest.raises(InvalidGraph, match="has 2 outputs, computes 1"):
        infer_shapes(graph, GENERIC)
