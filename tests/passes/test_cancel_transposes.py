"""Transposes vanish or sink; results stay, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.ir.dtypes import F32, S8
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Graph
from edgegen.ir.op import Op, Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.concat import Concat
from edgegen.ops.dense import Dense
from edgegen.ops.mirror_pad import MirrorPad
from edgegen.ops.pad import Pad
from edgegen.ops.reduce import Reduce
from edgegen.ops.requantize import Dequantize, Quantize, Requantize
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice
from edgegen.ops.softmax import Softmax
from edgegen.ops.table import Table
from edgegen.ops.transpose import Transpose
from edgegen.passes.optimize.cancel_transposes import cancel_transposes
from edgegen.passes.pre_optimize.eliminate_dead_nodes import eliminate_dead_nodes
from edgegen.passes.pre_optimize.simplify_algebra import simplify_algebra
from edgegen.targets import Target
from tests.build_graph import Builder, kinds, transform

TO_NHWC, TO_NCHW = Transpose((0, 2, 3, 1)), Transpose((0, 3, 1, 2))
SHAPE = (2, 3, 4, 5)


def settle(graph: Graph, target: Target) -> bool:
    """The pass with those that clean up after it, as in the pipeline."""
    return (
        sum(
            [
                one(graph, target)
                for _ in range(3)
                for one in (cancel_transposes, simplify_algebra, eliminate_dead_nodes)
            ]
        )
        > 0
    )


def settled(graph: Graph, relative: float = 0.0) -> list[str]:
    return kinds(transform(graph, settle, relative=relative))


def test_moving_axes_of_one_is_a_view() -> None:
    b = Builder()
    y = b.add(Transpose((0, 2, 3, 1)), b.input((2, 1, 4, 5)))
    assert kinds(transform(b.graph(y), cancel_transposes)) == ["Reshape"]
    z = b.add(TO_NHWC, b.input(SHAPE))
    assert kinds(transform(b.graph(y, z), cancel_transposes)) == ["Reshape", "Transpose"]


def shifted(b: Builder, x: Tensor) -> Tensor:
    return b.add(Binary("add"), x, b.constant(np.arange(x.shape[-1], dtype=x.dtype.np)))


@pytest.mark.parametrize(
    "op",
    [
        Pad((0, 1, 2, 0), (1, 0, 0, 3), 7),
        MirrorPad((0, 1, 2, 0), (1, 0, 0, 2)),
        Slice((1, 0, 4, 2), (1, 2, 3, 1), (1, 2, -2, 1)),
        Clamp(Range(-20, 30)),
        Table(tuple(range(128)) * 2),
        Requantize(FixedPoint.from_scales([0.7], 3), 2),
    ],
)
def test_transposes_cancel_through_what_treats_all_places_alike(op: Op) -> None:
    b = Builder()
    y = b.add(TO_NCHW, b.add(op, b.add(TO_NHWC, b.input(SHAPE))))
    assert settled(b.graph(y)) == [op.kind]


def test_transposes_cancel_through_a_chain_with_constants_and_two_operands() -> None:
    b = Builder()
    x, y = (b.add(TO_NHWC, b.input(SHAPE)) for _ in range(2))
    total = b.add(Binary("sub"), shifted(b, x), y)
    per_place = b.constant(np.arange(12, dtype=np.int8).reshape(4, 1, 3))
    scalar = b.constant(np.array(3, np.int8))
    out = b.add(Binary("mul"), b.add(Binary("add"), per_place, total), scalar)
    assert settled(b.graph(b.add(TO_NCHW, out))) == ["Add", "Sub", "Add", "Mul"]


@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_transposes_cancel_through_joining(axis: int) -> None:
    b = Builder()
    joined = b.add(Concat(axis), *(b.add(TO_NHWC, b.input(SHAPE)) for _ in range(2)))
    assert settled(b.graph(b.add(TO_NCHW, joined))) == ["Concat"]


def test_transposes_sink_past_changes_of_type_where_that_pays() -> None:
    """Behind Quantize there are fewer bytes to move, behind Dequantize more, unless another transpose waits there."""
    b = Builder()
    y = b.add(Quantize(0.1), b.add(TO_NHWC, b.input(SHAPE, F32)))
    assert settled(b.graph(y)) == ["Quantize", "Transpose"]
    b = Builder()
    x = b.add(Dequantize((0.1, 0.2, 0.3), (1, 2, 3), 3), b.add(TO_NHWC, b.input(SHAPE)))
    assert settled(b.graph(x)) == ["Transpose", "Dequantize"]
    assert settled(b.graph(b.add(TO_NCHW, x))) == ["Dequantize"]


@pytest.mark.parametrize("keep_dims", [False, True])
@pytest.mark.parametrize(
    ("axes", "left"), [((1, 2), []), ((2,), ["Transpose"]), ((0,), ["Transpose"]), ((), ["Transpose"])]
)
def test_sums_over_axes_follow_the_transpose(axes: tuple[int, ...], left: list[str], keep_dims: bool) -> None:
    b = Builder()
    y = b.add(Reduce("sum", axes, keep_dims), b.add(TO_NHWC, b.input(SHAPE, F32)))
    after = transform(b.graph(y), settle, relative=1e-6)
    assert [k for k in kinds(after) if k != "Reshape"] == ["Sum", *left]


def test_one_transpose_remains_where_two_operands_had_one_each() -> None:
    b = Builder()
    x, y = (b.add(TO_NHWC, b.input(SHAPE)) for _ in range(2))
    assert settled(b.graph(b.add(Binary("add"), x, y))) == ["Add", "Transpose"]


def test_what_must_not_sink() -> None:
    """An operand in the old order, a transpose with two readers, one that is an output, an operand of lower rank."""
    b = Builder()
    x, plain = b.input(SHAPE), b.input((2, 4, 5, 3))
    moved = b.add(TO_NHWC, x)
    mixed = b.add(Binary("add"), moved, plain)
    graph = b.graph(mixed)
    assert settled(graph) == kinds(graph)
    both = b.graph(mixed, b.add(Binary("add"), moved, moved))
    assert settled(both) == kinds(both)
    c = Builder()
    out = c.add(TO_NHWC, c.input(SHAPE))
    shown = c.graph(shifted(c, out), out)
    assert settled(shown) == kinds(shown)
    d = Builder()
    low = d.add(Transpose((1, 0)), d.input((5, 4)))
    wide = d.graph(d.add(Binary("add"), low, d.constant(np.zeros((3, 4, 5), np.int8))))
    assert settled(wide) == kinds(wide)


def test_a_pad_is_not_followed_by_a_larger_transpose() -> None:
    b = Builder()
    graph = b.graph(b.add(Pad((0, 1, 1, 0), (0, 1, 1, 0)), b.add(TO_NHWC, b.input(SHAPE))))
    assert settled(graph) == ["Transpose", "Pad"]


@pytest.mark.parametrize("dtype", [S8, F32])
def test_a_dense_layer_takes_the_transpose_into_its_weights(dtype: object) -> None:
    b = Builder()
    kind = F32 if dtype is F32 else S8
    x = b.add(Reshape((2, 60)), b.add(TO_NCHW, b.input((2, 4, 5, 3), kind)))
    weights = np.random.default_rng(0).integers(-9, 9, (7, 60)).astype(kind.np)
    assert settled(b.graph(b.add(Dense(), x, b.constant(weights), None)), relative=1e-6) == ["Reshape", "Dense"]


def test_a_dense_layer_over_rows_that_mix_images_keeps_the_transpose() -> None:
    b = Builder()
    x = b.add(Reshape((6, 20)), b.add(TO_NCHW, b.input((2, 4, 5, 3))))
    graph = b.graph(b.add(Dense(), x, b.constant(np.ones((7, 20), np.int8)), None))
    assert settled(graph) == kinds(graph)


@given(st.permutations(range(4)), st.permutations(range(4)), st.data())
@settings(max_examples=40)
def test_any_permutation_sinks_exactly(first: list[int], second: list[int], data: st.DataObject) -> None:
    b = Builder()
    shape = data.draw(st.sampled_from([SHAPE, (1, 3, 4, 5), (2, 1, 1, 5)]))
    x = b.add(Transpose(tuple(first)), b.input(shape))
    for _ in range(data.draw(st.integers(1, 3))):
        axes = len(x.shape)
        pads = [tuple(data.draw(st.integers(0, 1)) for _ in range(axes)) for _ in range(2)]
        x = data.draw(st.sampled_from([b.add(Pad(pads[0], pads[1], 3), x), shifted(b, x)]))
    y = b.add(Transpose(tuple(second)), x)
    settled(b.graph(y))


def test_rows_along_the_last_axis_are_passed() -> None:
    b = Builder()
    x = b.add(Transpose((0, 2, 1, 3)), b.input((2, 3, 4, 5), F32))
    y = b.add(Transpose((0, 3, 2, 1)), b.add(Softmax(), x))
    assert settled(b.graph(y), relative=1e-6) == ["Softmax", "Transpose"]
    b = Builder()
    x = b.add(Transpose((0, 1, 3, 2)), b.input((2, 3, 4, 5), F32))
    assert settled(b.graph(b.add(Softmax(), x)), relative=1e-6) == ["Transpose", "Softmax"]


def test_what_is_flattened_is_quantized_before() -> None:
    """So that the dense layer meets the transpose."""
    b = Builder()
    x = b.add(TO_NCHW, b.input((2, 3, 4, 5), F32))
    q = b.add(Quantize(0.1, 3, "s8", True), b.add(Reshape((2, 60)), x))
    w = np.random.default_rng(2).integers(-127, 128, (6, 60)).astype(np.int8)
    y = b.add(Dense(x_zero=3, requantize=FixedPoint.from_scales([0.01], 0), clamp=Range(-128, 127)), q, b.constant(w))
    assert settled(b.graph(y)) == ["Quantize", "Reshape", "Dense"]


def test_axes_of_one_are_dropped_before() -> None:
    """Where the nodes behind, here an extreme, may work on another order of axes."""
    b = Builder()
    x = b.add(Reshape((2, 5, 3)), b.add(TO_NCHW, b.input((2, 3, 1, 5), F32)))
    y = b.add(Reduce("max", (2,), True), x)
    assert settled(b.graph(y)) == ["Reshape", "Max", "Reshape"]
