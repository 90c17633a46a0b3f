"""A residual block's sum becomes a part of its convolution, which then needs no third image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Tensor
from edgegen.ops.conv2d import Conv2d
from edgegen.passes.post_optimize.fuse_sum import fuse_sum
from edgegen.targets import TARGETS, Target
from edgegen.verify import Call, build_program
from tests.build_graph import Builder, kinds, transform
from tests.harness import compile_for_test
from tests.ops.layer_cases import linear

NEON = TARGETS["arm-neon"]
SIZE, IMAGE = 24, 24 * 24 * 16
ADD = linear("add", (0.031, 0.017, 0.029), (-128, 3, -20))
FUSED = ["Conv2d", "Conv2d", "Conv2dSum"]


def conv(b: Builder, x: Tensor, stride: int = 1, kernel: int = 3) -> Tensor:
    rng = np.random.default_rng(len(b.nodes))
    requantize = FixedPoint.from_scales([0.0008] * 16, 3)
    pad = (kernel // 2,) * 4
    op = Conv2d((stride, stride), pad=(pad[0], pad[1], pad[2], pad[3]), x_zero=-5, requantize=requantize)
    w = rng.integers(-127, 128, (16, kernel, kernel, x.shape[3])).astype(np.int8)
    return b.add(op, x, b.constant(w), b.constant(rng.integers(-999, 999, 16).astype(np.int32)))


def block(skip_first: bool = False) -> Graph:
    b = Builder()
    x = conv(b, b.input((1, SIZE, SIZE, 16)))
    y = conv(b, conv(b, x))
    return b.graph(b.add(ADD, x, y) if skip_first else b.add(ADD, y, x))


def unchanged(graph: Graph, target: Target = NEON) -> None:
    assert kinds(transform(graph, fuse_sum, target)) == kinds(graph)


@pytest.mark.parametrize("skip_first", [False, True])
def test_fuses_the_sum(skip_first: bool) -> None:
    assert kinds(transform(block(skip_first), fuse_sum, NEON)) == FUSED


@pytest.mark.parametrize("skip_first", [False, True])
@pytest.mark.cross
def test_two_images_and_scratch(skip_first: bool) -> None:
    graph = block(skip_first)
    model, plain = compile_for_test(graph.copy(), NEON), compile_for_test(graph.copy(), NEON, disabled=["fuse_sum"])
    assert kinds(model.graph) == FUSED
    assert model.graph.plan is not None
    assert plain.graph.plan is not None
    assert model.graph.plan.arena_bytes == 2 * IMAGE + 36 * 16 * 2 < plain.graph.plan.arena_bytes
    x = np.random.default_rng(5).integers(-128, 128, (1, SIZE, SIZE, 16)).astype(np.int8)
    got, want = (build_program([m]).execute([Call([x])])[0].outputs[0] for m in (model, plain))
    assert np.array_equal(got, want)


def test_not_where_no_row_adds() -> None:
    for target in (TARGETS["generic"], TARGETS["arm-neon-dotprod"], replace(NEON, optimize="size")):
        unchanged(block(), target)


def test_not_where_weights_come_in_portions() -> None:
    unchanged(block(), replace(NEON, portion_bytes=4096))


def test_not_where_the_image_could_be_computed_later() -> None:
    b = Builder()
    x = conv(b, b.input((1, SIZE, SIZE, 16)))
    unchanged(b.graph(b.add(ADD, conv(b, conv(b, x)), conv(b, x, kernel=1))))


def test_not_where_others_read_the_convolution() -> None:
    b = Builder()
    x = conv(b, b.input((1, SIZE, SIZE, 16)))
    y = conv(b, x)
    unchanged(b.graph(b.add(ADD, y, x), conv(b, y)))


def test_not_where_one_row_is_added_to_all() -> None:
    b = Builder()
    x = conv(b, b.input((1, 1, SIZE, 16)))
    y = conv(b, b.add(linear("add", (0.031, 0.017, 0.029), (1, 2, 3)), x, b.input((1, SIZE, SIZE, 16))))
    unchanged(b.graph(b.add(ADD, y, x)))


def test_the_image_may_be_what_the_convolution_reads() -> None:
    b = Builder()
    x = conv(b, b.input((1, SIZE, SIZE, 16)))
    graph = b.graph(b.add(ADD, conv(b, x), x))
    assert kinds(transform(graph.copy(), fuse_sum, NEON)) == ["Conv2d", "Conv2dSum"]
    plan, plain = (compile_for_test(graph.copy(), NEON, disabled=d).graph.plan for d in ((), ("fuse_sum",)))
    assert plan is not None
    assert plain is not None
    assert plan.arena_bytes <= plain.arena_bytes
