"""Arithmetic in f16 on AArch64: its rows against the operators' references, every buffer beside forbidden pages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgegen.ir.op import NO_CLAMP, Op, Range
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.unary import Unary
from edgegen.targets import Optimize
from edgegen.verify import compare
from tests.guarded import run_guarded
from tests.harness import Case, constant_input, node_graph, reference, run_nodes
from tests.ops.test_half_types import ARITHMETIC

pytestmark = pytest.mark.cross

TARGET = "arm-neon-dotprod"
SAME = (1, 1, 1, 1)


def layer(op: Op, x: tuple[int, ...], w: tuple[int, ...], kernel: str, units: int, scale: float = 1.0) -> Case:
    """One case with random data, weights that are f16 in every other case. scale: of x"""
    rng = np.random.default_rng([*x, *w])
    weights = rng.normal(size=w).astype(np.float32)
    weights = weights.astype(np.float16).astype(np.float32) if units % 2 == 0 else weights
    inputs: list[Array | Tensor | None] = [(scale * rng.normal(size=x)).astype(np.float16), constant_input(weights)]
    inputs.append(constant_input(rng.normal(size=units).astype(np.float32)))
    return Case(op, inputs, kernel, f"{op.kind} {x} {w}")


def conv(op: Conv2d, x: tuple[int, ...], units: int, kernel: tuple[int, int], scratch: bool = False) -> Case:
    row = "conv2d_f16_neon_scratch" if scratch else "conv2d_f16_neon"
    return layer(op, x, (units, *kernel, x[3]), row, units)


PRODUCTS = [
    conv(Conv2d(), (1, 1, 1, 8), 1, (1, 1)),
    conv(Conv2d(), (2, 3, 5, 17), 16, (1, 1)),
    conv(Conv2d(clamp=Range(0, float("inf"))), (1, 5, 5, 39), 23, (1, 1)),
    conv(Conv2d(clamp=Range(0, 6)), (1, 4, 4, 64), 24, (1, 1)),
    conv(Conv2d((2, 3)), (1, 6, 5, 30), 12, (1, 1)),
    conv(Conv2d(pad=SAME), (1, 6, 7, 9), 8, (3, 3), scratch=True),
    conv(Conv2d((2, 2), pad=(0, 0, 1, 1)), (1, 9, 8, 3), 16, (3, 3), scratch=True),
    conv(Conv2d((1, 1), (2, 2)), (1, 9, 5, 12), 10, (3, 2)),
    conv(Conv2d(), (1, 6, 6, 1), 5, (3, 3), scratch=True),  # windows are gathered
    layer(Dense(), (1, 40), (10, 40), "dense_f16_neon", 10),
    layer(Dense(clamp=Range(-1, 3)), (7, 23), (33, 23), "dense_f16_neon", 33),
    layer(Dense(), (2, 8), (3, 8), "dense_f16_neon", 3),
]


def depthwise(op: DepthwiseConv2d, x: tuple[int, ...], window: tuple[int, int], row: str) -> Case:
    return layer(op, x, (*window, x[3]), f"depthwise_conv2d_f16_{row}", x[3])


PRODUCTS += [
    depthwise(DepthwiseConv2d(pad=SAME), (1, 6, 7, 16), (3, 3), "3x3_neon_bordered"),
    depthwise(DepthwiseConv2d(pad=SAME, clamp=Range(0, 6)), (2, 5, 4, 11), (3, 3), "3x3_neon_bordered"),
    depthwise(DepthwiseConv2d((2, 2), pad=(0, 0, 1, 1)), (1, 9, 8, 24), (3, 3), "3x3_neon_bordered"),
    depthwise(DepthwiseConv2d((2, 2)), (1, 9, 7, 8), (3, 3), "3x3_neon"),
    depthwise(DepthwiseConv2d(), (1, 8, 9, 19), (3, 3), "3x3_neon"),
    depthwise(DepthwiseConv2d(pad=(2, 2, 2, 2)), (1, 6, 6, 24), (5, 5), "neon_scratch"),
    depthwise(DepthwiseConv2d((1, 2), (2, 1)), (1, 9, 7, 8), (3, 3), "neon"),
]


def magnitudes(case: Case) -> Array:
    """What the magnitudes of the products and the bias add up to, in f64."""

    def positive(value: Array | Tensor | None) -> Array | None:
        return None if value is None else np.abs(value.values if isinstance(value, Tensor) else value)

    inputs = [positive(v) for v in case.inputs]
    return replace(case.op, clamp=NO_CLAMP).reference(inputs[0].astype(np.float64), *inputs[1:])[0]


def check_products(cases: list[Case], **build: str) -> None:
    """Each result is within 17 roundings of the magnitudes that were added up, one of them of a weight."""
    for case, got in zip(cases, run_guarded(cases, TARGET, **build), strict=True):
        (want,) = reference(case)
        bound = 17 * 2.0**-11 * magnitudes(case) + np.spacing(np.abs(want)).astype(np.float64)
        error = np.abs(got.astype(np.float64) - want.astype(np.float64))
        assert (error <= bound).all(), f"{case.label}: off by {(error / bound).max():.2f} times what it may be"
        assert np.sqrt(np.mean((error / magnitudes(case)) ** 2)) < 2.0**-11, case.label


def test_sums_of_products() -> None:
    check_products(PRODUCTS)


def test_sums_of_products_in_shared_functions_and_by_clang() -> None:
    check_products(PRODUCTS[::2], optimize="size")
    check_products(PRODUCTS[1::2], cc="clang")


def test_sums_beyond_f16_on_the_way_are_computed_in_f32() -> None:
    rng = np.random.default_rng(5)
    x = np.full((1, 2, 9, 32), 2000, np.float16)
    w = np.tile(np.where(np.arange(32) < 16, 40, -40), (12, 1)).astype(np.float32)
    w[:, 0] += rng.integers(-9, 9, 12)
    case = Case(Conv2d(), [x, constant_input(w.reshape(12, 1, 1, 32))], "conv2d_f16_neon")
    (got,) = run_guarded([case], TARGET)
    np.testing.assert_array_equal(got, reference(case)[0])
    assert np.isfinite(got).all()


def test_depthwise_sums_beyond_f16_on_the_way_are_computed_in_f32() -> None:
    x = np.full((1, 6, 9, 24), 2000, np.float16)
    cases = []
    for size, row in ((3, "3x3_neon_bordered"), (5, "neon_scratch")):
        w = np.full((size, size, 24), 40, np.float32)
        w.reshape(-1, 24)[size * size // 2 :] = -41
        pad = (size // 2,) * 4
        op = DepthwiseConv2d(pad=(pad[0], pad[1], pad[2], pad[3]))
        cases.append(Case(op, [x, constant_input(w)], f"depthwise_conv2d_f16_{row}"))
    for case, got in zip(cases, run_guarded(cases, TARGET), strict=True):
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(got, reference(case)[0])
        assert np.isfinite(got).any()


def pixels(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float16)


def numbers() -> list[Case]:
    """Single operations, on every number that f16 has and on random pairs, and broadcasts."""
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    a, b = every, np.random.default_rng(4).permutation(every)
    functions = ("abs", "ceil", "floor", "neg", "round", "sqrt", "square")
    image, channels = pixels(1, 2, 3, 5, 19), pixels(2, 19)
    found = [Case(Unary(f), [a], f"{f}_f16_neon", f) for f in functions]
    found += [Case(Binary(f), [a, b], f"{f}_f16_neon", f) for f in ARITHMETIC]
    found += [Case(Binary(f, clamp=Range(-0.3, 1)), [image, channels], f"{f}_f16_neon", f) for f in ARITHMETIC]
    one = np.array([0.3], np.float16)
    found += [Case(Binary("sub"), [one, image], "sub_f16_neon"), Case(Binary("mul"), [image, one], "mul_f16_neon")]
    found += [Case(Binary("add"), [image, pixels(3, 2, 1, 1, 19)], "add_f16_neon")]
    found += [Case(Clamp(Range(-0.1, 0.7)), [a], "clamp_f16_neon"), Case(Clamp(Range(0, float("inf"))), [a[:13]])]
    return found


POOLS = [
    Case(Pool2d("max", (3, 3), (2, 2), (1, 1, 0, 0)), [pixels(5, 1, 9, 20, 16)], "max_pool2d_f16_neon"),
    Case(Pool2d("max", (2, 2), (1, 1), SAME, Range(-1, 0.5)), [pixels(6, 2, 3, 4, 11)], "max_pool2d_f16_neon"),
    Case(Pool2d("average", (3, 3), (1, 1), SAME), [pixels(7, 1, 5, 6, 13)], "average_pool2d_f16_neon"),
    Case(Pool2d("average", (7, 7)), [pixels(8, 1, 7, 7, 24)], "average_pool2d_f16_neon"),
]


def same_bits(got: Array, want: Array) -> None:
    """Equal but for the bits of what is no number."""
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
    there = ~np.isnan(want)
    np.testing.assert_array_equal(got.view(np.uint16)[there], want.view(np.uint16)[there])


@pytest.mark.parametrize(("optimize", "cc"), [("speed", ""), ("size", ""), ("speed", "clang")])
def test_single_operations_are_what_they_are_by_way_of_f32(optimize: Optimize, cc: str) -> None:
    """The portable rows' bits, of all numbers."""
    cases = numbers()
    by_way_of_f32 = run_nodes([replace(c, kernel="") for c in cases])
    for got, there in zip(run_guarded(cases, TARGET, optimize, cc), by_way_of_f32, strict=True):
        same_bits(got, there.outputs[0])


def test_pools() -> None:
    for case, got in zip(POOLS, run_guarded(POOLS, TARGET), strict=True):
        assert compare(got, reference(case)[0], relative=0, ulp=1 if case.op.kind == "AveragePool2d" else 0).match


def test_weights_beyond_f16_are_left_to_f32() -> None:
    case = conv(Conv2d(), (1, 4, 4, 16), 8, (1, 1))
    (row,) = [k for k in Conv2d.kernels if k.name == "conv2d_f16_neon"]
    for weight in (1e6, 1e-7):
        graph, _ = node_graph(
            Case(case.op, [case.inputs[0], constant_input(np.full((8, 1, 1, 16), weight, np.float32))])
        )
        assert row.when(graph.nodes[0]) == "weights must be in the range of f16"
