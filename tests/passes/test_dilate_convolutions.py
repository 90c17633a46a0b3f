from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.ir.dtypes import F32, S8
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Tensor
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pad import Pad
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose
from edgegen.passes.optimize.dilate_convolutions import dilate_convolutions
from edgegen.passes.optimize.fuse_pad import fuse_pad
from edgegen.passes.pre_optimize.eliminate_dead_nodes import eliminate_dead_nodes
from edgegen.passes.pre_optimize.simplify_algebra import simplify_algebra
from edgegen.targets import Target
from tests.build_graph import GENERIC, Builder, kinds, transform

REQUANTIZE = FixedPoint.from_scales([0.004], -4)
RANDOM = np.random.default_rng(3)
SIZE = replace(GENERIC, optimize="size")

Sizes = list[int]


def take_apart(b: Builder, x: Tensor, block: Sizes, before: Sizes, after: Sizes, value: float = 0) -> Tensor:
    """As the importer writes SPACE_TO_BATCH_ND."""
    if any(before + after):
        x = b.add(Pad((0, *before, 0), (0, *after, 0), value), x)
    n, *size, c = x.shape
    blocks = [k // m for k, m in zip(size, block, strict=True)]
    x = b.add(Reshape((n, *(d for pair in zip(blocks, block, strict=True) for d in pair), c)), x)
    x = b.add(Transpose((2, 4, 0, 1, 3, 5) if len(block) == 2 else (2, 0, 1, 3)), x)
    return b.add(Reshape((n * int(np.prod(block)), *blocks, c)), x)


def put_together(b: Builder, y: Tensor, block: Sizes, before: Sizes, after: Sizes) -> Tensor:
    """As the importer writes BATCH_TO_SPACE_ND."""
    n, *size, c = y.shape
    n //= int(np.prod(block))
    y = b.add(Reshape((*block, n, *size, c)), y)
    y = b.add(Transpose((2, 3, 0, 4, 1, 5) if len(block) == 2 else (1, 2, 0, 3)), y)
    y = b.add(Reshape((n, *(k * m for k, m in zip(size, block, strict=True)), c)), y)
    if any(before + after):
        rest = [k - f - a for k, f, a in zip(y.shape[1:], [*before, 0], [*after, 0], strict=True)]
        y = b.add(Slice((0, *before, 0), (n, *rest), (1,) * y.rank), y)
    return y


def clean(graph: Graph, target: Target) -> bool:
    """The pass between those that run before and after it."""
    tidy = (simplify_algebra, eliminate_dead_nodes)
    passes = (*tidy, dilate_convolutions, *tidy)
    return max([one(graph, target) for one in passes])


def test_a_dilated_convolution_of_the_same_size() -> None:
    b = Builder()
    x = take_apart(b, b.input((1, 7, 9, 3)), [2, 3], [2, 3], [3, 3], 7)
    w = b.constant(RANDOM.integers(-127, 128, (5, 3, 3, 3)).astype(np.int8))
    y = b.add(Conv2d(x_zero=7, requantize=REQUANTIZE), x, w, None)
    graph = transform(b.graph(put_together(b, y, [2, 3], [0, 0], [1, 0])), clean, SIZE)
    assert kinds(graph) == ["Pad", "Conv2d"]
    assert graph.nodes[0].op == Pad((0, 2, 3, 0), (0, 2, 3, 0), 7)
    graph = transform(graph, fuse_pad)
    assert kinds(graph) == ["Conv2d"]
    op = graph.nodes[0].op
    assert isinstance(op, Conv2d)
    assert (op.dilation, op.pad) == ((2, 3), (2, 3, 2, 3))


def test_padding_with_another_value_stays_a_pad() -> None:
    """TensorFlow Lite pads with the zero point, but a model need not."""
    b = Builder()
    x = take_apart(b, b.input((1, 7, 9, 3)), [2, 3], [2, 3], [3, 3], 0)
    w = b.constant(RANDOM.integers(-127, 128, (5, 3, 3, 3)).astype(np.int8))
    y = b.add(Conv2d(x_zero=7, requantize=REQUANTIZE), x, w, None)
    graph = transform(b.graph(put_together(b, y, [2, 3], [0, 0], [1, 0])), clean, SIZE)
    assert not fuse_pad(graph, GENERIC)
    assert kinds(graph) == ["Pad", "Conv2d"]


def test_a_causal_convolution_of_sequences() -> None:
    """Conv1D of Keras: sequences padded in front, images of one row between the two blocks."""
    b = Builder()
    x = take_apart(b, b.input((2, 11, 3), F32), [4], [8], [1])
    x = b.add(Reshape((x.shape[0], 1, *x.shape[1:])), x)
    w = b.constant(RANDOM.standard_normal((5, 1, 3, 3)).astype(np.float32))
    y = b.add(Conv2d(), x, w, None)
    y = b.add(Reshape((y.shape[0], *y.shape[2:])), y)
    graph = transform(b.graph(put_together(b, y, [4], [0], [1])), clean, SIZE, relative=1e-6)
    assert sorted(kinds(graph)) == ["Conv2d", "Pad", "Reshape", "Reshape"]
    assert graph.nodes[1].op == Pad((0, 0, 8, 0), (0, 0, 0, 0))
    assert graph.outputs[0].shape == (2, 11, 5)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_any_blocks_and_margins(data: st.DataObject) -> None:
    count = data.draw(st.sampled_from((1, 2, 2)))
    n, c, units = data.draw(st.integers(1, 2)), data.draw(st.integers(1, 3)), data.draw(st.integers(1, 2))
    block = data.draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))
    kernel = data.draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))
    step = data.draw(st.lists(st.integers(1, 2), min_size=count, max_size=count))
    own = data.draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    blocks = [(k - 1) * d + 1 + data.draw(st.integers(0, 2)) for k, d in zip(kernel, step, strict=True)]
    whole = [m * k for m, k in zip(block, blocks, strict=True)]
    before = [data.draw(st.integers(0, (w - 1) // 2)) for w in whole]
    after = [data.draw(st.integers(0, (w - 1) // 2)) for w in whole]
    out = [m * (s + 2 * p - (k - 1) * d) for m, s, p, k, d in zip(block, blocks, own, kernel, step, strict=True)]
    cut_before = [data.draw(st.integers(0, (w - 1) // 2)) for w in out]
    cut_after = [data.draw(st.integers(0, (w - 1) // 2)) for w in out]
    rows = data.draw(st.booleans()) if count == 1 else False

    b = Builder()
    size = [w - f - a for w, f, a in zip(whole, before, after, strict=True)]
    x = take_apart(b, b.input((n, *size, c), S8), block, before, after, 5)
    window, dilation, pad = tuple(kernel), tuple(step), tuple(own)
    if count == 1:
        x = b.add(Reshape((*x.shape[:2], 1, c) if rows else (x.shape[0], 1, *x.shape[1:])), x)
        window, dilation, pad = ((v[0], w) if rows else (w, v[0]) for v, w in ((window, 1), (dilation, 1), (pad, 0)))
    op: Conv2d | DepthwiseConv2d
    kind = data.draw(st.sampled_from((Conv2d, DepthwiseConv2d)))
    op = kind((1, 1), (dilation[0], dilation[1]), (*pad, *pad), 5, REQUANTIZE)
    shape = (units, *window, c) if kind is Conv2d else (*window, c * units)
    y = b.add(op, x, b.constant(RANDOM.integers(-127, 128, shape).astype(np.int8)), None)
    if count == 1:
        y = b.add(Reshape((y.shape[0], y.shape[1] * y.shape[2], y.shape[3])), y)
    graph = transform(b.graph(put_together(b, y, block, cut_before, cut_after)), clean, SIZE)
    assert "Transpose" not in kinds(graph)
    assert kind.__name__ in kinds(graph)


def test_for_speed_rows_of_windows_stay_whole() -> None:
    for block, filters, dilated in (
        ([2, 1], (4, 3, 3, 2), True),
        ([2, 2], (4, 3, 1, 2), True),
        ([1, 2], (4, 1, 3, 2), False),
    ):
        b = Builder()
        x = take_apart(b, b.input((1, 8, 8, 2)), block, [0, 0], [0, 0])
        y = b.add(
            Conv2d(requantize=REQUANTIZE), x, b.constant(RANDOM.integers(-127, 128, filters).astype(np.int8)), None
        )
        graph = transform(b.graph(put_together(b, y, block, [0, 0], [0, 0])), clean)
        assert ("Transpose" not in kinds(graph)) == dilated


@pytest.mark.parametrize("why", ["stride", "another block", "read twice", "an output"])
def test_others_stay(why: str) -> None:
    b = Builder()
    x = take_apart(b, b.input((1, 8, 8, 2)), [2, 2], [0, 0], [0, 0])
    w = b.constant(RANDOM.integers(-127, 128, (4, 1, 1, 2)).astype(np.int8))
    y = b.add(Conv2d((2, 2) if why == "stride" else (1, 1), requantize=REQUANTIZE), x, w, None)
    outputs = [put_together(b, y, [4, 1] if why == "another block" else [2, 2], [0, 0], [0, 0])]
    if why == "read twice":
        outputs.append(b.add(Reshape((y.type.elements,)), y))
    if why == "an output":
        outputs.append(y)
    graph = transform(b.graph(*outputs), clean, SIZE)
    assert kinds(graph).count("Transpose") == 2
