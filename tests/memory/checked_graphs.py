"""Random graphs whose C proves its plan of memory while it runs (runtime_c/check.h).

    python -m tests.memory.checked_graphs 2000    compiles and runs that many, many to a program

A quarter each: s32 in nested branches and loops; patterns that passes look for; images that go through convolutions of
changing depth, views and element-wise operators, with branches, loops and state around and between; and a sixteenth
chains, residuals and branches that are computed a few rows at a time, every other one of rows that the caller hands
over. A third of all lie in two memories of a board.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from edgegen.compiler import Compiled
from edgegen.ir.dtypes import S32
from edgegen.ir.evaluate import Evaluation
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Graph, State
from edgegen.ir.op import Range
from edgegen.ir.plan import Plan
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.compare import Compare
from edgegen.ops.concat import Concat
from edgegen.ops.control import If, While
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.pad import Pad
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose
from edgegen.passes.check import random_array
from edgegen.targets import TARGETS, Region, Target
from edgegen.verify import Build, Call, build_program, compare
from tests.build_graph import Builder
from tests.harness import compile_for_test
from tests.ops.test_control import Random as Nests
from tests.passes.test_random_graphs import RandomGraph
from tests.row_graphs import RowGraph, Way, compiled_loop

BATCH = 250  # graphs to a program
RUNS = 2
S8_RANGE = Range(-128, 127)
HALF = FixedPoint.from_scales([0.5], 0)
T = TypeVar("T")


class Images:
    """Blocks of operators on one image each; what a block gives has its input's shape."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.shape = (1, self.number(2, 7), self.number(2, 7), self.number(1, 4))

    def number(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high, endpoint=True))

    def pick(self, *choices: T) -> T:
        return choices[self.number(0, len(choices) - 1)]

    def model(self, depth: int = 2) -> Graph:
        """depth: of branches and loops within one another"""
        b = Builder()
        chosen = b.input((1,), S32)
        values = [b.input(self.shape) for _ in range(self.number(1, 2))]
        remembered = [b.input(self.shape) for _ in range(self.number(0, 2))]
        b.inputs[len(b.inputs) - len(remembered) :] = []
        values += remembered
        self.extend(b, values, chosen, depth)
        after = [self.pick(*values) for _ in remembered]
        states = [
            State(f"s{i}", t, n, self.numbers(self.shape))
            for i, (t, n) in enumerate(zip(remembered, after, strict=True))
        ]
        outputs = [values[-1], *(self.pick(*values) for _ in range(self.number(0, 2)))]
        return Graph("images", b.inputs, outputs, b.nodes, states)

    def block(self, depth: int) -> Graph:
        """(chosen, two images) -> an image."""
        b = Builder()
        chosen = b.input((1,), S32)
        values = [b.input(self.shape), b.input(self.shape)]
        self.extend(b, values, chosen, depth)
        return b.graph(values[-1])

    def extend(self, b: Builder, values: list[Tensor], chosen: Tensor, depth: int) -> None:
        for _ in range(self.number(1, 5)):
            x, y = self.pick(*values, values[-1], values[-1]), self.pick(*values)
            steps = [self.deep, self.depthwise, self.pool, self.padded, self.halves, self.turned, self.flat]
            made = self.number(0, 9)
            if depth and made == 0:
                values.append(self.branch(b, x, y, chosen, depth))
            elif depth and made == 1:
                values.append(self.loop(b, x, y, depth))
            elif made < 5:
                values.append(b.add(Binary("add", 0, 0, 20, HALF, HALF, FixedPoint.from_scales([2**-19], 0)), x, y))
            else:
                step: Callable[[Builder, Tensor], Tensor] = self.pick(*steps)
                values.append(step(b, x))

    def branch(self, b: Builder, x: Tensor, y: Tensor, chosen: Tensor, depth: int) -> Tensor:
        condition = b.add(Compare("less"), chosen, b.constant([self.number(0, 2)], S32))
        return b.add(If(self.block(depth - 1), self.block(depth - 1)), condition, chosen, x, y)

    def loop(self, b: Builder, x: Tensor, y: Tensor, depth: int) -> Tensor:
        c, body = Builder(), Builder()
        turns = c.input((1,), S32)
        c.inputs += [Tensor("x", x.type), Tensor("y", y.type)]
        condition = c.graph(c.add(Compare("less"), turns, c.constant([self.number(0, 2)], S32)))
        count = body.input((1,), S32)
        values = [body.input(self.shape), body.input(self.shape)]
        more = body.add(Binary("add", clamp=Range(-1000, 1000)), count, body.constant([1], S32))
        self.extend(body, values, count, depth - 1)
        start = b.constant(np.zeros(1, np.int32))
        return b.add_all(While(condition, body.graph(more, values[-1])), start, x, y)[1]

    def numbers(self, shape: Sequence[int]) -> Array:
        return self.random.integers(-128, 128, shape, np.int8)

    def conv(self, b: Builder, x: Tensor, units: int, size: int) -> Tensor:
        pad = (size // 2,) * 4
        requantize = FixedPoint.from_scales([0.02] * units, 0)
        weights = b.constant(self.numbers((units, size, size, x.shape[3])))
        return b.add(Conv2d((1, 1), (1, 1), pad, 0, requantize, S8_RANGE), x, weights, None)

    def deep(self, b: Builder, x: Tensor) -> Tensor:
        """More channels, or fewer, and back."""
        inner = self.conv(b, x, self.number(1, 9), self.pick(1, 1, 3))
        return self.conv(b, inner, self.shape[3], self.pick(1, 1, 3))

    def depthwise(self, b: Builder, x: Tensor) -> Tensor:
        op = DepthwiseConv2d(
            pad=(1, 1, 1, 1), requantize=FixedPoint.from_scales([0.01] * x.shape[3], 1), clamp=S8_RANGE
        )
        return b.add(op, x, b.constant(self.numbers((3, 3, x.shape[3]))), None)

    def pool(self, b: Builder, x: Tensor) -> Tensor:
        return b.add(Pool2d(self.pick("average", "max"), (3, 3), (1, 1), (1, 1, 1, 1)), x)

    def padded(self, b: Builder, x: Tensor) -> Tensor:
        wide = b.add(Pad((0, 1, 1, 0), (0, 1, 0, 0), 3), x)
        return b.add(Slice((0, self.number(0, 2), self.number(0, 1), 0), self.shape, (1, 1, 1, 1)), wide)

    def halves(self, b: Builder, x: Tensor) -> Tensor:
        """Cut in two along rows or channels, and joined the other way round."""
        axis = self.pick(1, 1, 3)
        size = x.shape[axis]
        at = self.number(0, size)
        parts = []
        for begin, count in ((0, at), (at, size - at)):
            if count:
                start, extent = [0] * 4, list(x.shape)
                start[axis], extent[axis] = begin, count
                parts.append(b.add(Slice(tuple(start), tuple(extent), (1, 1, 1, 1)), x))
        return b.add(Concat(axis), *reversed(parts))

    def turned(self, b: Builder, x: Tensor) -> Tensor:
        there = b.add(Transpose((0, 2, 3, 1)), x)
        return b.add(Transpose((0, 3, 1, 2)), there)

    def flat(self, b: Builder, x: Tensor) -> Tensor:
        return b.add(Reshape(self.shape), b.add(Reshape((x.type.elements,)), x))


@dataclass(frozen=True)
class Checked:
    """A graph and what it gets in consecutive runs.

    way: how a loop over rows goes that is all of it; None: there is none. split: it lies in two memories
    ahead: copies of weights begin a call before the one that reads them
    """

    graph: Graph
    runs: list[list[Array]]
    way: Way | None = None
    split: bool = False
    ahead: bool = True

    def compiled(self, target: str, name: str, portion: int = 0) -> Compiled:
        chosen = replace(TARGETS[target], optimize="size", plan_seconds=1, portion_bytes=portion)
        for each in self.graph.everywhere():
            each.copies_ahead = self.ahead
        whole = self._compiled(chosen, name)
        plan = whole.graph.plan
        assert plan is not None
        return self._compiled(with_two_memories(chosen, plan), name) if self.split else whole

    def _compiled(self, target: Target, name: str) -> Compiled:
        loop = compiled_loop(self.graph, self.way, target, name) if self.way is not None else None
        return loop or compile_for_test(self.graph, target, name, "size")


def with_two_memories(target: Target, plan: Plan) -> Target:
    """The target with a fast memory that a plan takes up half, and a slow one with room for all; the emulated board
    has RAM at both places."""
    room = target.struct_alignment * (-(-plan.total_bytes // (2 * target.struct_alignment)) + 1)
    slow = Region("PSRAM", "ram", 0x21000000, 2 * plan.total_bytes + 4096, 1.0)
    fast = Region("TCM", "ram", 0x20100000, room, 8.0)
    return replace(target, regions=(Region("FLASH", "flash", 0, 1 << 20), fast, slow))


def random_case(seed: int) -> Checked:
    return replace(_random_case(seed), split=seed % 3 == 1, ahead=seed % 5 > 1)


def _random_case(seed: int) -> Checked:
    if seed % 4 == 0:
        nests = Nests(seed)
        return Checked(nests.model(), [nests.inputs() for _ in range(RUNS)])
    random = np.random.default_rng(seed)
    if seed % 16 == 7:
        way = Way(int(random.integers(1, 4)), seed % 32 == 7, seed // 32 % 2 == 1, seed // 64 % 2 == 1)
        graph = RowGraph(seed).graph(int(random.integers(2, 7)))
        runs = [[random_array(graph.inputs[0].type, random)] for _ in range(RUNS)]
        return Checked(graph, runs, way)
    graph = RandomGraph(seed).graph() if seed % 4 == 1 else Images(seed).model()
    runs = [[random_array(t.type, random) for t in graph.inputs] for _ in range(RUNS)]
    if seed % 4 > 1:
        for inputs in runs:
            inputs[0] = random.integers(0, 3, (1,)).astype(np.int32)
    return Checked(graph, runs)


def check_graphs(seeds: Sequence[int], target: str = "generic", sanitize: bool = False, portion: int = 0) -> int:
    """Runs the graphs of these seeds, one program for each batch; the number of nodes that results lie over others in.

    portion: bytes of weights that are copied at a time; 0: none are

    Raises ToolchainFailed for the first that breaks its plan, AssertionError for one whose results are wrong.
    """
    over = 0
    for start in range(0, len(seeds), BATCH):
        cases = [random_case(s) for s in seeds[start : start + BATCH]]
        models = [c.compiled(target, f"m{i}", portion) for i, c in enumerate(cases)]
        over += sum(m.files[f"{m.name}.c"].count("_OVER(") for m in models)
        program = build_program(models, checking(target, sanitize))
        calls = [Call(inputs, i) for i, c in enumerate(cases) for inputs in c.runs]
        outcomes = iter(program.execute(calls))
        for model, case in zip(models, cases, strict=True):
            reference = Evaluation(case.graph)
            for inputs in case.runs:
                for got, want in zip(next(outcomes).outputs, reference.run(inputs), strict=True):
                    found = compare(got, want, relative=2e-5)
                    assert found.match, f"seed {seeds[start + models.index(model)]}: {found}"
    return over


def checking(target: str = "generic", sanitize: bool = False) -> Build:
    """Quick to compile, which does not change what is checked. At -O0, gcc warns of intrinsics without reason."""
    level = "-O0" if target == "generic" else "-O1"
    return Build(together=True, check_memory=True, sanitize=sanitize, cflags=(level,))


def main() -> None:
    count = int(sys.argv[1])
    start = time.monotonic()
    over = check_graphs(range(count))
    print(
        f"{count:,} graphs keep to their plans; {over:,} of their nodes write over what they read; "
        f"{time.monotonic() - start:.0f} s"
    )


if __name__ == "__main__":
    main()
