"""Negotiation between rows that want different storage; transposes that become views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from edgegen.errors import NoKernel
from edgegen.ir.dtypes import F32, S32
from edgegen.ir.evaluate import evaluate
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Graph, Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.layout import NATURAL, NCHW, Layout
from edgegen.ir.op import Op
from edgegen.ir.tensor import Tensor
from edgegen.ir.verify import kernels_chosen, layouts_plain
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.reshape import Reshape
from edgegen.ops.transpose import Transpose
from edgegen.passes.pipeline import Options, run
from edgegen.passes.post_optimize.assign_layouts import assign_layouts
from edgegen.passes.post_optimize.select_kernels import select_kernels
from edgegen.verify import Build, Call, build_program
from tests.build_graph import GENERIC, Builder, kinds
from tests.harness import compile_for_test
from tests.planned_ops import Step

BLOCKED = Layout("NCHW", 8)
OFFSET = Layout(offset=128)
BORDERED = Layout(border=(1, 1, 1, 1), fill=-3)
SHAPE = (1, 4, 6, 3)


def row(name: str, reads: tuple[Layout, ...], writes: tuple[Layout, ...], **more: Any) -> Kernel:
    return Kernel(name, "_ -> _", lambda _: Packed(), reads=lambda _: reads, writes=lambda _: writes, **more)


def op_with(*rows: Kernel) -> Op:
    """An operator of these rows only."""

    @dataclass(frozen=True)
    class Wish(Step):
        kernels = rows

    return Wish()


ANY = (NATURAL, NCHW)
PLAIN = row("plain", ANY, ANY)


def chain(*ops: Op) -> tuple[Graph, list[Tensor]]:
    """The ops one after the other, between plain ones so that the graph's ends do not matter; their tensors."""
    b = Builder()
    tensors = [
        b.add(op_with(row("in", (NATURAL,), (NATURAL, NCHW, BLOCKED, OFFSET), writes_border=True)), b.input(SHAPE))
    ]
    for op in ops:
        tensors.append(b.add(op, tensors[-1]))
    last = b.add(op_with(row("out", (NATURAL, NCHW, BLOCKED, OFFSET), (NATURAL,), reads_border=True)), tensors[-1])
    return b.graph(last), tensors


def assigned(graph: Graph) -> list[str]:
    """Runs the pass; names of the rows that are then selected."""
    assign_layouts(graph, GENERIC)
    select_kernels(graph, GENERIC)
    layouts_plain(graph)
    kernels_chosen(graph)
    return [n.kernel.name for n in graph.nodes if n.kernel is not None]


def layouts(tensors: list[Tensor]) -> list[Layout]:
    return [t.type.layout for t in tensors]


def test_all_natural_without_other_wishes() -> None:
    graph, tensors = chain(op_with(PLAIN), op_with(PLAIN))
    assert not assign_layouts(graph, GENERIC)
    assert layouts(tensors) == [NATURAL] * 3


def test_writer_and_reader_agree_on_what_both_rank_highest() -> None:
    graph, tensors = chain(
        op_with(row("a", (BLOCKED, NATURAL), (BLOCKED, NATURAL))), op_with(row("b", (BLOCKED,), (OFFSET, NATURAL)))
    )
    assert assigned(graph) == ["in", "a", "b", "out"]
    assert layouts(tensors) == [NATURAL, BLOCKED, NATURAL]


def test_a_layout_that_a_reader_insists_on_wins() -> None:
    graph, tensors = chain(op_with(row("a", (OFFSET,), (NATURAL, OFFSET))), op_with(row("b", (OFFSET,), (NATURAL,))))
    assert assigned(graph) == ["in", "a", "b", "out"]
    assert layouts(tensors) == [OFFSET, OFFSET, NATURAL]


def test_rows_that_cannot_agree_give_way_to_rows_that_can() -> None:
    picky, other = row("picky", (NATURAL,), (BLOCKED,)), row("other", (OFFSET,), (NATURAL,))
    graph, tensors = chain(op_with(picky, PLAIN), op_with(other, PLAIN))
    assert assigned(graph) == ["in", "plain", "plain", "out"]
    assert layouts(tensors) == [NATURAL] * 3


def test_giving_way_on_one_side_frees_the_other() -> None:
    """b leaves OFFSET for lack of a partner behind it; a, which wanted OFFSET for b, then has no reason to."""
    a = op_with(row("a", (NATURAL,), (OFFSET, NATURAL)))
    b_op = op_with(row("b", (OFFSET,), (BLOCKED,)), row("b_plain", (NATURAL,), (NATURAL,)))
    c = op_with(row("c", (NATURAL,), (NATURAL,)))
    graph, tensors = chain(a, b_op, c)
    assert assigned(graph) == ["in", "a", "b_plain", "c", "out"]
    assert layouts(tensors) == [NATURAL] * 4


def test_inputs_and_outputs_stay_natural() -> None:
    b = Builder()
    y = b.add(op_with(row("blocked", (BLOCKED, NATURAL), (BLOCKED, NATURAL))), b.input(SHAPE))
    graph = b.graph(y)
    assert assigned(graph) == ["blocked"]
    only = Builder()
    graph = only.graph(only.add(op_with(row("blocked", (BLOCKED,), (NATURAL,)), PLAIN), only.input(SHAPE)))
    assert assigned(graph) == ["plain"]


def test_without_any_row_for_natural_order_selection_says_so() -> None:
    b = Builder()
    graph = b.graph(b.add(op_with(row("blocked", (BLOCKED,), (NATURAL,))), b.input(SHAPE)))
    with pytest.raises(NoKernel) as error:
        assigned(graph)
    assert 'does not read "in0" in NHWC' in error.value.details[1][1]


def test_every_reader_counts() -> None:
    b = Builder()
    x = b.add(op_with(row("w", (NATURAL,), (BLOCKED, NATURAL))), b.input(SHAPE))
    first = b.add(op_with(row("r", (BLOCKED, NATURAL), (NATURAL,))), x)
    second = b.add(op_with(row("s", (NATURAL,), (NATURAL,))), x)
    graph = b.graph(first, second)
    assert assigned(graph) == ["w", "r", "s"]
    assert x.type.layout == NATURAL


def test_views_read_natural_order() -> None:
    b = Builder()
    x = b.add(op_with(row("w", (NATURAL,), (BLOCKED, NATURAL))), b.input(SHAPE))
    graph = b.graph(b.add(Reshape((72,)), x))
    assert assigned(graph) == ["w"]
    assert x.type.layout == NATURAL


def test_a_border_is_put_around_an_image_by_a_row_that_writes_any() -> None:
    graph, tensors = chain(op_with(row("window", (BORDERED, NATURAL), (NATURAL,))))
    assert assigned(graph) == ["in", "window", "out"]
    assert layouts(tensors) == [BORDERED, NATURAL]
    assert tensors[0].type.bytes == 6 * 8 * 3


def test_a_border_needs_every_reader_to_step_over_it() -> None:
    def readers(second: Kernel) -> Layout:
        b = Builder()
        x = b.add(op_with(row("w", (NATURAL,), ANY, writes_border=True)), b.input(SHAPE))
        graph = b.graph(b.add(op_with(row("window", (BORDERED, NATURAL), (NATURAL,))), x), b.add(op_with(second), x))
        assigned(graph)
        return x.type.layout

    assert readers(row("strided", ANY, ANY, reads_border=True)) == BORDERED
    assert readers(row("flat", ANY, ANY)) == NATURAL


def test_two_borders_do_not_fit_one_tensor() -> None:
    wider = Layout(border=(2, 2, 2, 2), fill=-3)
    b = Builder()
    x = b.add(op_with(row("w", (NATURAL,), ANY, writes_border=True)), b.input(SHAPE))
    ends = [b.add(op_with(row("r", (k,), (NATURAL,)), PLAIN), x) for k in (BORDERED, wider)]
    assert assigned(b.graph(*ends)) == ["w", "plain", "plain"]


def test_conditions_on_several_tensors_are_kept() -> None:
    """A row that wants both its tensors alike is given that, or natural order."""

    def alike(node: Node) -> str | None:
        return None if node.input(0).type.layout == node.out.type.layout else "layouts differ"

    same = Kernel("same", "_ -> _", lambda _: Packed(), when=alike, reads=lambda _: ANY, writes=lambda _: ANY)
    graph, tensors = chain(op_with(same), op_with(row("b", (NCHW, NATURAL), (NATURAL,))))
    assert assigned(graph) == ["in", "same", "b", "out"]
    assert layouts(tensors)[0] == layouts(tensors)[1]


def convolution(b: Builder, x: Tensor, units: int = 4) -> Tensor:
    random = np.random.default_rng(units)
    weights = random.integers(-127, 128, (units, 3, 3, x.shape[3]))
    if x.dtype == F32:
        return b.add(Conv2d(pad=(1, 1, 1, 1)), x, b.constant(weights, F32), None)
    requantize = FixedPoint.from_scales([0.002] * units, 3)
    return b.add(
        Conv2d(pad=(1, 1, 1, 1), requantize=requantize),
        x,
        b.constant(weights, x.dtype),
        b.constant(np.arange(units), S32),
    )


def nchw_network() -> Graph:
    b = Builder()
    x = b.add(Transpose((0, 2, 3, 1)), b.input((1, 3, 6, 5)))
    y = convolution(b, convolution(b, x), 6)
    return b.graph(b.add(Transpose((0, 3, 1, 2)), y))


def test_transposes_at_both_ends_become_views() -> None:
    graph = nchw_network()
    run(graph, GENERIC, Options(check=True))
    assert [(n.op.kind, n.is_view) for n in graph.nodes] == [
        ("Transpose", True),
        ("Conv2d", False),
        ("Conv2d", False),
        ("Transpose", True),
    ]
    assert graph.plan is not None
    assert graph.plan.arena_bytes == graph.plan.lower_bound == 120 + 180


def test_emitted_code_reads_and_writes_the_other_order() -> None:
    graph = nchw_network()
    x = np.random.default_rng(0).integers(-128, 128, (1, 3, 6, 5)).astype(np.int8)
    compiled = compile_for_test(graph, "generic")
    (outcome,) = build_program([compiled], Build()).execute([Call([x])])
    np.testing.assert_array_equal(outcome.outputs[0], evaluate(graph, [x])[0])


def test_a_transpose_that_rows_cannot_do_without_stays() -> None:
    b = Builder()
    x = b.add(Transpose((0, 2, 3, 1)), b.input((1, 3, 6, 5)))
    graph = b.graph(b.add(op_with(row("nhwc", (NATURAL,), (NATURAL,))), x))
    assert assigned(graph) == ["copy", "nhwc"]
    assert not graph.nodes[0].is_view


def test_a_transposed_constant_is_computed() -> None:
    b = Builder()
    x = b.add(Transpose((0, 2, 3, 1)), b.constant(np.arange(90, dtype=np.int8).reshape(1, 3, 6, 5)))
    graph = b.graph(convolution(b, x))
    run(graph, GENERIC, Options(disabled=["fold_constants"], check=True))
    assert kinds(graph) == ["Transpose", "Conv2d"]
    assert not graph.nodes[0].is_view
