"""Finds and runs compilers and emulators; what is missing or fails becomes an error that a user can act on."""

from __future__ import annotations

import functools
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from edgegen.errors import ToolchainFailed, ToolchainMissing
from edgegen.targets import Target

SHOWN_LINES = 12  # of a failed program's messages

_PACKAGES: Mapping[str, str] = {
    "clang": "clang",
    "gcc": "gcc",
    "qemu-aarch64": "qemu-user",
    "qemu-system-arm": "qemu-system-arm",
}

_C_LIBRARIES: Mapping[str, str] = {
    "aarch64-linux-gnu-": "libc6-dev-arm64-cross",
    "arm-none-eabi-": "libnewlib-arm-none-eabi",
}


def find(program: str, package: str = "") -> str:
    """Path of `program`. Raises ToolchainMissing, which names the Debian package that has it."""
    path = shutil.which(program)
    if path is None:
        package = package or _PACKAGES.get(Path(program).name, "")
        raise ToolchainMissing(f"{program} is not installed", help=_install(package, program))
    return path


def _install(packages: str, otherwise: str) -> str:
    return f"on Debian or Ubuntu: apt-get install {packages}" if packages else f"install {otherwise}"


def compiler(target: Target, cc: str = "") -> str:
    """Path of the C compiler for `target`: `cc` if one is named, else its GNU compiler."""
    if cc:
        return find(cc)
    packages = f"{target.package} {_C_LIBRARIES.get(target.prefix, '')}"
    return find(f"{target.prefix}gcc", packages.strip())


@functools.cache
def _c_library(gcc: str) -> Path | None:
    """libc.a of a GNU cross compiler; None if it has none."""
    said = run([gcc, "-print-file-name=libc.a"], "asking the compiler for its C library").stdout.strip()
    return Path(said).resolve() if Path(said).is_absolute() else None


def c_library(target: Target) -> Path:
    """libc.a of a cross target's GNU compiler. Raises ToolchainMissing, since compiler and library are two packages."""
    gcc = compiler(target)
    found = _c_library(gcc)
    if found is None:
        package = _C_LIBRARIES.get(target.prefix, "")
        raise ToolchainMissing(f"{Path(gcc).name} has no C library", help=_install(package, "one for it"))
    return found


def is_clang(cc: str) -> bool:
    return Path(cc).name.startswith("clang")


def core_flags(target: Target, cc: str) -> tuple[str, ...]:
    """Flags that make `cc` generate code for the target's core."""
    if not is_clang(cc):
        return target.cflags
    if target.runner != "qemu-system":
        return target.clang
    # clang does not look for newlib: its headers lie beside the library
    return (*target.clang, "-isystem", str(c_library(target).parent.parent / "include"))


def run(
    command: Sequence[object], doing: str, cwd: Path | None = None, timeout: float = 300.0
) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end; its output is text.

    command: program and arguments, strings or paths
    doing:   names the step in messages ("compiling kws.c")
    timeout: seconds

    Raises ToolchainFailed with the first lines that the program said.
    """
    words = [str(w) for w in command]
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolchainFailed(
            f"{doing} took more than {timeout:g} seconds", [("command", shlex.join(words))]
        ) from error
    except OSError as error:
        raise ToolchainFailed(f"{doing} failed: {error.strerror}", [("command", shlex.join(words))]) from error
    if done.returncode != 0:
        raise ToolchainFailed(
            f"{doing} failed with status {done.returncode}",
            [("command", shlex.join(words)), ("says", _first_lines(done.stderr or done.stdout))],
        )
    return done


def _first_lines(text: str) -> str:
    lines = text.strip().splitlines()
    more = len(lines) - SHOWN_LINES
    return "\n".join(lines[:SHOWN_LINES] + ([f"({more} more lines)"] if more > 0 else [])) or "nothing"
