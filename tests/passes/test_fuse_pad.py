from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgegen.ir.dtypes import F32, S8
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Op, Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.clamp import Clamp
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.hybrid import HybridProduct
from edgegen.ops.pad import Pad
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.quantize_rows import QuantizeRows
from edgegen.ops.requantize import Dequantize, Requantize
from edgegen.ops.row_scale import RowScale
from edgegen.passes.optimize.fuse_pad import fuse_pad
from tests.build_graph import Builder, kinds, transform

REQUANTIZE = FixedPoint.from_scales([0.01], -4)
RANDOM = np.random.default_rng(3)
WEIGHTS = RANDOM.integers(-127, 128, (5, 3, 3, 2)).astype(np.int8)
DEPTHWISE = RANDOM.integers(-127, 128, (3, 3, 4)).astype(np.int8)


def pad(top: int, left: int, bottom: int, right: int, value: float = 0) -> Pad:
    return Pad((0, top, left, 0), (0, bottom, right, 0), value)


def convolve(b: Builder, x: Tensor, op: Op) -> Tensor:
    weights = DEPTHWISE if isinstance(op, DepthwiseConv2d) else WEIGHTS
    return b.add(op, x, b.constant(weights.astype(x.dtype.np)), None)


@pytest.mark.parametrize("kind", [Conv2d, DepthwiseConv2d])
def test_the_convolution_pads_by_itself(kind: type[Conv2d] | type[DepthwiseConv2d]) -> None:
    b = Builder()
    x = b.add(pad(1, 0, 2, 1, 7), b.input((1, 6, 5, 2)))
    y = convolve(b, x, kind((2, 1), pad=(1, 1, 0, 0), x_zero=7, requantize=REQUANTIZE))
    after = transform(b.graph(y), fuse_pad)
    assert kinds(after) == [kind.__name__]
    op = after.nodes[0].op
    assert isinstance(op, kind)
    assert op.pad == (2, 1, 2, 1)


def test_floats_are_padded_with_zero() -> None:
    b = Builder()
    y = convolve(b, b.add(pad(1, 1, 1, 1), b.input((1, 6, 5, 2), F32)), Conv2d())
    assert kinds(transform(b.graph(y), fuse_pad, relative=1e-6)) == ["Conv2d"]


def test_every_reader_takes_the_pad_or_none() -> None:
    b = Builder()
    x = b.add(pad(1, 1, 1, 1), b.input((1, 6, 5, 2)))
    both = [convolve(b, x, Conv2d(requantize=REQUANTIZE)), convolve(b, x, DepthwiseConv2d(requantize=REQUANTIZE))]
    assert kinds(transform(b.graph(*both), fuse_pad)) == ["Conv2d", "DepthwiseConv2d"]
    pooled = b.add(Pool2d("average", (2, 2)), x)
    assert kinds(transform(b.graph(*both, pooled), fuse_pad)) == ["Pad", "Conv2d", "DepthwiseConv2d", "AveragePool2d"]


@pytest.mark.parametrize(
    ("padding", "op"),
    [
        (pad(1, 1, 1, 1, 0), Conv2d(x_zero=7, requantize=REQUANTIZE)),  # padded with another value than the zero point
        (pad(3, 0, 0, 0, 7), Conv2d(x_zero=7, requantize=REQUANTIZE)),  # windows in padding alone
        (pad(2, 0, 0, 0, 7), Conv2d(pad=(1, 0, 0, 0), x_zero=7, requantize=REQUANTIZE)),
        (Pad((0, 0, 0, 1), (0, 0, 0, 0), 7), Conv2d(x_zero=7, requantize=REQUANTIZE)),  # channels
        (Pad((1, 0, 0, 0), (0, 0, 0, 0), 7), Conv2d(x_zero=7, requantize=REQUANTIZE)),  # images
        (pad(1, 1, 1, 1), Pool2d("average", (3, 3))),
        (pad(1, 1, 1, 1), Pool2d("max", (3, 3))),
    ],
)
def test_other_pads_stay(padding: Pad, op: Op) -> None:
    b = Builder()
    x = b.input((1, 6, 5, 2 - padding.before[3]))
    padded = b.add(padding, x)
    y = convolve(b, padded, op) if isinstance(op, Conv2d) else b.add(op, padded)
    assert kinds(transform(b.graph(y), fuse_pad)) == ["Pad", op.kind]


def test_a_pad_that_is_an_output_stays() -> None:
    b = Builder()
    x = b.add(pad(1, 1, 1, 1), b.input((1, 6, 5, 2)))
    assert kinds(transform(b.graph(convolve(b, x, Conv2d(requantize=REQUANTIZE)), x), fuse_pad)) == ["Pad", "Conv2d"]


def test_dilation_widens_the_window_that_must_touch_the_image() -> None:
    b = Builder()
    x = b.add(pad(3, 0, 0, 0), b.input((1, 6, 5, 2), S8))
    y = convolve(b, x, Conv2d(dilation=(2, 1), requantize=REQUANTIZE))
    assert kinds(transform(b.graph(y), fuse_pad)) == ["Conv2d"]


def hybrid(b: Builder, x: Tensor, op: Conv2d | DepthwiseConv2d) -> Tensor:
    """The convolution of a float image that is quantized at run time."""
    parts = b.add_all(QuantizeRows(x.shape[0], True), x)
    weights = DEPTHWISE if isinstance(op, DepthwiseConv2d) else WEIGHTS
    return b.add(HybridProduct(op, RowScale((0.01,), False)), *parts, b.constant(weights), None)


@pytest.mark.parametrize("op", [Conv2d((2, 1)), DepthwiseConv2d(pad=(1, 1, 0, 0))])
def test_what_is_quantized_at_run_time_is_not_padded_before(op: Conv2d | DepthwiseConv2d) -> None:
    channels = 4 if isinstance(op, DepthwiseConv2d) else 2
    b = Builder()
    x = b.add(pad(1, 0, 1, 1), b.input((2, 6, 5, channels), F32))
    after = transform(b.graph(hybrid(b, x, op)), fuse_pad)
    assert kinds(after) == ["QuantizeRows", f"Hybrid{op.kind}"]
    product = after.nodes[1].op
    assert isinstance(product, HybridProduct)
    assert product.product == replace(op, pad=(1 + op.pad[0], op.pad[1], 1, 1))


def test_a_value_that_changes_the_range_is_quantized_too() -> None:
    b = Builder()
    x = b.add(pad(1, 1, 1, 1, 0.5), b.input((1, 6, 5, 2), F32))
    assert kinds(transform(b.graph(hybrid(b, x, Conv2d())), fuse_pad)) == ["Pad", "QuantizeRows", "HybridConv2d"]


def test_a_pad_follows_what_computes_elements() -> None:
    """One a round, so that the convolution behind takes it."""
    b = Builder()
    x = b.add(pad(1, 1, 1, 1, 5), b.input((1, 6, 5, 2)))
    y = b.add(Clamp(Range(-3, 4)), b.add(Requantize(REQUANTIZE, x_zero=5), x))
    graph = b.graph(convolve(b, y, Conv2d(x_zero=-3, requantize=REQUANTIZE)))
    for _ in range(3):
        graph = transform(graph, fuse_pad)
    assert kinds(graph) == ["Requantize", "Clamp", "Conv2d"]


def test_a_pad_stays_before_what_makes_elements_larger_or_is_read_elsewhere() -> None:
    b = Builder()
    x = b.add(pad(1, 1, 1, 1), b.input((1, 6, 5, 2)))
    assert kinds(transform(b.graph(b.add(Dequantize((0.5,), (1,)), x)), fuse_pad)) == ["Pad", "Dequantize"]
    b = Builder()
    x = b.add(pad(1, 1, 1, 1), b.input((1, 6, 5, 2)))
    both = [b.add(Clamp(Range(-3, 4)), x), b.add(Clamp(Range(0, 4)), x)]
    assert kinds(transform(b.graph(*both), fuse_pad)) == ["Pad", "Clamp", "Clamp"]
