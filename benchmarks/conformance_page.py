"""What docs/conformance.md says of the corpus's models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from edgegen.report.table import markdown_table
from tests import corpus

Said = Literal["exact", "close", "misjudged", "differs", "refused", "too large", "too long", "failed"]
AGREE: tuple[Said, ...] = ("exact", "close", "misjudged")


@dataclass(frozen=True)
class Result:
    """What became of one model on one target.

    said:   "misjudged" where the corpus's references say nothing (tests.corpus.MISJUDGED)
    error:  largest error of a float output, as a part of the output's largest magnitude
    detail: why it is refused, how it differs, or what a misjudged one was compared with
    samples: how many were compared
    transposes: why each of those that move bytes is left in the C
    """

    model: str
    target: str
    said: Said
    error: float = 0.0
    detail: str = ""
    samples: int = 0
    transposes: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.said == "close":
            return f"{self.error:.1e}"
        return f"{self.said}: {self.detail}" if self.detail else self.said


TEXT = """\
Written by `python -m benchmarks.conformance --page FILE`. Every .tflite and .onnx file of the corpus, compiled for each
target and run on its recorded samples: the host natively, arm-neon in qemu-aarch64, cortex-m4 as firmware on an
emulated board. "exact": every output is equal to the judge's to the bit. A number: the largest error of a float
output, as a part of its largest magnitude ("close" below: at most 1e-5, but where the judge is known to be further
off itself, as is said at the end). "misjudged": the recorded outputs say nothing, and the C was compared with
edgegen's own reference. The judge of .tflite files is TensorFlow Lite Micro or, where it has no kernel, LiteRT; of
.onnx files onnxruntime without optimization."""

TRANSPOSES = """\
How many nodes of each model do nothing but bring elements into another order. All other transposes of the files are
gone: taken into weights and layouts, or cancelled by each other."""


@dataclass(frozen=True)
class Entry:
    """What the corpus's list says of a model: its format ("tflite", "onnx") and who judged it ("-": nobody)."""

    format: str
    judge: str


def entries() -> dict[str, Entry]:
    """Of each .tflite and .onnx model of the corpus, by name."""
    lines = (corpus.ROOT / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines[1:]]
    return {row[0]: Entry(row[2], row[4].split(",")[0]) for row in rows if row[2] in ("tflite", "onnx")}


def page(results: Sequence[Result], targets: Sequence[str], known: Mapping[str, Entry]) -> str:
    """A table for each format, models by name, and below them what is refused and why."""
    reasons: dict[str, str] = {}
    parts = ["# Conformance", TEXT]
    for format in dict.fromkeys(known[r.model].format for r in results):
        mine = [r for r in results if known[r.model].format == format]
        parts += [f"## .{format}", _counts(mine, targets), _table(mine, targets, known, reasons)]
    names = {r.model for r in results}
    notes = [f"{where}: {reason}" for reason, where in reasons.items()]
    notes += [f"{name}: {why}" for name, (_, why) in corpus.JUDGE_ERROR.items() if name in names]
    if notes:
        parts += ["## What is neither exact nor close", "\n".join(f"- {note}" for note in notes)]
    left = _transposes(results, targets)
    if left:
        parts += ["## Transposes that are left", TRANSPOSES, left]
    return "\n\n".join(parts) + "\n"


def _transposes(results: Sequence[Result], targets: Sequence[str]) -> str:
    counts = Counter((r.model, why, r.target) for r in results for why in r.transposes)
    rows = dict.fromkeys((model, why) for model, why, _ in counts)
    if not rows:
        return ""
    table = [(model, why, *(counts[model, why, t] for t in targets)) for model, why in rows]
    return markdown_table(("model", "why", *targets), table)


def _counts(results: Sequence[Result], targets: Sequence[str]) -> str:
    kinds = [said for said in get_args(Said) if any(r.said == said for r in results)]
    counts = [(t, *(sum(r.said == s for r in results if r.target == t) for s in kinds)) for t in targets]
    return markdown_table(("target", *kinds), counts)


def _table(
    results: Sequence[Result], targets: Sequence[str], known: Mapping[str, Entry], reasons: dict[str, str]
) -> str:
    found = {(r.model, r.target): r for r in results}

    def cell(name: str, target: str) -> str:
        r = found.get((name, target))
        if r is None:
            return "-"
        if r.detail:
            reasons.setdefault(r.detail, f"{name} on {target}")
            return r.said
        return str(r)

    names = dict.fromkeys(r.model for r in results)
    rows = [(n, known[n].judge, *(cell(n, t) for t in targets)) for n in names]
    return markdown_table(("model", "judge", *targets), rows)
