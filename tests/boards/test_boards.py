"""Boards: what their files say, what is refused in them, and what fits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgegen.boards import Board, board, board_names, check_fit, read_board
from edgegen.compiler import Compiled
from edgegen.errors import DoesNotFit, UsageError, format_error
from edgegen.ir.dtypes import F32
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Range
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.targets import Region, host_target
from edgegen.verify.objects import object_sizes
from tests.build_graph import Builder
from tests.harness import compile_for_test

KIB = 1024
GOOD = """
description = "a board"
core = "Cortex-M4F"
target = "cortex-m4"
clock_hz = 100_000_000
stack_bytes = 1024

[toolchain]
prefix = "arm-none-eabi-"
flags = ["-mcpu=cortex-m4", "-mthumb"]

[[region]]
name = "FLASH"
kind = "flash"
address = 0x08000000
bytes = 65536

[[region]]
name = "RAM"
kind = "ram"
address = 0x20000000
bytes = 16384
"""


def test_the_boards_that_must_be_there_are() -> None:
    needed = {"mps2-an386", "nucleo-f446re", "nrf52840-dk", "rpi4", "rpi5", "host"}
    assert needed <= set(board_names())
    for name in board_names():
        assert board(name).name == name


@pytest.mark.parametrize(
    ("name", "target", "mhz", "flash", "ram"),
    [
        ("mps2-an386", "cortex-m4", 25, 4096, 4096 + 16384),
        ("nucleo-f446re", "cortex-m4", 180, 512, 128),
        ("nucleo-l4r5zi", "cortex-m4", 120, 2048, 640),
        ("nrf52840-dk", "cortex-m4", 64, 1024, 256),
        ("mps2-an500", "cortex-m4", 25, 4096, 4096 + 16384),
        ("stm32f746g-disco", "cortex-m4", 216, 1024 + 16384, 64 + 256 + 8192),
        ("nucleo-h743zi2", "cortex-m4", 480, 2048, 128 + 512 + 288 + 64),
        ("mimxrt1060-evk", "cortex-m4", 600, 8192, 128 + 768 + 32768),
        ("stm32h747i-disco", "cortex-m4", 400, 2048 + 131072, 128 + 512 + 288 + 64 + 32768),
        ("nrf5340-dk", "cortex-m4", 128, 1024, 512),
        ("arduino-nano-33-ble", "cortex-m4", 64, 960, 256),
        ("rpi-pico2", "cortex-m4", 150, 4096, 520),
        ("rpi-zero-2w", "arm-neon", 1000, None, 512 * KIB),
        ("rpi4", "arm-neon", 1500, None, 1024 * KIB),
        ("rpi5", "arm-neon-dotprod", 2400, None, 1024 * KIB),
        ("host", host_target().name, None, None, None),
    ],
)
def test_facts_of_the_boards(name: str, target: str, mhz: int | None, flash: int | None, ram: int | None) -> None:
    """Sizes in KiB, from the makers' data sheets."""
    found = board(name)
    assert found.target.name == target
    assert found.clock_hz == (None if mhz is None else mhz * 1_000_000)
    assert found.bytes("flash") == (None if flash is None else flash * KIB)
    assert found.bytes("ram") == (None if ram is None else ram * KIB)


def test_a_boards_compiler_flags_are_its_targets(tmp_path: Path) -> None:
    assert "-mcpu=cortex-a72" in board("rpi4").target.cflags
    assert board("rpi5").target.cpu == "cortex-a76"
    assert board("nucleo-h743zi2").target.cpu == "cortex-m7"
    (tmp_path / "mine.toml").write_text(GOOD, encoding="utf-8")
    assert board(str(tmp_path / "mine.toml")).target.cflags == ("-mcpu=cortex-m4", "-mthumb")


@pytest.mark.cross
@pytest.mark.parametrize("name", ["rpi-pico2", "stm32h747i-disco"])
def test_kernels_compile_for_cores_that_have_the_targets_instructions(name: str) -> None:
    """With a Cortex-M33's or M7's flags, of which the SIMD kernels must not notice anything."""
    b, rng = Builder(), np.random.default_rng(0)
    x = b.input((1, 9, 9, 8))
    weights = b.constant(rng.integers(-127, 128, (8, 3, 3, 8), dtype=np.int8))
    op = Conv2d(requantize=FixedPoint.from_scales([0.01] * 8, 0), clamp=Range(-128, 127))
    model = compile_for_test(b.graph(b.add(op, x, weights, b.constant(np.zeros(8, np.int32)))), board(name).target)
    assert model.graph.nodes[0].kernel is not None
    assert "dsp" in model.graph.nodes[0].kernel.name
    assert object_sizes(model).text > 500


def test_an_unknown_board_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UsageError, match='unknown board "nucleo-f446"') as caught:
        board("nucleo-f446")
    assert caught.value.help == 'did you mean "nucleo-f446re"?'
    with pytest.raises(UsageError) as caught:
        board("")
    assert "mps2-an386" in dict(caught.value.details)["known"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('core = "Cortex-M4F"', "", 'mine.toml: the board lacks "core"'),
        ('core = "Cortex-M4F"', "core = 4", "mine.toml: core must be a string, is 4"),
        ("1024", "-1", "mine.toml: stack_bytes is negative"),
        ("1024", "true", "mine.toml: stack_bytes must be a whole number, is True"),
        ("clock_hz", "clock", 'mine.toml: the board has the unknown key "clock"'),
        ('"cortex-m4"', '"cortex-m9"', 'mine.toml: unknown target "cortex-m9"'),
        ('"-mthumb"', "7", "mine.toml: toolchain.flags must be a list of strings"),
        ("prefix", "prefixes", 'mine.toml: toolchain has the unknown key "prefixes"'),
        ('kind = "ram"', 'kind = "rom"', 'mine.toml: region RAM: kind must be "flash" or "ram", is "rom"'),
        ('"RAM"', '"my RAM"', """mine.toml: "my RAM" cannot be a region's name"""),
        ('"RAM"', '"Weights"', """mine.toml: "Weights" cannot be a region's name"""),
        ("bytes = 16384", 'bytes = 16384\nbytes_per_cycle = "4"', "mine.toml: region.bytes_per_cycle must be a number"),
        ("bytes = 16384", "bytes = 16384\nbytes_per_cycle = -0.5", "mine.toml: region.bytes_per_cycle is negative"),
        ("bytes = 16384", "bytes = 16384\nbytes_per_cycle = nan", "mine.toml: region.bytes_per_cycle is nan"),
        ("bytes = 16384", "bytes = 16384\nbytes_per_cycle = inf", "mine.toml: region.bytes_per_cycle is inf"),
        ("bytes = 16384", "bytes = 16384\nbytes_per_cycle = 0", "mine.toml: region RAM has no bytes_per_cycle"),
        ('"RAM"', '"FLASH"', "mine.toml: two regions are called FLASH"),
        ('"RAM"', '"Flash"', "mine.toml: two regions are called Flash"),
        ("0x20000000", "0x0800FFFF", "mine.toml: regions FLASH and RAM overlap"),
        ("bytes = 16384", "bytes = 0", "mine.toml: region RAM has no bytes"),
        ("bytes = 16384", "", 'mine.toml: region lacks "bytes"'),
        ("[toolchain]", "[toolchain", "mine.toml is not TOML"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(old: str, new: str, reason: str, tmp_path: Path) -> None:
    assert old in GOOD
    (tmp_path / "mine.toml").write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_board(tmp_path / "mine.toml")
    assert reason in caught.value.what


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*none\.toml: No such file"):
        board(str(tmp_path / "none.toml"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not UTF-8 text"):
        read_board(tmp_path / "bytes.toml")
    (tmp_path / "flat.toml").write_text(GOOD.split("[[region]]", maxsplit=1)[0] + "\n", encoding="utf-8")
    assert read_board(tmp_path / "flat.toml").regions == ()


def test_memories_are_sorted_by_their_speed() -> None:
    assert [r.name for r in board("stm32f746g-disco").memory("ram")] == ["DTCM", "SRAM", "SDRAM"]
    assert [r.name for r in board("stm32f746g-disco").memory("flash")] == ["FLASH", "QSPI"]
    assert [r.name for r in board("nucleo-h743zi2").memory("ram")] == ["DTCM", "AXI_SRAM", "SRAM123", "SRAM4"]
    assert [r.name for r in board("mimxrt1060-evk").memory("ram")] == ["DTCM", "OCRAM", "SDRAM"]


# ---- Fitting ----


def two_layers(depth: int, units: int) -> Compiled:
    """f32: x[1,depth] -> [1,units] -> [1,4]; 4 bytes an element, of which no weight can be stored in fewer."""
    b, rng = Builder(), np.random.default_rng(0)
    x = b.input((1, depth), F32)
    for n, k in ((units, depth), (4, units)):
        x = b.add(
            Dense(), x, b.constant(rng.normal(size=(n, k)).astype(np.float32)), b.constant(np.zeros(n, np.float32))
        )
    return compile_for_test(b.graph(x), "generic", "wide")


def small(flash: int, *ram: int, stack: int = 100) -> Board:
    regions = [Region("FLASH", "flash", 0, flash)] if flash else []
    regions += [Region(f"RAM{i}", "ram", 0x20000000 + 0x1000000 * i, size) for i, size in enumerate(ram)]
    target = replace(board("mps2-an386").target, regions=tuple(regions), stack_bytes=stack)
    return Board("small", "", "", target, None, None)


WEIGHTS = (100 * 50 + 50 + 50 * 4 + 4) * 4
ARENA = (100 + 50) * 4 - 4  # the last sum is written where the first input was read last


@pytest.mark.parametrize(
    ("made", "fits"),
    [
        (small(WEIGHTS + 300, ARENA + 100), True),
        (small(WEIGHTS + 299, ARENA + 100), False),
        (small(WEIGHTS + 300, ARENA + 99), False),
        (small(WEIGHTS + 300, ARENA, 100), True),
        (small(WEIGHTS + 300, ARENA - 1, 1000), True),
        (small(WEIGHTS + 300, ARENA - 1, ARENA - 1), False),
        (small(WEIGHTS + 300, ARENA, 99), False),
        (small(0, WEIGHTS + 300 + ARENA + 100), True),
        (small(0, WEIGHTS + 300 + ARENA + 99), False),
        (small(0), True),
    ],
)
def test_flash_holds_weights_and_code_and_one_region_the_arena(made: Board, fits: bool) -> None:
    model = two_layers(100, 50)
    if fits:
        found = check_fit(model, made, code_bytes=300)
        assert (found.weights, found.code, found.arena, found.code_measured) == (WEIGHTS, 300, ARENA, True)
    else:
        with pytest.raises(DoesNotFit):
            check_fit(model, made, code_bytes=300)


def test_a_refusal_gives_sizes_and_what_is_alive_at_the_peak() -> None:
    with pytest.raises(DoesNotFit) as caught:
        check_fit(two_layers(100, 50), small(1000, 500), code_bytes=300)
    assert format_error(caught.value) == (
        "edgegen: wide does not fit small\n"
        "  flash  needs 21,316 B: weights 21,016 B, code 300 B (measured); has FLASH 1,000 B\n"
        "  RAM    needs 696 B: arena 596 B, stack reserve 100 B; has RAM0 500 B\n"
        "  least  596 B of arena and state, with whole images\n"
        '  peak   596 B in use at node 0, Dense "n0"; 4 B hold two of them, as results lie over what dies\n'
        '                  400 B  "in0" f32[1,100]\n'
        '                  200 B  "t0" f32[1,50]\n'
        "  help   try --optimize size, try --weights stream, choose a larger board or a smaller model"
    )


def test_a_board_without_ram_holds_nothing() -> None:
    made = small(1 << 20)
    flash_only = replace(made, target=replace(made.target, regions=made.memory("flash")))
    with pytest.raises(DoesNotFit) as caught:
        check_fit(two_layers(100, 50), flash_only, code_bytes=300)
    assert dict(caught.value.details)["RAM"].endswith("; has none")
    assert caught.value.help == "choose a larger board or a smaller model"


def test_a_refusal_says_how_much_lies_over_one_another() -> None:
    """A convolution's result of 400 bytes over its input."""
    b = Builder()
    x = b.input((1, 10, 10, 4))
    conv = Conv2d(requantize=FixedPoint.from_scales([0.01] * 4, 0), clamp=Range(-128, 127))
    y = b.add(conv, x, b.constant(np.ones((4, 1, 1, 4), np.int8)), b.constant(np.zeros(4, np.int32)))
    model = compile_for_test(b.graph(y), "generic")
    plan = model.graph.plan
    assert plan is not None
    assert plan.arena_bytes < 800
    with pytest.raises(DoesNotFit) as caught:
        check_fit(model, small(1 << 20, 100), code_bytes=300)
    peak = dict(caught.value.details)["peak"]
    assert f"; {800 - plan.arena_bytes} B hold two of them, as results lie over what dies\n" in peak


def test_code_that_was_not_compiled_is_estimated_and_called_so() -> None:
    found = check_fit(two_layers(100, 50), small(1 << 20, 1 << 20))
    assert not found.code_measured
    assert found.code > 0
    with pytest.raises(DoesNotFit) as caught:
        check_fit(two_layers(100, 50), small(WEIGHTS, 1 << 20))
    assert "estimated, as no compiler is installed to measure it" in dict(caught.value.details)["flash"]
