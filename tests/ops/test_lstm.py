"""Lstm: every row computes what the operator defines, in all forms, whether states are rewritten in place or not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32
from edgegen.ir.fixed_point import FixedPoint, WideFixedPoint
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.gates import WeightScales
from edgegen.ops.lstm import Lstm
from edgegen.ops.lstm.basic import BasicGates
from edgegen.ops.lstm.integer import IntegerGates
from edgegen.ops.unary_tables import Sigmoid16
from tests.dsp_host import check_nodes_on_host
from tests.harness import Case, Input, check_nodes, constant_input
from tests.x86 import X86

ULP = 64  # what single precision adds up to over a few steps


@dataclass(frozen=True)
class Form:
    """What an LSTM has beside its weights."""

    gates: int = 4
    bias: bool = True
    peepholes: bool = False
    norms: bool = False
    projection: int = 0
    projection_bias: bool = False


def float_case(op: Lstm, sizes: tuple[int, int, int, int], form: Form, row: str = "lstm_f32") -> Case:
    """sizes: steps, batch, inputs, cells"""
    steps, batch, depth, cells = sizes
    rng = np.random.default_rng(sum(sizes) + form.gates)
    units, outputs = form.gates * cells, form.projection or cells

    def some(*shape: int, scale: float = 1.0) -> Array:
        return (rng.standard_normal(shape) * scale).astype(np.float32)

    def given(there: object, *shape: int) -> Input:
        return constant_input(some(*shape)) if there else None

    inputs: list[Input] = [
        some(*((steps, batch) if op.time_major else (batch, steps)), depth),
        some(batch, outputs),
        some(batch * cells),
        constant_input(some(units, depth, scale=depth**-0.5)),
        constant_input(some(units, outputs, scale=outputs**-0.5)),
        given(form.bias, units),
        given(form.peepholes, units - cells),
        given(form.norms, units),
        given(form.projection, outputs, cells),
        given(form.projection_bias, outputs),
    ]
    return Case(op, inputs, row, f"{op} {sizes} {form}")


def float_cases(row: str = "lstm_f32") -> list[Case]:
    return [
        float_case(Lstm(), (3, 1, 5, 6), Form(), row),
        float_case(Lstm(time_major=False, cell_clip=0.5), (2, 3, 4, 7), Form(bias=False), row),
        float_case(Lstm(reverse=True), (3, 2, 1, 1), Form(gates=3), row),
        float_case(Lstm(False, True, projection_clip=0.3), (2, 2, 3, 5), Form(3, True, True, True, 3, True), row),
        float_case(Lstm(), (2, 2, 9, 6), Form(peepholes=True, projection=7), row),
        float_case(Lstm(candidate="relu", result="relu_n1_to_1"), (3, 1, 8, 9), Form(norms=True), row),
        float_case(Lstm(candidate="none", result="relu6"), (2, 1, 3, 4), Form(gates=3, bias=False), row),
        float_case(Lstm(candidate="logistic", result="tanh"), (1, 1, 3, 4), Form(), row),
    ]


def hybrid_cases() -> list[Case]:
    """Weights of s8; what single precision adds up to hardly ever quantizes to another number."""
    forms = [
        (Lstm(cell_clip=1.5), (3, 2, 5, 6), Form()),
        (Lstm(time_major=False), (2, 2, 4, 3), Form(3, True, True, True, 5, True)),
        (Lstm(reverse=True, projection_clip=0.4), (2, 1, 7, 4), Form(peepholes=True, projection=3)),
    ]
    made = []
    for asymmetric in (False, True):
        for op, sizes, form in forms:
            case = float_case(op, sizes, form, "lstm_hybrid_asymmetric" if asymmetric else "lstm_hybrid")
            scales = [0.004 * (1 + g / 10) for g in range(form.gates)]
            how = WeightScales(tuple(scales), tuple(scales[::-1]), 0.006 if form.projection else 0.0, asymmetric)
            inputs = list(case.inputs)
            rng = np.random.default_rng(1)
            for i in (3, 4, 8):
                weights = inputs[i]
                if weights is not None:
                    inputs[i] = constant_input(rng.integers(-127, 128, weights.shape).astype(np.int8))
            made.append(replace(case, op=replace(op, scales=how), inputs=inputs))
    return made


def integer_case(
    dtype: str, sizes: tuple[int, int, int, int], row: str, clip: int = 0, extreme: bool = False, **how: bool
) -> Case:
    """sizes: steps, batch, inputs, cells; extreme: weights of -128 beside negative ones"""
    steps, batch, depth, cells = sizes
    rng = np.random.default_rng(sum(sizes))
    limits = np.iinfo(dtype)
    wide = dtype == "int16"
    scheme, reach = (WideFixedPoint, 32767) if wide else (FixedPoint, 127)
    gates = IntegerGates(
        0 if wide else 3,
        0 if wide else -6,
        scheme.from_scales([2000 * (1 + 0.2 * g) / (73 * reach * depth**0.5) for g in range(4)], 0),
        scheme.from_scales([2000 * (1 + 0.3 * g) / (73 * reach * cells**0.5) for g in range(4)], 0),
        FixedPoint.from_scales([2.0**-15], 0),
        FixedPoint.from_scales([2.0**-18], 0),
        FixedPoint.from_scales([1.1 * reach * 2.0**-30], 0 if wide else -6),
        Sigmoid16("tanh", 3, 1),
        clip,
    )
    op = Lstm(integers=gates, **how)

    def some(shape: tuple[int, ...], kind: str) -> Array:
        return rng.integers(np.iinfo(kind).min, np.iinfo(kind).max + 1, shape).astype(kind)

    weights = np.array([-128, -1, 99]) if extreme else np.arange(-127, 128)
    bias = rng.integers(-20 * limits.max, 20 * limits.max, 4 * cells).astype("int64" if wide else "int32")
    inputs: list[Input] = [
        some((*((steps, batch) if op.time_major else (batch, steps)), depth), dtype),
        some((batch, cells), dtype),
        some((batch, cells), "int16"),
        *(constant_input(rng.choice(weights, (4 * cells, n)).astype(np.int8)) for n in (depth, cells)),
        constant_input(bias) if batch > 1 else None,
    ]
    return Case(op, inputs, row, f"{dtype} {sizes} {how}")


def integer_cases(dtype: str, row: str) -> list[Case]:
    return [
        integer_case(dtype, (3, 1, 8, 4), row),
        integer_case(dtype, (2, 3, 5, 7), row, clip=9000, time_major=False),
        integer_case(dtype, (4, 2, 1, 1), row, reverse=True),
        integer_case(dtype, (2, 2, 12, 6), row, time_major=False, reverse=True),
        integer_case(dtype, (2, 1, 5, 3), row, extreme=True),
    ]


def basic_case(sizes: tuple[int, int, int, int], w_zero: int) -> Case:
    """sizes: steps, batch, inputs, cells"""
    steps, batch, depth, cells = sizes
    rng = np.random.default_rng(sum(sizes))
    shapes = ((steps, batch, depth), (batch, cells), (4 * cells, depth), (4 * cells, cells))
    x, h, w, r = (rng.integers(0, 256, s).astype(np.uint8) for s in shapes)
    c = rng.integers(-32768, 32768, (batch, cells)).astype(np.int16)
    bias = rng.integers(-99999, 99999, 4 * cells).astype(np.int32)
    op = Lstm(integers=BasicGates(w_zero, FixedPoint.from_scales([0.2], 0)))
    constants = [constant_input(a) for a in (w, r, bias)]
    return Case(op, [x, h, c, *constants], "lstm_u8", f"basic {sizes}")


def portable_cases() -> list[Case]:
    integers = [*integer_cases("int8", "lstm_s8"), *integer_cases("int16", "lstm_s16")]
    return [*float_cases(), *hybrid_cases(), *integers, basic_case((3, 2, 5, 4), 117), basic_case((1, 1, 1, 1), 0)]


@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_portable(cc: str) -> None:
    check_nodes(portable_cases(), "generic", ulp=ULP, cc=cc, sanitize=cc == "gcc")


def test_dsp_rows_in_c() -> None:
    check_nodes_on_host([*float_cases("lstm_f32_dsp"), *integer_cases("int8", "lstm_s8_dsp")], ulp=ULP)


@pytest.mark.parametrize("target", X86[:1])
def test_x86(target: str) -> None:
    check_nodes(float_cases("lstm_f32_avx2"), target, ulp=ULP, sanitize=True)


@pytest.mark.cross
def test_neon() -> None:
    check_nodes(float_cases("lstm_f32_neon"), "arm-neon", ulp=ULP, sanitize=True)


@pytest.mark.cross
def test_cortex_m4() -> None:
    floats = [*float_cases("lstm_f32_dsp"), *hybrid_cases()]
    integers = [*integer_cases("int8", "lstm_s8_dsp"), *integer_cases("int16", "lstm_s16")]
    check_nodes([*floats, *integers, basic_case((2, 1, 3, 4), 128)], "cortex-m4", ulp=ULP, sanitize=True)


def test_activations_are_accurate_and_keep_what_is_no_number() -> None:
    """Weights of 1 and gates that are wide open leave the candidate's activation of x in the cell state."""
    x = np.concatenate([np.linspace(-20, 20, 4001), [np.nan, 1e-30, -1e-6, 90, -200]])
    x = x.astype(np.float32).reshape(1, -1, 1)
    count = x.shape[1]
    weights, recurrent = np.array([[0], [0], [1], [0]], np.float32), np.zeros((4, 1), np.float32)
    bias = np.array([80, -80, 0, 80], np.float32)
    constants = [constant_input(a) for a in (weights, recurrent, bias)]
    states = [np.zeros((count, 1), np.float32)] * 2
    for name in ("tanh", "logistic"):
        case = Case(Lstm(candidate=name, result="none"), [x, *states, *constants], "lstm_f32")
        (run,) = check_nodes([case], "generic", ulp=4)
        want = np.tanh(x.astype(np.float64)) if name == "tanh" else 1 / (1 + np.exp(-x.astype(np.float64)))
        np.testing.assert_allclose(run.outputs[2].reshape(x.shape), want, rtol=4e-7, atol=1e-37)


def test_what_does_not_fit_is_invalid() -> None:
    def of(*shape: int) -> TensorType:
        return TensorType(F32, shape)

    x, h, w, r = of(3, 1, 5), of(1, 2), of(8, 5), of(8, 2)
    assert Lstm().macs(x, h, h, w, r) == 3 * 8 * 7
    with pytest.raises(InvalidGraph, match="3 or 4 gates"):
        Lstm().infer(x, h, h, of(10, 5), of(10, 2))
    with pytest.raises(InvalidGraph, match="not states"):
        Lstm().infer(x, of(1, 3), h, w, r)
    with pytest.raises(InvalidGraph, match="must be sequences"):
        Lstm().infer(of(3, 5), h, h, w, r)
    with pytest.raises(InvalidGraph, match="has the shape"):
        Lstm().infer(x, h, h, w, r, of(7))
    with pytest.raises(InvalidGraph, match="must be of"):
        Lstm(candidate="sine").infer(x, h, h, w, r)
