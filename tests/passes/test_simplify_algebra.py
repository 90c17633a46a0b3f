"""What is removed or merged, and what only looks as if it could be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.ir.dtypes import F32, S8, S16, S32, DType
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Op, Range
from edgegen.ops.binary import Binary
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.clamp import Clamp
from edgegen.ops.concat import Concat
from edgegen.ops.copy import Copy
from edgegen.ops.mirror_pad import MirrorPad
from edgegen.ops.pad import Pad
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.reshape import Reshape
from edgegen.ops.resize import Resize
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose
from edgegen.passes.pre_optimize.simplify_algebra import simplify_algebra
from tests.build_graph import Builder, kinds, transform
from tests.planned_ops import Reverse

ONE = FixedPoint.from_scales([1.0], 7)


def between(op: Op, shape: tuple[int, ...], dtype: DType, *constants: np.ndarray | float) -> list[str]:
    """What is left of Reverse -> op -> Reverse."""
    b = Builder()
    x = b.add(Reverse(), b.input(shape, dtype))
    y = b.add(op, x, *(b.constant(np.asarray(c, dtype.np)) for c in constants))
    return kinds(transform(b.graph(b.add(Reverse(), y)), simplify_algebra))[1:-1]


@pytest.mark.parametrize(
    ("op", "constant"),
    [
        (Binary("add"), -0.0),
        (Binary("sub"), 0.0),
        (Binary("mul"), 1.0),
        (Binary("mul"), np.ones((1, 3))),
    ],
)
def test_neutral_float_constants_vanish(op: Op, constant: np.ndarray | float) -> None:
    assert between(op, (4, 3), F32, constant) == []


@pytest.mark.parametrize(
    ("op", "constant"),
    [
        (Binary("add"), 0.0),  # -0.0 + 0.0 is 0.0
        (Binary("sub"), -0.0),  # -0.0 - -0.0 is 0.0
        (Binary("mul"), -1.0),
        (Binary("mul"), np.array([1, 1, 1.0000001])),
        (Binary("mul", clamp=Range(0, 6)), 1.0),
        (Binary("mul"), np.ones((2, 4, 3))),  # repeats x
    ],
)
def test_float_constants_that_change_a_bit_stay(op: Op, constant: np.ndarray | float) -> None:
    assert between(op, (4, 3), F32, constant) == [op.kind]


def test_a_constant_minus_x_is_not_x() -> None:
    b = Builder()
    x = b.input((4,), F32)
    graph = b.graph(b.add(Binary("sub"), b.constant(np.float32(0)), x))
    assert kinds(transform(graph, simplify_algebra)) == ["Sub"]


@pytest.mark.parametrize("dtype", [S8, S16])
@pytest.mark.parametrize(("function", "neutral"), [("add", 0), ("sub", 0), ("mul", 1)])
def test_neutral_plain_integers_vanish(dtype: DType, function: str, neutral: int) -> None:
    assert between(Binary(function), (4, 3), dtype, neutral) == []
    assert between(Binary(function), (4, 3), dtype, 1 - neutral) == [function.capitalize()]


def test_quantized_operators_vanish_only_if_they_keep_all_256_values() -> None:
    times_one = Binary("mul", a_zero=7, b_zero=-10, requantize=ONE)
    assert between(times_one, (4, 3), S8, -9) == []
    assert between(times_one, (4, 3), S8, -8) == ["Mul"]
    clamped = Binary("mul", a_zero=7, b_zero=-10, requantize=ONE, clamp=Range(-127, 127))
    assert between(clamped, (4, 3), S8, -9) == ["Mul"]
    half = FixedPoint.from_scales([0.5], 0)
    twice = FixedPoint.from_scales([2.0 / (1 << 20)], 7)
    add = Binary("add", 7, 3, 20, half, half, twice)
    assert between(add, (4, 3), S8, 3) == []
    assert between(add, (4, 3), S8, 4) == ["Add"]


@pytest.mark.parametrize(
    ("op", "shape"),
    [
        (Reshape((4, 3)), (4, 3)),
        (Transpose((0, 1)), (4, 3)),
        (Pad((0, 0), (0, 0)), (4, 3)),
        (MirrorPad((0, 0), (0, 0)), (4, 3)),
        (BroadcastTo((4, 3)), (4, 3)),
        (Slice((0, 0), (4, 3), (1, 1)), (4, 3)),
        (Slice((0, 0), (1, 3), (-2, 1)), (1, 3)),
        (Concat(1), (4, 3)),
        (Copy(), (4, 3)),
        (Clamp(), (4, 3)),
        (Clamp(Range(-128, 127)), (4, 3)),
        (Pool2d("average", (1, 1)), (1, 2, 3, 2)),
        (Pool2d("max", (1, 1), clamp=Range(-128, 127)), (1, 2, 3, 2)),
        (Resize("nearest", (5, 3)), (1, 5, 3, 2)),
        (Resize("bilinear", (5, 3), half_pixel_centers=True), (1, 5, 3, 2)),
        (Resize("bilinear", (5, 3), align_corners=True), (1, 5, 3, 2)),
    ],
)
def test_moves_that_move_nothing_vanish(op: Op, shape: tuple[int, ...]) -> None:
    assert between(op, shape, S8) == []


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # 0 * inf: what the bilinear case is about
@pytest.mark.parametrize(
    ("op", "shape", "dtype"),
    [
        (Slice((2, 0), (3, 3), (-1, 1)), (3, 3), S8),
        (Transpose((1, 0)), (3, 3), S8),
        (Clamp(Range(-127, 127)), (3, 3), S8),
        (Clamp(Range(float("-inf"), 3e38)), (3, 3), F32),
        (Pool2d("max", (1, 1), clamp=Range(-128, 126)), (1, 2, 3, 2), S8),
        (Pool2d("max", (1, 1), (2, 2)), (1, 1, 1, 2), S32),
        (Resize("bilinear", (5, 3)), (1, 5, 3, 2), F32),
        (Resize("nearest", (5, 4)), (1, 5, 3, 2), F32),
    ],
)
def test_moves_that_only_keep_the_shape_stay(op: Op, shape: tuple[int, ...], dtype: DType) -> None:
    assert between(op, shape, dtype) == [op.kind]


def merged(first: Op, second: Op, shape: tuple[int, ...]) -> list[Op]:
    b = Builder()
    x = b.input(shape)
    after = transform(b.graph(b.add(second, b.add(first, x))), simplify_algebra)
    return [n.op for n in after.nodes if set(n.outputs) & set(after.outputs)]


def test_neighbours_of_a_kind_merge() -> None:
    assert merged(Reshape((12,)), Reshape((3, 4)), (2, 6)) == [Reshape((3, 4))]
    assert merged(Transpose((1, 2, 0)), Transpose((1, 0, 2)), (2, 3, 4)) == [Transpose((2, 1, 0))]
    assert merged(Pad((1, 0), (0, 2), 5), Pad((1, 1), (0, 0), 5), (2, 3)) == [Pad((2, 1), (0, 2), 5)]
    assert merged(Slice((9,), (5,), (-2,)), Slice((1,), (2,), (3,)), (10,)) == [Slice((7,), (2,), (-6,))]


def joined(*parts: np.ndarray | None, dtype: DType = S8) -> list[Op]:
    """What is left of the concatenation, along the second axis, of constants and of x of shape [2, 3]."""
    b = Builder()
    inputs = [b.input((2, 3), dtype) if part is None else b.constant(part.astype(dtype.np)) for part in parts]
    return [n.op for n in transform(b.graph(b.add(Concat(1), *inputs)), simplify_algebra)]


def test_constants_of_one_value_beside_one_activation_are_a_pad() -> None:
    sevens = np.full((2, 2), 7)
    assert joined(None, sevens) == [Pad((0, 0), (0, 2), 7)]
    assert joined(sevens, sevens[:, :1], None, sevens) == [Pad((0, 3), (0, 2), 7)]
    assert joined(sevens / 2, None, dtype=F32) == [Pad((0, 2), (0, 0), 3.5)]


@pytest.mark.parametrize(
    "parts",
    [
        (np.full((2, 1), 7), None, np.full((2, 1), 6)),
        (np.array([[1], [2]]), None),
        (np.full((2, 1), np.nan), None),
        (np.array([[0.0], [-0.0]]), None),
        (None, np.zeros((2, 1)), None),
    ],
)
def test_other_concatenations_stay(parts: tuple[np.ndarray | None, ...]) -> None:
    assert joined(*parts, dtype=F32) == [Concat(1)]


def test_pads_with_other_values_stay() -> None:
    assert merged(Pad((1,), (0,), 5), Pad((1,), (0,), 6), (2,)) == [Pad((1,), (0,), 6)]


PERMUTATIONS = st.permutations(range(4)).map(lambda p: Transpose(tuple(p)))


@given(PERMUTATIONS, PERMUTATIONS)
@settings(max_examples=25)
def test_any_two_transposes_merge(first: Transpose, second: Transpose) -> None:
    assert len(merged(first, second, (2, 3, 4, 5))) == 1


@given(st.data())
@settings(max_examples=40)
def test_any_two_slices_merge(data: st.DataObject) -> None:
    def draw(shape: tuple[int, ...]) -> Slice:
        begin = tuple(data.draw(st.integers(0, n - 1)) for n in shape)
        stride = tuple(data.draw(st.sampled_from([-3, -2, -1, 1, 2, 3])) for _ in shape)
        room = [(n - 1 - b) // s if s > 0 else b // -s for n, b, s in zip(shape, begin, stride, strict=True)]
        return Slice(begin, tuple(data.draw(st.integers(1, r + 1)) for r in room), stride)

    first = draw((7, 9))
    assert len(merged(first, draw(first.size), (7, 9))) == 1


@pytest.mark.parametrize("source", ["input", "result"])
def test_both_names_of_a_value_survive_as_a_view(source: str) -> None:
    """The removed node's result and its source are outputs both."""
    b = Builder()
    x = b.input((4,), F32)
    x = b.add(Reverse(), x) if source == "result" else x
    y = b.add(Binary("mul"), x, b.constant(np.float32(1)))
    after = transform(b.graph(x, y), simplify_algebra)
    assert kinds(after)[-1] == "Reshape"


def test_an_output_takes_the_place_of_the_result_that_it_equals() -> None:
    b = Builder()
    x = b.add(Reverse(), b.input((4,)))
    y = b.add(Copy(), x)
    z = b.add(Reverse(), x)
    after = transform(b.graph(y, z), simplify_algebra)
    assert kinds(after) == ["Reverse", "Reverse"]
    assert after.nodes[0].out is after.outputs[0] is after.nodes[1].inputs[0]
