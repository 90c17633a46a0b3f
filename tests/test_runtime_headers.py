"""The headers of runtime_c compile by themselves, each alone, under the warnings that emitted C must not cause."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from edgegen.ops import OPS
from edgegen.targets import TARGETS
from edgegen.verify.objects import STRICT
from edgegen.verify.toolchain import compiler, core_flags

RUNTIME = Path(__file__).resolve().parents[1] / "runtime_c"
PORTABLE = ("generic", "cortex-m4")  # a 64-bit and a 32-bit core, whose int32_t are different types


def headers(target: str) -> list[str]:
    """Headers to compile for the target: those of portable rows for two targets, the others where they need least."""
    found = set()
    for kernel in {kernel for op in OPS for kernel in op.kernels}:
        able = [t for t in TARGETS.values() if kernel.requires <= t.features]
        least = min(able, key=lambda t: len(t.features)).name
        if target == least or (not kernel.requires and target in PORTABLE):
            found.update(kernel.files)
    return sorted(found)


@pytest.mark.cross
@pytest.mark.parametrize("cc", ["gcc", "clang"])
@pytest.mark.parametrize("target", list(TARGETS))
def test_headers_compile_alone(tmp_path: Path, target: str, cc: str) -> None:
    chosen = TARGETS[target]
    path = compiler(chosen, "" if cc == "gcc" else cc)
    files = []
    includes = [f'#include "kernels/{name}"\n' for name in headers(target)]
    assert includes
    alone = {f"{i}.c": line for i, line in enumerate(includes)}
    together = {"size.c": "".join(["#define EDGEGEN_OPTIMIZE_SIZE 1\n", *includes])}
    for name, text in {**alone, **together}.items():
        (tmp_path / name).write_text(f"{text}typedef int not_empty;\n", encoding="ascii")
        files.append(name)
    command = [path, *STRICT, *core_flags(chosen, path), chosen.level, f"-I{RUNTIME}", "-fsyntax-only", *files]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
