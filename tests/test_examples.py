"""The examples do what they say, and their networks are what TensorFlow Lite Micro computes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgegen import compile, evaluate
from tests.judge import judge

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
DIGITS, KEYWORD = EXAMPLES / "digits", EXAMPLES / "keyword"
HEARD = {"yes": "yes", "no": "no", "noise": "silence", "silence": "silence"}


def run_demo(folder: Path, *words: str, example: Path = DIGITS) -> str:
    command = [sys.executable, example / "demo.py", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=300).stdout


@pytest.mark.parametrize(
    "target",
    [
        "host",
        "generic",
        pytest.param("arm-neon", marks=pytest.mark.cross),
        pytest.param("cortex-m4", marks=pytest.mark.cross),
    ],
)
def test_demo_is_right_on_held_out_scans(tmp_path: Path, target: str) -> None:
    said = run_demo(tmp_path, "--target", target)
    right, total = map(int, re.search(r"accuracy .*\((\d+) of (\d+)", said).groups())
    assert total == 360
    assert right / total >= 0.97
    assert "360 of 360 outputs are the same bytes" in said
    for fact in ("arena ", "flash ", "time " if target in ("host", "generic") else "work "):
        assert f"\n{fact}" in said
    names = sorted(p.name for p in (tmp_path / "out" / "digits").iterdir())
    assert names == ["digits.c", "digits.h", "digits.report.html", "digits.report.json"]


def test_demo_refuses_an_unknown_target_in_one_message(tmp_path: Path) -> None:
    command = [sys.executable, DIGITS / "demo.py", "--target", "abacus"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith('edgegen: unknown target "abacus"\n')


def test_network_is_what_tflite_micro_computes() -> None:
    file = DIGITS / "digits.tflite"
    data, source = file.read_bytes(), compile(file, target="generic").compiled.source
    for image in np.load(DIGITS / "heldout.npz")["images"]:
        x = np.clip(np.round(image / 16 * 255) - 128, -128, 127).astype(np.int8).reshape(1, 8, 8, 1)
        assert np.array_equal(evaluate(source, [x])[0], judge(data, [x])[0])


def test_held_out_scans_are_scans() -> None:
    data = np.load(DIGITS / "heldout.npz")
    assert data["images"].shape == (360, 8, 8)
    assert data["images"].max() == 16
    assert len(np.unique(data["indices"])) == 360
    assert np.bincount(data["labels"]).min() >= 30


@pytest.mark.parametrize("target", ["host", pytest.param("cortex-m4", marks=pytest.mark.cross)])
def test_words_are_heard(tmp_path: Path, target: str) -> None:
    said = run_demo(tmp_path, "--target", target, example=KEYWORD)
    assert dict(re.findall(r"^(\w+)\.wav: (\w+) \(", said, re.MULTILINE)) == HEARD
    assert ("instructions a run" in said) == (target == "cortex-m4")
    names = sorted(p.name for p in (tmp_path / "out" / "keyword").iterdir())
    assert names == [f"{m}.{e}" for m in ("sound_features", "words") for e in ("c", "h", "report.json")]


def test_words_are_heard_in_c(tmp_path: Path) -> None:
    """keyword.c, built as its first lines say and with all warnings, in one program for all recordings."""
    run_demo(tmp_path, "--target", "generic", example=KEYWORD)
    folder = tmp_path / "out" / "keyword"
    strict = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
    sources = [KEYWORD / "keyword.c", folder / "sound_features.c", folder / "words.c"]
    subprocess.run(["gcc", *strict, "-I", folder, *sources, "-lm", "-o", folder / "hear"], check=True, timeout=120)
    files = [KEYWORD / f"{word}.wav" for word in HEARD]
    done = subprocess.run([folder / "hear", *files], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == [f"{f}: {heard}" for f, heard in zip(files, HEARD.values(), strict=True)]
