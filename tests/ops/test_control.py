"""If and While: the reference, the passes around them, and the C on the host and in emulators."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import BOOL, F32, S32
from edgegen.ir.evaluate import Evaluation, evaluate
from edgegen.ir.graph import Graph, State
from edgegen.ir.printer import print_graph
from edgegen.ir.tensor import Array, Tensor, TensorType
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.compare import Compare
from edgegen.ops.control import If, While
from edgegen.ops.copy import Copy
from edgegen.ops.reshape import Reshape
from edgegen.passes.pipeline import Options
from edgegen.verify import Build, Call, build_program
from tests.build_graph import Builder
from tests.harness import compile_for_test

ADD, SUB, MUL = (Binary(name) for name in ("add", "sub", "mul"))
LESS = Compare("less")


def counter(limit: int, step: int = 1, size: int = 1) -> tuple[Graph, Graph]:
    """(condition, body) of: while count < limit: count += step; x *= 2, for x of s32[size]."""
    b = Builder()
    count, _ = b.input((1,), S32), b.input((size,), S32)
    condition = b.graph(b.add(LESS, count, b.constant([limit], S32)))
    b = Builder()
    count, x = b.input((1,), S32), b.input((size,), S32)
    body = b.graph(b.add(ADD, count, b.constant([step], S32)), b.add(MUL, x, b.constant([2], S32)))
    return condition, body


def test_a_while() -> None:
    b = Builder()
    x = b.input((1,), S32), b.input((3,), S32)
    y = b.add_all(While(*counter(5, size=3)), *x)
    graph = b.graph(*y)
    want = evaluate(graph, [np.array([2], np.int32), np.arange(3, dtype=np.int32)])
    assert [w.tolist() for w in want] == [[5], [0, 8, 16]]
    model = compile_for_test(graph, "generic", trace=False)
    print(model.files["model.c"][-2500:])
    print(print_graph(model.graph))
    program = build_program([model])
    got = program.execute([Call([np.array([2], np.int32), np.arange(3, dtype=np.int32)])])[0].outputs
    assert [g.tolist() for g in got] == [w.tolist() for w in want]
