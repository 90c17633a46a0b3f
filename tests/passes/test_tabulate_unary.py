"""Functions of one 8-bit number become tables, exactly; what depends on more than one number does not."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.dtypes import F32, S8, S16, U8, DType
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Graph
from edgegen.ir.op import Op, Range
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.prelu import Prelu
from edgegen.ops.requantize import Dequantize, Quantize, Requantize
from edgegen.ops.softmax import Softmax
from edgegen.ops.table import Table
from edgegen.ops.unary import Unary
from edgegen.ops.unary_quantized import Sigmoid, TwoSlopes
from edgegen.passes.optimize.tabulate_unary import tabulate_unary
from edgegen.passes.pre_optimize.eliminate_dead_nodes import eliminate_dead_nodes
from edgegen.targets import Target
from tests.build_graph import Builder, kinds, transform
from tests.harness import Case, check_nodes

SHAPE = (1, 8, 8, 4)
TO_16 = FixedPoint.from_scales([200.0], 5)
FROM_16 = FixedPoint.from_scales([0.0043], -7)
LOGISTIC = Unary("logistic", quantized=Sigmoid("logistic", 3, FixedPoint.from_scales([0.05 * (1 << 27)], 0), 300))
LEAKY = Unary("leaky_relu", quantized=TwoSlopes(3, FixedPoint.from_scales([0.9], 4), FixedPoint.from_scales([0.2], 4)))
HALF = FixedPoint.from_scales([0.5], 0)
ADD = Binary("add", 3, -5, 20, HALF, HALF, FixedPoint.from_scales([1.7 / (1 << 20)], 2))
MUL = Binary("mul", 3, -5, requantize=FixedPoint.from_scales([0.02], 1))


def tabulate(graph: Graph, target: Target) -> bool:
    """With the dead nodes that it leaves removed."""
    return sum([tabulate_unary(graph, target), eliminate_dead_nodes(graph, target)]) > 0


def left(graph: Graph) -> list[str]:
    return kinds(transform(graph, tabulate))


def chain(*ops: Op, dtype: DType = S8, shape: tuple[int, ...] = SHAPE) -> list[str]:
    b = Builder()
    x = b.input(shape, dtype)
    for op in ops:
        x = b.add(op, x)
    return left(b.graph(x))


@pytest.mark.parametrize(
    "ops",
    [
        (LOGISTIC, LEAKY),
        (Requantize(TO_16, 3, "s16"), Requantize(FROM_16, 5, "s8")),
        (Dequantize((0.05,), (3,)), Unary("hard_swish"), Quantize(0.031, -9)),
        (Dequantize((0.05,), (3,)), Unary("tanh"), Clamp(Range(-0.5, 0.25)), Quantize(1 / 128, 0), LEAKY),
        (Clamp(Range(-100, 50)), LOGISTIC, Clamp(Range(-120, 90))),
    ],
)
def test_a_chain_is_one_table(ops: tuple[Op, ...]) -> None:
    assert chain(*ops) == ["Table"]


def test_tables_work_from_and_to_unsigned_bytes() -> None:
    to_signed = Requantize(FixedPoint.from_scales([1.0], 0), 128, "s8")
    to_unsigned = Requantize(FixedPoint.from_scales([0.7], 128), 0, "u8")
    assert chain(to_signed, LOGISTIC, dtype=U8) == ["Table"]
    assert chain(LOGISTIC, to_unsigned) == ["Table"]
    assert chain(to_signed, LOGISTIC, to_unsigned, dtype=U8) == ["Table"]


@pytest.mark.parametrize("op", [LOGISTIC, LEAKY, Requantize(FixedPoint.from_scales([0.7], 3), 2)])
def test_what_is_one_table_already_stays(op: Op) -> None:
    assert chain(op) == [op.kind]
    assert chain(Table(tuple(range(256)), "u8"), dtype=S8) == ["Table"]


@pytest.mark.parametrize("op", [ADD, MUL])
@pytest.mark.parametrize("position", [0, 1])
def test_a_uniform_constant_makes_a_table(op: Binary, position: int) -> None:
    b = Builder()
    x, c = b.input(SHAPE), b.constant(np.full((1, 4), 17, np.int8))
    assert left(b.graph(b.add(op, *((x, c) if position == 0 else (c, x))))) == ["Table"]


def test_a_uniform_slope_makes_a_table() -> None:
    b = Builder()
    op = Prelu(3, 1, FixedPoint.from_scales([0.9], 4), FixedPoint.from_scales([0.013], 4))
    assert left(b.graph(b.add(op, b.input(SHAPE), b.constant(np.full((1, 1, 4), 20, np.int8))))) == ["Table"]


def test_x_times_a_function_of_x_is_a_table() -> None:
    b = Builder()
    x = b.input(SHAPE)
    assert left(b.graph(b.add(MUL, x, b.add(LOGISTIC, x)))) == ["Table"]
    assert left(b.graph(b.add(MUL, x, x))) == ["Table"]
    real = b.add(Dequantize((0.05,), (3,)), x)
    gate = b.add(Clamp(Range(0, 6)), b.add(Binary("add"), real, b.constant(np.float32(3))))
    assert left(b.graph(b.add(Quantize(0.2, 1), b.add(Binary("mul"), real, gate)))) == ["Table"]


def test_a_table_that_only_limits_is_a_clamp_and_one_that_does_nothing_a_copy() -> None:
    same = FixedPoint.from_scales([1.0], 7)
    assert chain(Requantize(same, 7, "s8", Range(-20, 90))) == ["Clamp"]
    assert chain(Requantize(same, 7)) == ["Copy"]
    assert chain(Dequantize((0.05,), (3,)), Quantize(0.05, 3)) == ["Copy"]
    assert chain(Clamp(Range(0, 60))) == ["Clamp"]
    assert chain(Requantize(same, 7, "u8", Range(9, 90)), dtype=U8) == ["Requantize"]


def test_other_readers_of_a_byte_tensor_keep_it() -> None:
    b = Builder()
    inner = b.add(LOGISTIC, b.input(SHAPE))
    outer = b.add(LEAKY, inner)
    assert left(b.graph(outer, inner)) == ["Logistic", "LeakyRelu"]
    assert left(b.graph(b.add(MUL, outer, inner))) == ["Logistic", "Table"]


def test_two_numbers_are_no_table() -> None:
    b = Builder()
    x, y = b.input(SHAPE), b.input(SHAPE)
    graph = b.graph(b.add(ADD, b.add(LOGISTIC, x), b.add(LOGISTIC, y)))
    assert left(graph) == kinds(graph)


@pytest.mark.parametrize(
    "values",
    [np.array([1, 1, 1, 2], np.int8), np.full((2, 8, 8, 4), 3, np.int8)],
    ids=["per channel", "repeats x"],
)
def test_other_constants_stay(values: np.ndarray) -> None:
    b = Builder()
    assert left(b.graph(b.add(ADD, b.input(SHAPE), b.constant(values)))) == ["Add"]


@pytest.mark.parametrize(
    ("ops", "dtype"),
    [
        ((Clamp(Range(-1, 1)), Unary("tanh")), F32),
        ((Requantize(FROM_16, 5, "s8"), LOGISTIC), S16),
        ((Pool2d("max", (2, 2)), LOGISTIC), S8),
        ((Dequantize((0.1,) * 4, (0,) * 4, 3), Quantize(0.1, 0)), S8),
        ((Dequantize((0.1,), (0,)), Softmax()), S8),
    ],
)
def test_what_looks_at_more_than_a_byte_stays(ops: tuple[Op, ...], dtype: DType) -> None:
    assert chain(*ops, dtype=dtype) == [op.kind for op in ops]


def test_emitted_tables_are_exact() -> None:
    """The operator's kernel on every value, s8 to u8 and back."""
    random = np.random.default_rng(0)
    table = tuple(int(v) for v in random.integers(-128, 128, 256))
    unsigned = tuple(int(v) for v in random.integers(0, 256, 256))
    bytes_ = np.arange(256, dtype=np.uint8)
    check_nodes(
        [
            Case(Table(table, "s8"), [bytes_.view(np.int8)], "lookup_8"),
            Case(Table(unsigned, "u8"), [bytes_.view(np.int8)], "lookup_8"),
            Case(Table(table, "s8"), [bytes_.reshape(SHAPE)], "lookup_8"),
        ]
    )
