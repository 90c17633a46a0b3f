"""Names that would break C, terminals or symbols if they were taken as they are."""

from __future__ import annotations

import pytest

from edgegen.verify import Build, build_program
from tests.frontends.tflite.refusals import CONV, WEIGHTS, X, Y, compiled, refusal, replaced
from tests.models.tflite_builder import Operator, build_model

HOSTILE = [
    "*/ int main(void) { return 1; } /*",
    "a\nb\r\n#error c",
    "\\",
    "??/",
    "\x1b[31mred\x07",
    "\u202eevil",
    "",
    "x" * 100_000,
    "int",
    "%s%n",
    '"; system("rm"); "',
    "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_give_sound_c(name: str) -> None:
    data = build_model(
        [replaced(X, name=name), WEIGHTS, replaced(Y, name=f"{name}2")],
        [Operator("CONV_2D", [0, "w"], [2], CONV)],
        [0],
        [2],
    )
    result = compiled(data)
    assert build_program([result], Build()).sizes()
    for text in result.files.values():
        assert max(map(len, text.splitlines())) < 400
        assert text.isascii()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_give_printable_errors(name: str) -> None:
    data = build_model([replaced(X, name=name), Y], [Operator("CONV_2D", [0], ["y"], CONV)], [0], ["y"])
    assert "lacks input 1" in refusal(data)
    assert "is not supported" in refusal(build_model([X, Y], [Operator(f"custom:{name}", ["x"], ["y"])]))


def test_duplicate_names() -> None:
    data = build_model([X, WEIGHTS, replaced(Y, name="x")], [Operator("CONV_2D", [0, 1], [2], CONV)], [0], [2])
    assert compiled(data).files
