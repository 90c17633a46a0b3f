"""Models that share an arena: their C run in turns on one instance, their files, their sizes, and what is refused."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import edgegen
from edgegen.boards import Board, check_fit, check_fit_together
from edgegen.cli import main
from edgegen.compiler import Compiled, share_arena
from edgegen.errors import DoesNotFit, UsageError
from edgegen.ir.dtypes import S32
from edgegen.ir.evaluate import Evaluation
from edgegen.ir.graph import Graph, State
from edgegen.ir.op import Range
from edgegen.ir.plan import Plan
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.targets import TARGETS, Region
from edgegen.verify import Build, Call, build_program
from edgegen.verify.objects import compile_models
from tests.build_graph import Builder
from tests.harness import compile_for_test
from tests.verify.altered import dense_graph

DIGITS = Path(__file__).resolve().parents[1] / "examples" / "digits" / "digits.tflite"
TURNS = 3

IN_TURNS_H = """
#ifndef TURNS_H
#define TURNS_H
#include <string.h>
#include "first.h"
#include "second.h"
typedef struct {
#if defined(SHARED_TCM_BYTES) || defined(SHARED_SRAM_BYTES)
    shared_tcm_t tcm;
    shared_sram_t sram;
#endif
    shared_t shared;
    int8_t x[TURNS * 8], y[TURNS * 8];
    int32_t v[TURNS * 4], w[TURNS * 4];
#if defined(EDGEGEN_CHECK)
    first_finding check;
#endif
} turns_t;
int turns_init(turns_t *m);
int turns_run(turns_t *m);
void *turns_input0(turns_t *m);
void *turns_input1(turns_t *m);
const void *turns_output0(const turns_t *m);
const void *turns_output1(const turns_t *m);
#endif
"""
IN_TURNS_C = """
#include "turns.h"
int turns_init(turns_t *m)
{
#if defined(SHARED_TCM_BYTES) || defined(SHARED_SRAM_BYTES)
    m->shared = (shared_t){ .tcm = &m->tcm, .sram = &m->sram };
#endif
    return first_init(&m->shared) != FIRST_OK || second_init(&m->shared) != SECOND_OK;
}
void *turns_input0(turns_t *m) { return m->x; }
void *turns_input1(turns_t *m) { return m->v; }
const void *turns_output0(const turns_t *m) { return m->y; }
const void *turns_output1(const turns_t *m) { return m->w; }
int turns_run(turns_t *m)
{
    for (int i = 0; i < TURNS; i++) {
        memcpy(first_input(&m->shared), m->x + 8 * i, 8);
        if (first_run(&m->shared) != FIRST_OK) {
            return 11;
        }
        memcpy(m->y + 8 * i, first_output(&m->shared), 8);
        memcpy(second_input(&m->shared), m->v + 4 * i, 16);
        if (second_run(&m->shared) != SECOND_OK) {
            return 12;
        }
        memcpy(m->w + 4 * i, second_output(&m->shared), 16);
    }
    return 0;
}
"""


def adding_up() -> Graph:
    """output = input + all inputs before."""
    b = Builder()
    x, total = b.input((4,), S32), b.input((4,), S32)
    b.inputs[1:] = []
    after = b.add(Binary("add", clamp=Range(-(2**31), 2**31 - 1)), x, total)
    return Graph(
        "second", b.inputs, [after], b.nodes, [State("total", total, after, np.array([1, -2, 3, 4], np.int32))]
    )


def pair(target: str, tcm: int = 0) -> list[Compiled]:
    """A model of some layers and one with state, in one arena.

    tcm: bytes of the fast one of two memories; 0: there is but one
    """
    chosen = TARGETS[target]
    if tcm:
        slow = Region("SRAM", "ram", 0x20300000, 1024, 4.0)
        chosen = replace(chosen, regions=(Region("TCM", "ram", 0x20100000, tcm, 8.0), slow))
    models = [compile_for_test(dense_graph(3), chosen, "first"), compile_for_test(adding_up(), chosen, "second")]
    return share_arena(models, "shared")[0]


def in_turns(models: list[Compiled]) -> Compiled:
    """What runs both on one instance, in turns, as if it were a model."""
    inputs = [Tensor("x", replace(models[0].graph.inputs[0].type, shape=(TURNS, 8)))]
    inputs.append(Tensor("v", replace(models[1].graph.inputs[0].type, shape=(TURNS, 4))))
    outputs = [Tensor("y", inputs[0].type), Tensor("w", inputs[1].type)]
    files = {
        "turns.h": IN_TURNS_H.replace("TURNS *", f"{TURNS} *"),
        "turns.c": IN_TURNS_C.replace("TURNS;", f"{TURNS};"),
    }
    graph = Graph("turns", inputs, outputs, plan=Plan({}, {}, 0, 0))
    return replace(models[0], name="turns", graph=graph, source=graph, files=files, shared=None)


@pytest.mark.parametrize("tcm", [0, 24])
@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("target", ["generic", pytest.param("cortex-m4", marks=pytest.mark.cross)])
def test_models_run_in_turns_on_one_instance(target: str, check: bool, tcm: int) -> None:
    """24 bytes of TCM hold the first model's arena, or the second one's state."""
    models = pair(target, tcm)
    assert [len(m.instance.structs) for m in models] == [2 if tcm else 1] * 2
    rng = np.random.default_rng(0)
    x = rng.integers(-128, 128, (2, TURNS, 8)).astype(np.int8)
    v = rng.integers(-1000, 1000, (2, TURNS, 4)).astype(np.int32)
    program = build_program([*models, in_turns(models)], Build(check_memory=check))
    outcomes = program.execute([Call([a, b], 2) for a, b in zip(x, v, strict=True)])
    first, second = Evaluation(models[0].source), Evaluation(models[1].source)
    for i, outcome in enumerate(outcomes):
        for k in range(TURNS):
            np.testing.assert_array_equal(outcome.outputs[0][k : k + 1], first.run([x[i, k : k + 1]])[0])
            np.testing.assert_array_equal(outcome.outputs[1][k], second.run([v[i, k]])[0])


@pytest.mark.parametrize("tcm", [0, 24])
@pytest.mark.parametrize("flags", [(), ("-DEDGEGEN_CHECK",)])
@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_the_c_compiles_without_warnings_and_the_headers_as_cpp(
    cc: str, flags: tuple[str, ...], tcm: int, tmp_path: Path
) -> None:
    compile_models(pair("generic", tcm), Build(cc=cc, cflags=flags), tmp_path)
    (tmp_path / "user.cpp").write_text('#include "first.h"\n#include "second.h"\nfirst_t *m; second_t *n = m;\n')
    command = ["g++", "-Wall", "-Wextra", "-Werror", *flags, "-fsyntax-only", "user.cpp"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def compiled(tmp_path: Path, *files: str) -> list[str]:
    """Paths of copies of the digits' model by these names."""
    paths = []
    for name in files:
        (tmp_path / name).write_bytes(DIGITS.read_bytes())
        paths.append(str(tmp_path / name))
    return paths


def test_the_command_writes_what_all_need_and_tells_what_is_saved(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    paths = compiled(tmp_path, "one.tflite", "two.tflite")
    out = tmp_path / "out"
    assert main([*paths, "--target", "generic", "--share-arena", "--name", "sight", "-o", str(out)]) == 0
    text = capsys.readouterr().out
    alone = edgegen.compile(DIGITS, target="generic")
    arena = -(-alone.arena_bytes // 8) * 8
    assert f"  RAM  {arena:,} B   arena {alone.arena_bytes:,} B and the state of each; {2 * arena:,} B without" in text
    report = json.loads((out / "sight.report.json").read_text())
    assert (report["ram_bytes"], report["saved_bytes"]) == (arena, arena)
    assert {p.name for p in out.iterdir()} == {
        *("one.c", "one.h", "one.report.json", "two.c", "two.h", "two.report.json"),
        *("sight.h", "sight.report.json"),
    }


def test_several_models_without_sharing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    paths = compiled(tmp_path, "one.tflite", "two.tflite")
    assert main([*paths, "--target", "generic", "--json", "-o", str(tmp_path / "out")]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [m["name"] for m in data["models"]] == ["one", "two"]
    assert data["shared"] is None
    alone = edgegen.compile(paths[0], target="generic").compiled.files["one.c"]
    assert (tmp_path / "out" / "one.c").read_text() == alone


def test_options_say_whose_inputs_they_describe(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    paths = compiled(tmp_path, "one.tflite", "two.tflite")
    rest = ["--target", "generic", "-o", str(tmp_path / "out")]
    assert main([*paths, "--signature", "two:serving_default", *rest]) == 0
    assert main([*paths, "--signature", "two:unknown", *rest]) == 1
    assert main([*paths, "--shape", "input=1,8,8,1", *rest]) == 1
    assert "say whose it is: --shape one:input" in capsys.readouterr().err


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main([*words, "--target", "generic"]) == 1
    return capsys.readouterr().err


def test_what_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    one, two = compiled(tmp_path, "one.tflite", "two.tflite")
    (tmp_path / "more").mkdir()
    (again,) = compiled(tmp_path / "more", "one.tflite")
    assert "several models would be called one" in refusal(capsys, one, again)
    assert "several models have one --name each" in refusal(capsys, one, two, "--name", "n")
    assert 'or one and the arena, are called "two"' in refusal(capsys, one, two, "--share-arena", "--name", "two")
    assert '"a b" cannot be a model\'s name' in refusal(capsys, one, two, "--share-arena", "--name", "a b")
    assert not (tmp_path / "out").exists()
    artifacts = [edgegen.compile(one, target=t, name=t[:3]) for t in ("generic", "cortex-m4")]
    with pytest.raises(UsageError, match="for one target"):
        edgegen.share_arena(artifacts)
    with pytest.raises(UsageError, match="no models"):
        edgegen.share_arena([])


def test_a_board_must_hold_all_of_them(tmp_path: Path) -> None:
    board = tmp_path / "tiny.toml"
    board.write_text(
        'description = "d"\ncore = "Cortex-M4"\ntarget = "cortex-m4"\nstack_bytes = 512\n'
        '[[region]]\nname = "flash"\nkind = "flash"\naddress = 0\nbytes = 32768\n'
        '[[region]]\nname = "ram"\nkind = "ram"\naddress = 536870912\nbytes = 8192\n'
    )
    artifacts = [edgegen.compile(DIGITS, board=str(board), name=n) for n in ("one", "two")]
    with pytest.raises(UsageError, match="for one board"):
        edgegen.share_arena([artifacts[0], edgegen.compile(DIGITS, target="cortex-m4", name="two")])
    assert edgegen.share_arena(artifacts[:1]).arena_bytes == artifacts[0].arena_bytes
    with pytest.raises(edgegen.EdgegenError, match="shared does not fit tiny"):
        edgegen.share_arena(artifacts)


def test_several_memories_must_hold_all_of_them() -> None:
    """The TCM holds the arena and the state of each model alone, and those of two, but not the states of three."""
    graph = adding_up()
    target = replace(TARGETS["cortex-m4"], regions=(Region("TCM", "ram", 0, 48, 8.0), Region("SRAM", "ram", 4096, 64)))
    board = Board("mine", "", "", target, None, None)
    models = [compile_for_test(graph, target, name) for name in ("one", "two", "three")]
    fits = [check_fit(m, board, 0) for m in models]
    check_fit_together(*share_arena(models[:2], "sums"), fits[:2])
    found, shared = share_arena(models, "sums")
    with pytest.raises(DoesNotFit, match="sums does not fit mine") as caught:
        check_fit_together(found, shared, fits)
    assert dict(caught.value.details)["TCM"] == (
        "has 48 B, would hold arena 16 B, state of one 16 B, state of two 16 B, state of three 16 B"
    )


def test_weights_of_all_share_the_fastest_flash() -> None:
    """It has room for those of one model beside the code; those of the second lie in the slower one."""
    flash = (Region("FLASH", "flash", 0, 4500, 4.0), Region("QSPI", "flash", 1 << 24, 1 << 20, 0.5))
    target = replace(TARGETS["cortex-m4"], regions=flash)
    models = [compile_for_test(dense_graph(3), target, name) for name in ("one", "two")]
    assert [set(m.flash) for m in models] == [{"FLASH"}] * 2
    assert [set(m.flash) for m in share_arena(models, "both")[0]] == [{"FLASH"}, {"QSPI"}]
