"""Models whose whole images a board's RAM does not hold: computed a few rows at a time as far as that is needed."""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import edgegen
from edgegen.boards import Board, Fit, check_fit
from edgegen.compiler import Compiled
from edgegen.errors import DoesNotFit, format_error
from edgegen.ir.dtypes import F32
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.ops.dense import Dense
from edgegen.passes.check import random_array
from edgegen.report.json_report import report
from edgegen.report.summary import summary
from edgegen.targets import TARGETS, Region, Target
from edgegen.verify import Build, Call, build_program
from tests.build_graph import Builder
from tests.corpus import model as find_model
from tests.harness import compile_for_test
from tests.passes.test_tile_rows import network

FLASH = Region("FLASH", "flash", 0, 1 << 20)
STACK = 96
EVERY = ["generic", pytest.param("cortex-m4", marks=pytest.mark.cross)]


def with_ram(target: str, *sizes: int, flash: bool = True) -> Target:
    """The fastest first, at places where the emulated board has RAM, too."""
    places = (0x20100000, 0x20300000, 0x21000000)
    ram = [Region(f"RAM{i}", "ram", places[i], size, 8.0 / 2**i) for i, size in enumerate(sizes)]
    return replace(TARGETS[target], regions=(*([FLASH] if flash else []), *ram), stack_bytes=STACK)


def compiled(target: Target, graph: Graph | None = None) -> Compiled:
    return compile_for_test(graph or network(), target)


def fitted(model: Compiled) -> Fit:
    return check_fit(model, Board("mine", "", "", model.target, None, None), 1000)


def size(model: Compiled) -> int:
    assert model.graph.plan is not None
    return model.graph.plan.total_bytes


def loops(model: Compiled) -> int:
    return sum(bool(n.op.stretches) for n in model.graph.nodes)


@functools.cache
def whole_bytes(target: str = "generic") -> int:
    """What whole images take."""
    return size(compiled(TARGETS[target]))


def test_images_stay_whole_where_they_fit() -> None:
    model = compiled(with_ram("generic", whole_bytes() + STACK))
    assert loops(model) == 0
    assert model.files == compiled(TARGETS["generic"]).files
    assert fitted(model).by_rows == ""


@pytest.mark.parametrize("target", EVERY)
def test_a_memory_that_is_too_small_for_them_gets_rows(target: str) -> None:
    whole = whole_bytes(target)
    model = compiled(with_ram(target, whole + STACK - 16))
    assert loops(model)
    assert size(model) <= whole - 16
    assert fitted(model).by_rows == f"1 part of it computed a few rows at a time; whole images take {whole:,} B"
    text = summary(report(model, fitted(model)))
    assert f"1 loop   a few rows at a time: whole images take {whole:,} B, which do not fit\n" in text
    assert_equal(model)


def assert_equal(model: Compiled) -> None:
    """Checked C gives what the reference does."""
    x = random_array(model.source.inputs[0].type, np.random.default_rng(0))
    (outcome,) = build_program([model], Build(check_memory=True)).execute([Call([x])])
    np.testing.assert_array_equal(outcome.outputs[0], evaluate(model.source, [x])[0])


@pytest.mark.parametrize("target", EVERY)
def test_several_memories_are_tried_with_whole_images_before_rows(target: str) -> None:
    """Each of them is too small for all; two hold them together, and three smaller ones do not."""
    whole = whole_bytes(target)
    enough = compiled(with_ram(target, whole // 2, whole - 16))
    assert loops(enough) == 0
    assert enough.instance.is_split
    model = compiled(with_ram(target, whole // 4, whole // 4, whole // 4))
    assert loops(model)
    assert model.instance.is_split
    assert fitted(model).by_rows
    assert_equal(model)


def test_the_users_limit_wins() -> None:
    """A smaller one is kept; a larger one leaves images whole that the board does not hold, and the refusal says so."""
    board = with_ram("generic", whole_bytes() + STACK)
    assert size(compiled(replace(board, ram_bytes=whole_bytes() // 2))) <= whole_bytes() // 2
    larger = compiled(replace(with_ram("generic", whole_bytes() // 2), ram_bytes=whole_bytes()))
    assert loops(larger) == 0
    with pytest.raises(DoesNotFit) as caught:
        fitted(larger)
    assert caught.value.help == "leave --ram out: the board's own RAM is the limit then"


def test_rows_that_the_caller_hands_over_are_as_many_as_the_board_has_room_for() -> None:
    graph = network()
    graph.by_rows = True
    smallest = compiled(TARGETS["generic"], graph)
    board = compiled(with_ram("generic", whole_bytes() + STACK), graph)
    assert size(smallest) < size(board) <= whole_bytes()


def test_the_least_is_named_where_one_memory_is_too_small() -> None:
    model = compiled(with_ram("generic", 700))
    assert loops(model)
    with pytest.raises(DoesNotFit) as caught:
        fitted(model)
    said = dict(caught.value.details)
    assert said["least"].startswith(f"{size(model):,} B of arena and state, {loops(model)} part")
    assert said["least"].endswith(f"computed a few rows at a time; whole images take {whole_bytes():,} B")
    assert size(model) < whole_bytes() // 2


def test_the_least_is_named_where_several_memories_are_too_small() -> None:
    with pytest.raises(DoesNotFit, match="does not fit the board's memories") as caught:
        compiled(with_ram("generic", 400, 300))
    said = dict(caught.value.details)
    assert {"RAM0", "RAM1", "left"} < said.keys()
    assert said["least"].endswith(" B of arena and state, some of it computed a few rows at a time")
    assert caught.value.help.endswith("or hand the image over row by row: --input-rows")
    b, rng = Builder(), np.random.default_rng(0)
    x = b.input((1, 200), F32)
    weights = b.constant(rng.normal(size=(50, 200)).astype(np.float32))
    graph = b.graph(b.add(Dense(), x, weights, b.constant(np.zeros(50, np.float32))))
    with pytest.raises(DoesNotFit) as caught:
        compiled(with_ram("generic", 400, 300), graph)
    assert dict(caught.value.details)["least"].endswith("B of arena and state: nothing can be computed by rows")
    assert caught.value.help == "choose a larger board or a smaller model"


def test_without_flash_weights_and_code_take_room_from_images() -> None:
    """RAM holds them beside the stack and, a few rows at a time, what the model writes."""
    plain = fitted(compiled(with_ram("generic", 1 << 20, flash=False)))
    taken = plain.weights + check_fit(compiled(with_ram("generic", 1 << 20)), MANY).code + STACK
    model = compiled(with_ram("generic", taken + whole_bytes() - 64, flash=False))
    assert loops(model)
    assert fitted(model).by_rows


MANY = Board("many", "", "", with_ram("generic", 1 << 20), None, None)


@pytest.mark.corpus
def test_a_published_model_fits_a_board_by_rows(corpus: Path, tmp_path: Path) -> None:
    """vww's images take 37,664 B; the board has 32 KiB beside its stack, or not even 4 KiB."""
    text = (Path(__file__).resolve().parents[2] / "boards" / "nucleo-f446re.toml").read_text()
    board = tmp_path / "tiny.toml"
    board.write_text(text.replace("131_072", "36_864"))
    model = edgegen.compile(find_model(corpus, "mlperf_vww_int8"), board=str(board))
    assert model.arena_bytes <= 32_768
    assert any(n.op.stretches for n in model.compiled.graph.nodes)
    board.write_text(text.replace("131_072", "8_192"))
    with pytest.raises(DoesNotFit) as caught:
        edgegen.compile(find_model(corpus, "mlperf_vww_int8"), board=str(board))
    found = re.search(r"\n  least +([\d,]+) B of arena and state, \d parts? of it", format_error(caught.value))
    assert found is not None
    assert 8_192 < int(found[1].replace(",", "")) <= 28_832
