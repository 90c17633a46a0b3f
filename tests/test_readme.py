"""README.md is true: its table is generated, its C compiles, its Python runs, its links and commands exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edgegen import cli, compile
from edgegen.errors import UsageError
from edgegen.report.generated_text import up_to_date
from edgegen.verify.objects import STRICT

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["README.md", "docs/passes.md"])
def test_generated_sections_are_current(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert up_to_date(text) == text, "run: make format"


def test_a_page_without_sections_is_refused() -> None:
    with pytest.raises(UsageError, match="no generated section"):
        up_to_date("text")


def test_firmware_example_compiles_and_classifies(tmp_path: Path) -> None:
    digits = ROOT / "examples" / "digits"
    compile(digits / "digits.tflite", target="generic").write(tmp_path)
    (example,) = blocks("c")
    data = np.load(digits / "heldout.npz")
    pixels = np.clip(np.round(data["images"][0] / 16 * 255) - 128, -128, 127).astype(int).ravel()
    main = f"int main(void) {{ static const int8_t x[64] = {{{', '.join(map(str, pixels))}}}; return classify(x); }}\n"
    (tmp_path / "main.c").write_text(f"{example}\n{main}")
    command = ["gcc", *STRICT, "-O2", "main.c", "digits.c", "-lm", "-o", "main"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120)
    done = subprocess.run([tmp_path / "main"], timeout=60, check=False)
    assert done.returncode == data["labels"][0]


@pytest.mark.cross
def test_python_example_runs(tmp_path: Path) -> None:
    (example,) = blocks("python")
    code = example.replace('"examples/', f'"{ROOT}/examples/').replace('write("out")', f'write("{tmp_path}")')
    names: dict[str, object] = {"image": np.zeros((1, 8, 8, 1), np.int8)}
    exec(code, names)
    assert getattr(names["scores"], "shape", None) == (1, 10)
    assert (tmp_path / "digits.c").is_file()


def test_links_and_commands_exist() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / link).exists(), link
    for folder in re.findall(r"`([a-z_/]+/)`", README):
        assert (ROOT / folder).is_dir(), folder
    makefile = (ROOT / "Makefile").read_text()
    for command in re.findall(r"(?:`|^    )make ([a-z]+)", README, re.MULTILINE):
        assert re.search(rf"^{command}:", makefile, re.MULTILINE), command
    for command in re.findall(r"edgegen (verify|inspect|targets|boards)\b", README):
        assert command in cli.COMMANDS
    parsers = [cli.COMPILE.parser(), *(c.parser() for c in cli.COMMANDS.values())]
    known = {option for parser in parsers for action in parser._actions for option in action.option_strings}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) <= known
