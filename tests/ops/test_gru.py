"""Gru, and the forms of recurrent layers that the general rows compute, on every core."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32, S32
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.gru import Gru
from edgegen.ops.lstm import Lstm
from edgegen.ops.recurrent import Activation, General
from edgegen.ops.rnn import Rnn
from edgegen.targets import Optimize
from tests.dsp_host import check_nodes_on_host
from tests.harness import Case, Input, check_nodes, constant_input
from tests.x86 import X86

ULP = 64  # what single precision adds up to over a few steps


def _some(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def gru_case(op: Gru, sizes: tuple[int, int, int, int], row: str) -> Case:
    """sizes: steps, batch, inputs, outputs. Lengths are given, and weights are inputs, where the row is the general."""
    steps, batch, depth, units = sizes
    x = _some(1, *((steps, batch) if op.time_major else (batch, steps)), depth)
    weights = [_some(2, 3 * units, depth), _some(3, 3 * units, units), _some(4, 4 * units)]
    inputs: list[Input] = [x, _some(5, batch, units)]
    if row.endswith("general"):
        lengths = np.arange(batch, dtype=np.int32) * 2 % (steps + 1)
        return Case(op, [*inputs, *weights, lengths], row, f"{op} {sizes}")
    return Case(op, [*inputs, *map(constant_input, weights)], row, f"{op} {sizes}")


def gru_cases(row: str) -> list[Case]:
    return [
        gru_case(Gru(), (3, 1, 5, 6), row),
        gru_case(Gru(time_major=False, reset_after=True), (3, 2, 4, 7), row),
        gru_case(Gru(reverse=True, candidate="relu"), (2, 3, 1, 1), row),
        gru_case(Gru(False, True, True, "none"), (2, 2, 9, 17), row),
    ]


def general_cases() -> list[Case]:
    odd = tuple(Activation(n, 0.4, 0.7) for n in ("hard_sigmoid", "scaled_tanh", "softplus"))
    more = tuple(Activation(n, 0.4, 0.7) for n in ("softsign", "elu", "affine"))
    lengths = np.array([2, 3, 0], np.int32)
    x, h, c = _some(1, 3, 3, 5), _some(2, 3, 4), _some(3, 3, 4)
    lstm: list[Input] = [
        x,
        h,
        c,
        _some(4, 16, 5),
        _some(5, 16, 4),
        _some(6, 16),
        _some(7, 12),
        None,
        None,
        None,
        lengths,
    ]
    coupled: list[Input] = [*lstm[:3], _some(4, 12, 5), _some(5, 12, 4), _some(6, 12), _some(7, 8), *lstm[7:]]
    rnn: list[Input] = [x, h, _some(4, 4, 5), _some(5, 4, 4), _some(6, 4), lengths]
    return [
        *gru_cases("gru_f32_general"),
        gru_case(Gru(general=General(odd[:2], 0.8)), (2, 2, 3, 4), "gru_f32_general"),
        Case(Lstm(), lstm, "lstm_f32_general", "lstm"),
        Case(Lstm(reverse=True, general=General(odd)), lstm, "lstm_f32_general", "odd activations"),
        Case(Lstm(general=General(more, 0.5)), coupled, "lstm_f32_general", "three gates, clipped"),
        Case(Rnn(activation="logistic"), rnn, "rnn_f32_general", "rnn"),
        *(
            Case(Rnn(reverse=True, general=General((Activation(n, 0.3),))), rnn, "rnn_f32_general", n)
            for n in ("leaky_relu", "thresholded_relu")
        ),
    ]


@pytest.mark.parametrize("optimize", ["speed", "size"])
def test_portable_rows(optimize: Optimize) -> None:
    check_nodes([*gru_cases("gru_f32"), *general_cases()], ulp=ULP, optimize=optimize, cc="clang")


def test_no_access_beyond_the_operands() -> None:
    check_nodes([*gru_cases("gru_f32"), *general_cases()], ulp=ULP, sanitize=True)
    check_nodes_on_host(gru_cases("gru_f32_dsp"), ulp=ULP)


@pytest.mark.parametrize("target", X86[:1])
def test_avx2_rows(target: str) -> None:
    check_nodes(gru_cases("gru_f32_avx2"), target, ulp=ULP, sanitize=True)


@pytest.mark.cross
@pytest.mark.parametrize(("target", "row"), [("cortex-m4", "gru_f32_dsp"), ("arm-neon", "gru_f32_neon")])
def test_other_cores(target: str, row: str) -> None:
    check_nodes([*gru_cases(row), *general_cases()], target, ulp=ULP)


def test_what_does_not_fit_is_refused() -> None:
    x, h, w, r, b = (TensorType(F32, s) for s in ((3, 1, 5), (1, 4), (12, 5), (12, 4), (16,)))
    Gru().infer(x, h, w, r, b)
    with pytest.raises(InvalidGraph, match="bias"):
        Gru().infer(x, h, w, r, TensorType(F32, (12,)))
    with pytest.raises(InvalidGraph, match="do not fit"):
        Gru().infer(x, TensorType(F32, (2, 4)), w, r, b)
    with pytest.raises(InvalidGraph, match="lengths"):
        Gru().infer(x, h, w, r, b, TensorType(S32, (3,)))
    with pytest.raises(InvalidGraph, match="1 activations, not 2"):
        Gru(general=General((Activation("tanh"),))).infer(x, h, w, r, b)
    with pytest.raises(InvalidGraph, match="swish"):
        Gru(general=General((Activation("swish"),) * 2)).infer(x, h, w, r, b)
