"""The arena of every .tflite model of the corpus, and what is proved of it: `python -m benchmarks.memory`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgegen.compiler import Request, compile_model
from edgegen.errors import EdgegenError
from edgegen.passes.pipeline import Options
from edgegen.passes.post_optimize.order_nodes import order_nodes
from edgegen.passes.post_optimize.plan_arena import plan_arena
from edgegen.report.table import Cell, markdown_table
from edgegen.targets import TARGETS
from tests import corpus

NAMED = ("generic", "cortex-m4", "arm-neon")
LIMIT = 30  # seconds that a plan may take

TEXT = """\
Written by `python -m benchmarks.memory --page FILE`: every .tflite file of the corpus, compiled at default settings.
The arena has inputs, outputs and scratch; state lies behind it. "File" is the arena where the nodes run in the file's
order. "Least" is what no plan undercuts: bytes in use at the busiest node, every result as far over the inputs that die
there as its kernel allows, or what a search that came to its end has shown. It is proved for "any" order of the nodes,
or for "this" one; where neither stands, the arena is above it. Seconds are processor time of one core for ordering and
placing, on the machine that wrote this page."""

LIMITED_TEXT = """\
`--ram LIMIT` where whole images do not fit: parts of a model are computed a few rows at a time, nothing twice. RAM is
arena and state of the plan of least extra work within the limit; "smallest" is the smallest plan that the search made.
"By rows" is `--input-rows`: the image is handed over row by row."""

LIMITED = (
    ("mlperf_vww_int8", 32_000, False),
    ("mlperf_vww_int8", 24_000, True),
    ("mlperf_ic_int8", 21_000, False),
    ("person_detect", 24_000, False),
    ("mcunet_vww", 80_000, False),
    ("mcunet_vww", 24_000, True),
    ("mobilenet_v2_pt_int8", 400_000, False),
)
"""Models, RAM to keep to and whether the input is handed over by rows."""


@dataclass(frozen=True)
class Planned:
    """One model on one target, in bytes; what the words mean is said in TEXT."""

    model: str
    target: str
    nodes: int
    file: int
    arena: int
    least: int
    proved: str
    seconds: float


def planned(name: str, target: str) -> Planned:
    """Raises EdgegenError for a model that is refused."""
    path = corpus.ROOT / "models" / "tflite" / f"{name}.tflite"
    graph = compile_model(
        Request(path, TARGETS[target], name=name, passes=Options(["order_nodes", "widen_scratch"]))
    ).graph
    assert graph.plan is not None
    file = graph.plan.arena_bytes
    start = time.process_time()
    order_nodes(graph, TARGETS[target])
    plan_arena(graph, TARGETS[target])
    seconds = time.process_time() - start
    plan = graph.plan
    proved = "any" if plan.is_least else "this" if plan.is_optimal else ""
    least = plan.order_bound if plan.is_least else plan.lower_bound
    return Planned(name, target, len(graph.steps()), file, plan.arena_bytes, least, proved, seconds)


def limited(name: str, limit: int, by_rows: bool, target: str) -> tuple[Cell, ...]:
    """RAM of the plan, RAM of the smallest one, MACs computed twice and bytes moved, of one model under a limit."""
    path = corpus.ROOT / "models" / "tflite" / f"{name}.tflite"
    within = replace(TARGETS[target], ram_bytes=limit)
    graph = compile_model(Request(path, within, name=name, input_rows=by_rows)).graph
    assert graph.plan is not None
    chosen = [p for p in graph.row_plans if p.chosen]
    smallest = min([graph.plan.total_bytes, *(p.bytes for p in graph.row_plans)])
    extra, moved = (chosen[0].extra_macs, chosen[0].moved_bytes) if chosen else (0, 0)
    return graph.plan.total_bytes, smallest, extra, moved


def under_limits(names: Sequence[str], targets: Sequence[str]) -> str:
    """Markdown: a row for each of LIMITED that is among the names."""
    rows: list[tuple[Cell, ...]] = []
    for name, limit, by_rows in LIMITED:
        if name in names:
            print(f"{name} within {limit:,} B", file=sys.stderr, flush=True)
            cells = [c for target in targets for c in limited(name, limit, by_rows, target)]
            rows.append((name + (", by rows" if by_rows else ""), limit, *cells))
    header = ("model", "limit", *(f"{t} {w}" for t in targets for w in ("RAM", "smallest", "extra MACs", "moved")))
    return "\n\n".join(["## Under a limit", LIMITED_TEXT, markdown_table(header, rows)]) if rows else ""


def measure(names: Sequence[str], targets: Sequence[str]) -> tuple[list[Planned], dict[str, str]]:
    """Every model on every target, and why some are refused."""
    found: list[Planned] = []
    refused: dict[str, str] = {}
    for name in names:
        for target in targets:
            print(f"{name} for {target}", file=sys.stderr, flush=True)
            try:
                found.append(planned(name, target))
            except EdgegenError as error:
                refused[name] = " ".join(error.what.split())
    return found, refused


def _share(found: Sequence[Planned], proofs: Iterable[str]) -> str:
    there = sum(p.proved in proofs for p in found)
    return f"{there} of {len(found)} ({100 * there / max(len(found), 1):.1f} %)"


def page(found: Sequence[Planned], refused: dict[str, str], targets: Sequence[str], limits: str) -> str:
    """Markdown: what is proved, and a table with a row per model. limits: what follows them, from under_limits"""
    totals = []
    for target in targets:
        here = [p for p in found if p.target == target]
        slowest = max(here, key=lambda p: p.seconds, default=None)
        longest = f"{slowest.seconds:.1f} ({slowest.model})" if slowest else ""
        totals.append((target, _share(here, ("any", "this")), _share(here, ("any",)), longest))
    by_model: dict[str, list[Planned]] = {}
    for one in found:
        by_model.setdefault(one.model, []).append(one)
    rows: list[tuple[Cell, ...]] = []
    for name, each in by_model.items():
        cells = {p.target: (p.file, p.arena, p.least, p.proved, f"{p.seconds:.1f}") for p in each}
        rows.append((name, each[0].nodes, *(c for t in targets for c in cells.get(t, ("",) * 5))))
    header = ("model", "nodes", *(f"{t} {w}" for t in targets for w in ("file", "arena", "least", "proved", "s")))
    parts = [
        "# Memory",
        TEXT,
        markdown_table(
            ("target", "proved the least for their order", "of them for any order", "slowest plan, s"), totals
        ),
        markdown_table(header, rows),
        *(["Refused:\n\n" + "\n".join(f"- {n}: {why}" for n, why in refused.items())] if refused else []),
        *([limits] if limits else []),
    ]
    return "\n\n".join(parts) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--models", nargs="+", metavar="M", help="default: all")
    parser.add_argument("--targets", nargs="+", choices=NAMED, default=list(NAMED), metavar="T")
    parser.add_argument("--page", type=Path, metavar="FILE", help="also write a Markdown file")
    args = parser.parse_args()
    names = args.models or [p.stem for p in corpus.models(corpus.ROOT)]
    found, refused = measure(names, args.targets)
    text = page(found, refused, args.targets, under_limits(names, args.targets))
    print(text)
    if args.page:
        args.page.write_text(text, encoding="utf-8")
    return 1 if any(p.seconds > LIMIT for p in found) else 0


if __name__ == "__main__":
    sys.exit(main())
