"""Measures the models and prints Markdown tables."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.measure import emulated, peers, timed
from benchmarks.models import NAMES, model
from benchmarks.page import environment, page
from edgegen.errors import EdgegenError, format_error

EMULATED = ("cortex-m4", "arm-neon", "arm-neon-dotprod")


def measure(names: list[str], targets: list[str], rounds: int) -> dict[str, Any]:
    """Every model on every target. An error of one is told and leaves that measurement out."""
    data: dict[str, Any] = {"environment": environment(), "rounds": rounds, "models": {}, "errors": {}}
    for name in names:
        results = data["models"].setdefault(name, {})
        for target in targets:
            print(f"{name} on {target}", file=sys.stderr, flush=True)
            try:
                measured = timed(model(name), rounds) if target == "host" else emulated(model(name), target)
            except EdgegenError as error:
                data["errors"][f"{name} on {target}"] = error.what
                print(format_error(error), file=sys.stderr)
                continue
            results[target] = asdict(measured)
    return data


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--models", nargs="+", choices=NAMES, default=list(NAMES), metavar="M", help="default: all")
    parser.add_argument("--targets", nargs="+", choices=(*EMULATED, "host"), default=[*EMULATED, "host"], metavar="T")
    parser.add_argument("--rounds", type=int, default=15, help="interleaved rounds on the host (default: 15)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures as JSON")
    parser.add_argument("--page", type=Path, metavar="FILE", help="also write the tables to a Markdown file")
    args = parser.parse_args()
    data = measure(args.models, args.targets, args.rounds)
    text = page(data, peers())
    print(text)
    if args.json:
        args.json.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    if args.page:
        args.page.write_text(text, encoding="utf-8")
    return 1 if data["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
