"""Under a limit of RAM, weights are copied in the largest portions that it holds, beside loops over rows if need be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import edgegen
from edgegen.compiler import Compiled, compile_graph
from edgegen.emit.render import Origin
from edgegen.errors import DoesNotFit
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.ir.portion import PortionPlan
from edgegen.memory.portions import copies
from edgegen.ops.conv2d import Conv2d
from edgegen.passes.check import random_array
from edgegen.passes.pipeline import Options
from edgegen.passes.post_optimize import stream_weights
from edgegen.passes.row_parts import Parts
from edgegen.report.html import html_report
from edgegen.report.json_report import report
from edgegen.report.summary import summary
from edgegen.targets import TARGETS, Target
from edgegen.verify import Build, Call, build_program
from tests.build_graph import Builder
from tests.passes.test_tile_rows import network
from tests.row_graphs import SMALL
from tests.verify.test_stream import layers

ORIGIN = Origin("net", "0" * 64, "0")
OPEN = replace(TARGETS["generic"], portion_bytes=1 << 14, fits_portion=True)


@pytest.fixture(autouse=True)
def nothing_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small weights are copied, too."""
    monkeypatch.setattr(stream_weights, "STAYS", 0)


def wide() -> Graph:
    b = Builder()
    return b.graph(layers(b, b.input((1, 64)), (256, 96, 160), 0))


def made(graph: Graph, ram: int, target: Target = OPEN) -> Compiled:
    return compile_graph(graph, replace(target, ram_bytes=ram), "net", ORIGIN, Options())


def total(model: Compiled) -> int:
    assert model.graph.plan is not None
    return model.graph.plan.total_bytes


def chosen(model: Compiled) -> PortionPlan:
    (found,) = [p for p in model.graph.portion_plans if p.chosen]
    return found


def check(model: Compiled) -> None:
    """Runs it, every copy as late as it may come, against its plan of memory."""
    inputs = [random_array(t.type, np.random.default_rng(1)) for t in model.source.inputs]
    program = build_program([model], Build(check_memory=True))
    np.testing.assert_array_equal(program.execute([Call(inputs)])[0].outputs[0], evaluate(model.source, inputs)[0])


def test_more_ram_takes_fewer_copies_and_all_of_it_none_but_one_a_layer() -> None:
    found = [made(wide(), ram) for ram in (4_000, 8_000, 20_000, 100_000)]
    for model, ram in zip(found, (4_000, 8_000, 20_000, 100_000), strict=True):
        assert total(model) <= ram
        assert chosen(model).bytes == total(model)
        assert chosen(model).copies == len(copies(model.graph))
        assert chosen(model).portion_bytes == max(copies(model.graph))
        assert chosen(model).ahead
        assert all(p.copies >= chosen(model).copies for p in model.graph.portion_plans if p.ahead and p.bytes <= ram)
        check(model)
    counts = [chosen(m).copies for m in found]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[1] > counts[-1] == 3


def test_where_two_portions_do_not_fit_one_is_copied_when_it_is_needed() -> None:
    b, random = Builder(), np.random.default_rng(4)
    y = b.input((1, 8, 8, 64))
    for _ in range(3):
        weights = b.constant(random.integers(-127, 128, (64, 1, 1, 64), dtype=np.int8))
        y = b.add(Conv2d(requantize=SMALL), y, weights, None)
    graph = b.graph(y)
    two = total(made(graph, 1 << 20))  # and one image, in place
    ahead, late = made(graph, two), made(graph, two - 4096)
    assert chosen(ahead).ahead
    assert not chosen(late).ahead
    assert chosen(late).copies == chosen(ahead).copies == 3
    for model in (ahead, late):
        check(model)
    assert "when needed" in summary(report(late))


def test_a_portion_that_is_given_or_no_limit_leaves_nothing_to_choose() -> None:
    assert made(wide(), 0).graph.portion_plans == ()
    given = made(wide(), 20_000, replace(OPEN, portion_bytes=2048, fits_portion=False))
    assert given.graph.portion_plans == ()
    assert max(copies(given.graph)) <= 2048


def test_a_portion_that_is_given_and_does_not_fit_is_refused_with_a_way_out() -> None:
    with pytest.raises(DoesNotFit) as caught:
        made(wide(), 4_000, replace(OPEN, portion_bytes=8192, fits_portion=False))
    assert "a --portion below 8,192 B or none (the largest that fit are taken then)" in caught.value.help
    assert total(made(wide(), 4_000)) <= 4_000
    with pytest.raises(DoesNotFit) as caught:
        made(wide(), 500)
    assert "--portion" not in caught.value.help


def test_loops_over_rows_do_the_rest() -> None:
    """Their weights, which stay from the first row to the last, count before any plan is made."""
    loose = made(network(), 1 << 20)
    for ram, looped in ((6_500, False), (4_500, True)):
        model = made(network(), ram)
        assert total(model) <= ram < total(loose)
        assert any(n.op.stretches for n in model.graph.nodes) == looped
        assert chosen(model).bytes == total(model)
        check(model)
    with pytest.raises(DoesNotFit, match="no plan needs 2,000 B or less"):
        made(network(), 2_000)


def test_rows_that_the_caller_hands_over_go_with_both() -> None:
    graph = network()
    graph.by_rows = True
    model = made(graph, 4_500)
    assert total(model) <= 4_500
    check(model)


def test_estimates_count_the_weights_of_a_loop() -> None:
    graph = network()
    use = [0] * len(graph.nodes)
    without, counted = (Parts(graph, use, t) for t in (TARGETS["generic"], OPEN))
    for candidate, same in zip(without.candidates, counted.candidates, strict=True):
        nodes = candidate.part.nodes
        weights = sum(t.type.bytes for n in nodes for t in n.inputs if t is not None and t.is_constant)
        with_weights, alone = counted.cost(same, 2, 0), without.cost(candidate, 2, 0)
        assert with_weights is not None
        assert alone is not None
        more = with_weights.bytes - alone.bytes
        assert weights <= more <= weights + 16 * sum(n.out.shape[-1] for n in nodes)  # and the constants of units


def test_the_report_shows_ram_against_copies() -> None:
    model = made(wide(), 8_000)
    data = report(model)
    plans = data["stream"]["plans"]
    assert [p["bytes"] for p in plans] == sorted(p["bytes"] for p in plans)
    assert [p["copies"] for p in plans] == sorted((p["copies"] for p in plans), reverse=True)
    marked = [line for line in summary(data).splitlines() if line.startswith("  *")]
    assert len(marked) == 1
    assert f"{chosen(model).copied_bytes:,}" in marked[0]
    page = html_report(data)
    assert page.count("<circle") == len(plans) > 2
    assert "RAM against copies" in page
    assert "RAM against copies" not in html_report(report(made(wide(), 0)))


@pytest.mark.cross
def test_a_cortex_m4_computes_the_same_under_every_limit() -> None:
    target = replace(TARGETS["cortex-m4"], portion_bytes=OPEN.portion_bytes, fits_portion=True)
    for graph, ram in ((wide(), 6_000), (network(), 8_000)):
        model = made(graph, ram, target)
        assert total(model) <= ram
        check(model)


def test_a_boards_ram_is_a_limit() -> None:
    artifact = edgegen.compile(Path("examples/digits/digits.tflite"), board="nucleo-f446re", weights="stream")
    assert artifact.report()["stream"]["plans"]
