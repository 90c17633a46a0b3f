"""Whether the corpus's models give their recorded outputs on each target: `python -m benchmarks.conformance`.

Every model is compiled and run on its recorded samples, which are consecutive calls of one instance. Integers must be
equal; floats are measured against the largest magnitude that the output has in any sample.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.conformance_page import Result, Said, entries, page
from benchmarks.transposes import reasons_left
from edgegen.boards import board
from edgegen.compiler import Compiled, Request, compile_model
from edgegen.emit.constants import constant_arrays
from edgegen.errors import EdgegenError, NoKernel, ToolchainFailed, UnsupportedModel
from edgegen.ir.evaluate import evaluate
from edgegen.ir.tensor import Array, magnitude
from edgegen.onnx_backend import compile_specialized
from edgegen.targets import TARGETS, Optimize, Target, host_target
from edgegen.verify import Build, Call, Outcome, build_program, compare, verify_model
from tests import corpus
from tests.corpus import Recorded
from tests.corpus_onnx import specialized

KINDS = ("tflite", "onnx")
NAMED = ("host", "generic", "arm-neon", "cortex-m4")
EMULATED = "mps2-an386"
RESERVE = 1 << 20  # bytes of the board's memories for code, stack and harness

LARGEST_REFERENCE = 1_000_000_000  # MACs: what numpy computes in some seconds

EMULATED_MACS = 5_000_000_000  # what an emulator computes in some minutes


def named_target(name: str) -> Target:
    """The target, which for "host" is this machine's best."""
    return host_target() if name == "host" else TARGETS[name]


def compiled_model(name: str, target: str, optimize: Optimize = "speed", symbols: str = "") -> Compiled:
    """The corpus's .tflite model for a target. symbols: what its C is called, by default as it. Raises EdgegenError."""
    path = corpus.ROOT / "models" / "tflite" / f"{name}.tflite"
    return compile_model(Request(path, replace(named_target(target), optimize=optimize), name=symbols or name))


def files() -> dict[str, Path]:
    """Every model file of both formats, by name."""
    return {path.stem: path for kind in KINDS for path in corpus.models(corpus.ROOT, kind)}


@dataclass(frozen=True)
class Case:
    """A compiled model and its recorded samples: (inputs, outputs)."""

    model: Compiled
    samples: list[tuple[list[Array], list[Recorded]]]


def read_case(name: str, target: str, optimize: Optimize) -> Case:
    """The model for a target. Raises EdgegenError."""
    path = files()[name]
    if path.suffix == ".onnx":
        found, samples = specialized(path)
        return Case(compile_specialized(found, name, replace(named_target(target), optimize=optimize)), samples)
    model = compiled_model(name, target, optimize)
    return Case(model, corpus.references(corpus.ROOT, name, [t.type for t in model.source.inputs]))


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
            relative = 1e-5 + (corpus.judge_error(name) / largest[k] if largest[k] else 0.0)
            found = compare(got, want, relative=relative, ulp=0, scale=largest[k])
            exact = exact and found.max_ulp == 0
            if want.dtype.kind == "f" and largest[k]:
                error = max(error, found.max_abs_error / largest[k])
            if not found.match and not detail:
                detail = f"output {k} of sample {sample}: {found}"
    said: Said = "differs" if detail else "exact" if exact else "close"
    return Result(name, target, said, error, detail, len(recorded))


def _reason(error: EdgegenError) -> str:
    return " ".join(error.what.split())


def _attempt(name: str, target: str, optimize: Optimize) -> Case | Result:
    try:
        case = read_case(name, target, optimize)
    except (UnsupportedModel, NoKernel) as error:
        return Result(name, target, "refused", detail=_reason(error))
    except EdgegenError as error:
        return Result(name, target, "refused", detail=f"{type(error).__name__}: {_reason(error)}")
    model, left = case.model, tuple(reasons_left(case.model.graph))
    why, macs = too_large(model), model.source.macs()
    if why:
        why = f"{why} are more than the emulated board's memories hold"
        return Result(name, target, "too large", detail=why, transposes=left)
    if model.target.runner != "native" and macs > EMULATED_MACS:
        why = f"compiled, but not run: {macs:,} MACs take an emulator hours"
        return Result(name, target, "too long", detail=why, transposes=left)
    return case


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
    cases = [a for a in attempts if isinstance(a, Case)]
    steady = [c for c in cases if c.model.name not in corpus.UNSTEADY]
    results = {a.model: a for a in attempts if isinstance(a, Result)}
    results |= {c.model.name: _by_layers(c.model, target, build) for c in cases if c not in steady}
    if steady:
        program = build_program([c.model for c in steady], build)
        calls = [Call(x, i, restart=k == 0) for i, c in enumerate(steady) for k, (x, _) in enumerate(c.samples[:most])]
        outcomes = iter(program.execute(calls))
        for case in steady:
            given, name = case.samples[:most], case.model.name
            mine = [next(outcomes) for _ in given]
            if name in corpus.MISJUDGED:
                results[name] = _misjudged(case.model, target, given[0][0], mine[0])
                continue
            results[name] = compared(name, target, [r for _, r in given], mine)
    for case in cases:
        result = results[case.model.name]
        results[result.model] = replace(result, transposes=tuple(reasons_left(case.model.graph)))
    return [results[name] for name in names]


def check_all(names: Sequence[str], target: str) -> list[Result]:
    """As `check`; a build or a run that fails is a result of the model that it is of."""
    try:
        return check(names, target, build=Build(timeout=3600))
    except ToolchainFailed as error:
        if len(names) == 1:
            return [Result(names[0], target, "failed", detail=_reason(error))]
        return [result for name in names for result in check_all([name], target)]


TOGETHER = 8  # small models in one program
SMALL = 200_000  # bytes of a file


def _groups(names: Sequence[str]) -> list[list[str]]:
    """Small models several at a time, then large ones each alone."""
    size = {name: path.stat().st_size for name, path in files().items()}
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


def _known(path: Path | None) -> list[Result]:
    """Results of earlier runs."""
    if path is None or not path.is_file():
        return []
    found = json.loads(path.read_text(encoding="utf-8"))
    return [Result(**{**each, "transposes": tuple(each["transposes"])}) for each in found]


def main() -> int:
    names = list(files())
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conformance", description=__doc__)
    parser.add_argument("--models", nargs="*", choices=names, default=names, metavar="M", help="default: all")
    parser.add_argument("--targets", nargs="+", choices=NAMED, default=list(NAMED), metavar="T")
    parser.add_argument("--page", type=Path, metavar="FILE", help="also write the table to a Markdown file")
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FILE",
        help="JSON of results: this run's are added to those that it has, and all are on the page",
    )
    args = parser.parse_args()
    results = {(r.model, r.target): r for r in _known(args.results)}
    for result in _results(args.models, args.targets):
        results[result.model, result.target] = result
        if args.results:  # what is known so far
            found = json.dumps([asdict(r) for r in results.values()], indent=1)
            args.results.write_text(f"{found}\n", encoding="utf-8")
    targets = [t for t in NAMED if any(t == r.target for r in results.values())]
    text = page(sorted(results.values(), key=lambda r: names.index(r.model)), targets, entries())
    if args.page:
        args.page.write_text(text, encoding="utf-8")
    print(text)
    return 1 if any(r.said in ("differs", "failed") for r in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
