"""Nodes whose result takes over the bytes of an input, for every row that declares `in_place`, by target."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from edgegen.ir.dtypes import BOOL, DTYPES, SMALL_INTEGERS
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Range
from edgegen.ir.tensor import Array
from edgegen.ops.audio.noise import GAINS, Pcan, SpectralSubtraction
from edgegen.ops.audio.scaling import AutoScale, Taper
from edgegen.ops.binary import Binary
from edgegen.ops.cast import Cast
from edgegen.ops.clamp import Clamp
from edgegen.ops.cumulate import Cumulate
from edgegen.ops.elements import ScatterElements
from edgegen.ops.fake_quantize import FakeQuantize
from edgegen.ops.l2_normalize import L2Normalize
from edgegen.ops.log_softmax import LogSoftmax
from edgegen.ops.prelu import Prelu
from edgegen.ops.quantize_rows import QuantizeRows
from edgegen.ops.requantize import Dequantize, Quantize, Requantize
from edgegen.ops.scaled_binary import ScaledBinary
from edgegen.ops.scaled_softmax import ScaledSoftmax
from edgegen.ops.scatter_nd import Reduction, ScatterNd
from edgegen.ops.slice import Slice
from edgegen.ops.softmax import Softmax
from edgegen.ops.standardize import Standardize
from edgegen.ops.unary import Unary
from edgegen.ops.unary.op import INTEGER_FUNCTIONS
from edgegen.ops.unary_quantized import Magnitude, ReciprocalRoot, TwoSlopes
from edgegen.ops.unary_tables import Sigmoid16, interpolated
from edgegen.ops.update_slice import UpdateSlice
from tests.harness import Case
from tests.overlapping import Overlapping

COUNT = 43  # no multiple of any vector's elements
COUNTS = (COUNT, 160, 11)  # of rows that take vectors and then what is left


def factor(real: float, zero: int = 0) -> FixedPoint:
    return FixedPoint.from_scales([real], zero)


def values(dtype: str, shape: tuple[int, ...] = (COUNT,), seed: int = 0) -> Array:
    """Numbers of all magnitudes and signs that the type has; floats between -1 and 1, none of them 0."""
    rng = np.random.default_rng([seed, *shape])
    of = DTYPES[dtype]
    if of == BOOL:
        return np.asarray(rng.integers(0, 2, shape) == 1)
    if of in SMALL_INTEGERS:
        return rng.integers(0, 1 << int(dtype[1:]), shape, np.uint8).view(of.np)
    if of.is_float:
        return (rng.uniform(0.05, 0.95, shape) * rng.choice([-1, 1], shape)).astype(of.np)
    low, high = of.range
    return rng.integers(low, high, shape, of.np, endpoint=True)


def quantized_sum(function: str, dtype: str) -> Binary:
    """add, sub or squared_difference whose results fill the type."""
    shift = 20 if dtype == "s8" else 15
    y = {"add": 0.6, "sub": 0.6, "squared_difference": 0.006 if dtype == "s8" else 2e-5}[function]
    if function == "squared_difference":
        return Binary(function, 3 if dtype == "s8" else 0, 0, 7, factor(0.5), factor(0.3), factor(y * 2.0**-14))
    zeros = (-7, 12, -12) if dtype == "s8" else (0, 0, 0)
    rescale = factor(0.5), factor(0.31)
    return Binary(function, zeros[0], zeros[1], shift, *rescale, factor(y * 2.0 ** (1 - shift), zeros[2]))


def linear_sum() -> Binary:
    """An add whose rescalings together are exactly one linear form, which vectors compute."""
    twice = 2 * 0.023517
    requantize = factor(twice / ((1 << 20) * 0.031044), -128)
    return Binary("add", -128, 4, 20, factor(0.023517 / twice), factor(0.015711 / twice), requantize)


def _binary(name: str, op: Binary, dtype: str) -> Case:
    a, b = values(dtype, seed=1), values(dtype, seed=2)
    if op.function in ("shift_left", "shift_right"):
        b = b % 9
    if op.function == "pow" and DTYPES[dtype].is_float:
        a = np.abs(a)
    return Case(op, [a, b], name, name)


def _arithmetic(wanted: re.Pattern[str]) -> Iterator[Case]:
    """One case for each function and type of Binary's rows of some instruction set."""
    for name in dict.fromkeys(row.name for row in Binary.kernels if row.in_place):
        found = wanted.fullmatch(name)
        if found is None:
            continue
        function, dtype = found.groups()
        quantized = dtype in ("s8", "s16") and function not in ("maximum", "minimum")
        if function == "linear":
            yield _binary(name, linear_sum(), dtype)
        elif quantized and function in ("mul", "div"):
            op = Binary(function, 3, 4, requantize=factor(0.004 if function == "mul" else 3.0, -20))
            yield _binary(
                name, op if dtype == "s8" else replace(op, a_zero=0, b_zero=0, requantize=factor(4e-5)), dtype
            )
        else:
            yield _binary(name, quantized_sum(function, dtype) if quantized else Binary(function), dtype)


def _functions() -> Iterator[Case]:
    quantized: dict[str, Unary] = {
        "leaky_relu_s16": Unary("leaky_relu", quantized=TwoSlopes(0, factor(1.3), factor(0.2))),
        "magnitude_s16": Unary("abs", quantized=Magnitude(0, factor(1.3))),
        "rsqrt_s16": Unary("rsqrt", quantized=ReciprocalRoot(0, factor(0.9 / 2**7))),
        "interpolate_s16": Unary("exp", quantized=interpolated(np.exp, 3e-4, 1.0)),
        "logistic_s16": Unary("logistic", quantized=Sigmoid16("logistic", 20000, 0)),
        "tanh_s16": Unary("tanh", quantized=Sigmoid16("tanh", 20000, 0)),
        "lookup_8": Unary("leaky_relu", quantized=TwoSlopes(4, factor(1.3, -8), factor(0.2, -8))),
    }
    for row in (k for k in Unary.kernels if not k.requires):
        function, dtype = row.name.rsplit("_", 1)
        op = quantized.get(row.name, Unary(function, 0.25))
        x = values("s8" if dtype == "8" else dtype)
        if function in ("log", "rsqrt", "sqrt", "acosh"):
            x = np.abs(x)
        if function == "acosh":
            x = x + 1
        yield Case(op, [x], row.name, row.name)
    assert set(INTEGER_FUNCTIONS) == {"abs", "neg", "sign"}  # which read and write integers as they are


def _casts() -> Iterator[Case]:
    """Every type to those of its size, and to larger and smaller ones of some; of numbers that they hold."""
    some = {"s8", "f8e4m3fn", "s16", "f16", "s32", "f32", "s64", "f64"}
    for of in DTYPES.values():
        for to in (t for t in DTYPES.values() if t.size == of.size or {t.name, of.name} <= some):
            saturating = to.name.startswith(("f8e4", "f8e5"))
            x = values(of.name)
            for saturate in (True, False) if saturating else (True,):
                name = f"cast_{of}_{to}" + ("" if saturate else "_unsaturated")
                yield Case(Cast(to.name, saturate), [x], name, name)


def _scatters() -> Iterator[Case]:
    """Of elements and of rows, by indices of which some lie outside."""
    rng = np.random.default_rng(5)
    for op, kernels in ((ScatterElements, ScatterElements.kernels), (ScatterNd, ScatterNd.kernels)):
        for row in kernels:
            dtype, index, _ = row.signature.split(" -> ")[0].split()
            reduction = _reduction(row.name)
            bytes_ = {"x1": "s8", "x2": "s16", "x4": "f32", "x8": "s64"}
            x = values(bytes_.get(dtype, dtype), (6, 5))
            shape = (7, 5) if op is ScatterNd else (5, 4)
            indices = rng.integers(-7, 7, shape if op is ScatterElements else (7, 1))
            updates = values(bytes_.get(dtype, dtype), shape, 3)
            yield Case(op(reduction=reduction), [x, indices.astype(DTYPES[index].np), updates], row.name, row.name)


def _reduction(name: str) -> Reduction:
    found: dict[str, Reduction] = {f"_{r}_": r for r in ("add", "mul", "max", "min")}
    return next((r for part, r in found.items() if part in name), "none")


def softmax(scale: float = 0.1) -> Softmax:
    """Of s8, with TFLM's preparation of beta times this scale."""
    difference = factor(scale * 2**26)
    return Softmax(difference=difference, diff_min=-(31 * 2**26 >> difference.shift[0]))


def _normalizations() -> Iterator[Case]:
    shape = (3, 17)
    yield Case(softmax(), [values("s8", shape)], "softmax_s8")
    yield Case(Softmax(difference=factor(0.3)), [values("s16", shape)], "softmax_s16")
    yield Case(ScaledSoftmax(0.11, 1 / 256, -128), [values("s8", shape)], "scaled_softmax_s8")
    for t in ("f32", "f64", "f16", "bf16"):
        yield Case(Softmax(), [values(t, shape)], f"softmax_{t}")
    difference = factor(0.2 * 2**26)
    shift = difference.shift[0]
    whole = LogSoftmax(difference, -(31 * 2**26 >> shift), factor((1 << (31 - shift)) / difference.multiplier[0]))
    yield Case(whole, [values("s8", shape)], "log_softmax_s8")
    yield Case(LogSoftmax(), [values("f32", shape)], "log_softmax_f32")
    yield Case(L2Normalize(-5), [values("s8", shape)], "l2_normalize_s8")
    yield Case(L2Normalize(), [values("f32", shape)], "l2_normalize_f32")
    for t in ("f32", "f64"):
        x, scale, bias = values(t, shape), values(t, (17,), 1), values(t, (17,), 2)
        yield Case(Standardize(), [x], f"standardize_{t}")
        yield Case(Standardize(1e-3), [x, scale, bias], f"standardize_scale_bias_{t}")
        yield Case(Standardize(1e-3, False), [x, scale, None], f"standardize_scale_{t}")
    for t in ("f32", "f64", "s32", "s64"):
        for function, name in (("sum", "cumulate"), ("prod", "cumulate_product")):
            for exclusive, reverse in ((False, False), (True, True), (True, False)):
                yield Case(Cumulate(1, exclusive, reverse, function), [values(t, (3, 7, 2))], f"{name}_{t}")


def _conversions() -> Iterator[Case]:
    reals = (values("f32") * 40).astype(np.float32)
    for dtype in ("s8", "u8", "s16"):
        yield Case(Quantize(0.25, 7, dtype), [reals], f"quantize_f32_{dtype}")
        yield Case(Dequantize((0.25,), (7,)), [values(dtype)], f"dequantize_{dtype}_f32")
    yield Case(FakeQuantize(-6.0, 3.0, 0.25), [reals / 4], "fake_quantize_f32")
    for row in Requantize.kernels:
        if row.header == "requantize":
            of, to = row.signature.split(" -> ")
            gain = 2.0 ** (8 * (DTYPES[to].size - DTYPES[of].size))
            yield Case(Requantize(factor(0.9 * gain), 0, to), [values(of)], row.name)
    yield Case(Requantize(factor(1.0, 128), 0, "u8"), [values("s8")], "flip_sign_8")
    for dtype, clamp in (("s8", Range(-100, 17)), ("u8", Range(3, 200)), ("s16", Range(-300, 1000))):
        yield Case(Clamp(clamp), [values(dtype)], f"clamp_{dtype}")
    for dtype in ("f32", "f16", "bf16"):
        yield Case(Clamp(Range(-0.5, 0.25)), [values(dtype)], f"clamp_{dtype}")
    slopes = Prelu(5, -3, factor(0.7, -20), factor(0.011, -20))
    yield Case(slopes, [values("s8"), values("s8", seed=1)], "prelu_s8")
    slopes = Prelu(0, 0, factor(0.7), factor(3e-5))
    yield Case(slopes, [values("s16"), values("s16", seed=1)], "prelu_s16")
    yield Case(Prelu(), [values("f32"), values("f32", seed=1)], "prelu_f32")
    yield from _scaled("")


def _scaled(suffix: str) -> Iterator[Case]:
    for function in ("add", "mul", "sub"):
        op = ScaledBinary(function, 0.0625, 3, 0.03125, -17, 0.125, -9)
        inputs = [values("s8", (3, 47)), values("s8", (3, 47), seed=1)]
        yield Case(op, inputs, f"scaled_{function}_s8{suffix}")


def _quantized_rows(suffix: str) -> Iterator[Case]:
    x = values("f32", (3, 37))
    for asymmetric in (False, True):
        name = f"quantize_rows_{'a' if asymmetric else ''}symmetric{suffix}"
        yield Case(QuantizeRows(3, asymmetric), [x], name)


def _moved() -> Iterator[Case]:
    """Elements that stay in order."""
    for dtype in ("s8", "s16", "f32", "s64"):
        yield Case(Slice((1, 0, 2), (2, 4, 3), (1, 1, 1)), [values(dtype, (3, 4, 5))], "move", f"slice {dtype}")
        yield Case(Slice((0, 1, 1), (3, 2, 2), (1, 2, 2)), [values(dtype, (3, 4, 5))], "move", f"steps {dtype}")
    for dtype, index in (("s8", "s32"), ("f32", "s64")):
        start = np.array([1, 1, 2], DTYPES[index].np)
        box = values(dtype, (2, 2, 3), 1)
        yield Case(UpdateSlice(), [values(dtype, (3, 4, 5)), box, start], f"update_slice_{index}")


def _sound(suffix: str) -> Iterator[Case]:
    yield Case(Taper(12), [values("s16", (3, 20)), values("s16", (20,), 1)], f"taper_s16{suffix}")
    yield Case(AutoScale(), [values("s16", (30,)) >> 4], f"auto_scale_s16{suffix}")
    if suffix == "":
        x, noise = values("u32") >> 8, values("u32", seed=1) >> 8
        quiet = SpectralSubtraction((409, 983), (15975, 15401), 819, 10, 14)
        yield Case(quiet, [x, noise], "spectral_subtraction_u32")
        yield Case(Pcan(6), [x, noise, values("s16", (GAINS,))], "pcan_u32")


def _vectors(isa: str) -> Iterator[Case]:
    yield from _arithmetic(re.compile(rf"(add|sub|mul|linear)_({'f32' if isa == 'dsp' else 's8|f32'})_{isa}"))
    if isa != "dsp":
        yield from _scaled(f"_{isa}")


def generic() -> list[Case]:
    return [
        *_arithmetic(re.compile(r"(\w+)_([suf]\d+|bf16)")),
        *_functions(),
        *_scatters(),
        *_normalizations(),
        *_conversions(),
        *_quantized_rows(""),
        *_moved(),
        *_sound(""),
    ]


def casts() -> list[Case]:
    return list(_casts())


@st.composite
def conversions(draw: st.DrawFn) -> Overlapping:
    """To elements of another size, as many as there may be. Larger ones show each byte that was overwritten too early,
    smaller ones do not tell all that they are made of."""
    shape = (draw(st.integers(2, 70)),)
    to = draw(st.sampled_from(["s8", "s16", "f32", "s64"]))
    of = draw(st.sampled_from([t for t in ("u8", "s16", "s32", "f64") if DTYPES[t].size != DTYPES[to].size]))
    if (of, to) == ("u8", "f32") and draw(st.booleans()):
        return Overlapping(
            Case(Dequantize((0.25,), (7,)), [values(of, shape)], label=f"dequantize {shape}"), tight=True
        )
    x = np.arange(1, shape[0] + 1).astype(DTYPES[of].np)
    return Overlapping(Case(Cast(to), [x], label=f"cast {of} {to} {shape}"), DTYPES[to].size > DTYPES[of].size)


def cortex_m4() -> list[Case]:
    return [
        *_vectors("dsp"),
        _binary("add_s8_dsp", linear_sum(), "s8"),
        Case(softmax(), [values("s8", (3, 17))], "softmax_s8_dsp"),
        *_quantized_rows("_dsp"),
        *_sound("_dsp"),
    ]


def arm_neon() -> list[Case]:
    return [
        *_vectors("neon"),
        Case(softmax(), [values("s8", (3, 17))], "softmax_s8_neon"),
        Case(Softmax(), [values("f32", (3, 17))], "softmax_f32_neon"),
        *(
            Case(Quantize(0.25, 7, "s8"), [values("f32", (n,)) * np.float32(40)], "quantize_f32_s8_neon")
            for n in COUNTS
        ),
        *(Case(Dequantize((0.25,), (7,)), [values("s8", (n,))], "dequantize_s8_f32_neon") for n in COUNTS),
        *_quantized_rows("_neon"),
    ]


def arm_neon_dotprod() -> list[Case]:
    rows = [k.name for k in Unary.kernels if k.name.endswith("_f16_neon")]
    return [
        *_arithmetic(re.compile(r"(\w+)_(f16)_neon")),
        *(Case(Unary(name.split("_")[0]), [np.abs(values("f16"))], name, name) for name in rows),
        Case(Clamp(Range(-0.5, 0.25)), [values("f16")], "clamp_f16_neon"),
    ]


def x86_avx2() -> list[Case]:
    return [*_vectors("avx2"), Case(Softmax(), [values("f32", (3, 17))], "softmax_f32_avx2")]


def x86_avx512() -> list[Case]:
    return list(_vectors("avx512"))
