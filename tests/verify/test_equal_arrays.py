"""Equal constant arrays are in the C once."""

from __future__ import annotations

import re

import numpy as np

from edgegen.compiler import Compiled
from edgegen.emit.constants import constant_arrays
from edgegen.ir.dtypes import S8, S32
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.table import Table
from edgegen.report.json_report import report
from edgegen.verify import Call, build_program
from tests.build_graph import Builder
from tests.harness import compile_for_test

TABLE = Table(tuple(int(v) for v in np.roll(np.arange(-128, 128), 3)), "s8")


def model() -> Compiled:
    """The same table of two inputs, and the same constant, of two types, added to two others."""
    b = Builder()
    x, y, z, w = b.input((5,), S8), b.input((7,), S8), b.input((40,), S32), b.input((40,), S32)
    numbers = np.arange(40, dtype=np.int32)
    outputs = [b.add(TABLE, x), b.add(TABLE, y)]
    outputs += [b.add(Binary("add"), t, constant(b, numbers)) for t in (z, w)]
    return compile_for_test(b.graph(*outputs), "generic")


def constant(b: Builder, values: np.ndarray) -> Tensor:
    return b.constant(values.copy())


def test_equal_arrays_are_emitted_and_counted_once() -> None:
    compiled = model()
    text = compiled.files["model.c"]
    arrays = re.findall(r"^static const .*\b(u?int\d+_t) MODEL_WEIGHTS_ATTR (\w+)\[(\d+)\] = \{$", text, re.MULTILINE)
    assert sorted((t, int(n)) for t, _, n in arrays) == [("int32_t", 40), ("uint8_t", 256)]
    assert sum(a.nbytes for a in constant_arrays(compiled.graph)) == 160 + 256
    assert report(compiled)["weights_bytes"] == 160 + 256
    assert "#define MODEL_WEIGHTS_BYTES 416" in compiled.files["model.h"]
    assert re.search(r"/\* .* of 0 .*; so is .* of 1 ", text)


def test_they_compute_the_same() -> None:
    compiled = model()
    rng = np.random.default_rng(0)
    inputs = [rng.integers(-99, 99, t.shape).astype(t.dtype.np) for t in compiled.graph.inputs]
    (outcome,) = build_program([compiled]).execute([Call(inputs)])
    numbers = np.arange(40, dtype=np.int32)
    wanted = [*(TABLE.reference(x)[0] for x in inputs[:2]), *(x + numbers for x in inputs[2:])]
    for got, want in zip(outcome.outputs, wanted, strict=True):
        np.testing.assert_array_equal(got, want)


def test_other_types_and_values_stay_apart() -> None:
    b = Builder()
    x, y, z = b.input((4,), S32), b.input((4,), S32), b.input((16,), S8)
    zero = np.zeros(4, np.int32)
    outputs = [b.add(Binary("add"), x, b.constant(zero + 1)), b.add(Binary("add"), y, b.constant(zero + 2))]
    graph = compile_for_test(b.graph(*outputs, b.add(TABLE, z)), "generic").graph
    assert len(constant_arrays(graph)) == 3
