"""What the conformance page says of each result."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.conformance import NAMED, files
from benchmarks.conformance_page import Entry, Result, page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"


def test_page_counts_results_and_gives_reasons() -> None:
    results = [
        Result("a", "host", "exact"),
        Result("a", "cortex-m4", "close", 2.5e-7),
        Result("b", "host", "refused", detail="custom:npu is not supported"),
        Result("b", "cortex-m4", "refused", detail="custom:npu is not supported"),
        Result("c", "host", "close", 3e-6),
    ]
    known = {"a": Entry("tflite", "tflite-micro"), "b": Entry("tflite", "-"), "c": Entry("onnx", "onnxruntime")}
    text = page(results, ["host", "cortex-m4"], known)
    lines = [" ".join(line.replace("|", " ").split()) for line in text.splitlines()]
    assert "target exact close refused" in lines
    assert "host 1 0 1" in lines
    assert "cortex-m4 0 1 1" in lines
    assert "a tflite-micro exact 2.5e-07" in lines
    assert "b - refused refused" in lines
    assert "c onnxruntime 3.0e-06 -" in lines
    assert lines.index("## .onnx") > lines.index("b - refused refused")
    assert lines.count("- b on host: custom:npu is not supported") == 1


def test_the_page_names_every_target_and_no_difference() -> None:
    text = PAGE.read_text(encoding="utf-8")
    headers = [line for line in text.splitlines() if line.startswith("| model ") and " judge " in line]
    assert len(headers) == 2
    assert all(f" {name} " in header for name in NAMED for header in headers)
    assert " differs " not in text
    assert " failed " not in text


@pytest.mark.corpus
def test_the_page_has_every_model(corpus: Path) -> None:
    assert corpus
    rows = {line.split()[1] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")}
    assert files().keys() <= rows
