"""Whether the corpus's .tflite models give their recorded outputs on each target: `python -m benchmarks.conformance`.

Every model is compiled and run on its recorded samples, which are consecutive calls of one instance. Integers must be
equal; floats are measured against the largest magnitude that the output has in any sample.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from edgegen.boards import board
from edgegen.compiler import Compiled, Request, compile_model
from edgegen.emit.render import constant_arrays
from edgegen.errors import EdgegenError, NoKernel, ToolchainFailed, UnsupportedModel
from edgegen.ir.evaluate import evaluate
from edgegen.ir.tensor import Array
from edgegen.report.table import markdown_table
from edgegen.targets import TARGETS, Optimize, Target, host_target
from edgegen.verify import Build, Call, Outcome, build_program, compare, verify_model
from edgegen.verify.compare import magnitude
from tests import corpus
from tests.corpus import Recorded

NAMED = ("host", "generic", "arm-neon", "cortex-m4")
EMULATED = "mps2-an386"
RESERVE = 1 << 20  # bytes of the board's memories for code, stack and harness

LARGEST_REFERENCE = 1_000_000_000  # MACs: what numpy computes in some seconds

EMULATED_MACS = 5_000_000_000  # what an emulator computes in some minutes

Said = Literal["exact", "close", "misjudged", "differs", "refused", "too large", "too long", "failed"]
AGREE: tuple[Said, ...] = ("exact", "close", "misjudged")


@dataclass(frozen=True)
class Result:
    """What became of one model on one target.

    said:   "misjudged" where the corpus's references say nothing (tests.corpus.MISJUDGED)
    error:  largest error of a float output, as a part of the output's largest magnitude
    detail: why it is refused, how it differs, or what a misjudged one was compared with
    samples: how many were compared
    """

    model: str
    target: str
    said: Said
    error: float = 0.0
    detail: str = ""
    samples: int = 0

    def __str__(self) -> str:
        if self.said == "close":
            return f"{self.error:.1e}"
        return f"{self.said}: {self.detail}" if self.detail else self.said


def named_target(name: str) -> Target:
    """The target, which for "host" is this machine's best."""
    return host_target() if name == "host" else TARGETS[name]


def compiled_model(name: str, target: str, optimize: Optimize = "speed", symbols: str = "") -> Compiled:
    """The corpus's model for a target. symbols: what its C is called, by default as it. Raises EdgegenError."""
    path = corpus.ROOT / "models" / "tflite" / f"{name}.tflite"
    return compile_model(Request(path, replace(named_target(target), optimize=optimize), name=symbols or name))


def too_large(model: Compiled) -> str:
    """Why the emulated board cannot hold the model; "" if it can."""
    if model.target.runner != "qemu-system":
        return ""
    emulated = board(EMULATED)
    flash, (fast, large) = emulated.memory("flash")[0], emulated.memory("ram")
    assert model.graph.plan is not None
    state, weights = model.graph.plan.total_bytes, sum(a.nbytes for a in constant_arrays(model.graph))
    in_large = sum(n for n, room in ((weights, flash.bytes), (state, fast.bytes)) if n + RESERVE > room)
    if in_large + RESERVE <= large.bytes:
        return ""
    return f"{state:,} bytes of state and {weights:,} of weights"


def compared(name: str, target: str, recorded: Sequence[Sequence[Recorded]], outcomes: Sequence[Outcome]) -> Result:
    """All outputs of all samples against the references."""
    error, detail = 0.0, ""
    largest = [max(magnitude(r.values) for r in same) for same in zip(*recorded, strict=True)]
    exact = True
    for sample, (wanted, outcome) in enumerate(zip(recorded, outcomes, strict=True)):
        for k, (output, there) in enumerate(zip(outcome.outputs, wanted, strict=True)):
            got, want = there.part(output), there.values
            found = compare(got, want, relative=1e-5, ulp=0, scale=largest[k])
            exact = exact and found.max_ulp == 0
            if want.dtype.kind == "f" and largest[k]:
                error = max(error, found.max_abs_error / largest[k])
            if not found.match and not detail:
                detail = f"output {k} of sample {sample}: {found}"
    said: Said = "differs" if detail else "exact" if exact else "close"
    return Result(name, target, said, error, detail, len(recorded))


def _reason(error: EdgegenError) -> str:
    return " ".join(error.what.split())


def _attempt(name: str, target: str, optimize: Optimize) -> Compiled | Result:
    try:
        model = compiled_model(name, target, optimize)
    except (UnsupportedModel, NoKernel) as error:
        return Result(name, target, "refused", detail=_reason(error))
    except EdgegenError as error:
        return Result(name, target, "refused", detail=f"{type(error).__name__}: {_reason(error)}")
    why = too_large(model)
    if why:
        return Result(name, target, "too large", detail=f"{why} are more than the emulated board's memories hold")
    macs = model.source.macs()
    if model.target.runner != "native" and macs > EMULATED_MACS:
        return Result(name, target, "too long", detail=f"compiled, but not run: {macs:,} MACs take an emulator hours")
    return model


def _misjudged(model: Compiled, target: str, inputs: Sequence[Array], outcome: Outcome) -> Result:
    """One sample against edgegen's own reference, unless that takes too long."""
    why = corpus.MISJUDGED[model.name]
    if model.source.macs() > LARGEST_REFERENCE:
        return Result(model.name, target, "misjudged", detail=f"{why}; computed, compared with nothing")
    wanted = [Recorded(values) for values in evaluate(model.source, inputs)]
    found = compared(model.name, target, [wanted], [outcome])
    if found.said == "differs":
        return found
    return replace(found, said="misjudged", detail=f"{why}; as edgegen's reference, {found}")


def _by_layers(model: Compiled, target: str, build: Build | None) -> Result:
    """Every node's result on a random input, against its operator's reference on what the C gave to the node."""
    layers = verify_model(model, runs=1, layers=True, build=build).runs[0].layers
    wrong = [layer for layer in layers if not layer.difference.match]
    if wrong:
        return Result(model.name, target, "differs", detail=f"{wrong[0].node.name}: {wrong[0].difference}")
    why = f"{corpus.MISJUDGED[model.name]}; each of {len(layers)} layers as edgegen's reference"
    return Result(model.name, target, "misjudged", detail=why, samples=1)


def check(
    names: Sequence[str], target: str, most: int = 1000, build: Build | None = None, optimize: Optimize = "speed"
) -> list[Result]:
    """Compiles the models for the target and runs them as one program on up to `most` samples each."""
    attempts = [_attempt(name, target, optimize) for name in names]
    compiled = [a for a in attempts if isinstance(a, Compiled)]
    models = [m for m in compiled if m.name not in corpus.UNSTEADY]
    samples = [corpus.references(corpus.ROOT, m.name, [t.type for t in m.source.inputs])[:most] for m in models]
    results = {a.model: a for a in attempts if isinstance(a, Result)}
    results |= {m.name: _by_layers(m, target, build) for m in compiled if m.name in corpus.UNSTEADY}
    if models:
        program = build_program(models, build)
        calls = [Call(x, i, restart=k == 0) for i, s in enumerate(samples) for k, (x, _) in enumerate(s)]
        outcomes = iter(program.execute(calls))
        for model, given in zip(models, samples, strict=True):
            mine = [next(outcomes) for _ in given]
            if model.name in corpus.MISJUDGED:
                results[model.name] = _misjudged(model, target, given[0][0], mine[0])
                continue
            results[model.name] = compared(model.name, target, [r for _, r in given], mine)
    return [results[name] for name in names]


def check_all(names: Sequence[str], target: str) -> list[Result]:
    """As `check`; a build or a run that fails is a result of the model that it is of."""
    try:
        return check(names, target, build=Build(timeout=3600))
    except ToolchainFailed as error:
        if len(names) == 1:
            return [Result(names[0], target, "failed", detail=_reason(error))]
        return [result for name in names for result in check_all([name], target)]


TEXT = """\
Written by `python -m benchmarks.conformance --page FILE`. Every .tflite file of the corpus, compiled for each
target and run on its recorded samples: the host natively, arm-neon in qemu-aarch64, cortex-m4 as firmware on an
emulated board. "exact": every output is equal to the judge's to the bit. A number: the largest error of a float
output, as a part of its largest magnitude ("close" below: at most 1e-5). "misjudged": the recorded outputs say nothing,
and the C was compared with edgegen's own reference. The judge is TensorFlow Lite Micro or, where it has no kernel,
LiteRT."""


def page(results: Sequence[Result], targets: Sequence[str], judges: dict[str, str]) -> str:
    """The table, models by name, and below it what is refused and why."""
    found = {(r.model, r.target): r for r in results}
    names = list(dict.fromkeys(r.model for r in results))
    reasons: dict[str, str] = {}

    def cell(name: str, target: str) -> str:
        r = found.get((name, target))
        if r is None:
            return "-"
        if r.detail:
            reasons.setdefault(f"{r.detail}", f"{name} on {target}")
            return r.said
        return str(r)

    rows = [(n, judges.get(n, "-"), *(cell(n, t) for t in targets)) for n in names]
    table = markdown_table(("model", "judge", *targets), rows)
    kinds = [said for said in get_args(Said) if any(r.said == said for r in results)]
    counts = [(t, *(sum(r.said == s for r in results if r.target == t) for s in kinds)) for t in targets]
    notes = "\n".join(f"- {where}: {reason}" for reason, where in reasons.items())
    parts = ["# Conformance", TEXT, markdown_table(("target", *kinds), counts), table]
    return "\n\n".join([*parts, "## What is neither exact nor close", notes] if notes else parts) + "\n"


def judges() -> dict[str, str]:
    """Who judged each .tflite model of the corpus."""
    lines = (corpus.ROOT / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines[1:]]
    return {row[0]: row[4] for row in rows if row[2] == "tflite"}


TOGETHER = 8  # small models in one program
SMALL = 200_000  # bytes of a file


def _groups(names: Sequence[str]) -> list[list[str]]:
    """Small models several at a time, then large ones each alone."""
    size = {p.stem: p.stat().st_size for p in corpus.models(corpus.ROOT)}
    small = [name for name in names if size[name] < SMALL]
    groups = [small[i : i + TOGETHER] for i in range(0, len(small), TOGETHER)]
    return groups + [[name] for name in sorted(names, key=lambda n: size[n]) if size[name] >= SMALL]


def _results(names: Sequence[str], targets: Sequence[str]) -> Iterator[Result]:
    for group in _groups(names):
        for target in targets:
            start = time.monotonic()
            results = check_all(group, target)
            for result in results:
                print(f"{result.model} on {target}: {result}", file=sys.stderr)
            print(f"{len(results)} in {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
            yield from results


def main() -> int:
    names = [p.stem for p in corpus.models(corpus.ROOT)]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conformance", description=__doc__)
    parser.add_argument("--models", nargs="+", choices=names, default=names, metavar="M", help="default: all")
    parser.add_argument("--targets", nargs="+", choices=NAMED, default=list(NAMED), metavar="T")
    parser.add_argument("--page", type=Path, metavar="FILE", help="also write the table to a Markdown file")
    args = parser.parse_args()
    results: list[Result] = []
    for result in _results(args.models, args.targets):
        results.append(result)
        text = page(sorted(results, key=lambda r: args.models.index(r.model)), args.targets, judges())
        if args.page:  # what is known so far
            args.page.write_text(text, encoding="utf-8")
    print(text)
    return 1 if any(r.said in ("differs", "failed") for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
