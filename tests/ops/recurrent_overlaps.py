"""Recurrent layers whose output lies over the sequence that they read, for every row, by target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ops.gru import Gru
from edgegen.ops.lstm import Lstm
from edgegen.ops.lstm.fixed import FixedGates
from edgegen.ops.rnn import Rnn
from tests.harness import Case, Input, constant_input
from tests.ops.test_gru import general_cases, gru_case
from tests.ops.test_lstm import Form, basic_case, float_case, hybrid_cases, integer_case
from tests.ops.test_rnn import case as rnn_case
from tests.ops.test_rnn import hybrid_cases as rnn_hybrid_cases
from tests.ops.test_svdf import float_case as svdf_float
from tests.ops.test_svdf import hybrid_case as svdf_hybrid
from tests.ops.test_svdf import integer_case as svdf_integer
from tests.overlapping import Overlapping

ULP = 64  # what single precision adds up to over a few steps

SEQUENCES = (
    ((5, 1, 9, 6), True, False),
    ((3, 2, 22, 19), False, True),
    ((3, 2, 5, 17), True, True),
    ((2, 3, 20, 18), False, False),
    ((3, 2, 12, 8), True, False),
    ((2, 1, 40, 21), True, False),
)
"""(steps, batch, inputs, outputs), by time, in reverse: rows of x longer and shorter than those of y."""


def _floats(suffix: str) -> list[Case]:
    lstm, gru, rnn = (f"{kind}_f32{suffix}" for kind in ("lstm", "gru", "rnn"))
    cases = []
    for i, (sizes, by_time, reverse) in enumerate(SEQUENCES):
        form = Form(3 if i % 2 else 4, peepholes=i == 2)
        cases += [
            float_case(Lstm(by_time, reverse), sizes, form, lstm),
            gru_case(Gru(by_time, reverse, reset_after=i % 2 == 0), sizes, gru),
            gru_case(Gru(by_time, reverse, reset_after=i % 2 == 1), sizes, gru),
            rnn_case(Rnn(by_time, reverse), sizes, rnn),
        ]
    return [
        *cases,
        float_case(Lstm(), (3, 2, 20, 18), Form(projection=17), lstm),
        float_case(Lstm(reverse=True), (3, 2, 20, 18), Form(norms=True), lstm),
        float_case(Lstm(False), (3, 2, 9, 7), Form(3, norms=True, projection=5), lstm),
    ]


def _integers(dtype: str, row: str) -> list[Case]:
    return [
        integer_case(dtype, sizes, row, time_major=by_time, reverse=reverse) for sizes, by_time, reverse in SEQUENCES
    ]


def fixed_case(sizes: tuple[int, int, int, int], norms: bool, projection: int, **how: bool) -> Case:
    """LiteRT's arithmetic. sizes: steps, batch, inputs, cells"""
    steps, batch, depth, cells = sizes
    rng = np.random.default_rng(sum(sizes))
    outputs = projection or cells
    gates = FixedGates(
        3,
        -6,
        FixedPoint.from_scales([2000 * (1 + 0.2 * g) / (73 * 127 * depth**0.5) for g in range(4)], 0),
        FixedPoint.from_scales([2000 * (1 + 0.3 * g) / (73 * 127 * outputs**0.5) for g in range(4)], 0),
        None,
        FixedPoint.from_scales([2.0**-3] * 4, 0) if norms else None,
        (1,) * 4 if norms else (),
        4,
        FixedPoint.from_scales([1.1 * 127 * 2.0**-30], -6),
        FixedPoint.from_scales([1 / (60 * cells**0.5)], -6) if projection else None,
    )
    op = Lstm(integers=gates, **how)

    def some(*shape: int) -> Input:
        return rng.integers(-128, 128, shape).astype(np.int8)

    def given(*shape: int, kind: type[np.integer] = np.int8, reach: int = 127) -> Input:
        return constant_input(rng.integers(-reach, reach + 1, shape).astype(kind))

    inputs: list[Input] = [
        some(*((steps, batch) if op.time_major else (batch, steps)), depth),
        some(batch, outputs),
        rng.integers(-32768, 32768, (batch, cells)).astype(np.int16),
        given(4 * cells, depth),
        given(4 * cells, outputs),
        given(4 * cells, kind=np.int32, reach=2000),
        None,
        given(4 * cells, kind=np.int16, reach=9000) if norms else None,
        given(projection, cells) if projection else None,
        None,
    ]
    return Case(op, inputs, "lstm_fixed", f"fixed {sizes} norms {norms} projection {projection}")


def _fixed() -> list[Case]:
    cases = [
        fixed_case(sizes, norms=False, projection=0, time_major=by_time, reverse=reverse)
        for sizes, by_time, reverse in SEQUENCES
    ]
    projected = (fixed_case((3, 2, 9, 7), norms, projection) for norms, projection in ((False, 5), (True, 0)))
    return [*cases, *projected]


def _hybrids() -> list[Case]:
    return [*hybrid_cases(), *rnn_hybrid_cases()]


def _svdf() -> list[Case]:
    shapes = ((2, 13, 6, 2, 5), (2, 16, 4, 1, 3), (3, 3, 5, 1, 2))
    return [
        *(
            svdf_integer(s, kind, f"svdf_s8_s{8 * np.dtype(kind).itemsize}")
            for s in shapes
            for kind in ("int8", "int16")
        ),
        *(svdf_float(s, bias=True) for s in shapes),
        *(svdf_hybrid(s, asymmetric) for s in shapes for asymmetric in (False, True)),
    ]


def _overlapping(cases: Sequence[Case], tight: bool = True) -> list[Overlapping]:
    return [Overlapping(case, tight, ULP) for case in cases]


def generic() -> list[Overlapping]:
    integers = [*_integers("int8", "lstm_s8"), *_integers("int16", "lstm_s16"), *_fixed()]
    basic = [basic_case((3, 2, 5, 4), 117), basic_case((2, 1, 9, 4), 3)]
    exact = _overlapping([*_floats(""), *_hybrids(), *integers, *basic, *_svdf()])
    return [*exact, *_overlapping(general_cases(), tight=False)]  # what lengths of their own leave out is not read


def cortex_m4() -> list[Overlapping]:
    shapes = ((2, 8, 4, 1, 8), (2, 13, 6, 2, 5), (3, 8, 70, 1, 3), (2, 16, 37, 3, 4))
    svdf = [svdf_integer(s, "int16", "svdf_s8_s16_dsp") for s in shapes]
    long = integer_case("int8", (2, 2, 36, 40), "lstm_s8_dsp")
    return _overlapping([*_floats("_dsp"), *_integers("int8", "lstm_s8_dsp"), long, *svdf])


def arm_neon() -> list[Overlapping]:
    return _overlapping(_floats("_neon"))


def x86_avx2() -> list[Overlapping]:
    return _overlapping(_floats("_avx2"))
