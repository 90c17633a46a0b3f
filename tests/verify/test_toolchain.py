"""Compilers and emulators that are missing or fail: what the user is told."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from edgegen.errors import ToolchainFailed, ToolchainMissing, format_error
from edgegen.targets import TARGETS
from edgegen.verify import Build, build_program, toolchain
from tests.verify.altered import dense_model


@pytest.fixture
def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH: a test links into it the programs that are to be there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def link(folder: Path, *programs: str) -> None:
    for program in programs:
        found = shutil.which(program, path="/usr/local/bin:/usr/bin:/bin")
        assert found is not None, program
        (folder / program).symlink_to(found)


@pytest.mark.parametrize(
    ("target", "program", "packages"),
    [
        ("generic", "gcc", "gcc"),
        ("x86-avx2", "gcc", "gcc"),
        ("arm-neon", "aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu libc6-dev-arm64-cross"),
        ("cortex-m4", "arm-none-eabi-gcc", "gcc-arm-none-eabi libnewlib-arm-none-eabi"),
    ],
)
def test_a_missing_compiler_is_named_with_its_debian_packages(
    target: str, program: str, packages: str, only: Path
) -> None:
    del only
    with pytest.raises(ToolchainMissing) as caught:
        toolchain.compiler(TARGETS[target])
    assert format_error(caught.value) == (
        f"edgegen: {program} is not installed\n  help   on Debian or Ubuntu: apt-get install {packages}"
    )


@pytest.mark.cross
@pytest.mark.parametrize(
    ("target", "emulator", "package"),
    [("arm-neon", "qemu-aarch64", "qemu-user"), ("cortex-m4", "qemu-system-arm", "qemu-system-arm")],
)
def test_a_missing_emulator_is_named_with_its_debian_package(
    target: str, emulator: str, package: str, only: Path
) -> None:
    prefix = TARGETS[target].prefix
    link(only, *(f"{prefix}{tool}" for tool in ("gcc", "as", "ld", "size")))
    with pytest.raises(ToolchainMissing) as caught:
        build_program([dense_model(target)])
    assert caught.value.what == f"{emulator} is not installed"
    assert caught.value.help == f"on Debian or Ubuntu: apt-get install {package}"


def test_a_compiler_without_a_c_library_is_named_with_the_librarys_package(only: Path) -> None:
    bare = only / "arm-none-eabi-gcc"
    bare.write_text(f"#!{sys.executable}\nprint('libc.a')\n", encoding="utf-8")
    bare.chmod(0o755)
    with pytest.raises(ToolchainMissing, match="arm-none-eabi-gcc has no C library") as caught:
        toolchain.c_library(TARGETS["cortex-m4"])
    assert caught.value.help == "on Debian or Ubuntu: apt-get install libnewlib-arm-none-eabi"


def test_a_compiler_that_the_user_names_is_looked_for(only: Path) -> None:
    del only
    with pytest.raises(ToolchainMissing, match="my-cc is not installed"):
        build_program([dense_model("generic")], Build(cc="my-cc"))


def test_a_failed_program_is_reported_with_its_first_lines() -> None:
    script = "import sys; [print('line', i, file=sys.stderr) for i in range(40)]; sys.exit(7)"
    with pytest.raises(ToolchainFailed, match="trying failed with status 7") as caught:
        toolchain.run([sys.executable, "-c", script], "trying")
    says = dict(caught.value.details)["says"].splitlines()
    assert says[0] == "line 0"
    assert len(says) == toolchain.SHOWN_LINES + 1
    assert says[-1] == "(28 more lines)"


def test_a_program_that_hangs_is_stopped() -> None:
    with pytest.raises(ToolchainFailed, match=r"waiting took more than 0.2 seconds"):
        toolchain.run([sys.executable, "-c", "import time; time.sleep(30)"], "waiting", timeout=0.2)


def test_a_file_that_cannot_be_run_is_reported(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program", encoding="utf-8")
    with pytest.raises(ToolchainFailed, match="Permission denied"):
        toolchain.run([tmp_path / "text"], "starting")


@pytest.mark.cross
@pytest.mark.parametrize("target", ["generic", "arm-neon", "cortex-m4"])
def test_clang_compiles_for_every_kind_of_target(target: str) -> None:
    if shutil.which("clang") is None:
        pytest.skip("clang is not installed")
    program = build_program([dense_model(target)], Build(cc="clang"))
    assert program.sizes()[0].text > 0
