"""The text of a graph is a fixed function of the graph: it is read by people and compared by tools."""

from __future__ import annotations

import numpy as np

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.layout import NCHW
from edgegen.ir.op import Range
from edgegen.ir.printer import print_graph
from edgegen.ops.dense import Dense
from edgegen.ops.reshape import Reshape
from edgegen.passes.post_optimize.select_kernels import select_kernels
from tests.build_graph import GENERIC, Builder
from tests.planned_ops import Both, Step


def test_the_text_of_a_graph() -> None:
    b = Builder()
    x = b.input((1, 2, 2, 3))
    image = b.add(Step(2), x)
    image.type = image.type.with_layout(NCHW)
    first, second = b.add_all(Both(), b.add(Reshape((1, 12)), image))
    weights = b.constant(np.ones((4, 12), np.int8))
    y = b.add(Dense(3, FixedPoint.from_scales([0.5], 1), Range(0, 6)), first, weights, None)
    graph = b.graph(y, second)
    assert (
        print_graph(graph) == """\
graph "test"
  input  %0: s8[1,2,2,3]  # "in0"
  const  c5: s8[4,12]  # "c0"
  %1: s8[1,2,2,3] NCHW = Step(%0) amount=2  # "n0"
  %2: s8[1,12] = Reshape(%1) shape=(1, 12)  # "n1"
  %3: s8[1,12], %4: s8[1,12] = Both(%2)  # "n2"
  %6: s8[1,4] = Dense(%3, c5, -) x_zero=3 requantize=FixedPoint(multiplier=(1073741824,), shift=(0,), zero_poi... """
        """clamp=Range(low=0, high=6)  # "n3"
  output %6  # "t3"
  output %4  # "t2.1"
"""
    )


def test_kernels_are_shown_once_they_are_chosen() -> None:
    b = Builder()
    graph = b.graph(b.add(Step(), b.input((4,))))
    before = print_graph(graph)
    select_kernels(graph, GENERIC)
    assert print_graph(graph) == before.replace("Step(%0)", "Step(%0)  [step]")


def test_a_copy_prints_the_same() -> None:
    b = Builder()
    first, second = b.add_all(Both(), b.input((4,)))
    graph = b.graph(second, first, second)
    assert print_graph(graph.copy()) == print_graph(graph) == print_graph(graph)
