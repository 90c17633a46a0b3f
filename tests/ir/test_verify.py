"""Each rule on a graph that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S32
from edgegen.ir.graph import Graph
from edgegen.ir.kernel import Packed
from edgegen.ir.layout import NCHW
from edgegen.ir.plan import Plan
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.ir.verify import RULES, STAGES, verify
from edgegen.ops.reshape import Reshape
from edgegen.passes.pipeline import Options, run
from tests.build_graph import GENERIC, Builder
from tests.planned_ops import Mix, Reverse, Step

SHAPE = (1, 2, 2, 3)


def legal() -> Graph:
    """in0, in1 -> Mix -> Reverse -> Reshape -> Step, planned. Reverse has scratch, Mix and Step work in place."""
    b = Builder()
    mixed = b.add(Mix(), b.input(SHAPE), b.input(SHAPE))
    back = b.add(Reverse(), mixed)
    y = b.add(Step(), b.add(Reshape((12,)), back))
    c = b.add(Mix(), y, b.constant(np.arange(12, dtype=np.int8)))
    graph = b.graph(c)
    run(graph, GENERIC, Options(disabled=["fold_constants"]))
    return graph


def test_a_planned_graph_is_legal_at_every_stage() -> None:
    graph = legal()
    for stage in STAGES:
        verify(graph, stage)
    assert set(STAGES) == set(RULES)


def plan(graph: Graph) -> Plan:
    assert graph.plan is not None
    return graph.plan


def move(graph: Graph, tensor: Tensor, offset: int) -> None:
    plan(graph).tensors[tensor] = replace(plan(graph).tensors[tensor], offset=offset)


def swap_nodes(g: Graph) -> None:
    g.nodes[0], g.nodes[1] = g.nodes[1], g.nodes[0]


def read_stranger(g: Graph) -> None:
    g.nodes[0].inputs[0] = Tensor("stranger", TensorType(g.inputs[0].dtype, SHAPE))


def write_twice(g: Graph) -> None:
    g.nodes[1].outputs = [g.nodes[0].out]


def write_constant(g: Graph) -> None:
    g.nodes[-1].out.data = np.zeros(12, np.int8)


def list_input_twice(g: Graph) -> None:
    g.inputs.append(g.inputs[0])


def output_never_written(g: Graph) -> None:
    g.outputs.append(Tensor("stranger", g.outputs[0].type))


def constant_of_another_shape(g: Graph) -> None:
    constant = g.nodes[-1].input(1)
    constant.data = np.zeros(13, np.int8)


def constant_of_another_dtype(g: Graph) -> None:
    constant = g.nodes[-1].input(1)
    constant.data = np.zeros(12, np.int16)


def wrong_shape(g: Graph) -> None:
    g.nodes[1].out.type = replace(g.nodes[1].out.type, shape=(1, 2, 3, 2))


def wrong_dtype(g: Graph) -> None:
    g.nodes[-1].out.type = replace(g.nodes[-1].out.type, dtype=S32)


def inputs_that_do_not_fit(g: Graph) -> None:
    g.inputs[0].type = replace(g.inputs[0].type, shape=(12,))


def too_many_outputs(g: Graph) -> None:
    g.nodes[-1].outputs.append(Tensor("more", g.nodes[-1].out.type))


def unknown_dimension(g: Graph) -> None:
    g.inputs[0].type = replace(g.inputs[0].type, shape=(-1, 2, 2, 3))


def dead_node(g: Graph) -> None:
    g.outputs = [g.nodes[0].out]


class Foreign(Step):
    kernels = ()


def not_core(g: Graph) -> None:
    g.nodes[-1].op, g.nodes[-1].inputs = Foreign(), [g.nodes[-1].input(0)]


def no_kernel(g: Graph) -> None:
    g.nodes[0].kernel = None


def not_packed(g: Graph) -> None:
    g.nodes[0].packed = None


def passes_an_absent_input(g: Graph) -> None:
    g.nodes[0].packed = Packed(inputs=(0, 1, 2))


def kernel_for_another_layout(g: Graph) -> None:
    g.nodes[0].out.type = g.nodes[0].out.type.with_layout(NCHW)


def output_in_another_order(g: Graph) -> None:
    g.inputs[0].type = g.inputs[0].type.with_layout(NCHW)


def vector_in_another_order(g: Graph) -> None:
    g.nodes[3].out.type = g.nodes[3].out.type.with_layout(NCHW)


def not_planned(g: Graph) -> None:
    g.plan = None


def without_place(g: Graph) -> None:
    del plan(g).tensors[g.nodes[1].out]


def too_small_a_place(g: Graph) -> None:
    tensor = g.nodes[1].out
    plan(g).tensors[tensor] = replace(plan(g).tensors[tensor], size=11)


def beyond_the_arena(g: Graph) -> None:
    move(g, g.nodes[1].out, plan(g).arena_bytes - 8)


def before_the_arena(g: Graph) -> None:
    move(g, g.nodes[1].out, -4)


def inputs_overlap(g: Graph) -> None:
    move(g, g.inputs[0], plan(g).tensors[g.inputs[1]].offset + 4)


def half_in_place(g: Graph) -> None:
    """Reverse does not work in place; its result overlaps what it reads."""
    move(g, g.nodes[1].out, plan(g).tensors[g.nodes[0].out].offset)


def shifted_in_place(g: Graph) -> None:
    """Mix works in place of an input, but only exactly."""
    places = plan(g)
    places.arena_bytes += 4
    move(g, g.nodes[0].out, places.tensors[g.nodes[0].out].offset + 4)


def view_elsewhere(g: Graph) -> None:
    move(g, g.nodes[2].out, (plan(g).tensors[g.nodes[2].out].offset + 4) % 8)


def without_scratch(g: Graph) -> None:
    plan(g).scratch.clear()


def scratch_on_the_input(g: Graph) -> None:
    node = g.nodes[1]
    place = plan(g).scratch[node]
    plan(g).scratch[node] = replace(place, offset=plan(g).tensors[node.input(0)].offset)
    plan(g).arena_bytes += place.size


def scratch_beyond_the_arena(g: Graph) -> None:
    node = g.nodes[1]
    plan(g).scratch[node] = replace(plan(g).scratch[node], offset=plan(g).arena_bytes)


@pytest.mark.parametrize(
    ("spoil", "stage", "message"),
    [
        (swap_nodes, "read", 'Reverse "n1": reads "t0", which is written only later, by "n0"'),
        (read_stranger, "read", 'reads "stranger", which is never written'),
        (write_twice, "read", 'writes "t0", which already has a value'),
        (write_constant, "read", "which already has a value"),
        (list_input_twice, "read", "listed twice"),
        (output_never_written, "read", 'output "stranger" is never written'),
        (constant_of_another_shape, "read", "its data differs"),
        (constant_of_another_dtype, "read", "its data differs"),
        (wrong_shape, "pre_optimize", r'"t1" is s8\[1, 2, 3, 2\], computes s8\[1,2,2,3\]'),
        (wrong_dtype, "pre_optimize", "is s32"),
        (inputs_that_do_not_fit, "optimize", 'Mix "n0": .* differ'),
        (too_many_outputs, "optimize", "has 2 outputs, computes 1"),
        (unknown_dimension, "pre_optimize", "unknown dimension"),
        (not_core, "pre_optimize", "is not a core operator"),
        (dead_node, "optimize", "computes nothing that is used"),
        (no_kernel, "post_optimize", "has no kernel"),
        (kernel_for_another_layout, "post_optimize", 'mix does not write "t0" in NCHW'),
        (output_in_another_order, "post_optimize", '"in0" must be stored in natural order'),
        (vector_in_another_order, "post_optimize", "must be stored in natural order"),
        (not_packed, "post_optimize", "has no packed constants"),
        (passes_an_absent_input, "post_optimize", "is passed input 2, which is absent"),
        (not_planned, "post_optimize", "not planned"),
        (without_place, "post_optimize", '"t1" has no place'),
        (too_small_a_place, "post_optimize", '"t1" needs 12 bytes, has 11'),
        (beyond_the_arena, "post_optimize", "of"),
        (before_the_arena, "post_optimize", "at -4"),
        (inputs_overlap, "post_optimize", '"in0" and "in1" overlap'),
        (half_in_place, "post_optimize", 'overlaps its input "t0"'),
        (shifted_in_place, "post_optimize", "overlaps"),
        (view_elsewhere, "post_optimize", "does not lie where its source does"),
        (without_scratch, "post_optimize", "needs 37 bytes of scratch"),
        (scratch_on_the_input, "post_optimize", "its scratch overlaps"),
        (scratch_beyond_the_arena, "post_optimize", "its scratch leaves the arena"),
    ],
    ids=lambda v: v.__name__ if callable(v) else "",
)
def test_rules(spoil: Callable[[Graph], None], stage: str, message: str) -> None:
    graph = legal()
    spoil(graph)
    with pytest.raises(InvalidGraph, match=message):
        verify(graph, stage)


def test_a_value_that_is_overwritten_too_early_is_named_with_both_nodes() -> None:
    b = Builder()
    x = b.input((12,))
    early = b.add(Reverse(), x)
    late = b.add(Reverse(), b.add(Reverse(), x))
    graph = b.graph(b.add(Mix(), early, late))
    run(graph, GENERIC, Options(disabled=["eliminate_common_subexpressions"]))
    end = plan(graph).arena_bytes
    plan(graph).arena_bytes += 12
    for node in (graph.nodes[0], graph.nodes[2]):
        move(graph, node.out, end)
    with pytest.raises(InvalidGraph, match='"t0" is overwritten by "n2" before "n3" reads it'):
        verify(graph, "post_optimize")


def test_an_output_that_is_overwritten_is_named() -> None:
    b = Builder()
    x = b.input((12,))
    early = b.add(Reverse(), x)
    graph = b.graph(early, b.add(Step(2), b.add(Reverse(), x)))
    run(graph, GENERIC, Options(disabled=["eliminate_common_subexpressions"]))
    move(graph, early, plan(graph).tensors[graph.outputs[1]].offset)
    with pytest.raises(InvalidGraph, match='"t0" is overwritten by "n1" before the caller reads it'):
        verify(graph, "post_optimize")


def test_messages_say_where_a_node_comes_from() -> None:
    graph = legal()
    graph.nodes[0].source = "tflite op 7 ADD"
    read_stranger(graph)
    with pytest.raises(InvalidGraph, match=r'Mix "n0" \(tflite op 7 ADD\)'):
        verify(graph, "read")
