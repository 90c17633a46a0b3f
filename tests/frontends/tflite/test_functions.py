"""Functions of one number: f32, quantized integers and plain ones, as the judges compute them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.frontends.tflite.operators.functions import CASTABLE
from edgegen.ir.evaluate import evaluate
from edgegen.ir.tensor import Array
from tests.frontends.tflite.strategies import scales, zero_points
from tests.judge import check_against_judge, judge, judge_litert
from tests.models.tflite_builder import Operator, Options, Tensor, build_model, options

BYTES = {"INT8": np.arange(-128, 128).astype(np.int8), "UINT8": np.arange(256).astype(np.uint8)}
SHORTS = np.unique(np.append(np.arange(-32768, 32768, 37), [-1, 0, 1, 2, 32767])).astype(np.int16)
Quantization = tuple[float, int]
REALS = np.concatenate([np.linspace(-9, 9, 361), [0.0, -0.0, 1e-30, -1e-30, 0.5, 1.5, 2.5, -0.5, -1.5]])
GELU = options("GeluOptions", Approximate=False)
GELU_TANH = options("GeluOptions", Approximate=True)


def model(name: str, kind: str, x: Quantization, y: Quantization, size: int, opts: Options | None = None) -> bytes:
    tensors = [Tensor(n, kind, (size,), scale=q[0], zero_point=q[1]) for n, q in (("x", x), ("y", y))]
    return build_model(tensors, [Operator(name, ["x"], ["y"], opts)])


def plain(name: str, of: str, to: str, size: int, opts: Options | None = None) -> bytes:
    return build_model([Tensor("x", of, (size,)), Tensor("y", to, (size,))], [Operator(name, ["x"], ["y"], opts)])


def shorts() -> st.SearchStrategy[Quantization]:
    return st.tuples(scales(-5.0, -2.5), st.just(0))


def bytes_of(kind: str) -> st.SearchStrategy[Quantization]:
    return st.tuples(scales(-3.0, 0.0), zero_points(kind))


@pytest.mark.parametrize(
    ("name", "opts"),
    [
        ("ABS", None),
        ("CEIL", None),
        ("COS", None),
        ("ELU", None),
        ("EXP", None),
        ("FLOOR", None),
        ("LOG", None),
        ("NEG", None),
        ("ROUND", None),
        ("RSQRT", None),
        ("SIN", None),
        ("SQRT", None),
        ("SQUARE", None),
        ("SIGN", options("SignOptions")),
        ("GELU", GELU),
        ("GELU", GELU_TANH),
    ],
)
def test_f32(name: str, opts: Options | None) -> None:
    """Within 2e-7 of the largest result, once over all numbers and once over small ones."""
    by = judge_litert if name in ("SIGN", "GELU") else judge
    x = REALS.astype(np.float32)
    if name in ("LOG", "RSQRT", "SQRT"):
        x = np.abs(x) + np.float32(1e-3)
    for some in (x, x[np.abs(x) < 0.1]):
        check_against_judge(plain(name, "FLOAT32", "FLOAT32", some.size, opts), [some], 2e-7, by)


@settings(max_examples=20)
@given(bytes_of("INT8"), bytes_of("INT8"), shorts(), shorts())
def test_abs_elu_and_rsqrt(x: Quantization, y: Quantization, wide_x: Quantization, wide_y: Quantization) -> None:
    s8 = BYTES["INT8"]
    check_against_judge(model("ABS", "INT8", x, y, 256), [s8])
    check_against_judge(model("ABS", "INT16", wide_x, wide_y, SHORTS.size), [SHORTS])
    check_against_judge(model("ELU", "INT8", x, y, 256), [s8])
    positive = s8[s8 >= x[1]]
    check_against_judge(model("RSQRT", "INT8", x, y, positive.size), [positive])
    positive = SHORTS[SHORTS >= 0]
    check_against_judge(model("RSQRT", "INT16", wide_x, wide_y, positive.size), [positive])


@settings(max_examples=12)
@given(st.data(), shorts(), shorts())
def test_what_tensorflow_lite_tabulates(data: st.DataObject, wide_x: Quantization, wide_y: Quantization) -> None:
    x, y = data.draw(bytes_of("INT8")), data.draw(bytes_of("INT8"))
    s8, positive = BYTES["INT8"], SHORTS[SHORTS > 0]
    for opts in (GELU, GELU_TANH):
        u, v = data.draw(bytes_of("UINT8")), data.draw(bytes_of("UINT8"))
        check_against_judge(model("GELU", "INT8", x, y, 256, opts), [s8], by=judge_litert)
        check_against_judge(model("GELU", "UINT8", u, v, 256, opts), [BYTES["UINT8"]], by=judge_litert)
    check_against_judge(model("EXP", "INT8", x, y, 256), [s8], by=judge_litert)
    narrow_x = (min(wide_x[0], 1e-3), 0)  # where exp leaves f32, the judge's table is undefined
    check_against_judge(model("EXP", "INT16", narrow_x, wide_y, SHORTS.size), [SHORTS], by=judge_litert)
    check_against_judge(model("LOG", "INT8", x, y, 256), [s8], by=judge_litert)
    check_against_judge(model("LOG", "INT16", wide_x, wide_y, positive.size), [positive], by=judge_litert)


@settings(max_examples=12)
@given(shorts(), shorts(), st.floats(0, 2, width=32))
def test_activations_of_s16(x: Quantization, y: Quantization, alpha: float) -> None:
    leaky = options("LeakyReluOptions", Alpha=alpha)
    check_against_judge(model("LEAKY_RELU", "INT16", x, y, SHORTS.size, leaky), [SHORTS])
    check_against_judge(model("RELU", "INT16", x, y, SHORTS.size), [SHORTS])
    check_against_judge(model("RELU", "INT16", x, x, SHORTS.size), [SHORTS])
    check_against_judge(model("RELU6", "INT16", x, x, SHORTS.size), [SHORTS])
    for name in ("LOGISTIC", "TANH"):
        for scale in (x[0], 2.0**-12, 2.0**-11):
            check_against_judge(model(name, "INT16", (scale, 0), (2.0**-15, 0), SHORTS.size), [SHORTS])


@settings(max_examples=12)
@given(bytes_of("UINT8"), bytes_of("UINT8"))
def test_activations_of_u8(x: Quantization, y: Quantization) -> None:
    u8 = [BYTES["UINT8"]]
    for name in ("RELU", "RELU6", "RELU_N1_TO_1"):
        check_against_judge(model(name, "UINT8", x, x, 256), u8, by=judge_litert)
    check_against_judge(model("LOGISTIC", "UINT8", x, (1 / 256, 0), 256), u8, by=judge_litert)
    check_against_judge(model("TANH", "UINT8", x, (1 / 128, 128), 256), u8, by=judge_litert)
    if x[0] / 128 / y[0] < 0.99:
        hard_swish = options("HardSwishOptions")
        check_against_judge(model("HARD_SWISH", "UINT8", x, y, 256, hard_swish), u8, by=judge_litert)


def test_plain_integers_and_bool() -> None:
    least = np.array([-(2**31), -7, -1, 0, 1, 9, 2**31 - 1], np.int32)
    check_against_judge(plain("ABS", "INT16", "INT16", 5), [np.array([-32768, -3, 0, 4, 32767], np.int16)])
    check_against_judge(plain("ABS", "INT32", "INT32", 6), [least[1:]], by=judge_litert)
    check_against_judge(plain("NEG", "INT32", "INT32", 6), [least[1:]], by=judge_litert)
    check_against_judge(plain("NEG", "INT64", "INT64", 7), [least.astype(np.int64) << 20], by=judge_litert)
    check_against_judge(plain("SIGN", "INT32", "INT32", 7, options("SignOptions")), [least], by=judge_litert)
    check_against_judge(plain("LOGICAL_NOT", "BOOL", "BOOL", 3), [np.array([True, False, True])])


NAMES = {
    **{"s8": "INT8", "u8": "UINT8", "s16": "INT16", "u16": "UINT16", "s32": "INT32", "u32": "UINT32"},
    **{"s64": "INT64", "u64": "UINT64", "bool": "BOOL"},
    **{"f16": "FLOAT16", "f32": "FLOAT32", "f64": "FLOAT64"},
}


@pytest.mark.parametrize("of", [t for t in CASTABLE if t != "u64"])  # the judge has no u64
def test_cast(of: str) -> None:
    numbers = [-(2**31), -70000, -32769, -129, -3, -1, 0, 1, 5, 128, 255, 256, 40000, 65537, 2**31 - 1]
    for to in CASTABLE:
        if to == "u64":
            continue
        x: Array = np.array([-99.9, -1.5, -0.3, 0.0, 0.7, 1.0, 2.5, 99.9] if of[0] == "f" else numbers)
        x = x.astype(np.dtype(NAMES[of].lower()))
        if of[0] == "f" and to != "bool" and to[0] != "f":  # only numbers that the result's type holds have a meaning
            limits = np.iinfo(NAMES[to].lower())
            x = x[(x.astype(float) >= limits.min) & (x.astype(float) <= limits.max)]
        check_against_judge(plain("CAST", NAMES[of], NAMES[to], x.size), [x], by=judge_litert)


def test_zeros_like() -> None:
    for kind in ("FLOAT32", "INT32", "INT64"):
        x = np.arange(4).astype(kind.lower())
        data = plain("ZEROS_LIKE", kind, kind, 4)
        (y,) = evaluate(read_tflite(data, "m", {}), [x])
        np.testing.assert_array_equal(y, judge(data, [x])[0])


def test_other_types_are_refused_by_name() -> None:
    for name, kind in (
        ("SIN", "INT32"),
        ("ROUND", "INT8"),
        ("NEG", "UINT8"),
        ("SQRT", "INT8"),
        ("GELU", "INT32"),
        ("LOGICAL_NOT", "INT8"),
    ):
        with pytest.raises(UnsupportedModel, match=f'{name} "y": .* is not supported'):
            read_tflite(plain(name, kind, kind, 2), "m", {})
    with pytest.raises(UnsupportedModel, match="f32 to complex is not supported"):
        read_tflite(plain("CAST", "FLOAT32", "COMPLEX64", 2), "m", {})
    with pytest.raises(UnsupportedModel, match="1/32768"):
        read_tflite(model("TANH", "INT16", (0.001, 0), (0.001, 0), 2), "m", {})
    with pytest.raises(UnsupportedModel, match="beyond 16 bits"):
        read_tflite(model("LOGISTIC", "INT16", (3.0, 0), (2.0**-15, 0), 2), "m", {})
    with pytest.raises(UnsupportedModel, match="zero point"):
        read_tflite(model("EXP", "INT16", (0.001, 3), (0.001, 0), 2), "m", {})
