"""Reports: sizes agree with the plan, rejected rows say why, the page draws what the data says."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgegen import compile
from edgegen.ir.dtypes import F32, S8
from edgegen.ir.graph import Graph, Node
from edgegen.ir.plan import Placement, Plan
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.memory.usage import bytes_in_use, occupants, peak_step
from edgegen.ops.reshape import Reshape
from edgegen.report.html import html_report
from edgegen.report.inspection import inspection, inspection_text
from edgegen.report.summary import summary
from edgegen.report.table import markdown_table, text_table

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits" / "digits.tflite"


@pytest.fixture(scope="module")
def digits() -> dict[str, Any]:
    return compile(DIGITS, target="cortex-m4", board="nucleo-f446re").report()


def test_report_is_json_and_agrees_with_the_artifact(digits) -> None:
    artifact = compile(DIGITS, target="cortex-m4")
    assert json.loads(json.dumps(digits)) == digits
    assert digits["arena_bytes"] == artifact.arena_bytes
    assert digits["macs"] == artifact.compiled.graph.macs() == sum(n["macs"] for n in digits["nodes"])
    assert digits["weights_bytes"] == sum(n["weight_bytes"] for n in digits["nodes"])
    assert digits["board"]["flash_bytes"] == 512 * 1024
    assert artifact.report()["board"] is None


def test_arena_regions_of_one_step_overlap_only_as_views_or_in_place(digits) -> None:
    for step, used in zip(range(-1, len(digits["nodes"]) + 1), digits["in_use"], strict=True):
        alive = [r for r in digits["arena"] if r["first_step"] <= step <= r["last_step"]]
        covered = np.zeros(digits["arena_bytes"], bool)
        for r in alive:
            covered[r["offset"] : r["offset"] + r["bytes"]] = True
        assert covered.sum() == used
    peak = digits["peak"]
    assert peak["bytes"] == max(digits["in_use"][1:-1])
    assert peak["bytes"] <= digits["arena_bytes"]
    assert digits["nodes"][peak["step"]]["op"] == peak["op"]
    assert all(r["first_step"] <= peak["step"] <= r["last_step"] for r in peak["alive"])


def test_rejected_rows_say_why(digits) -> None:
    conv = digits["nodes"][0]
    assert conv["kernel"].startswith("conv2d_s8")
    for row in conv["rejected"]:
        assert row["kernel"] != conv["kernel"]
        assert row["reason"]
    generic = compile(DIGITS, target="generic").report()["nodes"][0]
    assert generic["kernel"] == "conv2d_s8"
    assert generic["rejected"]
    assert all(row["reason"].startswith(("target lacks ", "saves flash ", "computes ")) for row in generic["rejected"])


def small_graph() -> Graph:
    """x s8[4] -> Reshape -> v s8[2,2], planned by hand."""
    x, v = Tensor("x", TensorType(S8, (4,))), Tensor("v", TensorType(S8, (2, 2)))
    node = Node(Reshape((2, 2)), [x], [v], "r")
    plan = Plan({x: Placement(8, 4, -1, 0), v: Placement(8, 4, 0, 1)}, {node: Placement(0, 8, 0, 0)}, 12, 12)
    return Graph("g", [x], [v], [node], plan=plan)


def test_usage_counts_shared_bytes_once() -> None:
    graph = small_graph()
    found = occupants(graph)
    assert [(r.name, r.role) for r in found] == [("x", "input"), ("r", "scratch"), ("v", "output")]
    assert [bytes_in_use(found, step) for step in (-1, 0, 1)] == [4, 12, 4]
    assert peak_step(graph, found) == 0
    assert peak_step(Graph("empty", [], []), []) == 0


class Page(HTMLParser):
    """Collects tags and checks that they nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rects: list[dict[str, str | None]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "rect":
            self.rects.append(dict(attrs))
        if tag not in ("meta", "line"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "rect":
            self.rects.append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_draws_every_region_inside_the_picture_and_loads_nothing(digits) -> None:
    text = html_report(digits)
    page = Page(text)
    assert page.open == []
    drawn = [r for r in page.rects if "region" in str(r["class"])]
    assert len(drawn) == len(digits["arena"])
    for r in drawn:
        assert float(r["y"] or -1) >= 14 - 0.01
        assert float(r["y"] or 0) + float(r["height"] or 0) <= 14 + 420 + 1
    bars = [r for r in page.rects if r["class"] == "bar"]
    assert len(bars) == sum(n["macs"] > 0 for n in digits["nodes"])
    assert not re.search(r"(?:src|href)=|@import|<script|url\(", text)
    assert html_report(digits) == text


def test_page_escapes_names(digits) -> None:
    hostile = json.loads(json.dumps(digits).replace(digits["arena"][0]["name"], "<script>alert(1)</script>"))
    text = html_report(hostile)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_page_and_summary_of_a_model_without_nodes() -> None:
    empty = {
        "name": "empty",
        "edgegen": "0",
        "model": {"file": "empty.tflite", "sha256": "0"},
        "target": {"name": "generic", "optimize": "speed"},
        "board": None,
        "macs": 0,
        "weights_bytes": 0,
        "weights_files": [],
        "stream": None,
        "transposes": {"count": 0, "bytes": 0},
        "row_plans": [],
        "arena_bytes": 0,
        "arena_lower_bound_bytes": 0,
        "arena_is_optimal": True,
        "arena_least_bytes": None,
        "io": "shared",
        "state_offset": 0,
        "state_bytes": 0,
        "parts": [],
        "peak": {"step": 0, "node": None, "op": None, "bytes": 0, "alive": []},
        "inputs": [],
        "outputs": [],
        "nodes": [],
        "arena": [],
        "in_use": [0, 0],
    }
    assert Page(html_report(empty)).open == []
    assert "no nodes" in summary(empty)


def test_summary_names_the_board(digits) -> None:
    text = summary(digits)
    assert text.startswith("digits for cortex-m4, optimized for speed\n")
    assert "of 524,288 B on nucleo-f446re; code measured" in text
    assert f"{digits['arena_bytes'] + 4096:,} B" in text


def test_inspection_counts_shared_constants_once() -> None:
    w = Tensor("w", TensorType(F32, (2, 2)), np.zeros((2, 2), np.float32))
    outs = [Tensor(f"y{i}", TensorType(F32, (4,))) for i in range(2)]
    nodes = [
        Node(Reshape((4,)), [w], [y], f"a very long name that goes on and on and on, number {i}")
        for i, y in enumerate(outs)
    ]
    data = inspection(Graph("g", [], outs, nodes))
    assert data["constant_bytes"] == 16
    assert [n["constant_bytes"] for n in data["nodes"]] == [16, 16]
    text = inspection_text(data)
    assert text.startswith("g: 2 nodes, 0 MACs, 16 B constants\n")
    assert "... that goes on and on and on, number 1  " in text


def test_tables_align_and_mark_absent_cells() -> None:
    rows = [("a", 1234567, None), ("long name", 5, 2)]
    assert text_table(("name", "bytes", "n"), rows) == (
        "name           bytes  n\n---------  ---------  -\na          1,234,567  -\nlong name          5  2"
    )
    assert markdown_table(("name", "n"), [("a", 10), ("b", None)]) == (
        "| name |   n |\n| ---- | --: |\n| a    |  10 |\n| b    |   - |"
    )
    assert text_table(("only", "header"), []) == "only  header\n----  ------"
