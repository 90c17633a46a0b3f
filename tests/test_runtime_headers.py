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
    """Headers with a row that is meant for the target: portable ones only for two targets, the rest where they run."""
    features = TARGETS[target].features
    rows = {kernel for op in OPS for kernel in op.kernels}
    fits = {k.file for k in rows if k.requires <= features and (k.requires or target in PORTABLE)}
    return sorted(fits)


@pytest.mark.cross
@pytest.mark.parametrize("cc", ["gcc", "clang"])
@pytest.mark.parametrize("target", list(TARGETS))
def test_headers_compile_alone(tmp_path: Path, target: str, cc: str) -> None:
    chosen = TARGETS[target]
    path = compiler(chosen, "" if cc == "gcc" else cc)
    files = []
    for name in headers(target):
        for mode in ("", "#define EDGEGEN_OPTIMIZE_SIZE 1\n"):
            file = tmp_path / f"{'size' if mode else 'speed'}_{name}.c"
            file.write_text(f'{mode}#include "kernels/{name}"\ntypedef int not_empty;\n', encoding="ascii")
            files.append(file.name)
    assert files
    command = [path, *STRICT, *core_flags(chosen, path), chosen.level, f"-I{RUNTIME}", "-fsyntax-only", *files]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
