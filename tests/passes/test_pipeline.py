"""Stages, options, and what happens when a pass misbehaves."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from edgegen.errors import InvalidGraph, UsageError
from edgegen.ir.dtypes import BF16, F16, F32, S8, S32, DType
from edgegen.ir.evaluate import evaluate
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Range
from edgegen.ops import OPS
from edgegen.ops.binary import Binary
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.pad import Pad
from edgegen.ops.reshape import Reshape
from edgegen.ops.transpose import Transpose
from edgegen.passes import pipeline
from edgegen.passes.check import Checker
from edgegen.passes.pipeline import INDISPENSABLE, STAGES, Options, Pass, pass_names, run
from edgegen.targets import TARGETS, Target
from edgegen.verify import Build, Call, build_program
from tests.build_graph import GENERIC, Builder, kinds
from tests.harness import compile_for_test
from tests.planned_ops import execute

RANDOM = np.random.default_rng(5)


def small_network() -> Graph:
    """Something for every pass: padding, dead and common code, an identity, a batch norm, transposes, constants."""
    b = Builder()
    x = b.add(Transpose((0, 2, 3, 1)), b.input((1, 3, 8, 8), F32))
    padded = b.add(Pad((0, 1, 1, 0), (0, 1, 1, 0)), x)
    weights = b.constant(RANDOM.standard_normal((4, 3, 3, 3)).astype(np.float32))
    y = b.add(Conv2d(), padded, weights, None)
    y = b.add(Binary("mul"), y, b.constant(RANDOM.standard_normal(4).astype(np.float32)))
    b.add(Binary("sub"), y, y)
    y = b.add(Binary("mul"), y, b.constant(np.float32(1)))
    twins = [b.add(Binary("add", clamp=Range(0, 6)), y, y) for _ in range(2)]
    y = b.add(Reshape((1, 256)), b.add(Binary("mul"), *twins))
    column = b.constant(RANDOM.standard_normal((256, 1)).astype(np.float32))
    y = b.add(Binary("add"), y, b.add(Transpose((1, 0)), column))
    head = b.constant(RANDOM.standard_normal((5, 256)).astype(np.float32))
    return b.graph(b.add(Dense(), y, head, None))


def test_three_stages_take_a_network_to_a_plan() -> None:
    graph = small_network()
    run(graph, GENERIC, Options(check=True))
    assert [k for k in kinds(graph) if k != "Transpose"] == ["Conv2d", "Add", "Mul", "Reshape", "Add", "Dense"]
    assert graph.plan is not None
    assert graph.plan.arena_bytes == graph.plan.lower_bound


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda t: t.name)
def test_stages_suit_every_target(target: Target) -> None:
    graph = small_network()
    run(graph, target, Options())
    assert all(n.is_view or n.kernel is not None for n in graph.nodes)


@pytest.mark.parametrize("name", [n for n in pass_names() if n not in {p.__name__ for p in INDISPENSABLE}])
def test_any_dispensable_pass_can_be_left_out(name: str) -> None:
    graph = small_network()
    run(graph, GENERIC, Options(disabled=[name], check=True))
    assert graph.plan is not None


def test_all_dispensable_passes_can_be_left_out_together() -> None:
    graph = small_network()
    before = kinds(graph)
    run(graph, GENERIC, Options(disabled=[n for n in pass_names() if n not in {p.__name__ for p in INDISPENSABLE}]))
    assert kinds(graph) == [k for k in before if k != "Sub"]


@pytest.mark.parametrize("one", INDISPENSABLE, ids=lambda p: p.__name__)
def test_indispensable_passes_say_why(one: Pass) -> None:
    with pytest.raises(UsageError, match=f"pass {one.__name__} cannot be disabled") as error:
        run(small_network(), GENERIC, Options(disabled=[one.__name__]))
    assert error.value.details == (("why", INDISPENSABLE[one]),)


@pytest.mark.parametrize("field", ["disabled", "print_after"])
def test_unknown_passes_are_refused_with_the_nearest_names(field: str) -> None:
    options = replace(Options(), **{field: ["fuse_padd"]})
    with pytest.raises(UsageError, match='no pass "fuse_padd"') as error:
        run(small_network(), GENERIC, options)
    assert "fuse_pad" in error.value.help
    assert "plan_arena" in error.value.details[0][1]


def test_every_pass_stands_in_a_file_of_its_name() -> None:
    for stage, passes in STAGES.items():
        for one in passes:
            folder, file = one.__module__.split(".")[-2:]
            assert file == one.__name__
            assert folder == stage or folder in list(STAGES)[: list(STAGES).index(stage)]


def test_the_graph_is_shown_after_a_pass() -> None:
    shown: list[str] = []
    run(small_network(), GENERIC, Options(print_after=["fuse_batch_norm", "select_kernels"], show=shown.append))
    assert [text.splitlines()[0] for text in shown][-1] == "; after select_kernels"
    assert "[conv2d_f32]" in shown[-1]
    assert "Conv2d" in shown[0]


def test_progress_names_the_stages() -> None:
    told: list[str] = []
    run(small_network(), GENERIC, Options(progress=told.append))
    assert told == list(STAGES)


def with_pass(monkeypatch: pytest.MonkeyPatch, one: Pass) -> None:
    monkeypatch.setitem(pipeline.STAGES, "optimize", (one,))


def test_a_pass_that_breaks_a_rule_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_wire(graph: Graph, target: Target) -> bool:
        del target
        graph.nodes.pop(0)
        return True

    with_pass(monkeypatch, cut_wire)
    with pytest.raises(InvalidGraph, match="pass cut_wire left an illegal graph") as error:
        run(small_network(), GENERIC, Options())
    assert "which is never written" in error.value.details[0][1]


def scale_weights(factor: float) -> Pass:
    def spoil(graph: Graph, target: Target) -> bool:
        del target
        node = next(n for n in graph.nodes if isinstance(n.op, Conv2d | Dense))
        weights = node.input(1)
        if weights.name == "spoiled":
            return False
        spoiled = (weights.values * np.array(factor, weights.dtype.np)).astype(weights.dtype.np)
        node.inputs[1] = replace(weights, name="spoiled", data=spoiled)
        return True

    return spoil


def test_check_names_the_pass_that_changed_a_float_result(monkeypatch: pytest.MonkeyPatch) -> None:
    with_pass(monkeypatch, scale_weights(1 + 1e-3))
    with pytest.raises(InvalidGraph, match="pass spoil changed what the model computes") as error:
        run(small_network(), GENERIC, Options(check=True))
    assert "--disable-pass spoil" in error.value.help
    run(small_network(), GENERIC, Options(check=False))


def test_check_forgives_floats_an_ulp(monkeypatch: pytest.MonkeyPatch) -> None:
    with_pass(monkeypatch, scale_weights(1 + 2**-23))
    run(small_network(), GENERIC, Options(check=True))


@pytest.mark.parametrize("dtype", [F16, BF16], ids=str)
def test_check_measures_short_floats_by_their_own_units(dtype: DType) -> None:
    b = Builder()
    x, weights = b.input((20, 8), dtype), b.constant(RANDOM.standard_normal((4, 8)).astype(dtype.np))
    graph = b.graph(b.add(Dense(), x, weights, None))
    unit = float(np.finfo(np.float16).eps) if dtype is F16 else 2.0**-7
    checker = Checker(graph)
    for factor, right in ((1 + unit, True), (1 + 8 * unit, False)):
        data = (weights.values.astype(np.float64) * factor).astype(dtype.np)
        graph.nodes[0].inputs[1] = replace(weights, data=data)
        if right:
            checker.check("spoil")
            continue
        with pytest.raises(InvalidGraph, match="pass spoil changed"):
            checker.check("spoil")


def test_check_forgives_integers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    b = Builder()
    weights = b.constant(RANDOM.integers(-127, 128, (5, 40)).astype(np.int8))
    requantize = FixedPoint.from_scales([2e-4], 0)
    y = b.add(Dense(requantize=requantize), b.input((30, 40), S8), weights, None)

    def nudge(graph: Graph, target: Target) -> bool:
        del target
        node = graph.nodes[0]
        assert isinstance(node.op, Dense)
        if node.op.x_zero:
            return False
        node.op = replace(node.op, x_zero=1)
        return True

    with_pass(monkeypatch, nudge)
    with pytest.raises(InvalidGraph, match="pass nudge changed what the model computes") as error:
        run(b.graph(y), GENERIC, Options(check=True))
    assert "by up to 1" in error.value.details[1][1]


def test_check_looks_even_if_a_pass_denies_having_changed_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    spoil = scale_weights(2.0)

    def liar(graph: Graph, target: Target) -> bool:
        spoil(graph, target)
        return False

    with_pass(monkeypatch, liar)
    with pytest.raises(InvalidGraph, match="pass liar changed"):
        run(small_network(), GENERIC, Options(check=True))


def interface(kind: str) -> Graph:
    """Graphs whose inputs, outputs and constants coincide."""
    b = Builder()
    x, c = b.input((2, 3), S32), b.constant(np.arange(6, dtype=np.int32).reshape(2, 3))
    view = b.add(Reshape((3, 2)), x)
    constant_view = b.add(Reshape((6,)), c)
    y = b.add(Binary("add"), view, b.constant(np.int32(1)))
    z = b.add(Binary("mul"), x, b.constant(np.int32(1)))
    outputs = {
        "input": [x, y],
        "view of an input": [view, x],
        "constant": [c, y],
        "view of a constant": [constant_view],
        "twice": [y, y],
        "identity": [z],
        "identity beside its source": [z, x, y],
        "nothing used": [c],
    }
    return b.graph(*outputs[kind])


COINCIDENCES = (
    "input",
    "view of an input",
    "constant",
    "view of a constant",
    "twice",
    "identity",
    "identity beside its source",
    "nothing used",
)
X = np.arange(-3, 3, dtype=np.int32).reshape(2, 3)


@pytest.mark.parametrize("disabled", [(), ("fold_constants", "simplify_algebra", "eliminate_common_subexpressions")])
@pytest.mark.parametrize("kind", COINCIDENCES)
def test_interfaces_that_coincide(kind: str, disabled: tuple[str, ...]) -> None:
    graph = interface(kind)
    names = [t.name for t in graph.outputs]
    run(graph, GENERIC, Options(disabled=disabled, check=True))
    assert [t.name for t in graph.outputs] == names
    for got, want in zip(execute(graph, [X]), evaluate(interface(kind), [X]), strict=True):
        np.testing.assert_array_equal(got, want)


def test_emitted_interfaces_that_coincide() -> None:
    models = [compile_for_test(interface(kind), "generic", f"m{i}") for i, kind in enumerate(COINCIDENCES)]
    outcomes = build_program(models, Build()).execute([Call([X], i) for i in range(len(models))])
    for kind, outcome in zip(COINCIDENCES, outcomes, strict=True):
        for got, want in zip(outcome.outputs, evaluate(interface(kind), [X]), strict=True):
            np.testing.assert_array_equal(got, want, kind)


def test_a_thousand_nodes_take_seconds() -> None:
    """A chain with branches: passes look tensors up, they do not search for them."""
    b = Builder()
    x = b.input((1, 4, 4, 2))
    values = [x]
    requantize, half = FixedPoint.from_scales([2.0 / (1 << 20)], 0), FixedPoint.from_scales([0.4], 0)
    for i in range(1000):
        source = values[-1]
        if i % 4 == 3:
            values.append(b.add(Binary("add", 0, 0, 20, half, half, requantize), source, values[-3]))
        elif i % 4 == 1:
            values.append(b.add(Binary("sub", 0, 0, 20, half, half, requantize), source, b.constant(np.int8(i % 7))))
        else:
            values.append(b.add(Transpose((0, 2, 1, 3)), source))
    graph = b.graph(values[-1])
    start = time.process_time()
    run(graph, GENERIC, Options())
    assert time.process_time() - start < 20
    assert graph.plan is not None
    assert graph.plan.arena_bytes <= 3 * x.type.bytes  # two values and the one that a sum needs later


def test_an_operator_that_is_not_core_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    for op in OPS:
        assert op.is_view or op.is_control or op.kernels
    monkeypatch.setattr(Transpose, "kernels", ())
    with pytest.raises(InvalidGraph, match=r'Transpose "n0": is not a core operator'):
        run(small_network(), GENERIC, Options(disabled=["cancel_transposes"]))


def test_nodes_keep_their_sources() -> None:
    """Nodes that passes make say where they come from, for messages and comments."""
    graph = small_network()
    for i, node in enumerate(graph.nodes):
        node.source = f"op {i}"
    run(graph, GENERIC, Options())
    assert all(isinstance(n, Node) and n.source.startswith("op ") for n in graph.nodes)
