"""Every listed disagreement of the judges is one, edgegen does as the list says, and docs/judges.md shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.generated.disagreements import DISAGREEMENTS, Disagreement
from tests.generated.judges_page import edgegen_says, model_cases, page
from tests.judge import Judges

PAGE = Path(__file__).resolve().parents[2] / "docs" / "judges.md"


@pytest.fixture(scope="module")
def judges() -> Iterator[Judges]:
    both = Judges()
    yield both
    both.close()


@pytest.mark.parametrize("disagreement", [d for d in DISAGREEMENTS if d.models], ids=lambda d: d.title)
def test_edgegen_does_what_the_list_says(disagreement: Disagreement, judges: Judges) -> None:
    for case in model_cases(disagreement):
        tflm, litert = judges.tflm(case.data, case.inputs), judges.litert(case.data, case.inputs)
        ours = edgegen_says(case)
        said = {"TFLM": tflm, "LiteRT": litert}
        for name, theirs in said.items():
            same = not isinstance(ours, str) and not isinstance(theirs, str) and not case.difference(ours, theirs)
            assert same == (disagreement.follows == name)


def test_the_page_shows_what_the_judges_compute(judges: Judges) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(judges), "python -m tests.generated.judges_page docs/judges.md"
