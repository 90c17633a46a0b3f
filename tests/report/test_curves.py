"""RAM against work, as the report shows it; against copies of weights: tests/passes/test_fit_portion.py."""

from __future__ import annotations

from dataclasses import replace

from edgegen.compiler import compile_graph
from edgegen.emit.render import Origin
from edgegen.passes.pipeline import Options
from edgegen.report.html import html_report
from edgegen.report.json_report import report
from edgegen.report.summary import summary
from edgegen.targets import TARGETS
from tests.passes.test_tile_rows import network

ORIGIN = Origin("net", "0" * 64, "0")


def test_the_plans_under_a_limit_are_shown_with_the_one_that_was_chosen() -> None:
    plain = report(compile_graph(network(), TARGETS["generic"], "net", ORIGIN, Options()))
    assert plain["row_plans"] == []
    limited = replace(TARGETS["generic"], ram_bytes=plain["arena_bytes"] // 2)
    found = report(compile_graph(network(), limited, "net", ORIGIN, Options()))
    plans = found["row_plans"]
    assert [p["bytes"] for p in plans] == sorted(p["bytes"] for p in plans)
    assert plans[-1] == {
        "bytes": plain["arena_bytes"],
        "extra_macs": 0,
        "moved_bytes": 0,
        "calls": len(plain["nodes"]),
        "loops": [],
        "chosen": False,
    }
    (chosen,) = [p for p in plans if p["chosen"]]
    assert chosen["bytes"] == found["arena_bytes"] <= plain["arena_bytes"] // 2
    assert chosen["moved_bytes"] > 0
    assert chosen["loops"]
    assert all(p["extra_macs"] == 0 for p in plans)
    marked = [line for line in summary(found).splitlines() if line.startswith("  *")]
    assert len(marked) == 1
    assert f"{chosen['bytes']:,}" in marked[0]
    page = html_report(found)
    assert page.count("<circle") == len(plans)
    assert "RAM against work" in page
    assert "RAM against work" not in html_report(plain)
