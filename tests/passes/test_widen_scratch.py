"""Kernels get more scratch where the arena has room, and only there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edgegen.compiler import Compiled
from edgegen.ir.graph import Graph, Node
from edgegen.ir.kernel import Literal
from edgegen.ir.plan import Plan
from edgegen.ir.tensor import Tensor
from edgegen.targets import TARGETS
from edgegen.targets.region import Region
from edgegen.targets.target import Target
from tests.harness import compile_for_test, node_graph
from tests.ops.test_conv2d_neon import conv_s8

TARGET = TARGETS["arm-neon"]


def layers(size: int, strides: Sequence[int]) -> Graph:
    """3x3 convolutions of an image with 16 channels, one after the other."""
    case = conv_s8((1, size, size, 16), 16, (3, 3), pad=(1, 1, 1, 1))
    graph, _ = node_graph(case)
    (first,) = graph.nodes
    for i, stride in enumerate(strides):
        (x,) = graph.outputs
        op = replace(case.op, stride=(stride, stride))
        (kind,) = op.infer(x.type, *(t.type for t in first.inputs[1:] if t is not None))
        graph.outputs = [Tensor(f"y{i}", kind)]
        graph.nodes.append(Node(op, [x, *first.inputs[1:]], graph.outputs, f"conv{i}"))
    return graph


def compiled(graph: Graph, target: Target = TARGET, widen: bool = True) -> Compiled:
    return compile_for_test(graph, target, disabled=() if widen else ("widen_scratch",))


def plan_of(model: Compiled) -> Plan:
    assert model.graph.plan is not None
    return model.graph.plan


def tiles(model: Compiled) -> list[Literal]:
    """How many tiles each Winograd convolution computes together."""
    packed = [n.packed for n in model.graph.nodes if n.packed is not None and "image.tiles" in n.packed.params]
    return [p.params["image.tiles"] for p in packed]


def test_only_where_the_arena_has_room() -> None:
    plain, wide = compiled(layers(48, (2, 1)), widen=False), compiled(layers(48, (2, 1)))
    assert tiles(plain) == [0, 0]
    assert tiles(wide) == [0, 4]  # the first is what the arena is as large as it is for
    assert plan_of(wide).arena_bytes == plan_of(plain).arena_bytes
    assert plan_of(wide).lower_bound == plan_of(plain).lower_bound
    assert plan_of(wide).is_optimal


def test_not_where_it_has_none() -> None:
    assert tiles(compiled(layers(16, (1,)))) == [0, 0]


def test_several_memories_keep_their_plan() -> None:
    regions = tuple(Region(f"RAM{i}", "ram", i << 24, 1 << 20, 4.0 - i) for i in range(2))
    assert tiles(compiled(layers(48, (2, 1)), replace(TARGET, regions=regions))) == [0, 0]
