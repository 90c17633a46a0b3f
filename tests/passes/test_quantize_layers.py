"""Between Dequantize and Quantize nothing stays real that has an integer form; what moves numbers moves integers."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.dtypes import F32, S8, S32, U8, DType
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.ir.op import Op, Range
from edgegen.ops.arg_reduce import ArgReduce
from edgegen.ops.binary import Binary
from edgegen.ops.concat import Concat
from edgegen.ops.gather import Gather
from edgegen.ops.mirror_pad import MirrorPad
from edgegen.ops.pad import Pad
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.reduce import Reduce
from edgegen.ops.requantize import TO_SIGNED, Dequantize, Quantize
from edgegen.ops.reshape import Reshape
from edgegen.ops.resize import Resize
from edgegen.ops.slice import Slice
from edgegen.ops.softmax import Softmax
from edgegen.ops.transpose import Transpose
from edgegen.passes.optimize.quantize_layers import quantize_layers
from edgegen.passes.optimize.tabulate_unary import tabulate_unary
from edgegen.passes.pre_optimize.eliminate_common_subexpressions import eliminate_common_subexpressions
from edgegen.passes.pre_optimize.eliminate_dead_nodes import eliminate_dead_nodes
from edgegen.passes.pre_optimize.simplify_algebra import simplify_algebra
from tests.build_graph import GENERIC, Builder, kinds

SHAPE = (1, 4, 6, 8)
SCALE = 0.05


def _real(zero: int = 3) -> Dequantize:
    return Dequantize((SCALE,), (zero,))


def _steps(dtype: str = "s8", zero: int = 3, scale: float = SCALE) -> Quantize:
    return Quantize(scale, zero, dtype, even=True)


def _rewritten(graph: Graph) -> Graph:
    copy = graph.copy()
    passes = (simplify_algebra, tabulate_unary, quantize_layers, eliminate_common_subexpressions, eliminate_dead_nodes)
    for _ in range(16):
        if not sum([one(copy, GENERIC) for one in passes]):
            return copy
    raise AssertionError("passes undo each other")


def _both(graph: Graph) -> tuple[Graph, np.ndarray, np.ndarray]:
    """(rewritten graph, its result, the result before) on random inputs."""
    rng = np.random.default_rng(4)
    inputs = [
        rng.normal(size=t.shape).astype(np.float32)
        if t.dtype == F32
        else rng.integers(*t.dtype.range, t.shape, endpoint=True).astype(t.dtype.np)
        for t in graph.inputs
    ]
    after = _rewritten(graph)
    return after, evaluate(after, inputs)[0], evaluate(graph, inputs)[0]


def _between(op: Op, dtype: DType = S8, to: Quantize | None = None) -> Graph:
    b = Builder()
    zero = 3 if dtype == S8 else 131
    y = b.add(op, b.add(_real(zero), b.input(SHAPE, dtype)))
    return b.graph(b.add(to or _steps(dtype.name, zero), y))


MOVES: list[Op] = [
    Transpose((0, 2, 3, 1)),
    Reshape((8, 24)),
    Slice((0, 1, 0, 2), (1, 2, 6, 2), (1, 2, 1, 3)),
    Pad((0, 1, 1, 0), (0, 1, 0, 0)),
    Pad((0, 1, 1, 0), (0, 1, 0, 0), 7.77),
    MirrorPad((0, 1, 1, 0), (0, 1, 0, 0)),
    Pool2d("max", (2, 2), (2, 2)),
    Resize("nearest", (7, 9)),
    Reduce("max", (1, 2), True),
    Reduce("min", (3,)),
]


@pytest.mark.parametrize("op", MOVES, ids=lambda op: op.kind)
@pytest.mark.parametrize("dtype", [S8, U8], ids=str)
def test_moves_are_exact_and_of_integers(op: Op, dtype: DType) -> None:
    after, found, wanted = _both(_between(op, dtype))
    assert np.array_equal(found, wanted)
    assert not any(t.dtype == F32 for n in after.nodes for t in n.outputs)
    after, found, wanted = _both(_between(op, dtype, _steps(scale=0.11)))
    assert np.array_equal(found, wanted)


def test_numbers_are_chosen_after_they_are_quantized() -> None:
    b = Builder()
    x, places = b.input((5, 8)), b.input((3,), S32)
    after, found, wanted = _both(b.graph(b.add(_steps(), b.add(Gather(0), b.add(_real(), x), places))))
    assert kinds(after) == ["Gather"]
    assert np.array_equal(found, wanted)


def test_a_limit_in_real_numbers_is_no_limit_of_integers() -> None:
    after, found, wanted = _both(_between(Pool2d("max", (2, 2), (2, 2), clamp=Range(0.0, 2.0))))
    assert np.array_equal(found, wanted)
    assert "MaxPool2d" in kinds(after)


def test_padding_that_no_integer_stands_for_stays_real_before_a_layer() -> None:
    for value, real in ((0.0, False), (np.float32(SCALE) * np.float32(9), False), (0.07, True)):
        b = Builder()
        padded = b.add(Pad((0, 1, 1, 0), (0, 1, 0, 0), float(value)), b.add(_real(), b.input(SHAPE)))
        after, found, wanted = _both(b.graph(b.add(_steps(), b.add(Pool2d("average", (3, 3), (3, 2)), padded))))
        assert np.abs(found.astype(int) - wanted).max() <= 1
        assert any(t.dtype == F32 for n in after.nodes for t in n.outputs) == real


def test_real_numbers_come_last_and_the_greatest_is_found_among_integers() -> None:
    b = Builder()
    x = b.add(_steps("u8", 120), b.input(SHAPE, F32))
    y = b.add(Reduce("max", (1, 2)), b.add(_real(120), x))
    after, found, wanted = _both(b.graph(y))
    assert kinds(after) == ["Quantize", "Max", "Dequantize"]
    assert np.array_equal(found, wanted)
    b = Builder()
    after, found, wanted = _both(
        b.graph(b.add(_steps(), b.input((1,), F32)), b.add(ArgReduce("max", 3), b.add(_real(), b.input(SHAPE))))
    )
    assert np.array_equal(found, wanted)
    assert [n.input(0).dtype for n in after.nodes if isinstance(n.op, ArgReduce)] == [S8]


def test_u8_is_s8_from_end_to_end() -> None:
    """Joined, sliced, padded and pooled on the way: no sign is turned but the input's and the output's."""
    b = Builder()
    x = b.add(_real(131), b.input(SHAPE, U8))
    steps, real = _steps("u8", 131), _real(131)
    parts = [b.add(real, b.add(steps, b.add(Pool2d(p, (2, 2), (2, 2)), x))) for p in ("average", "max")]
    joined = b.add(real, b.add(steps, b.add(Concat(3), *parts)))
    halves = [
        b.add(real, b.add(steps, b.add(Slice((0, 0, 0, first), (1, 2, 3, 8), (1, 1, 1, 1)), joined)))
        for first in (0, 8)
    ]
    y = b.add(steps, b.add(Binary("add"), *halves))
    after, found, wanted = _both(b.graph(y))
    assert [k for k in kinds(after) if k in ("Requantize", "Table")] == ["Requantize", "Requantize"]
    assert np.abs(found.astype(int) - wanted).max() <= 2
    assert TO_SIGNED in [n.op for n in after.nodes]


FORMS: list[tuple[Op, str]] = [
    (Pool2d("average", (2, 3), (1, 2), (1, 1, 0, 1)), "AveragePool2d"),
    (Reduce("mean", (1, 2), True), "AveragePool2d"),
    (Reduce("mean", (3,)), "Mean"),
    (Reduce("sum", (1, 3)), "Sum"),
    (Softmax(), "ScaledSoftmax"),
]


@pytest.mark.parametrize(("op", "kind"), FORMS, ids=lambda v: v if isinstance(v, str) else "")
@pytest.mark.parametrize("dtype", [S8, U8], ids=str)
def test_what_computes_does_so_on_integers(op: Op, kind: str, dtype: DType) -> None:
    to = Quantize(1 / 256, -128, "s8", even=True) if kind == "ScaledSoftmax" else _steps(dtype.name, 10, 0.0517)
    after, found, wanted = _both(_between(op, dtype, to))
    assert kind in kinds(after)
    assert not any(t.dtype == F32 for n in after.nodes for t in n.outputs)
    difference = np.abs(found.astype(int) - wanted)
    assert difference.max() <= 1
    assert difference.mean() < 0.02


def test_results_that_others_read_stay_real() -> None:
    b = Builder()
    y = b.add(Pool2d("average", (2, 2), (2, 2)), b.add(_real(), b.input(SHAPE)))
    after = _rewritten(b.graph(b.add(_steps(), y), y))
    assert kinds(after) == ["Dequantize", "AveragePool2d", "Quantize"]
    b = Builder()
    half_away = Quantize(SCALE, 3, "s8")
    y = b.add(half_away, b.add(Pool2d("average", (2, 2), (2, 2)), b.add(_real(), b.input(SHAPE))))
    assert kinds(_rewritten(b.graph(y))) == ["Dequantize", "AveragePool2d", "Quantize"]
