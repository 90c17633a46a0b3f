"""Broken copies of models with control flow: each compiles or is refused, soon, and C that is emitted is sound."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from edgegen.errors import EdgegenError, format_error
from tests.frontends.tflite.test_control import branches, composite, counting, nested, power
from tests.fuzz.mutation import mutate, structure
from tests.fuzz.test_flips import TIMES, check_syntax, compiled

COPIES = 120
MODELS = {"branches": branches, "power": power, "nested": nested, "counting": counting, "composite": composite}


@pytest.mark.parametrize("name", MODELS)
def test_every_copy_compiles_or_is_refused(name: str, tmp_path: Path) -> None:
    data, rng = MODELS[name](), random.Random(len(name))
    places = structure(data)
    accepted = refused = 0
    for number in range(COPIES * TIMES):
        broken = mutate(data, places, rng)
        try:
            result = compiled(Path(f"{name}.tflite"), broken, number)
        except BaseException as error:
            kept = tmp_path / f"{name}.tflite"
            kept.write_bytes(broken)
            raise AssertionError(f"copy {number} of {name}, kept as {kept}: {error!r}") from error
        if isinstance(result, EdgegenError):
            refused += 1
            assert 20 < len(format_error(result)) < 10_000
            continue
        accepted += 1
        if accepted % 8 == 0:
            check_syntax(result, tmp_path)
    assert accepted > 5
    assert refused > 20
