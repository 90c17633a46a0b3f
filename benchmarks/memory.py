"""The arena of every .tflite model of the corpus, and what is proved of it: `python -m benchmarks.memory`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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


def page(found: Sequence[Planned], refused: dict[str, str], targets: Sequence[str]) -> str:
    """Markdown: what is proved, and a table with a row per model."""
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
    text = page(found, refused, args.targets)
    print(text)
    if args.page:
        args.page.write_text(text, encoding="utf-8")
    return 1 if any(p.seconds > LIMIT for p in found) else 0


if __name__ == "__main__":
    sys.exit(main())
