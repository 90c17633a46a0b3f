"""The wheel holds all that the compiler reads: an installed copy, without the checkout, writes the same C."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edgegen import compile

ROOT = Path(__file__).resolve().parents[1]
DIGITS = ROOT / "examples" / "digits" / "digits.tflite"
DATA = ("templates", "runtime_c", "boards")

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import edgegen, edgegen.boards
assert edgegen.__file__.startswith(sys.argv[1]), edgegen.__file__
assert "nucleo-f446re" in edgegen.boards.board_names()
edgegen.compile(sys.argv[2], target="cortex-m4").write(sys.argv[3], html=True)
"""


@pytest.mark.slow
def test_installed_wheel_writes_the_same_files_as_the_checkout(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in ("codegen", *DATA):
        shutil.copytree(ROOT / folder, source / folder, ignore=ignored)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", tmp_path / "wheel", source], check=True, timeout=300)
    (wheel,) = (tmp_path / "wheel").glob("edgegen-*.whl")

    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in DATA:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"edgegen/share/{path.relative_to(ROOT)}" in names
    assert any(name.endswith("LICENSE") for name in names)

    site, out = tmp_path / "site", tmp_path / "out"
    subprocess.run([*pip, "install", "--no-deps", "--target", site, wheel], check=True, timeout=300)
    subprocess.run([sys.executable, "-c", PROGRAM, site, DIGITS, out], check=True, cwd=tmp_path, timeout=300)
    expected = compile(DIGITS, target="cortex-m4").write(tmp_path / "expected", html=True)
    assert sorted(p.name for p in expected) == sorted(p.name for p in out.iterdir())
    for path in expected:
        assert path.read_bytes() == (out / path.name).read_bytes()
