"""If and While: their reference, and random nests of them in C on the host and in emulators."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from edgegen.compiler import Compiled
from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import BOOL, F32, S32
from edgegen.ir.evaluate import Evaluation, evaluate
from edgegen.ir.graph import Graph, State
from edgegen.ir.op import Range
from edgegen.ir.printer import print_graph
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.compare import Compare
from edgegen.ops.control import MAX_ITERATIONS, If, While
from edgegen.ops.copy import Copy
from edgegen.ops.reshape import Reshape
from edgegen.passes.pipeline import Options, run
from edgegen.report.inspection import inspection, inspection_text
from edgegen.report.json_report import report
from edgegen.targets import TARGETS
from edgegen.verify import Build, Call, build_program, verify_model
from tests.build_graph import Builder
from tests.harness import compile_for_test

LIMITS = Range(-1000, 1000)
ADD, SUB, MUL = (Binary(name, clamp=LIMITS) for name in ("add", "sub", "mul"))
LESS = Compare("less")
SHAPE = (4,)


def counter(limit: int) -> tuple[Graph, Graph]:
    """(condition, body) of: while count < limit: count += 1; x *= 2."""
    b = Builder()
    count, _ = b.input((1,), S32), b.input(SHAPE, S32)
    condition = b.graph(b.add(LESS, count, b.constant([limit], S32)))
    b = Builder()
    count, x = b.input((1,), S32), b.input(SHAPE, S32)
    return condition, b.graph(b.add(ADD, count, b.constant([1], S32)), b.add(MUL, x, b.constant([2], S32)))


def branches() -> tuple[Graph, Graph]:
    """x + x, and x itself."""
    b, c = Builder(), Builder()
    x = b.input(SHAPE, S32)
    return b.graph(b.add(ADD, x, x)), c.graph(c.input(SHAPE, S32))


class Random:
    """Random graphs of s32: every block takes a counter of one element and several x of SHAPE."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def some(self, values: Sequence[Tensor], count: int) -> list[Tensor]:
        return [values[int(self.rng.integers(len(values)))] for _ in range(count)]

    def block(self, depth: int, data: int, results: int, counts: bool = False) -> Graph:
        """results: of SHAPE; counts: the first output is the counter plus 1."""
        b = Builder()
        count = b.input((1,), S32)
        values = [b.input(SHAPE, S32) for _ in range(data)]
        for _ in range(self.rng.integers(1, 5)):
            kind = self.rng.choice(["add", "sub", "minimum", "constant", "view", "if", "while"][: 7 if depth else 5])
            x, y = self.some(values, 2)
            if kind == "view":
                values.append(b.add(Reshape(SHAPE), b.add(Reshape((2, 2)), x)))
            elif kind == "constant":
                values.append(b.add(SUB, b.constant(self.rng.integers(-9, 9, SHAPE), S32), x))
            elif kind == "if":
                values += self.branch(b, depth, count, values)
            elif kind == "while":
                values += self.loop(b, depth, values)
            else:
                values.append(b.add(Binary(str(kind), clamp=LIMITS), x, y))
        outputs = self.some([*values, *values[data:] * 3], results)
        return b.graph(*([b.add(ADD, count, b.constant([1], S32))] if counts else []), *outputs)

    def branch(self, b: Builder, depth: int, count: Tensor, values: Sequence[Tensor]) -> list[Tensor]:
        data, results = (int(n) for n in self.rng.integers(1, 4, 2))
        condition = b.add(LESS, count, b.constant([int(self.rng.integers(5))], S32))
        arms = If(self.block(depth - 1, data, results), self.block(depth - 1, data, results))
        return b.add_all(arms, condition, count, *self.some(values, data))

    def loop(self, b: Builder, depth: int, values: Sequence[Tensor]) -> list[Tensor]:
        data, kept = (int(n) for n in self.rng.integers(1, 4, 2))
        c = Builder()
        turns = c.input((1,), S32)
        for _ in range(data + kept):
            c.input(SHAPE, S32)
        condition = c.graph(c.add(LESS, turns, c.constant([int(self.rng.integers(4))], S32)))
        body = self.block(depth - 1, data + kept, data, counts=True)
        start = b.constant(np.zeros(1, np.int32))
        return b.add_all(While(condition, body), start, *self.some(values, data + kept))[1:]

    def model(self) -> Graph:
        return self.block(3, 3, 3)

    def inputs(self) -> list[Array]:
        first = self.rng.integers(0, 6, (1,)).astype(np.int32)
        return [first, *self.rng.integers(-100, 100, (3, *SHAPE)).astype(np.int32)]


def check(
    seeds: Sequence[int], target: str, sanitize: bool = False, disabled: Sequence[str] = (), cc: str = ""
) -> None:
    """Random models give on the target what their references give, in one program."""
    models: list[Compiled] = []
    calls: list[Call] = []
    wanted: list[list[Array]] = []
    for seed in seeds:
        random = Random(seed)
        graph = random.model()
        models.append(compile_for_test(graph, target, f"m{seed}", "size", trace=sanitize, disabled=disabled))
        for _ in range(3):
            inputs = random.inputs()
            calls.append(Call(inputs, len(models) - 1))
            wanted.append(evaluate(graph, inputs))
    program = build_program(models, Build(sanitize=sanitize, cc=cc))
    for call, outcome, want in zip(calls, program.execute(calls), wanted, strict=True):
        for got, right in zip(outcome.outputs, want, strict=True):
            np.testing.assert_array_equal(got, right, err_msg=models[call.model].name)


def test_random_nests_on_the_host() -> None:
    check(range(20), "generic")


def test_random_nests_without_simplification() -> None:
    """Constants and values that never change stay inputs of sub-graphs."""
    check(range(20, 32), "generic", disabled=["simplify_control", "fold_constants", "simplify_algebra"], cc="clang")


def test_random_nests_under_the_sanitizers() -> None:
    check(range(32, 40), "generic", sanitize=True)


@pytest.mark.cross
@pytest.mark.parametrize("target", ["arm-neon", "cortex-m4"])
def test_random_nests_in_emulators(target: str) -> None:
    check(range(40, 46), target)


@pytest.mark.cross
@pytest.mark.parametrize("target", ["arm-neon", "cortex-m4"])
def test_accesses_in_emulators(target: str) -> None:
    check(range(46, 49), target, sanitize=True)


@pytest.mark.parametrize("seed", range(100, 125))
def test_passes_keep_the_meaning(seed: int) -> None:
    run(Random(seed).model(), TARGETS["generic"], Options(check=True))
