"""Weights that are copied while the model runs, by a function that puts every copy off until it is waited for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import edgegen
from edgegen.boards import check_fit
from edgegen.compiler import Compiled, share_arena
from edgegen.emit.constants import constant_arrays
from edgegen.errors import DoesNotFit, InvalidGraph, UsageError
from edgegen.ir.dtypes import S8, S16, S32, S64, DType
from edgegen.ir.evaluate import evaluate
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Graph
from edgegen.ir.op import Range
from edgegen.ir.tensor import Tensor
from edgegen.ir.verify import arena_is_sound
from edgegen.memory.portions import copies, streamed_bytes
from edgegen.ops.binary import Binary
from edgegen.ops.cast import Cast
from edgegen.ops.compare import Compare
from edgegen.ops.control import If, While
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.gather import Gather
from edgegen.ops.reshape import Reshape
from edgegen.passes.check import random_array
from edgegen.passes.post_optimize import stream_weights
from edgegen.targets import TARGETS, Target
from edgegen.verify import Build, Call, build_program, verify_model
from tests.build_graph import Builder
from tests.corpus import model as find_model
from tests.harness import compile_for_test
from tests.memory.checked_graphs import check_graphs
from tests.row_graphs import SMALL, Way, compiled_loop
from tests.verify.altered import altered
from tests.verify.fetching import Firmware

S8_RANGE = Range(-128, 127)
BY_ROWS = range(6023, 6320, 32)
"""Seeds of random graphs whose input the caller hands over by rows."""


@pytest.fixture
def nothing_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small weights are copied, too."""
    monkeypatch.setattr(stream_weights, "STAYS", 0)


def streaming(target: str, portion: int) -> Target:
    return replace(TARGETS[target], portion_bytes=portion)


def layers(b: Builder, x: Tensor, sizes: Sequence[int], seed: int) -> Tensor:
    random = np.random.default_rng(seed)
    for units in sizes:
        weights = b.constant(random.integers(-127, 128, (units, x.shape[1]), dtype=np.int8))
        op = Dense(requantize=FixedPoint.from_scales([0.01], 0), clamp=S8_RANGE)
        x = b.add(op, x, weights, b.constant(random.integers(-99, 99, units, dtype=np.int32)))
    return x


def chain(seed: int = 0) -> Graph:
    b = Builder()
    return b.graph(layers(b, b.input((1, 16)), (48, 40, 24), seed))


def nested() -> Graph:
    """While turns < n: turns += 1; x = turns < 2 ? f(x) : g(x); and then h(x)."""
    c, body, first, second, b = (Builder() for _ in range(5))
    turns, most, _ = c.input((1,), S32), c.input((1,), S32), c.input((1, 16))
    condition = c.graph(c.add(Compare("less"), turns, most))
    branches = []
    for seed, each in ((1, first), (2, second)):
        branches.append(each.graph(layers(each, each.input((1, 16)), (20, 16), seed)))
    count, _, x = body.input((1,), S32), body.input((1,), S32), body.input((1, 16))
    more = body.add(Binary("add", clamp=Range(-99, 99)), count, body.constant([1], S32))
    early = body.add(Compare("less"), more, body.constant([2], S32))
    y = body.add(If(*branches), early, x)
    y = layers(body, y, (16,), 3)
    most, given = b.input((1,), S32), b.input((1, 16))
    start = b.constant(np.zeros(1, np.int32))
    _, _, y = b.add_all(While(condition, body.graph(more, body.inputs[1], y)), start, most, layers(b, given, (16,), 4))
    return b.graph(layers(b, y, (24,), 5))


def model(graph: Graph, target: str = "generic", portion: int = 256, name: str = "model") -> Compiled:
    return compile_for_test(graph, streaming(target, portion), name)


INPUTS = [np.arange(-8, 8, dtype=np.int8)[None]]


@pytest.mark.usefixtures("nothing_stays")
def test_random_graphs_keep_to_their_plans() -> None:
    """Branches, loops, state, loops over rows, views and overlaps beside copies that are under way."""
    assert check_graphs(range(48), portion=64) > 100
    check_graphs(BY_ROWS, portion=64)
    check_graphs([*range(5000, 5005), BY_ROWS[0]], portion=64, sanitize=True)


@pytest.mark.cross
@pytest.mark.usefixtures("nothing_stays")
@pytest.mark.parametrize("target", ["arm-neon", "cortex-m4"])
def test_random_graphs_in_emulators(target: str) -> None:
    check_graphs([*range(6000, 6012), *BY_ROWS[:3]], target, portion=64)


@pytest.mark.usefixtures("nothing_stays")
@pytest.mark.parametrize(
    "target",
    ["generic", *(pytest.param(name, marks=pytest.mark.cross) for name in ("arm-neon", "cortex-m4"))],
)
def test_no_step_touches_what_is_not_its_own(target: str) -> None:
    result = verify_model(model(chain(), target), runs=1, layers=True, build=Build(sanitize=True))
    assert result.match


@pytest.mark.usefixtures("nothing_stays")
def test_a_wait_that_is_left_out_is_seen() -> None:
    sound = model(chain())
    wait = "if (model_fetch(m, NULL, 0, 0) != 0) {"
    assert sound.files["model.c"].count(wait) == 1
    (want,) = evaluate(sound.source, INPUTS)
    hasty = altered(sound, {wait: "if (m == NULL) {"})
    first, second = (build_program([m]).execute([Call(INPUTS)])[0].outputs[0] for m in (sound, hasty))
    np.testing.assert_array_equal(first, want)
    assert not np.array_equal(second, want)


@pytest.mark.usefixtures("nothing_stays")
def test_to_copy_at_once_is_right_and_every_failure_ends_the_run(tmp_path: Path) -> None:
    compiled = model(chain())
    firmware = Firmware(compiled, tmp_path, INPUTS)
    status, calls, copied, output = firmware.run()
    (want,) = evaluate(compiled.source, INPUTS)
    assert (status, output) == (0, want.ravel().tolist())
    planned = copies(compiled.graph)
    assert copied == sum(planned)
    assert calls == len(planned) + 1  # the last one waits
    plan = compiled.graph.plan
    assert plan is not None
    portions = [share.portion for n in compiled.graph.nodes for share in n.shares]
    offsets = [sum(p.bytes for p in portions[:k]) for k in range(len(portions))]
    every = [(plan.portions[p].offset, at, p.bytes) for p, at in zip(portions, offsets, strict=True)]
    assert firmware.asked == [*every, (-1, 0, 0)]


@pytest.mark.usefixtures("nothing_stays")
def test_copies_that_do_not_begin_ahead_are_waited_for_one_by_one(tmp_path: Path) -> None:
    graph = chain()
    graph.copies_ahead = False
    compiled, ahead = model(graph), model(chain())
    firmware = Firmware(compiled, tmp_path, INPUTS)
    status, calls, copied, output = firmware.run()
    assert (status, output) == (0, evaluate(compiled.source, INPUTS)[0].ravel().tolist())
    assert copied == sum(copies(ahead.graph))
    assert [at for at, *_ in firmware.asked[1::2]] == [-1] * (calls // 2)
    assert calls == 2 * len(copies(ahead.graph))
    places = [p.plan.arena_bytes for p in (compiled.graph, ahead.graph) if p.plan is not None]
    assert places[0] < places[1]
    plan = compiled.graph.plan
    assert plan is not None
    first, second = (share.portion for share in compiled.graph.nodes[0].shares[:2])
    assert plan.portions[first].offset == plan.portions[second].offset
    for failing in range(calls):
        assert firmware.run(failing)[:2] == (4, failing + 1)


@pytest.mark.usefixtures("nothing_stays")
@pytest.mark.parametrize("turns", [0, 1, 3])
def test_branches_and_loops_hand_failures_on(turns: int, tmp_path: Path) -> None:
    compiled = model(nested())
    inputs = [np.array([turns], np.int32), *INPUTS]
    firmware = Firmware(compiled, tmp_path, inputs)
    status, calls, _, output = firmware.run()
    (want,) = evaluate(compiled.source, inputs)
    assert (status, output) == (0, want.ravel().tolist())
    for failing in range(calls):
        assert firmware.run(failing)[:2] == (4, failing + 1)


@pytest.mark.usefixtures("nothing_stays")
def test_a_plan_that_copies_over_what_is_in_use_is_refused() -> None:
    graph = model(chain()).graph
    plan = graph.plan
    assert plan is not None
    arena_is_sound(graph)
    node = graph.nodes[0]
    first, second = (share.portion for share in node.shares[:2])
    sound, result = plan.portions[second], plan.tensors[node.out]
    plan.portions[second] = replace(sound, offset=plan.portions[first].offset)
    with pytest.raises(InvalidGraph, match="overlap"):
        arena_is_sound(graph)
    plan.portions[second] = sound
    plan.tensors[node.out] = replace(result, offset=sound.offset)
    with pytest.raises(InvalidGraph, match="overlaps the weights"):
        arena_is_sound(graph)
    plan.tensors[node.out] = result
    del plan.portions[second]
    with pytest.raises(InvalidGraph, match="no place"):
        arena_is_sound(graph)


@pytest.mark.usefixtures("nothing_stays")
def test_loops_over_rows_keep_their_weights_from_turn_to_turn() -> None:
    b = Builder()
    y = b.input((1, 24, 6, 4))
    random = np.random.default_rng(0)
    for units in (8, 6, 4):
        weights = b.constant(random.integers(-127, 128, (units, 3, 3, y.shape[3]), dtype=np.int8))
        y = b.add(Conv2d(pad=(1, 1, 1, 1), requantize=SMALL, clamp=S8_RANGE), y, weights, None)
    graph = b.graph(y)
    looped = compiled_loop(graph, Way(2), streaming("generic", 128), "model")
    assert looped is not None
    (loop,) = (n for n in looped.graph.nodes if n.op.stretches)
    assert sum(s.turns for s in loop.op.stretches) > 5
    inside = [share for s in loop.op.stretches for n in s.graph.nodes for share in n.shares]
    assert len(copies(looped.graph)) == len({share.portion.content for share in inside}) < len(inside)
    functions, _, run = looped.files["model.c"].partition("model_status model_run(")
    assert "model_fetch(" not in functions
    assert run.count("model_fetch(") == len(copies(looped.graph)) + 1
    inputs = [random_array(graph.inputs[0].type, random)]
    program = build_program([looped], Build(check_memory=True))
    np.testing.assert_array_equal(program.execute([Call(inputs)])[0].outputs[0], evaluate(graph, inputs)[0])


@pytest.mark.usefixtures("nothing_stays")
def test_rows_of_an_image_find_the_weights_that_came_with_the_first(tmp_path: Path) -> None:
    b = Builder()
    y = b.input((1, 12, 6, 4))
    random = np.random.default_rng(0)
    for units in (8, 4):
        weights = b.constant(random.integers(-127, 128, (units, 3, 3, y.shape[3]), dtype=np.int8))
        y = b.add(Conv2d(pad=(1, 1, 1, 1), requantize=SMALL, clamp=S8_RANGE), y, weights, None)
    y = layers(b, b.add(Reshape((1, 288)), y), (20,), 1)
    graph = b.graph(y)
    graph.by_rows = True
    fed = model(graph)
    assert fed.graph.fed is not None
    inputs = [random_array(graph.inputs[0].type, random)]
    firmware = Firmware(fed, tmp_path, inputs)
    status, calls, copied, output = firmware.run()
    assert (status, output) == (0, evaluate(graph, inputs)[0].ravel().tolist())
    assert copied == sum(copies(fed.graph))
    for failing in range(calls):
        assert firmware.run(failing)[:2] == (4, failing + 1)


def chosen_rows(index: DType, dtype: DType, width: int) -> Graph:
    """Some rows of a table, those that indices outside of it choose among them, through layers of their own weights."""
    random, b = np.random.default_rng(2), Builder()
    table = b.constant(random.integers(-127, 128, (40, width)).astype(dtype.np))
    y = b.add(Gather(), table, b.input((5,), index))
    y = b.add(Cast("s8"), y) if dtype is not S8 else y
    return b.graph(layers(b, b.add(Reshape((1, 5 * width)), y), (24,), 3))


TABLES = ((S32, S8, 13), (S64, S32, 3), (S16, S8, 16))
INDICES = [0, 39, -1, 77, -99]


@pytest.mark.usefixtures("nothing_stays")
@pytest.mark.parametrize(("index", "dtype", "width"), TABLES)
def test_of_a_table_no_rows_are_copied_but_those_that_indices_choose(
    index: DType, dtype: DType, width: int, tmp_path: Path
) -> None:
    compiled = model(chosen_rows(index, dtype, width))
    inputs = [np.array(INDICES, index.np)]
    firmware = Firmware(compiled, tmp_path, inputs)
    status, calls, copied, output = firmware.run()
    (want,) = evaluate(compiled.source, inputs)
    assert (status, output) == (0, want.ravel().tolist())
    assert copied == sum(copies(compiled.graph))
    (node,) = (n for n in compiled.graph.nodes if n.table is not None)
    assert node.table is not None
    step, start = node.table.step, streamed_bytes(compiled.graph) - node.table.bytes
    assert step % 4 == 0
    assert step - width * dtype.size in range(4)
    rows = [(at - start) // step for _, at, size in firmware.asked if size and at >= start]
    assert rows == [0, 39, 39, 39, 0]
    assert {size for _, at, size in firmware.asked if size and at >= start} == {step}
    for failing in range(calls):
        assert firmware.run(failing)[:2] == (4, failing + 1)


@pytest.mark.cross
@pytest.mark.usefixtures("nothing_stays")
@pytest.mark.parametrize("target", ["arm-neon", "cortex-m4"])
def test_rows_of_tables_in_emulators(target: str) -> None:
    graphs = [chosen_rows(*each) for each in TABLES]
    models = [model(graph, target, name=f"m{k}") for k, graph in enumerate(graphs)]
    calls = [Call([np.array(INDICES, index.np)], k) for k, (index, _, _) in enumerate(TABLES)]
    program = build_program(models, Build(together=True, check_memory=True))
    for graph, call, outcome in zip(graphs, calls, program.execute(calls), strict=True):
        np.testing.assert_array_equal(outcome.outputs[0], evaluate(graph, call.inputs)[0])


@pytest.mark.usefixtures("nothing_stays")
def test_models_that_share_an_arena_stream_each_their_own() -> None:
    models, shared = share_arena([model(chain(k), name=name) for k, name in enumerate(("one", "two"))], "both")
    assert shared.arena_bytes == max(m.graph.plan.arena_bytes for m in models if m.graph.plan is not None)
    program = build_program(models, Build(check_memory=True))
    for i, outcome in enumerate(program.execute([Call(INPUTS, 0), Call(INPUTS, 1)])):
        np.testing.assert_array_equal(outcome.outputs[0], evaluate(chain(i), INPUTS)[0])


@pytest.mark.usefixtures("nothing_stays")
@pytest.mark.parametrize("graph", [chain(), nested()])
def test_the_smallest_layers_stay_in_flash_as_far_as_there_is_room(graph: Graph) -> None:
    def kept(room: int, name: str) -> Compiled:
        return compile_for_test(graph, replace(streaming("generic", 256), kept_bytes=room), name)

    none = kept(0, "m0")
    nodes = sorted((sum(s.portion.bytes for s in n.shares), n.name) for n in none.graph.steps() if n.shares)
    room = nodes[0][0] + nodes[1][0]
    models = [none, kept(room, "m1"), kept(1 << 20, "m2")]
    counts = [len(copies(m.graph)) for m in models]
    assert counts[0] > counts[1] > counts[2] == 0
    stays = [sum(a.nbytes for a in constant_arrays(m.graph)) for m in models]
    assert stays[0] < stays[1] <= stays[0] + room
    assert models[2].binaries == {}
    inputs = [random_array(t.type, np.random.default_rng(3)) for t in graph.inputs]
    inputs = [np.array([2], np.int32), *inputs[1:]] if len(inputs) > 1 else inputs
    for outcome in build_program(models, Build(check_memory=True)).execute([Call(inputs, k) for k in range(3)]):
        np.testing.assert_array_equal(outcome.outputs[0], evaluate(graph, inputs)[0])


@pytest.mark.corpus
def test_what_stays_lies_in_a_boards_fast_flash_and_the_file_in_the_slow_one(corpus: Path) -> None:
    path = find_model(corpus, "person_detect")
    artifact = edgegen.compile(path, board="stm32f746g-disco", weights="stream", keep=100_000)
    assert artifact.fit is not None
    file = dict(artifact.fit.held["QSPI"])["streamed weights"]
    assert file == streamed_bytes(artifact.compiled.graph)
    assert 80_000 < dict(artifact.fit.held["FLASH"])["weights"] < 110_000
    assert verify_model(artifact.compiled, runs=1).match


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["mlperf_ad_int8", "person_detect"])
@pytest.mark.parametrize(
    "target", ["generic", *(pytest.param(name, marks=pytest.mark.cross) for name in ("arm-neon", "cortex-m4"))]
)
def test_real_models(corpus: Path, name: str, target: str) -> None:
    artifact = edgegen.compile(find_model(corpus, name), target=target, weights="stream", portion=4096)
    cut = [share.portion.bytes for n in artifact.compiled.graph.steps() if n.in_shares for share in n.shares]
    assert max(cut) <= (4096 if target != "arm-neon" else 8 * 640)  # where 8 units are the fewest
    assert verify_model(artifact.compiled, runs=1).match


@pytest.mark.corpus
def test_a_boards_slowest_flash_holds_the_file(corpus: Path) -> None:
    artifact = edgegen.compile(find_model(corpus, "person_detect"), board="stm32f746g-disco", weights="stream")
    assert artifact.fit is not None
    size = streamed_bytes(artifact.compiled.graph)
    assert ("streamed weights", size) in artifact.fit.held["QSPI"]
    assert artifact.report()["stream"]["file_bytes"] == size
    whole = artifact.fit.board
    regions = tuple(replace(r, bytes=4096) if r.name == "QSPI" else r for r in whole.regions)
    with pytest.raises(DoesNotFit, match="does not fit"):
        check_fit(artifact.compiled, replace(whole, target=replace(whole.target, regions=regions)))


def test_options_that_do_not_go_together_are_refused() -> None:
    path = Path("examples/digits/digits.tflite")
    with pytest.raises(UsageError, match="have no portions"):
        edgegen.compile(path, portion=4096)
