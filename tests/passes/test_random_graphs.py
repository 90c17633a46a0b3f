"""Random networks of every operator that passes rewrite: all stages together keep every result, down to the arena."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pytest

from edgegen.ir.dtypes import F32, S8, S32
from edgegen.ir.evaluate import evaluate
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Graph
from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.concat import Concat
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.copy import Copy
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pad import Pad
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.reduce import Reduce
from edgegen.ops.requantize import Dequantize, Quantize, Requantize
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose
from edgegen.ops.unary import Unary
from edgegen.ops.unary_quantized import TwoSlopes
from edgegen.passes.check import random_array
from edgegen.passes.pipeline import Options, run
from edgegen.targets import TARGETS
from tests.build_graph import Builder
from tests.planned_ops import execute

NARROW = replace(TARGETS["generic"], alignment=1)  # so that single channels may go
T = TypeVar("T")
LIMIT = 3000  # elements of a tensor
SEEDS = 60  # each draws four networks
HALF = FixedPoint.from_scales([0.5], 0)

PATTERNS = (
    "pad conv2d",
    "pad depthwise",
    "conv2d unary",
    "conv2d depthwise conv2d",
    "conv2d pool conv2d",
    "conv2d binary dense",
    "dense binary binary unary",
    "conv2d binary binary unary",
    "depthwise binary unary",
    "transpose binary transpose",
    "transpose pad transpose",
    "transpose slice reduce",
    "transpose concat transpose",
    "transpose conv2d transpose",
    "transpose dense",
    "transpose transpose",
    "slice slice",
    "pad pad",
    "reshape reshape",
    "unary rescale binary",
    "rescale binary unary",
    "pool unary",
    "reduce",
    "concat",
)


class RandomGraph:
    """Patterns that passes look for, mostly one after the other, with branches in between and several outputs."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.b = Builder()
        shape = (self.number(1, 2), self.number(2, 6), 4, self.number(1, 4))
        self.values = [self.b.input(shape, self.pick(S8, F32))]

    def pick(self, *choices: T) -> T:
        return choices[int(self.random.integers(len(choices)))]

    def number(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high, endpoint=True))

    def chance(self, percent: int) -> bool:
        return bool(self.random.integers(100) < percent)

    def graph(self) -> Graph:
        for _ in range(self.number(2, 5)):
            for name in self.pick(*PATTERNS).split():
                x = self.values[-1] if self.chance(93) else self.pick(*self.values)
                make: Callable[[Tensor], Tensor] = getattr(self, name)
                made = make(x)
                if made.type.elements <= LIMIT:
                    self.values.append(made)
        more = [self.pick(*self.values) for _ in range(self.pick(0, 0, 0, 1, 2))]
        return self.b.graph(self.values[-1], *more)

    def constant(self, shape: tuple[int, ...], x: Tensor) -> Tensor:
        """Of x's type; at times the same value everywhere."""
        array = np.full(shape, self.number(-1, 2)) if self.chance(30) else self.random.integers(-9, 10, shape)
        return self.b.constant(array, x.dtype)

    def requantize(self, x: Tensor, units: int) -> FixedPoint | None:
        if x.dtype == F32:
            return None
        return FixedPoint.from_scales([0.02 + 0.003 * i for i in range(units)], self.number(-3, 3))

    def clamp(self, x: Tensor) -> Range:
        return self.pick(NO_CLAMP if x.dtype == F32 else Range(-128, 127), NO_CLAMP, Range(0, 60), Range(-50, 50))

    def window(self, x: Tensor) -> tuple[int, int]:
        return self.number(1, min(3, x.shape[1])), self.number(1, min(3, x.shape[2]))

    def conv2d(self, x: Tensor) -> Tensor:
        if x.rank != 4:
            return x
        depth = self.pick(1, x.shape[3], x.shape[3])
        units = x.shape[3] // depth * self.number(1, 3)
        kernel = self.window(x)
        pad = (self.number(0, kernel[0] - 1), self.number(0, kernel[1] - 1), 0, 0) if self.chance(40) else (0, 0, 0, 0)
        zero = 0 if x.dtype == F32 else self.pick(0, 0, 1, -2)
        op = Conv2d((1, self.number(1, 2)), (1, 1), pad, zero, self.requantize(x, units), self.clamp(x))
        return self.b.add(op, x, self.constant((units, *kernel, depth), x), self.pick(None, self.bias(x, units)))

    def bias(self, x: Tensor, units: int) -> Tensor:
        """At times so large in some channels that an integer result is the same for any input."""
        small, large = self.random.integers(-99, 99, units), self.random.integers(-1, 2, units) * 100_000
        return self.b.constant(small + (large if self.chance(60) else 0), F32 if x.dtype == F32 else S32)

    def depthwise(self, x: Tensor) -> Tensor:
        if x.rank != 4:
            return x
        units = x.shape[3] * self.number(1, 2)
        op = DepthwiseConv2d(requantize=self.requantize(x, units), clamp=self.clamp(x))
        return self.b.add(op, x, self.constant((*self.window(x), units), x), self.pick(None, self.bias(x, units)))

    def dense(self, x: Tensor) -> Tensor:
        rows = self.pick(1, x.shape[0], x.shape[0])
        flat = self.b.add(Reshape((rows, x.type.elements // rows)), x)
        op = Dense(0, self.requantize(x, 5), self.clamp(x))
        return self.b.add(op, flat, self.constant((5, flat.shape[1]), x), None)

    def binary(self, x: Tensor) -> Tensor:
        function = self.pick("add", "sub", "mul")
        if x.dtype == F32:
            op = Binary(function, clamp=self.clamp(x))
        elif function == "mul":
            op = Binary("mul", 1, -2, requantize=FixedPoint.from_scales([0.02], 3), clamp=self.clamp(x))
        else:
            factor = FixedPoint.from_scales([2.0 / (1 << 20)], self.number(-1, 1))
            op = Binary(function, self.number(-1, 1), 0, 20, HALF, HALF, factor, self.clamp(x))
        shape = self.pick(*[(x.shape[-1],)] * 4, (), x.shape, (2, *x.shape)[-5:])
        other = x if self.chance(20) else self.constant(shape, x)
        return self.b.add(op, *(x, other) if self.chance(70) else (other, x))

    def unary(self, x: Tensor) -> Tensor:
        if self.chance(60):
            return self.b.add(Clamp(self.clamp(x)), x)
        slopes = TwoSlopes(1, FixedPoint.from_scales([0.9], 2), FixedPoint.from_scales([0.2], 2))
        return self.b.add(Unary("leaky_relu", 0.25, None if x.dtype == F32 else slopes), x)

    def rescale(self, x: Tensor) -> Tensor:
        if x.dtype == F32:
            return self.b.add(Copy(), x)
        if self.chance(50):
            return self.b.add(Quantize(0.25, 1), self.b.add(Dequantize((0.25,), (self.number(0, 1),)), x))
        return self.b.add(Requantize(FixedPoint.from_scales([self.pick(1.0, 0.6)], 1), 1), x)

    def pad(self, x: Tensor) -> Tensor:
        def counts() -> tuple[int, ...]:
            return tuple(
                self.number(0, 1) if i in (x.rank - 2, x.rank - 3) or self.chance(5) else 0 for i in range(x.rank)
            )

        return self.b.add(Pad(counts(), counts(), self.pick(0, 0, 1)), x)

    def slice(self, x: Tensor) -> Tensor:
        begin = tuple(self.number(0, min(n - 1, 1)) for n in x.shape)
        step = tuple(self.number(1, 2) for _ in x.shape)
        size = tuple((n - 1 - k) // s + 1 for n, k, s in zip(x.shape, begin, step, strict=True))
        return self.b.add(Slice(begin, size, step), x)

    def transpose(self, x: Tensor) -> Tensor:
        perm = tuple(int(i) for i in self.random.permutation(x.rank))
        return self.b.add(Transpose(self.pick((0, 2, 3, 1), (0, 3, 1, 2), perm) if x.rank == 4 else perm), x)

    def reshape(self, x: Tensor) -> Tensor:
        return self.b.add(Reshape(self.pick(x.shape[::-1], x.shape, (x.type.elements,))), x)

    def concat(self, x: Tensor) -> Tensor:
        op = Concat(self.number(0, x.rank - 1))
        other = (
            self.b.add(Transpose((0, 2, 3, 1)), self.b.input((x.shape[0], *x.shape[3:], *x.shape[1:3]), x.dtype))
            if x.rank == 4
            else x
        )
        return self.b.add(op, x, other)

    def pool(self, x: Tensor) -> Tensor:
        if x.rank != 4:
            return x
        size = (self.number(1, min(2, x.shape[1])), self.number(1, min(2, x.shape[2])))
        return self.b.add(Pool2d(self.pick("average", "max"), size, clamp=self.clamp(x)), x)

    def reduce(self, x: Tensor) -> Tensor:
        axes = tuple(i for i in range(x.rank) if self.chance(40))
        op = Reduce("sum", axes, self.chance(50), 1 if x.dtype == S8 else 0, self.requantize(x, 1))
        return self.b.add(op, x) if len(axes) < x.rank else x


@pytest.mark.parametrize("seed", range(SEEDS))
def test_all_stages_keep_every_result(seed: int) -> None:
    for k, target in enumerate((NARROW, *(TARGETS[n] for n in ("cortex-m4", "arm-neon", "x86-avx512")))):
        graph = RandomGraph(4 * seed + k).graph()
        after = graph.copy()
        run(after, target, Options(check=True))
        random = np.random.default_rng(1)
        inputs = [random_array(t.type, random) for t in graph.inputs]
        for want, got in zip(evaluate(graph, inputs), execute(after, inputs), strict=True):
            if want.dtype.kind == "f":
                np.testing.assert_allclose(got, want, rtol=0, atol=2e-5 * np.abs(want).max(initial=1e-30))
            else:
                np.testing.assert_array_equal(got, want)
