"""The plans that the search finds are, for small networks, those that trying all loops finds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edgegen.ir.dtypes import S8
from edgegen.ir.graph import Graph
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.passes.row_parts import Choice, Parts
from edgegen.passes.row_search import Search, with_loops
from edgegen.targets import TARGETS
from tests.build_graph import Builder
from tests.row_graphs import SMALL, RowGraph

GENERIC = TARGETS["generic"]

Layers = list[tuple[str, int, int]]
"""(kind, channels of the result, stride) of each."""

NETWORKS: list[tuple[int, Layers]] = [
    (12, [("conv", 12, 1), ("depthwise", 12, 2), ("conv", 8, 1)]),
    (12, [("conv", 16, 2), ("conv", 16, 1), ("conv", 4, 1)]),
    (10, [("depthwise", 4, 1), ("conv", 20, 1), ("depthwise", 20, 2)]),
    (6, [("conv", 12, 1), ("depthwise", 12, 1), ("conv", 24, 1), ("depthwise", 24, 2)]),
]


def network(height: int, layers: Layers) -> Graph:
    random, b = RowGraph(1), Builder()
    y = b.input((1, height, 8, 4), S8)
    for kind, units, stride in layers:
        if kind == "conv":
            op, weights = Conv2d((stride, stride), pad=(1, 1, 1, 1), requantize=SMALL), (units, 3, 3, y.shape[3])
            y = b.add(op, y, random.weights(*weights), None)
        else:
            depthwise = DepthwiseConv2d((stride, stride), pad=(1, 1, 1, 1), requantize=SMALL)
            y = b.add(depthwise, y, random.weights(3, 3, units), None)
    return b.graph(y)


def all_loops(parts: Parts, after: int = 0) -> Iterator[tuple[Choice, ...]]:
    """Every set of loops that do not share nodes, the empty one first."""
    yield ()
    for candidate in parts.candidates:
        if candidate.first >= after:
            for choice in parts.ways(candidate):
                for rest in all_loops(parts, candidate.end):
                    yield (choice, *rest)


@pytest.mark.parametrize(("height", "layers"), NETWORKS)
def test_no_loops_are_better_than_those_of_the_curve(height: int, layers: Layers) -> None:
    graph = network(height, layers)
    plain = with_loops(graph, GENERIC, ())
    assert plain is not None
    search = Search(graph, plain, GENERIC)
    search.curve(plain.bytes)
    assert search.plans
    front = [plain, *search.plans]
    better = []
    for choices in all_loops(Search(graph, plain, GENERIC).parts):
        made = with_loops(graph, search.target, choices)
        if made is not None and not any(p.bytes <= made.bytes and p.work <= made.work for p in front):
            better.append((made.bytes, made.work, choices))
    assert not better, f"{len(better)}: {better[:3]}; front {sorted((p.bytes, p.work) for p in front)}"
