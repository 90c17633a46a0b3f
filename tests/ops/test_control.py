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
from edgegen.ops.dense import Dense
from edgegen.ops.reshape import Reshape
from edgegen.passes.pipeline import Options, run
from edgegen.report.html import html_report
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


def main_loop(limit: int = 3) -> Graph:
    """c < 2 ? x + x : x, after `limit` doublings of x."""
    b = Builder()
    x, c = b.input(SHAPE, S32), b.input((1,), S32)
    _, y = b.add_all(While(*counter(limit)), b.constant(np.zeros(1, np.int32)), x)
    condition = b.add(LESS, c, b.constant([2], S32))
    (z,) = b.add_all(If(*branches()), condition, y)
    return b.graph(z)


X = np.array([1, -2, 3, 4], np.int32)


def test_the_reference() -> None:
    for c, factor in ((1, 16), (2, 8)):
        (got,) = evaluate(main_loop(), [X, np.array([c], np.int32)])
        np.testing.assert_array_equal(got, X * factor)


def test_a_loop_without_end_is_given_up() -> None:
    c, b = Builder(), Builder()
    c.input((1,), S32)
    x = b.input((1,), S32)
    endless = While(c.graph(c.constant([True], BOOL)), b.graph(x))
    with pytest.raises(InvalidGraph, match=f"goes on after {MAX_ITERATIONS:,} turns"):
        endless.reference(np.zeros(1, np.int32))


def refusal(op: If | While, *inputs: Tensor) -> str:
    with pytest.raises(InvalidGraph) as caught:
        op.infer(*(t.type for t in inputs))
    return caught.value.what


def test_types_that_do_not_fit() -> None:
    b = Builder()
    flag, one, x = b.input((1,), BOOL), b.input((1,), S32), b.input(SHAPE, S32)
    real, flags = b.input(SHAPE, F32), b.input((2,), BOOL)
    arms, loop = If(*branches()), While(*counter(3))
    assert refusal(arms, x, x) == "the condition must be one bool, is s32[4]"
    assert refusal(arms, flags, x) == "the condition must be one bool, is bool[2]"
    assert refusal(arms, flag) == "the branch taken has 1 inputs, is given 0"
    assert refusal(arms, flag, real) == 'input "in0" of the branch taken is s32[4], not f32[4]'
    assert refusal(loop, one) == "the condition has 2 inputs, is given 1"
    assert "is s32[4], not s32[1]" in refusal(loop, one, one)
    other = Builder()
    short = other.graph(other.add(Reshape((2, 2)), other.input(SHAPE, S32)))
    assert "depending on the condition" in refusal(If(branches()[0], short), flag, x)
    assert "the next value of" in refusal(While(loop.condition, _changing()), one, x)
    no_bool = Builder()
    no_bool.input((1,), S32)
    assert "must be one bool" in refusal(While(no_bool.graph(no_bool.inputs[0]), no_bool.graph()), one)


def _changing() -> Graph:
    b = Builder()
    count, x = b.input((1,), S32), b.input(SHAPE, S32)
    return b.graph(count, b.add(Reshape((2, 2)), x))


def test_macs_are_those_of_one_turn_and_of_the_larger_branch() -> None:
    def product(units: int) -> Graph:
        b = Builder()
        x = b.input((1, 4), F32)
        return b.graph(
            b.add(
                Dense(),
                b.add(Dense(), x, b.constant(np.ones((units, 4), np.float32)), None),
                b.constant(np.ones((4, units), np.float32)),
                None,
            )
        )

    arms = If(product(3), product(5))
    assert arms.macs() == 2 * 4 * 5
    c = Builder()
    c.input((1, 4), F32)
    assert While(c.graph(c.constant([False], BOOL)), product(3)).macs() == 2 * 4 * 3
    b = Builder()
    flag, x = b.input((1,), BOOL), b.input((1, 4), F32)
    compiled = compile_for_test(b.graph(b.add(arms, flag, x)), "generic")
    assert "40 MACs at most" in compiled.files["model.c"]
    assert compiled.graph.macs() == 40


def test_the_report_lists_what_is_inside() -> None:
    compiled = compile_for_test(main_loop(), "generic")
    data = report(compiled)
    assert [(n["index"], n["op"], n["inside"]) for n in data["nodes"]] == [
        (0, "Copy", None),
        (1, "Less", "condition of 4"),
        (2, "Add", "body of 4"),
        (3, "Mul", "body of 4"),
        (4, "While", None),
        (5, "Less", None),
        (6, "Add", "then of 7"),
        (7, "If", None),
    ]
    assert len(data["in_use"]) == 8 + 2
    assert data["arena_bytes"] >= data["arena_lower_bound_bytes"] >= max(data["in_use"])
    page = html_report(data)
    assert "body of 4" in page
    text = inspection_text(inspection(compiled.source))
    assert "Add (body of 3)" in text
    assert "one turn of each loop" in compiled.files["model.h"]


def test_the_printed_graph_shows_sub_graphs() -> None:
    text = print_graph(main_loop())
    assert text.count("graph ") == 5
    assert "\n    graph " in text


def test_every_node_but_those_of_sub_graphs_is_verified() -> None:
    found = verify_model(compile_for_test(main_loop(), "generic"), layers=True)
    assert found.match
    assert [layer.step for layer in found.runs[0].layers] == [0, 4, 4, 5, 7]


def test_the_c_reads_as_the_model() -> None:
    text = compile_for_test(main_loop(), "generic").files["model.c"]
    assert "    while (model_g4_condition(m)) {\n        model_g4_body(m);\n    }\n" in text
    assert "    if (*(const uint8_t *)(a + " in text
    assert "static void model_g7_then(model_t *const m)" in text
    assert '/* body of 4 While "n0": s32[1], s32[4] -> s32[1], s32[4] */' in text


def test_a_copy_of_a_graph_shares_nothing() -> None:
    graph = main_loop()
    twin = graph.copy()
    run(twin, TARGETS["generic"], Options())
    assert [n.op.kind for n in graph.steps()] == ["Less", "Add", "Mul", "While", "Less", "Add", "If"]
    assert not {t for g in graph.everywhere() for t in g.tensors()} & {
        t for g in twin.everywhere() for t in g.tensors()
    }


def test_state_in_branches_and_loops() -> None:
    """Two states: a loop doubles one, a branch chooses whether it is added to the other; both are read late."""
    b = Builder()
    c = b.input((1,), S32)
    first, total = (Tensor(n, b.input(SHAPE, S32).type) for n in ("first", "total"))
    b.inputs[1:] = []
    _, doubled = b.add_all(While(*counter(2)), b.constant(np.zeros(1, np.int32)), first)
    (more,) = b.add_all(If(*branches()), b.add(LESS, c, b.constant([2], S32)), doubled)
    added = b.add(ADD, more, total)
    late = b.add(SUB, first, total)
    initial = np.ones(SHAPE, np.int32)
    states = [State("first", first, doubled, initial), State("total", total, added, initial)]
    graph = Graph("m", [c], [late, added], b.nodes, states)
    program = build_program([compile_for_test(graph, "generic", trace=True)], Build(sanitize=True))
    evaluation = Evaluation(graph)
    calls = [Call([np.array([n], np.int32)]) for n in (0, 3, 1, 5)]
    for call, outcome in zip(calls, program.execute(calls), strict=True):
        for got, want in zip(outcome.outputs, evaluation.run(call.inputs), strict=True):
            np.testing.assert_array_equal(got, want)


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
