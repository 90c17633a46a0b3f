"""The loops that copies are reduced to, walked in Python; and the kernels on layouts other than the natural one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegen.compiler import Compiled
from edgegen.emit.render import Origin, render
from edgegen.ir.dtypes import F32, S8, DType
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph, Node
from edgegen.ir.kernel import Packed
from edgegen.ir.layout import NATURAL, NCHW, Layout
from edgegen.ir.op import Op
from edgegen.ir.tensor import Array, Tensor, TensorType
from edgegen.ops.concat import Concat
from edgegen.ops.copy import Copy
from edgegen.ops.pad import Pad
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice
from edgegen.ops.strided_copy import LOOPS, TILE, Dim, fits, natural_strides, pack_copy
from edgegen.ops.transpose import Transpose
from edgegen.passes.post_optimize.pack_weights import pack_weights
from edgegen.passes.post_optimize.plan_arena import plan_arena
from edgegen.passes.post_optimize.select_kernels import select_kernels
from edgegen.targets import target
from edgegen.verify import Build, Call, build_program


def walk(packed: Packed, size: int) -> list[tuple[int, int]]:
    """(element of x, element of y) in the order in which the kernel copies them; runs are taken apart."""
    count, x_step, y_step = (packed.params[k] for k in ("count", "x_step", "y_step"))
    assert isinstance(count, tuple)
    assert isinstance(x_step, tuple)
    assert isinstance(y_step, tuple)
    start, run = packed.params["x_start"], packed.params["bytes"]
    assert isinstance(start, int)
    assert isinstance(run, int)
    steps = []
    for index in np.ndindex(*(int(n) for n in count)):
        x = start + sum(i * int(s) for i, s in zip(index, x_step, strict=True))
        y = sum(i * int(s) for i, s in zip(index, y_step, strict=True))
        assert x % size == y % size == run % size == 0
        steps += [(x // size + k, y // size + k) for k in range(run // size)]
    return steps


@st.composite
def nests(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """(shape of the output, order of its axes in x, stride in x along each)."""
    rank = draw(st.integers(0, LOOPS))
    shape = tuple(draw(st.sampled_from((1, 1, 2, 3, 4, 8, 16) if rank < 4 else (1, 2, 3))) for _ in range(rank))
    order = tuple(draw(st.permutations(range(rank))))
    strides = tuple(draw(st.sampled_from((1, 1, 1, 2, -1, -3))) for _ in range(rank))
    return shape, order, strides


@given(nests(), st.sampled_from((1, 2, 4, 8)), st.booleans())
def test_every_element_is_copied_once_from_where_it_should(
    nest: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]], size: int, in_order: bool
) -> None:
    shape, order, strides = nest
    extents = [n * abs(s) for n, s in zip(shape, strides, strict=True)]
    x_shape = tuple(extents[a] for a in order)
    x_strides = dict(zip(order, natural_strides(x_shape), strict=True))
    dims = [
        Dim(n, s * x_strides[i], y)
        for i, (n, s, y) in enumerate(zip(shape, strides, natural_strides(shape), strict=True))
    ]
    start = sum((extents[i] - 1) * x_strides[i] for i, s in enumerate(strides) if s < 0)
    steps = walk(pack_copy(dims, start, size, in_order), size)
    wanted = {
        sum(i * d.y for i, d in zip(index, dims, strict=True)): start
        + sum(i * d.x for i, d in zip(index, dims, strict=True))
        for index in np.ndindex(*shape)
    }
    assert len(steps) == math.prod(shape)
    assert {y: x for x, y in steps} == wanted
    if in_order:
        assert [y for _, y in steps] == sorted(wanted)


def test_contiguous_copies_are_one_run() -> None:
    shape = (2, 3, 4, 5)
    strides = natural_strides(shape)
    packed = pack_copy([Dim(n, s, s) for n, s in zip(shape, strides, strict=True)], 0, 4)
    assert packed.params["bytes"] == 480
    assert packed.params["count"] == (1,) * LOOPS


def test_transposes_are_cut_into_tiles_where_these_fit() -> None:
    rows, columns = 3 * TILE, 5 * TILE
    packed = pack_copy([Dim(rows, 1, columns), Dim(columns, rows, 1)], 0, 1)
    assert packed.params["count"] == (1, 1, 3, 5, TILE, TILE)
    assert sorted(walk(packed, 1)) == sorted(
        (j * rows + i, i * columns + j) for i in range(rows) for j in range(columns)
    )
    odd = pack_copy([Dim(rows + 1, 1, columns), Dim(columns, rows + 1, 1)], 0, 1)
    assert odd.params["count"] == (1, 1, 1, 1, rows + 1, columns)


def test_what_the_loops_cannot_hold_is_said() -> None:
    assert fits((2, 1, 2, 2, 1, 2, 2, 2)) is None
    assert fits((2,) * (LOOPS + 1)) == "7 dimensions are more than 6"


BORDERED = Layout(border=(1, 2, 0, 3), fill=7)


def stored(dtype: DType) -> tuple[Graph, Array]:
    """Every move between natural, NCHW and bordered storage; layouts are fixed by hand."""
    graph = Graph("moves", [], [])
    shape = (2, 3, 4, 5)

    def tensor(shape: tuple[int, ...], layout: Layout = NATURAL) -> Tensor:
        return Tensor(f"t{len(graph.tensors())}", TensorType(dtype, shape, layout=layout))

    def add(op: Op, *inputs: Tensor, layout: Layout = NATURAL) -> Tensor:
        (y,) = op.infer(*(t.type for t in inputs))
        out = tensor(y.shape, layout)
        graph.nodes.append(Node(op, list(inputs), [out], out.name))
        return out

    x = tensor(shape)
    graph.inputs.append(x)
    planar = add(Copy(), x, layout=NCHW)
    bordered = add(Copy(), x, layout=BORDERED)
    ones = (1,) * 4
    graph.outputs = [
        add(Copy(), planar),
        add(Copy(), bordered),
        add(Copy(), add(Slice((1, 2, 0, 4), (1, 2, 2, 3), (1, -1, 2, -2)), bordered, layout=NCHW)),
        add(Slice((0, 1, 1, 2), (2, 2, 3, 2), ones), planar),
        add(Copy(), add(Transpose((0, 2, 3, 1)), bordered, layout=NCHW)),
        add(Transpose((3, 1, 0, 2)), planar),
        add(Copy(), add(Concat(3), planar, planar, layout=NCHW)),
        add(Copy(), add(Concat(1), planar, planar, planar, layout=NCHW)),
        add(Copy(), add(Pad((0, 1, 2, 1), (1, 0, 1, 2), -5), planar, layout=NCHW)),
        add(Reshape((6, 20)), planar),
        add(Reshape((24, 5)), bordered),
        add(Copy(), add(Reshape((4, 5, 3, 2)), x, layout=NCHW)),
    ]
    return graph, (np.arange(math.prod(shape)) % 119 - 50).reshape(shape).astype(dtype.np)


@pytest.mark.parametrize("dtype", [S8, F32])
def test_kernels_read_and_write_every_layout_that_they_offer(dtype: DType) -> None:
    graph, x = stored(dtype)
    generic = target("generic")
    for one in (select_kernels, pack_weights, plan_arena):
        one(graph, generic)
    origin = Origin("moves.test", "0" * 64, "test")
    model = Compiled("moves", generic, origin, graph, graph, render(graph, generic, "moves", origin, trace=True).files)
    outcome = build_program([model], Build(sanitize=True)).execute([Call([x])])[0]
    for tensor, got, want in zip(graph.outputs, outcome.outputs, evaluate(graph, [x]), strict=True):
        np.testing.assert_array_equal(got, want, err_msg=tensor.name)


def test_transposes_that_layouts_undo_are_free() -> None:
    x = TensorType(S8, (2, 3, 4, 5))
    op = Transpose((0, 2, 3, 1))
    (y,) = op.infer(x)
    assert op.aliases(x, y.with_layout(NCHW))
    assert not op.aliases(x, y)
    assert not op.aliases(x, y.with_layout(Layout(order="NCHW", border=(1, 1, 1, 1))))
    assert Transpose((0, 2, 1, 3)).aliases(TensorType(S8, (1, 3, 1, 5)), TensorType(S8, (1, 1, 3, 5)))
    node = Node(op, [Tensor("x", x)], [Tensor("y", y)], "y")
    assert op.kernels[0].writes(node)[0] == NCHW


def test_a_slice_takes_over_the_bytes_of_an_input_that_dies() -> None:
    x = Tensor("x", TensorType(S8, (64, 8)))
    op = Slice((3, 1), (40, 6), (1, 1))
    y = Tensor("y", op.infer(x.type)[0])
    graph = Graph("slice", [x], [y], [Node(op, [x], [y], "y")])
    for one in (select_kernels, pack_weights, plan_arena):
        one(graph, target("generic"))
    assert graph.plan is not None
    assert graph.plan.arena_bytes == 64 * 8
    assert graph.nodes[0].kernel is not None
    assert graph.nodes[0].kernel.name == "move"
