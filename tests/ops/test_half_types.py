"""f16 and bf16 on cores without instructions for them: computed in f32 and rounded once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from edgegen.ir.dtypes import BF16, F16, DType
from edgegen.ir.op import Op, Range
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.l2_normalize import L2Normalize
from edgegen.ops.log_softmax import LogSoftmax
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.reduce import Reduce
from edgegen.ops.standardize import Standardize
from edgegen.ops.unary import Unary
from edgegen.ops.unary.op import FUNCTIONS
from tests.harness import Case, check_nodes, constant_input
from tests.x86 import AVX2

SAME = (1, 1, 1, 1)
ROUNDED = 1  # units in the last place: a rounding of f32 results that are right to a few of their 24 bits
DOMAINS = {"acosh": (1, 3), "log": (0.1, 3), "rsqrt": (0.1, 3), "sqrt": (0, 3)}
DOMAINS |= dict.fromkeys(("acos", "asin", "atanh"), (-0.9, 0.9))
ARITHMETIC = ("add", "sub", "mul", "div", "maximum", "minimum")


def case(
    op: Op,
    dtype: DType,
    x: Sequence[int],
    *constants: Sequence[int],
    kernel: str = "",
    of: tuple[float, float] = (-2, 2),
) -> Case:
    """x from numbers in that range, constants of f32."""
    rng = np.random.default_rng(len(op.kind))
    inputs: list[Array | Tensor | None] = [rng.uniform(*of, x).astype(dtype.np)]
    inputs += [constant_input(rng.normal(size=c).astype(np.float32)) for c in constants]
    return Case(op, inputs, kernel, f"{op} of {dtype}")


def in_bands(dtype: DType, dense: str, conv: str) -> list[Case]:
    """Rows around those of f32: of dense layers and pointwise convolutions with these names."""
    suffix = "half_rows" if dtype == F16 else "bf16_rows"
    return [
        case(Dense(clamp=Range(-1, 9)), dtype, (5, 40), (24, 40), (24,), kernel=f"{dense}_{suffix}"),
        case(Dense(), dtype, (1, 48), (17, 48)),
        case(Standardize(), dtype, (2, 3, 19), kernel=f"standardize_f32_{suffix}"),
        case(Standardize(centered=False), dtype, (33, 16), (16,), kernel=f"standardize_scale_f32_{suffix}"),
        case(Standardize(), dtype, (4, 16), (16,), (16,), kernel=f"standardize_scale_bias_f32_{suffix}"),
        case(LogSoftmax(), dtype, (3, 4, 10), kernel=f"log_softmax_f32_{suffix}"),
        case(L2Normalize(), dtype, (6, 20), kernel=f"l2_normalize_f32_{suffix}"),
        case(Conv2d(), dtype, (1, 6, 5, 16), (24, 1, 1, 16), kernel=f"{conv}_{suffix}"),
        case(DepthwiseConv2d(pad=SAME), dtype, (1, 7, 18, 16), (3, 3, 16), (16,)),
        case(Pool2d("max", (3, 3), (2, 2), (1, 1, 0, 0)), dtype, (1, 9, 20, 16)),
    ]


def by_number(dtype: DType) -> list[Case]:
    """Rows that read and write single numbers."""
    x = (2, 3, 4, 5)
    reductions = (("mean", (1, 2), True), ("sum", (3,), False), ("max", (0, 2), False), ("min", (1,), True))
    return [
        *(case(Unary(f, 0.5), dtype, x, kernel=f"{f}_{dtype}", of=DOMAINS.get(f, (-2, 2))) for f in FUNCTIONS),
        *(
            case(Reduce(f, axes, keep), dtype, x, kernel=f"{'reduce' if f in ('mean', 'sum') else f}_{dtype}")
            for f, axes, keep in reductions
        ),
        case(Reduce("prod", (3,)), dtype, x, kernel=f"prod_{dtype}", of=(0.5, 2)),
        case(Clamp(Range(-0.3, 1.1)), dtype, x, kernel=f"clamp_{dtype}"),
        case(Pool2d("average", (3, 3), (1, 1), SAME), dtype, (1, 6, 6, 4), kernel=f"average_pool2d_{dtype}"),
        case(Pool2d("l2", (3, 2), (2, 1), SAME), dtype, (1, 6, 6, 4), kernel=f"l2_pool2d_{dtype}"),
    ]


CORES = {
    "generic": ("dense_f32", "conv2d_f32"),
    "x86-avx2": ("dense_f32_avx2", "conv2d_f32_avx2_direct"),
    "arm-neon": ("dense_f32_neon", "conv2d_f32_neon"),
    "cortex-m4": ("conv2d_f32_dsp", "conv2d_f32_dsp"),
}


@pytest.mark.parametrize(
    "target",
    [
        "generic",
        AVX2,
        pytest.param("arm-neon", marks=pytest.mark.cross),
        pytest.param("cortex-m4", marks=pytest.mark.cross),
    ],
)
def test_rows_in_bands(target: str) -> None:
    check_nodes([*in_bands(F16, *CORES[target]), *in_bands(BF16, *CORES[target])], target, ulp=ROUNDED)


def test_numbers() -> None:
    check_nodes([*by_number(F16), *by_number(BF16)], ulp=ROUNDED)


def test_numbers_under_sanitizers_and_where_flash_counts() -> None:
    check_nodes(by_number(F16)[-8:], ulp=ROUNDED, sanitize=True)
    check_nodes(by_number(BF16)[-8:], ulp=ROUNDED, cc="clang", optimize="size")


@pytest.mark.parametrize("dtype", [F16, BF16], ids=str)
def test_arithmetic_rounds_once(dtype: DType) -> None:
    rng = np.random.default_rng(6)
    a, b = (rng.normal(size=(1, 5, 7, 9)).astype(dtype.np) for _ in range(2))
    checked = [Case(Binary(f, clamp=Range(-2, 2)), [a, b], f"{f}_{dtype}", f) for f in ARITHMETIC]
    check_nodes([*checked, Case(Binary("add"), [a, b[:, :1, :1]], f"add_{dtype}")], ulp=0)
