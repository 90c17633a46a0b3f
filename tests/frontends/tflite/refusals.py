"""A sound model to break, and how the refusal of a broken one is checked."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from edgegen.compiler import Compiled, compile_graph
from edgegen.emit.render import Origin
from edgegen.errors import EdgegenError, format_error
from edgegen.frontends import read_model
from edgegen.passes.pipeline import Options as PassOptions
from edgegen.targets import target
from tests.models.tflite_builder import Operator, Tensor, build_model, options

X = Tensor("x", "INT8", (1, 4, 4, 2), scale=0.5, zero_point=3)
Y = Tensor("y", "INT8", (1, 4, 4, 3), scale=0.25, zero_point=-1)
WEIGHTS = Tensor("w", data=np.ones((3, 3, 3, 2), np.int8), scale=(0.1, 0.2, 0.3), zero_point=0, axis=0)
CONV = options("Conv2DOptions", StrideH=1, StrideW=1, DilationHFactor=1, DilationWFactor=1)


def conv(x: Tensor = X, w: Tensor = WEIGHTS, y: Tensor = Y, more: Sequence[Tensor] = (), **changes: object) -> bytes:
    """A model of one CONV_2D; `changes` are to its options."""
    fields = {**CONV.fields, **changes}
    return build_model([x, w, y, *more], [Operator("CONV_2D", ["x", "w"], ["y"], options("Conv2DOptions", **fields))])


def replaced(tensor: Tensor, **changes: object) -> Tensor:
    return Tensor(**{**tensor.__dict__, **changes})


def compiled(data: bytes) -> Compiled:
    source = read_model(Path("m.tflite"), data, {})
    return compile_graph(source, target("generic"), "m", Origin("m.tflite", "0" * 64, "test"), PassOptions())


def refusal(data: bytes) -> str:
    """The error as the command line prints it. Fails if the model compiles, or if refusing it takes long or much."""
    tracemalloc.start()
    start = time.monotonic()
    with pytest.raises(EdgegenError) as caught:
        compiled(data)
    seconds, (_, peak) = time.monotonic() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 5
    assert peak < 64 << 20
    text = format_error(caught.value)
    assert len(text) < 4000
    assert all(line.isprintable() for line in text.split("\n"))
    return text
