"""Floats quantized by their own range."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S8
from edgegen.ir.tensor import TensorType
from edgegen.ops.dynamic_quantize import DynamicQuantize
from tests.harness import Case, check_nodes

RANDOM = np.random.default_rng(11)


def _cases() -> list[Case]:
    values = {
        "both signs": RANDOM.normal(size=(3, 7)),
        "positive": RANDOM.uniform(1, 2, 40),
        "negative": RANDOM.uniform(-9, -2, (4, 5)),
        "zeros": np.zeros(5),
        "ties": np.arange(-100, 156) / 2,
        "tiny": RANDOM.normal(size=9) * 1e-30,
        "great": RANDOM.normal(size=9) * 1e30,
    }
    return [Case(DynamicQuantize(), [v.astype(np.float32)], label=k) for k, v in values.items()]


@pytest.mark.parametrize("target", ["generic", "host"])
def test_rows_of_this_machine(target: str) -> None:
    check_nodes(_cases(), target, sanitize=target == "generic")


@pytest.mark.cross
@pytest.mark.parametrize("target", ["arm-neon", "cortex-m4"])
def test_rows_of_other_cores(target: str) -> None:
    check_nodes(_cases(), target)


def test_integers_are_refused() -> None:
    with pytest.raises(InvalidGraph, match="must be f32"):
        DynamicQuantize().infer(TensorType(S8, (4,)))
