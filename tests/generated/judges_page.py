"""docs/judges.md, written from the list of disagreements: `python -m tests.generated.judges_page docs/judges.md`."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import tests.generated
from edgegen.errors import EdgegenError
from edgegen.ir.evaluate import Evaluation
from edgegen.report.table import markdown_table
from tests.generated.cases import Case, Results, draw_case
from tests.generated.disagreements import DISAGREEMENTS, ERRATIC, Disagreement
from tests.judge import Judges

assert tests.generated
MODELS = 150
"""Generated models of each operator and kind that are looked at."""

HEAD = """\
# Where the judges differ

Written by `python -m tests.generated.judges_page docs/judges.md`, which runs every model; a test compares it.

What a .tflite model means is what TensorFlow Lite Micro's reference kernels compute and, where they have none, what
LiteRT's reference operators do. This is every case known in which the two differ or one is wrong, with what edgegen
does. "n of m models differ" counts generated models (tests/generated) of that operator and type; values are those of
the models in tests/generated/disagreements.py, as TFLM, LiteRT and edgegen compute them."""

TAIL = """\
## Results that nobody defines

- LiteRT leaves MATRIX_DIAG and MATRIX_SET_DIAG of bool as they lie in memory, or ends the process.
- TFLM leaves SignalFramer's frames that are not full, SignalStacker's stacks that are not due, and SignalEnergy's
  frequencies outside of the bounds as they lie in memory; edgegen's are 0.
- FLOOR_DIV of the least number by -1 is beyond its type: C does not say what becomes of it, and the judges' compilers
  decide.
- LiteRT's table of GELU of s16 depends on the last bits of its C library's erfc, edgegen's has the nearest f32: 3 of
  3,000 generated models differed, by 1 in a few numbers, beside glibc 2.36.
- LiteRT stops the process where integers are divided by 0; edgegen gives 0."""

SHOWN = 6  # values of each result


def _first(said: Results | str, undefined: bool = False) -> str:
    """The first values, or that there are none."""
    if isinstance(said, str):
        return "refused"
    if undefined:
        return "not defined"
    values = said[0][0].reshape(-1)[:SHOWN]
    return ", ".join(f"{v:g}" if values.dtype.kind == "f" else str(int(v)) for v in values)


def edgegen_says(case: Case) -> Results | str:
    """The numpy reference's results, or why the model is refused."""
    try:
        evaluation = Evaluation(case.graph())
    except EdgegenError as error:
        return error.what
    return [evaluation.run(inputs) for inputs in case.inputs]


def _generated(judges: Judges, name: str, kind: str) -> str:
    """How many generated models differ, and by how much at most."""
    count, largest = 0, 0
    for number in range(MODELS):
        case = draw_case(name, kind, number)
        first = judges.tflm(case.data, case.inputs, case.outputs)
        second = judges.litert(case.data, case.inputs, case.outputs)
        assert not isinstance(first, str)
        assert not isinstance(second, str)
        pairs = [(a, b) for x, y in zip(first, second, strict=True) for a, b in zip(x, y, strict=True)]
        error = max(int(np.abs(a.astype(np.int64) - b.astype(np.int64)).max(initial=0)) for a, b in pairs)
        count, largest = count + (error > 0), max(largest, error)
    return f"{name} of {kind}: {count} of {MODELS} models differ, by at most {largest:,}"


def model_cases(disagreement: Disagreement) -> Iterator[Case]:
    """The models of its own."""
    for name, make in disagreement.models.items():
        single, inputs = make()
        yield Case(name, name, "", single, [inputs])


def _evidence(judges: Judges, disagreement: Disagreement) -> str:
    pairs = disagreement.operators if not disagreement.undefined else ()
    parts = ["\n".join(f"- {_generated(judges, *pair)}" for pair in pairs)]
    rows = []
    for case in model_cases(disagreement):
        said = (judges.tflm(case.data, case.inputs), judges.litert(case.data, case.inputs), edgegen_says(case))
        judges_say = (
            _first(s, who in disagreement.undefined) for s, who in zip(said, ("TFLM", "LiteRT"), strict=False)
        )
        rows.append((case.name, *judges_say, _first(said[2])))
    if rows:
        parts.append(markdown_table(("model", "TFLM", "LiteRT", "edgegen"), rows))
    return "\n\n".join(p for p in parts if p)


def page(judges: Judges) -> str:
    """The whole page."""
    assert {name for name, _ in ERRATIC} == {"MATRIX_DIAG", "MATRIX_SET_DIAG"}
    parts = [HEAD]
    for d in DISAGREEMENTS:
        text = textwrap.fill(f"{d.text} edgegen follows {d.follows}.", 120)
        parts += [f"## {d.title}", text, _evidence(judges, d)]
    return "\n\n".join([*parts, TAIL]) + "\n"


if __name__ == "__main__":
    both = Judges()
    Path(sys.argv[1]).write_text(page(both), encoding="utf-8")
    both.close()
