"""What `make bench` prints and what it compares with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tflite

from benchmarks import measure, memory
from benchmarks.litert import accepted
from benchmarks.models import NAMES, model
from benchmarks.page import page
from edgegen.errors import UsageError
from tests import corpus as corpus_files


def test_peer_figures_are_of_measured_models() -> None:
    figures = measure.peers()["tflm"]
    assert set(figures["models"]) <= set(NAMES)
    assert figures["how"].count("\n") == 0
    for name, row in figures["models"].items():
        assert row.keys() == {"instructions", "arena_bytes", "planned_bytes", "code_bytes"}, name
        assert row["planned_bytes"] < row["arena_bytes"]


def test_page_shows_ratios_and_says_what_differs() -> None:
    m4 = {
        "instructions": 3_923_620,
        "match": False,
        "macs": 2_656_768,
        "arena": 16_000,
        "lower_bound": 16_000,
        "state": 4,
        "stack": 104,
        "text": 1_000,
        "rodata": 2_000,
    }
    host = {"target": "x86-avx2", "match": True, "ours": 12.0, "litert": 24.0}
    results = {"mlperf_kws_int8": {"cortex-m4": m4, "arm-neon": {**m4, "match": True}, "host": host}, "digits": {}}
    text = page({"environment": {"host CPU": "abacus"}, "rounds": 3, "models": results}, measure.peers())
    lines = [" ".join(line.replace("|", " ").split()) for line in text.splitlines()]
    assert "- host CPU: abacus" in lines
    assert "mlperf_kws_int8 2,656,768 3,923,620 1.48 7,847,240 0.50 DIFFERS" in lines
    assert "mlperf_kws_int8 3,923,620 1.477 matches" in lines
    assert "mlperf_kws_int8 12.00 24.00 0.50 matches" in lines
    assert "mlperf_kws_int8 16,000 16,000 4 104 22,820 1,000 2,000 3,000 61,936" in lines


def test_memory_page_says_what_is_proved() -> None:
    found = [
        memory.Planned("small", "generic", 3, 128, 96, 96, "any", 0.01),
        memory.Planned("small", "cortex-m4", 3, 128, 128, 128, "this", 0.02),
        memory.Planned("large", "generic", 900, 2_000, 1_900, 1_800, "", 12.0),
    ]
    text = memory.page(found, {"strange": "operator 7 is not supported"}, ["generic", "cortex-m4"], "## Under a limit")
    lines = [" ".join(line.replace("|", " ").split()) for line in text.splitlines()]
    assert "generic 1 of 2 (50.0 %) 1 of 2 (50.0 %) 12.0 (large)" in lines
    assert "cortex-m4 1 of 1 (100.0 %) 0 of 1 (0.0 %) 0.0 (small)" in lines
    assert "small 3 128 96 96 any 0.0 128 128 128 this 0.0" in lines
    assert "large 900 2,000 1,900 1,800 12.0" in lines
    assert "- strange: operator 7 is not supported" in lines
    assert lines[-1] == "## Under a limit"


def test_memory_page_shows_plans_under_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def plan(name: str, limit: int, by_rows: bool, target: str) -> tuple[int, ...]:
        return limit - 1, limit - 2, len(name), by_rows * len(target)

    monkeypatch.setattr(memory, "limited", plan)
    text = memory.under_limits(["mlperf_ic_int8", "mcunet_vww"], ["generic"])
    lines = [" ".join(line.replace("|", " ").split()) for line in text.splitlines()]
    assert "mlperf_ic_int8 21,000 20,999 20,998 14 0" in lines
    assert "mcunet_vww, by rows 24,000 23,999 23,998 10 7" in lines
    assert memory.under_limits(["hello_world_f32"], ["generic"]) == ""


def test_digits_sample_and_missing_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    digits = model("digits")
    assert digits.inputs[0].dtype == np.int8
    assert digits.inputs[0].shape == (1, 8, 8, 1)
    monkeypatch.setattr(corpus_files, "ROOT", tmp_path)
    with pytest.raises(UsageError, match="no model person_detect"):
        model("person_detect")


@pytest.mark.corpus
def test_a_bias_with_an_axis_beyond_its_rank_is_mended(corpus: Path) -> None:
    data = corpus_files.model(corpus, "person_detect").read_bytes()
    graph = tflite.Model.GetRootAs(accepted(data), 0).Subgraphs(0)
    assert len(accepted(data)) == len(data)
    for i in range(graph.TensorsLength()):
        quantization = graph.Tensors(i).Quantization()
        assert quantization is None or quantization.QuantizedDimension() < max(1, graph.Tensors(i).ShapeLength())


@pytest.mark.cross
def test_a_model_is_measured_on_an_emulator() -> None:
    measured = measure.emulated(model("digits"), "cortex-m4")
    assert measured.match
    assert measured.instructions
    assert measured.arena >= measured.lower_bound > measured.state == 0
