"""Models over several memories of a board: each part lies where the board has that memory, and nothing else changes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgegen.boards import Board, check_fit
from edgegen.compiler import Compiled, compile_graph, share_arena
from edgegen.emit.render import Origin
from edgegen.emit.weights import Form
from edgegen.errors import DoesNotFit, InvalidGraph, ToolchainFailed
from edgegen.ir.dtypes import F32
from edgegen.ir.evaluate import Evaluation
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Graph, State
from edgegen.ir.op import Range
from edgegen.ir.tensor import Array
from edgegen.ir.verify import arena_is_sound
from edgegen.ops.binary import Binary
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.passes.check import random_array
from edgegen.passes.pipeline import Options
from edgegen.report.html import html_report
from edgegen.report.json_report import report
from edgegen.report.summary import summary
from edgegen.targets import TARGETS, Region, Target
from edgegen.verify import Build, Call, build_program, toolchain, verify_model
from edgegen.verify.emulated import EmulatedProgram
from edgegen.verify.objects import compile_models
from tests.build_graph import Builder
from tests.verify.altered import altered

SAFE = Build(sanitize=True)
# Where the emulated MPS2 boards have RAM, too.
TCM, SRAM = Region("TCM", "ram", 0x20100000, 352, 8.0), Region("SRAM", "ram", 0x20300000, 1024, 4.0)
FLASH, QSPI = Region("FLASH", "flash", 0x08000000, 1 << 20), Region("QSPI", "flash", 0x90000000, 1 << 20, 0.25)
EVERY = [
    pytest.param("generic"),
    pytest.param("arm-neon", marks=pytest.mark.cross),
    pytest.param("cortex-m4", marks=pytest.mark.cross),
]


def with_memories(target: Target, *regions: Region) -> Target:
    return replace(target, regions=regions, stack_bytes=64)


def layered(seed: int = 0) -> Graph:
    """s8[1,64]: to 128, to 256, to 64 elements; and the largest of all these so far, which is state and an output."""
    rng = np.random.default_rng(seed)
    b = Builder()
    y = b.input((1, 64))
    for size in (128, 256, 64):
        op = Dense(requantize=FixedPoint.from_scales([0.01], 0), clamp=Range(-128, 127))
        weights = rng.integers(-127, 128, (size, y.shape[1]), dtype=np.int8)
        y = b.add(op, y, b.constant(weights), b.constant(np.zeros(size, np.int32)))
    before = b.input((1, 64))
    b.inputs.remove(before)
    most = b.add(Binary("maximum"), before, y)
    graph = Graph("test", b.inputs, [y, most], b.nodes)
    graph.state = [State("most", before, most, rng.integers(-128, 0, (1, 64), dtype=np.int8))]
    return graph


def over(target: Target, weights: Form = "auto", trace: bool = False, name: str = "model", seed: int = 0) -> Compiled:
    origin = Origin("model.test", "0" * 64, "test")
    return compile_graph(layered(seed), target, name, origin, Options(), trace, weights)


def inputs(count: int) -> list[Array]:
    rng = np.random.default_rng(1)
    return [rng.integers(-128, 128, (1, 64), dtype=np.int8) for _ in range(count)]


@pytest.mark.parametrize("target", EVERY)
@pytest.mark.parametrize("sanitize", [False, True])
def test_a_model_over_two_memories_computes_the_same(target: str, sanitize: bool) -> None:
    model = over(with_memories(TARGETS[target], TCM, SRAM), trace=sanitize)
    plan = model.graph.plan
    assert plan is not None
    assert [p.region for p in plan.parts] == ["TCM", "SRAM"]
    assert all(p.arena_bytes for p in plan.parts)
    program = build_program([model], replace(SAFE, sanitize=sanitize))
    reference = Evaluation(model.source)
    first, *others = inputs(3)
    outcomes = program.execute([Call([first])])
    outcomes += program.execute([Call([x]) for x in others])
    for x, outcome in zip((first, *others), outcomes, strict=True):
        for got, want in zip(outcome.outputs, reference.run([x]), strict=True):
            np.testing.assert_array_equal(got, want)
    held = sum(-(-p.arena_bytes // 8) * 8 + p.state_bytes for p in plan.parts)
    assert held <= program.instance_bytes[0] < held + 2 * plan.state_bytes


def results(models: list[Compiled], check: bool) -> None:
    """Three runs of each model, in turns, give what the reference does."""
    program = build_program(models, Build(check_memory=check))
    references = [Evaluation(m.source) for m in models]
    given = [random_array(m.graph.inputs[0].type, np.random.default_rng(i)) for i in range(3) for m in models]
    outcomes = program.execute([Call([x], i % len(models)) for i, x in enumerate(given)])
    for i, (x, outcome) in enumerate(zip(given, outcomes, strict=True)):
        for got, want in zip(outcome.outputs, references[i % len(models)].run([x]), strict=True):
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("target", [EVERY[0], EVERY[2]])
def test_models_over_two_memories_share_the_arena_in_each(target: str, check: bool) -> None:
    chosen = with_memories(TARGETS[target], TCM, replace(SRAM, address=0x21000000, bytes=1 << 20))
    models, shared = share_arena([over(chosen, name=f"m{i}", seed=i) for i in range(2)], "both")
    plans = [m.graph.plan for m in models]
    for struct in shared.structs:
        parts = [p for plan in plans if plan is not None for p in plan.parts if p.region == struct.region]
        assert struct.arena_bytes == max(p.arena_bytes for p in parts) > 0
        assert sum(k.bytes for k in struct.states) == sum(p.state_bytes for p in parts)
    assert shared.ram_bytes < shared.separate_bytes
    results(models, check)


def over_rows(target: Target) -> Compiled:
    """An s8[1,24,16,4] image through two convolutions, handed over by rows, of which two memories hold some each."""
    rng = np.random.default_rng(0)
    b = Builder()
    y = b.input((1, 24, 16, 4))
    for stride in (1, 2):
        fixed = FixedPoint.from_scales([0.01] * 4, 0)
        op = Conv2d((stride, stride), (1, 1), (1, 1, 1, 1), requantize=fixed, clamp=Range(-128, 127))
        weights = rng.integers(-127, 128, (4, 3, 3, 4), dtype=np.int8)
        y = b.add(op, y, b.constant(weights), b.constant(np.zeros(4, np.int32)))
    graph = b.graph(y)
    graph.by_rows = True
    return compile_graph(graph, target, "model", Origin("model.test", "0" * 64, "test"), Options())


@pytest.mark.parametrize("target", [EVERY[0], EVERY[2]])
def test_rows_that_are_handed_over_lie_in_two_memories(target: str) -> None:
    """By themselves, and in arenas that another model shares."""
    chosen = with_memories(TARGETS[target], replace(TCM, bytes=640), replace(SRAM, address=0x21000000, bytes=4096))
    model = over_rows(chosen)
    assert model.graph.fed is not None
    assert model.instance.is_split
    results([model], False)
    results(share_arena([over(chosen, name="other"), model], "both")[0], True)


@pytest.mark.parametrize(
    ("target", "change"),
    [
        *(
            ("generic", c)
            for c in ("a_tcm[-1]", "a_tcm[{tcm}]", "a_sram[-64]", "a_sram[{sram} + 63]", "s[64]", "s[-1]")
        ),
        pytest.param("cortex-m4", "a_sram[-1]", marks=pytest.mark.cross),
    ],
)
def test_writes_outside_of_each_memorys_part_are_found(target: str, change: str) -> None:
    """Before the first byte of a part, behind its last one, and around the state."""
    model = over(with_memories(TARGETS[target], TCM, SRAM))
    assert model.graph.plan is not None
    sizes = {p.region.lower(): p.arena_bytes for p in model.graph.plan.parts}
    write = f"MODEL_NODE(1) {change.format(**sizes)} ^= 1, "
    model = altered(model, {"MODEL_NODE(1) ": write}, within="model_run(model_t *m)")
    with pytest.raises(ToolchainFailed, match="breaks its plan of memory") as caught:
        build_program([model], Build(check_memory=True)).execute([Call(inputs(1))])
    assert dict(caught.value.details)["changes"].startswith("bytes that are no tensor's")


@pytest.mark.parametrize("last", [False, True])
def test_what_turns_on_rows_spoil_is_found(last: bool) -> None:
    """In the first turn or in the last one: a byte behind the part of the arena that lies in the slow memory."""
    memories = (replace(TCM, bytes=640), replace(SRAM, bytes=4096))
    model = over_rows(with_memories(TARGETS["generic"], *memories))
    calls = re.findall(r"^ +(model_g\w+\(m(?:, m->turn)?\);)$", model.files["model.c"], re.MULTILINE)
    call = calls[-1 if last else 0]
    model = altered(model, {call: f"{call} m->sram->above[5] = 1;"}, within="model_push_row(model_t *m")
    with pytest.raises(ToolchainFailed, match="breaks its plan of memory") as caught:
        results([model], True)
    assert dict(caught.value.details)["node"].endswith('RowLoop "n0 to n1"')


@pytest.mark.parametrize("level", ["-DEDGEGEN_CHECK", "-DEDGEGEN_CHECK=2"])
@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_the_check_of_several_memories_compiles_without_warnings(cc: str, level: str, tmp_path: Path) -> None:
    target = with_memories(TARGETS["generic"], replace(TCM, bytes=640), replace(SRAM, bytes=4096))
    models = share_arena([over(target, name=f"m{i}") for i in range(2)], "both")[0]
    for i, some in enumerate((models, [over_rows(target)])):
        folder = tmp_path / str(i)
        folder.mkdir()
        compile_models(some, Build(cc=cc, cflags=(level,)), folder)


@pytest.mark.cross
@pytest.mark.parametrize(("core", "psram"), [("cortex-m4", 0x21000000), ("cortex-m7", 0x60000000)])
def test_each_part_lies_in_the_emulated_boards_memory(core: str, psram: int) -> None:
    """The Cortex-M7's board has its PSRAM elsewhere; a layer at a time matches there, too."""
    flags = ("-mcpu=" + core, "-mthumb", "-mfpu=" + ("fpv4-sp-d16" if core == "cortex-m4" else "fpv5-d16"))
    target = replace(TARGETS["cortex-m4"], cpu=core, cflags=(*flags, "-mfloat-abi=hard"))
    model = over(with_memories(target, TCM, replace(SRAM, name="PSRAM", address=psram)))
    program = build_program([model])
    assert isinstance(program, EmulatedProgram)
    listing = toolchain.run([toolchain.find("arm-none-eabi-nm"), program.executable], "listing").stdout
    at = {name: int(address, 16) for address, name in re.findall(r"^(\w+) \w (model_instance_\w+)$", listing, re.M)}
    assert 0x20000000 <= at["model_instance_tcm"] < 0x20400000
    assert psram <= at["model_instance_psram"] < psram + (16 << 20)
    assert verify_model(model, runs=2, layers=True).match


def test_the_header_has_a_struct_for_each_memory() -> None:
    header = over(with_memories(TARGETS["generic"], TCM, SRAM)).files["model.h"]
    for line in (
        " *     static MODEL_TCM_ATTR model_tcm_t model_tcm;",
        " *     static model_t model = { .tcm = &model_tcm, .sram = &model_sram };",
        "    EDGEGEN_ALIGN(8) uint8_t arena[MODEL_SRAM_BYTES];",
        "    model_tcm_t *tcm;\n    model_sram_t *sram;\n#if",
    ):
        assert line in header
    assert "INSTANCE_ATTR" not in header


def test_one_memory_that_has_room_makes_the_same_c_as_a_board_without_a_choice() -> None:
    one = over(with_memories(TARGETS["generic"], TCM))
    enough = over(with_memories(TARGETS["generic"], replace(TCM, bytes=1024), SRAM))
    assert one.files["model.c"] == enough.files["model.c"] == over(TARGETS["generic"]).files["model.c"]
    plain = enough.files["model.h"].replace("/* The plan has them in TCM. */\n", "")
    assert plain == one.files["model.h"] == over(TARGETS["generic"]).files["model.h"]


def test_a_missing_part_is_a_bad_argument(tmp_path: Path) -> None:
    model = over(with_memories(TARGETS["generic"], TCM, SRAM))
    for name, text in model.files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "main.c").write_text(
        '#include "model.h"\n'
        "static model_tcm_t tcm;\nstatic model_sram_t sram;\n"
        "int main(void)\n{\n"
        "    model_t whole = { &tcm, &sram }, half = { &tcm, 0 };\n"
        "    return !(model_init(&whole) == MODEL_OK && model_run(&whole) == MODEL_OK &&\n"
        "             model_init(&half) == MODEL_BAD_ARGUMENT && model_run(&half) == MODEL_BAD_ARGUMENT);\n}\n",
        encoding="utf-8",
    )
    command = [toolchain.find("gcc"), "-std=c99", "-Wall", "-Wextra", "-Werror", "main.c", "model.c", "-o", "main"]
    toolchain.run(command, "compiling", tmp_path)
    toolchain.run([tmp_path / "main"], "running", tmp_path)


def test_a_tensor_across_two_memories_is_not_sound() -> None:
    graph = over(with_memories(TARGETS["generic"], TCM, SRAM)).graph
    assert graph.plan is not None
    arena_is_sound(graph)
    place = next(p for p in graph.plan.tensors.values() if p.offset + p.size == graph.plan.parts[0].arena_bytes)
    tensor = next(t for t, p in graph.plan.tensors.items() if p is place)
    graph.plan.tensors[tensor] = replace(place, offset=place.offset + 16)
    with pytest.raises(InvalidGraph, match="leaves the memory that it begins in"):
        arena_is_sound(graph)


def test_the_report_says_what_each_memory_holds() -> None:
    target = with_memories(TARGETS["generic"], FLASH, TCM, SRAM)
    model = over(target)
    data = report(model, check_fit(model, Board("mine", "", "", target, None, None), 1000))
    tcm, sram = data["parts"]
    assert (tcm["region"], sram["region"]) == ("TCM", "SRAM")
    for part in data["parts"]:
        lying = [t for t in data["arena"] if t["region"] == part["region"]]
        assert max(t["offset"] + t["bytes"] for t in lying if t["role"] != "state") <= part["arena_bytes"]
        assert max(part["in_use"]) <= part["arena_bytes"]
    held = {r["name"]: r["holds"] for r in data["board"]["regions"]}
    assert held["TCM"]["arena"] == tcm["arena_bytes"]
    assert sum(h.get("state", 0) for h in held.values()) == data["state_bytes"] == 64
    assert re.search(r"\n    SRAM +[\d,]+ B   of 1,024 B; arena", summary(data))
    page = html_report(data)
    assert page.count("<svg") == 2
    assert f"<h3>TCM: arena {tcm['arena_bytes']:,} B" in page


# ---- Flash ----

FIRST, SECOND, THIRD = 64 * 128, 128 * 256, 256 * 64


@pytest.mark.parametrize("form", ["inline", "separate"])
def test_weights_that_the_fastest_flash_has_no_room_for_lie_in_the_next(form: Form) -> None:
    """Each layer reads its weights once, so that the smallest go into the fastest memory."""
    small = replace(FLASH, bytes=FIRST + THIRD + (12 << 10))
    target = with_memories(TARGETS["generic"], small, QSPI, SRAM)
    model = over(target, form)
    assert set(model.flash) == {"FLASH", "QSPI"}
    assert SECOND <= model.flash["QSPI"] < SECOND + 2048
    if form == "inline":
        text = model.files["model.c"]
        assert re.search(r"int8_t MODEL_WEIGHTS_QSPI_ATTR model_n1_\w+\[", text)
        assert re.search(r"int8_t MODEL_WEIGHTS_FLASH_ATTR model_n0_\w+\[", text)
    else:
        text = model.files["model_weights.S"]
        assert text.count(".section MODEL_WEIGHTS_FLASH_SECTION") == text.count(".section MODEL_WEIGHTS_QSPI_SEC") == 1
    found = check_fit(model, Board("mine", "", "", target, None, None), 1000)
    assert dict(found.held["FLASH"])["code"] == 1000
    assert verify_model(model, runs=1).match
    data = report(model, found)
    assert re.search(r"\n    QSPI +[\d,]+ B   of 1,048,576 B; weights", summary(data))
    with pytest.raises(DoesNotFit) as caught:
        check_fit(model, Board("mine", "", "", target, None, None), 1 << 20)
    assert "code 1,048,576 B" in dict(caught.value.details)["FLASH"]


def test_what_a_run_reads_most_lies_in_the_fastest_flash() -> None:
    """Both layers have 1,024 weights: the convolution reads them for each of 256 pixels, the dense layer once."""
    b = Builder()
    image = b.input((1, 16, 16, 32), F32)
    weights = np.random.default_rng(0).standard_normal((32, 1, 1, 32)).astype(np.float32)
    pixels = b.add(Conv2d(), image, b.constant(weights), b.constant(np.zeros(32, np.float32)))
    vector = b.input((1, 32), F32)
    units = b.add(Dense(), vector, b.constant(2 * weights.reshape(32, 32)), b.constant(np.ones(32, np.float32)))
    for outputs in ((pixels, units), (units, pixels)):
        graph = Graph("test", b.inputs, list(outputs), b.nodes if outputs[0] is pixels else b.nodes[::-1])
        target = with_memories(TARGETS["generic"], replace(FLASH, bytes=10 << 10), QSPI)
        model = compile_graph(graph, target, "model", Origin("model.test", "0" * 64, "test"), Options())
        text = model.files["model.c"]
        found = re.findall(r"/\* weights .* of \d \"(\w+)\" \*/\nstatic .* MODEL_WEIGHTS_(\w+)_ATTR", text)
        assert dict(found) == {"n0": "FLASH", "n1": "QSPI"}


def test_one_flash_that_has_room_leaves_the_c_as_it_is() -> None:
    model = over(with_memories(TARGETS["generic"], FLASH, QSPI))
    assert set(model.flash) == {"FLASH"}
    assert model.files == over(TARGETS["generic"]).files
