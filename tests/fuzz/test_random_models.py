"""Small models of every operator, most of them spoilt: each compiles or is refused; what compiles is sound C."""

from __future__ import annotations

import random
from pathlib import Path

from edgegen.compiler import Compiled
from edgegen.errors import EdgegenError
from edgegen.verify import Build, build_program
from tests.fuzz.copies import TIMES, compiled
from tests.fuzz.random_models import random_model
from tests.generated.single import GENERATORS

EACH = 12  # models of each operator


def test_every_model_compiles_or_is_refused(tmp_path: Path) -> None:
    """Operators that mean nothing alone are those of test_flips."""
    rng = random.Random(1)
    accepted: set[str] = set()
    refused = number = 0
    to_build: dict[str, Compiled] = {}
    for name in sorted(GENERATORS) * EACH * TIMES:
        number += 1
        data = random_model(name, rng)
        if data is None:
            continue
        try:
            result = compiled(f"{name}.tflite", data, number, f"model{number}")
        except BaseException as error:
            kept = tmp_path / "model.tflite"
            kept.write_bytes(data)
            raise AssertionError(f"model {number}, of {name}, kept as {kept}: {error!r}") from error
        if isinstance(result, EdgegenError):
            refused += 1
            continue
        accepted.add(name)
        if result.target.name == "generic":
            to_build.setdefault(name, result)
    assert len(accepted) > 0.95 * len(GENERATORS)
    assert refused > number / 4
    assert build_program(list(to_build.values()), Build(together=True)).sizes()
