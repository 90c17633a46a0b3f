"""What pools, arithmetic, softmax, activations, quantization and reductions infer, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import BOOL, F32, S8, S16, S32, U8, DType
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Node
from edgegen.ir.op import Op
from edgegen.ir.tensor import Tensor, TensorType
from edgegen.ops.binary import Binary
from edgegen.ops.binary.broadcast import Loops, few_loops, loops
from edgegen.ops.fixed_point_functions import ONE, exp_on_negative_values, logistic, reciprocal_of_one_plus, tanh
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.prelu import Prelu
from edgegen.ops.reduce import Reduce
from edgegen.ops.requantize import Dequantize, Quantize, Requantize
from edgegen.ops.softmax import Softmax
from edgegen.ops.unary import Unary

Shape = tuple[int, ...]
ONE_TO_ONE = FixedPoint((1 << 30,), (1,), 0)


@pytest.mark.parametrize(
    ("op", "inputs", "text"),
    [
        (Pool2d(kernel=(2, 2), pad=(2, 0, 0, 0)), [(F32, (1, 4, 4, 1))], "without any pixel"),
        (Pool2d(kernel=(2, 2), pad=(0, 0, 0, 3)), [(F32, (1, 4, 4, 1))], "without any pixel"),
        (Pool2d(kernel=(5, 1)), [(F32, (1, 4, 4, 1))], "does not fit"),
        (Pool2d(), [(F32, (4, 4, 1))], "rank 4"),
        (Binary("add"), [(F32, (2, 3)), (F32, (2,))], "do not broadcast"),
        (Binary("add"), [(F32, (2,)), (S8, (2,))], "differ in type"),
        (Binary("nor"), [(F32, (2,)), (F32, (2,))], "not one of add, sub, mul"),
        (Binary("xor"), [(F32, (2,)), (F32, (2,))], "xor of .* is not defined"),
        (Softmax(), [(F32, ())], "no last axis"),
        (Softmax(), [(F32, (2, 0))], "no last axis"),
        (Softmax(difference=ONE_TO_ONE), [(S8, (1, 10000))], "overflows"),
        (Unary("arcsin"), [(F32, (2,))], "not one of"),
        (Unary("tanh"), [(S8, (2,))], "does not fit"),
        (Prelu(), [(F32, (2,)), (F32, (3, 2))], "does not broadcast"),
        (Prelu(), [(F32, (2,)), (F32, (3,))], "does not broadcast"),
        (Quantize(), [(S8, (2,))], "cannot be quantized"),
        (Quantize(dtype="s32"), [(F32, (2,))], "cannot be quantized"),
        (Dequantize(), [(F32, (2,))], "cannot be dequantized"),
        (Dequantize((1.0, 2.0), (0, 0), 0), [(S8, (3, 2))], "do not fit axis 0"),
        (Requantize(ONE_TO_ONE), [(F32, (2,))], "cannot be requantized"),
        (Reduce(axes=(1, 0)), [(F32, (2, 3))], "in order"),
        (Reduce(axes=(2,)), [(F32, (2, 3))], "not axes"),
        (Reduce(axes=(0,)), [(F32, (0, 3))], "nothing to reduce"),
        (Reduce("median"), [(F32, (2, 3))], "not one of mean, sum"),
        (Reduce("mean"), [(S32, (2, 3))], "mean of x .* is not defined"),
        (Reduce("max"), [(BOOL, (2, 3))], "max of x .* is not defined"),
    ],
)
def test_misfits_are_refused(op: Op, inputs: list[tuple[DType, Shape]], text: str) -> None:
    with pytest.raises(InvalidGraph, match=text):
        op.infer(*(TensorType(d, s) for d, s in inputs))


@pytest.mark.parametrize(
    ("op", "inputs", "wanted"),
    [
        (Pool2d(kernel=(2, 2), stride=(2, 1), pad=(0, 0, 1, 0)), [(S8, (2, 5, 4, 3))], (S8, (2, 3, 3, 3))),
        (Binary("mul"), [(S32, (2, 1)), (S32, (3,))], (S32, (2, 3))),
        (Reduce(axes=(0, 2)), [(F32, (2, 3, 4))], (F32, (3,))),
        (Reduce(axes=(0, 2), keep_dims=True), [(F32, (2, 3, 4))], (F32, (1, 3, 1))),
        (Quantize(dtype="s16"), [(F32, (2,))], (S16, (2,))),
        (Requantize(ONE_TO_ONE, dtype="u8"), [(S32, (2,))], (U8, (2,))),
        (Dequantize(), [(U8, (2,))], (F32, (2,))),
    ],
)
def test_types_follow(op: Op, inputs: list[tuple[DType, Shape]], wanted: tuple[DType, Shape]) -> None:
    assert op.infer(*(TensorType(d, s) for d, s in inputs)) == (TensorType(*wanted),)


def binary_node(a: Shape, b: Shape) -> Node:
    x, y = Tensor("a", TensorType(F32, a)), Tensor("b", TensorType(F32, b))
    return Node(Binary("add"), [x, y], [Tensor("y", Binary("add").infer(x.type, y.type)[0])], "add")


def test_broadcasts_become_few_loops() -> None:
    assert loops(binary_node((1, 8, 8, 4), (1, 8, 8, 4))) == Loops((256,), (1,), (1,))
    assert loops(binary_node((1, 8, 8, 4), (4,))) == Loops((64, 4), (4, 1), (0, 1))
    assert loops(binary_node((3, 4), ())) == Loops((12,), (1,), (0,))
    assert loops(binary_node((1, 1), (1,))) == Loops((1,), (0,), (0,))
    assert loops(binary_node((2, 1, 3), (1, 5, 3))) == Loops((2, 5, 3), (3, 0, 1), (0, 3, 1))
    worst = binary_node((2, 1, 2, 1, 2, 1, 2), (1, 2, 1, 2, 1, 2, 1))
    assert few_loops(worst) == "broadcasts over 7 runs of axes, more than 6"


@pytest.mark.parametrize("bits", [4, 5])
def test_fixed_point_functions_are_near_what_they_approximate(bits: int) -> None:
    """To the last bits that their few terms give; the judge of int8 SOFTMAX, LOGISTIC and TANH checks them all."""
    raw = np.linspace(-(2**31) + 1, 0, 1001).astype(np.int64)
    real = raw * 2.0 ** (bits - 31)
    assert np.abs(exp_on_negative_values(raw, bits) / 2**31 - np.exp(real)).max() < 3e-7
    if bits == 4:
        both = np.concatenate([raw, -raw])
        assert np.abs(logistic(both, 4) / 2**31 - 1 / (1 + np.exp(-both * 2.0**-27))).max() < 3e-7
        assert np.abs(tanh(both, 4) / 2**31 - np.tanh(both * 2.0**-27)).max() < 3e-7
    x = np.linspace(0, ONE, 1001).astype(np.int64)
    assert np.abs(reciprocal_of_one_plus(x) / 2**31 - 1 / (1 + x / 2**31)).max() < 1e-7
