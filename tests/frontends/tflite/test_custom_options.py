"""Options of custom operators: read as written, and hostile bytes are InvalidModel, at once."""

from __future__ import annotations

import random
import time

import pytest
from flatbuffers import flexbuffers

from edgegen.errors import InvalidModel
from edgegen.frontends.tflite.custom_options import CustomOptions
from tests.models.tflite_builder import custom_options

FIELDS = {"count": 70000, "flag": True, "scale": 0.25, "name": "abc", "sizes": [1, -2, 300], "whole": 3, "empty": []}


def test_values_of_every_type() -> None:
    read = CustomOptions(custom_options(**FIELDS), "op")
    assert read.integer("count") == 70000
    assert read.flag("flag")
    assert read.number("scale") == 0.25
    assert read.number("whole") == 3.0
    assert read.integers("sizes") == (1, -2, 300)
    assert read.integers("empty") == ()
    assert read.values["name"] == "abc"


def test_what_is_missing_or_of_another_type() -> None:
    read = CustomOptions(custom_options(text="x", huge=1 << 40, real=0.5), "op 7")
    assert read.integer("none", 4) == 4
    assert read.number("none", 0.5) == 0.5
    with pytest.raises(InvalidModel, match="op 7 lacks the option none"):
        read.integer("none")
    for name in ("text", "huge", "real"):
        with pytest.raises(InvalidModel, match=f"option {name} of op 7"):
            read.integer(name)
    with pytest.raises(InvalidModel, match="list of integers"):
        read.integers("real")
    with pytest.raises(InvalidModel, match="a finite number"):
        CustomOptions(custom_options(x=float("inf")), "op").number("x")


def test_no_options_are_no_values() -> None:
    assert CustomOptions(b"", "op").values == {}


@pytest.mark.parametrize("data", [flexbuffers.Dumps(5), flexbuffers.Dumps([1, 2]), b"\0", b"\xff" * 9, b"\0" * 70000])
def test_what_is_no_map_is_invalid(data: bytes) -> None:
    with pytest.raises(InvalidModel, match="truncated or corrupt"):
        CustomOptions(bytes(data), "op")


def test_hostile_bytes_give_values_or_invalid_model() -> None:
    rng = random.Random(5)
    sound = custom_options(**FIELDS, deep={"a": [1, [2, [3]]]})
    start, refused = time.monotonic(), 0
    for _ in range(3000):
        data = bytearray(sound)
        for _ in range(rng.choice((1, 1, 2, 5))):
            data[rng.randrange(len(data))] = rng.choice((0, 1, 255, 128, rng.randrange(256)))
        try:
            CustomOptions(bytes(data[rng.randrange(9) :]) if rng.random() < 0.2 else bytes(data), "op")
        except InvalidModel:
            refused += 1
    assert 300 < refused < 3000
    assert time.monotonic() - start < 10
