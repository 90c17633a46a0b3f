"""Every operator of the schema is read, or refused with a reason of its own."""

from __future__ import annotations

import pytest

from edgegen.errors import UnsupportedModel, format_error
from edgegen.frontends.tflite import operators, read_tflite
from edgegen.frontends.tflite.operator import REGISTRY
from edgegen.frontends.tflite.reader import BUILTIN_NAMES
from edgegen.frontends.tflite.refused import REFUSED, reason
from tests.models.tflite_builder import Operator, Tensor, build_model

assert operators  # importing it fills the registry


def test_every_operator_is_read_or_has_a_reason() -> None:
    builtin = set(BUILTIN_NAMES.values()) - {"CUSTOM"}
    read = {name for name in REGISTRY if not name.startswith("custom:")}
    assert read | REFUSED.keys() == builtin
    assert not read & REFUSED.keys()


@pytest.mark.parametrize(
    ("name", "why"), [("HASHTABLE", "ahead of time"), ("MULTINOMIAL", "random"), ("custom:Mine", "custom")]
)
def test_the_message_gives_the_reason(name: str, why: str) -> None:
    tensors = [Tensor("x", "FLOAT32", (4,)), Tensor("y", "FLOAT32", (4,)), Tensor("z", "FLOAT32", (4,))]
    data = build_model(tensors, [Operator(name, ["x"], ["y"]), Operator("RANDOM_UNIFORM", ["y"], ["z"])])
    with pytest.raises(UnsupportedModel) as caught:
        read_tflite(data, "m", {})
    text = format_error(caught.value)
    assert f"{name} (1)" in text
    assert f"{name}: {reason(name)}" in text
    assert why in text
    assert "RANDOM_UNIFORM: its results are random" in text


def test_an_operator_of_a_later_schema() -> None:
    tensors = [Tensor("x", "FLOAT32", (4,)), Tensor("y", "FLOAT32", (4,))]
    with pytest.raises(UnsupportedModel, match="code 500") as caught:
        read_tflite(build_model(tensors, [Operator(500, ["x"], ["y"])]), "m", {})
    assert "has no such operator" in format_error(caught.value)
