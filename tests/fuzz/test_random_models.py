"""Small models of every operator, most of them spoilt: each compiles or is refused; what compiles is sound C."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from edgegen.compiler import Compiled
from edgegen.errors import EdgegenError
from edgegen.frontends.tflite.importer import REGISTRY
from edgegen.verify import Build, build_program

from tests.fuzz.random_models import random_model
from tests.fuzz.test_flips import TIMES, compiled

MODELS = 1500
TOGETHER = {"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"}  # mean nothing alone: test_flips has them


def test_every_model_compiles_or_is_refused(tmp_path: Path) -> None:
    rng = random.Random(1)
    accepted: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    to_build: dict[str, Compiled] = {}
    for number in range(MODELS * TIMES):
        drawn = random_model(rng)
        if drawn is None:
            continue
        name, data = drawn
        try:
            result = compiled(Path(f"{name}.tflite"), data, number, f"model{number}")
        except BaseException as error:
            kept = tmp_path / f"{name}.tflite"
            kept.write_bytes(data)
            raise AssertionError(f"model {number}, kept as {kept}: {error!r}") from error
        if isinstance(result, EdgegenError):
            refused[name] += 1
            continue
        accepted[name] += 1
        if result.target.name == "generic":
            to_build.setdefault(name, result)
    assert set(accepted) == set(REGISTRY) - TOGETHER, "add a sound model of each new operator to random_models.SOUND"
    assert sum(refused.values()) > MODELS * TIMES / 4
    assert build_program(list(to_build.values()), Build()).sizes()
