"""Where the judges differ from each other, or are wrong: every known case, with the models that show it.

docs/judges.md is written from this list: `python -m tests.generated.judges_page docs/judges.md`. The evidence is either
the generated models of an operator and type, or a model of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from edgegen.ir.tensor import Array
from tests.generated.single import Single, numbers
from tests.models.tflite_builder import Operator, Tensor, options

Follows = Literal["TFLM", "LiteRT", "neither"]


@dataclass(frozen=True)
class Disagreement:
    """What the judges do, and what edgegen does.

    operators: (name, kind) whose generated models show it
    models:    others that show it, by what they are, with the values of their inputs
    follows:   whose results edgegen's are; "neither" if it refuses the model, or both are wrong
    undefined: judges whose values depend on what lies in memory
    """

    title: str
    text: str
    follows: Follows
    operators: tuple[tuple[str, str], ...] = ()
    models: Mapping[str, Callable[[], tuple[Single, list[Array]]]] = field(default_factory=dict)
    undefined: tuple[str, ...] = ()


def _biased(name: str) -> tuple[Single, list[Array]]:
    """One product of s16 with weights of 1, and biases of 1000 and 70000."""
    image = (1,) if name == "FULLY_CONNECTED" else (1, 1, 1)
    unit = {"FULLY_CONNECTED": (2, 1), "DEPTHWISE_CONV_2D": (1, 1, 1, 2)}.get(name, (2, 1, 1, 1))
    steps = {"StrideH": 1, "StrideW": 1, "Padding": 1}
    dilations = {"DilationHFactor": 1, "DilationWFactor": 1}
    table = {
        "CONV_2D": options("Conv2DOptions", **steps, **dilations),
        "DEPTHWISE_CONV_2D": options("DepthwiseConv2DOptions", DepthMultiplier=2, **steps, **dilations),
        "FULLY_CONNECTED": options("FullyConnectedOptions"),
        "TRANSPOSE_CONV": options("TransposeConvOptions", **steps),
    }[name]
    x = Tensor("x", "INT16", (*image, 1), scale=0.01)
    w = Tensor("w", data=np.ones(unit, np.int8), scale=0.01, axis=3 if name[0] == "D" else 0)
    b = Tensor("b", data=np.array([1000, 70000], np.int32), scale=0.0001)
    tensors, names = [x, w, b, Tensor("y", "INT16", (*image, 2), scale=0.01)], ["x", "w", "b"]
    if name == "TRANSPOSE_CONV":
        tensors, names = [numbers("s", (1, 1, 1, 2)), *tensors], ["s", "w", "x", "b"]
    return Single(tensors, Operator(name, names, ["y"], table)), [np.full((*image, 1), 100, np.int16)]


def _divided() -> tuple[Single, list[Array]]:
    tensors = [Tensor(n, "INT8", (5,), scale=s) for n, s in (("a", 0.1), ("b", 0.1), ("y", 1.5))]
    single = Single(tensors, Operator("DIV", ["a", "b"], ["y"], options("DivOptions")))
    return single, [np.array([1, 2, 3, -1, 100], np.int8), np.full(5, 100, np.int8)]


def _clamped() -> tuple[Single, list[Array]]:
    x = Tensor("x", "INT8", (256,), scale=0.05, zero_point=-20)
    y = Tensor("y", "INT8", (256,), scale=0.025, zero_point=-128)
    return Single([x, y], Operator("RELU6", ["x"], ["y"])), [np.arange(-128, 128).astype(np.int8)]


def _blocks() -> tuple[Single, list[Array]]:
    x = Tensor("x", "INT8", (1, 2, 2, 1), scale=1.0, zero_point=9)
    y = Tensor("y", "INT8", (4, 2, 1, 1), scale=1.0, zero_point=9)
    tensors = [x, numbers("b", [2, 2]), numbers("p", [[2, 0], [0, 0]]), y]
    operator = Operator("SPACE_TO_BATCH_ND", ["x", "b", "p"], ["y"], options("SpaceToBatchNDOptions"))
    return Single(tensors, operator), [np.ones((1, 2, 2, 1), np.int8)]


def _rows() -> tuple[Single, list[Array]]:
    table = Tensor("t", data=np.full((2, 2), 100, np.int8), scale=[0.1, 0.2], zero_point=[0, 0])
    tensors = [Tensor("i", "INT32", (2,)), table, Tensor("y", "FLOAT32", (2, 2))]
    return Single(tensors, Operator("EMBEDDING_LOOKUP", ["i", "t"], ["y"])), [np.array([0, 1], np.int32)]


def _slopes() -> tuple[Single, list[Array]]:
    tensors = [Tensor("x", "INT16", (4,), scale=2.0**-15)]
    tensors += [
        Tensor("a", data=np.full(1, 16384, np.int16), scale=2.0**-15),
        Tensor("y", "INT16", (4,), scale=2.0**-15),
    ]
    single = Single(tensors, Operator("PRELU", ["x", "a"], ["y"]))
    return single, [np.array([-100, -1000, -10000, 5000], np.int16)]


def _leaky() -> tuple[Single, list[Array]]:
    x, y = Tensor("x", "INT16", (1,), scale=0.2474493682384491), Tensor("y", "INT16", (1,), scale=0.24274948239326477)
    table = options("LeakyReluOptions", Alpha=1.159624457359314)
    return Single([x, y], Operator("LEAKY_RELU", ["x"], ["y"], table)), [np.array([29673], np.int16)]


def _neighbours() -> tuple[Single, list[Array]]:
    fields = {"Radius": 1, "Bias": 0.0, "Alpha": 1.0, "Beta": 1.0}
    table = options("LocalResponseNormalizationOptions", **fields)
    tensors = [Tensor(n, "FLOAT32", (1, 1, 1, 4)) for n in "xy"]
    single = Single(tensors, Operator("LOCAL_RESPONSE_NORMALIZATION", ["x"], ["y"], table))
    return single, [np.ones((1, 1, 1, 4), np.float32)]


DISAGREEMENTS: tuple[Disagreement, ...] = (
    Disagreement(
        "FULLY_CONNECTED, RSQRT and SOFTMAX: one rounding or two",
        "TFLM brings a sum to the output's scale by a rounding doubling high multiplication and then a rounding shift; "
        "LiteRT rounds once in some kernels, which may differ by one step (and by more where RSQRT goes on computing "
        "with it). FULLY_CONNECTED of u8, which TFLM does not have, rounds once as LiteRT does.",
        "TFLM",
        (
            ("FULLY_CONNECTED", "INT8"),
            ("FULLY_CONNECTED", "INT16"),
            ("RSQRT", "INT16"),
            ("SOFTMAX", "INT16"),
        ),
    ),
    Disagreement(
        "LEAKY_RELU and PRELU of s16: the last bit of a factor",
        "TFLM computes the factors between scales in f64, LiteRT in f32, which may differ by one step.",
        "TFLM",
        (("LEAKY_RELU", "INT16"), ("PRELU", "INT16X8")),
        {"LEAKY_RELU": _leaky},
    ),
    Disagreement(
        "SUM of s8 and s16",
        "LiteRT's results have nothing to do with the sum of most inputs, and change from run to run.",
        "TFLM",
        (("SUM", "INT8"), ("SUM", "INT16")),
        undefined=("LiteRT",),
    ),
    Disagreement(
        "CONV_2D and FULLY_CONNECTED of s16 beside an s32 bias",
        "LiteRT reads the bias as s64, past its end.",
        "TFLM",
        models={name: (lambda name=name: _biased(name)) for name in ("CONV_2D", "FULLY_CONNECTED")},
        undefined=("LiteRT",),
    ),
    Disagreement(
        "DEPTHWISE_CONV_2D and TRANSPOSE_CONV of s16 beside an s32 bias",
        "TFLM reads the bias as s64, past its end, and LiteRT that of TRANSPOSE_CONV too; it refuses the other.",
        "neither",
        models={name: (lambda name=name: _biased(name)) for name in ("DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")},
        undefined=("TFLM", "LiteRT"),
    ),
    Disagreement(
        "RELU6 of s8 and s16 between different scales",
        "TFLM clamps in the numbers of the input and takes no notice of the output's scale; LiteRT requantizes.",
        "TFLM",
        models={"RELU6": _clamped},
    ),
    Disagreement(
        "DIV of s8: small quotients",
        "Both judges shift by 32 bits and more where the quotient is far below one step, which is not defined; on x86 "
        "the shift is taken modulo 32 and the result saturates. edgegen rounds the quotient.",
        "neither",
        models={"DIV": _divided},
    ),
    Disagreement(
        "GREATER of s16",
        "TFLM prepares factors for s8 only and says false to everything; LiteRT compares the numbers as they are, "
        "whatever their scales, as all relations of s16 do, which only it has.",
        "LiteRT",
        (("GREATER", "INT16"),),
    ),
    Disagreement(
        "EMBEDDING_LOOKUP of s8 rows with a scale each",
        "TFLM takes the first row's scale for every row.",
        "LiteRT",
        models={"EMBEDDING_LOOKUP": _rows},
    ),
    Disagreement(
        "SPACE_TO_BATCH_ND with paddings",
        "TFLM never sets the value that it pads with; LiteRT pads with the output's zero point.",
        "LiteRT",
        models={"SPACE_TO_BATCH_ND": _blocks},
        undefined=("TFLM",),
    ),
    Disagreement(
        "PRELU of s16 with alpha of s16",
        "LiteRT reads alpha as s8 whatever its type; TFLM refuses it. With alpha of s8 all agree.",
        "neither",
        models={"PRELU": _slopes},
    ),
    Disagreement(
        "LOCAL_RESPONSE_NORMALIZATION: the last neighbour",
        "LiteRT, which alone has it, sums the squares of the channels from `radius` before to `radius - 1` after. Of "
        "ones, with a radius of 1, the first result is 1 and the others are 1/2; the documented sum would make inner "
        "ones 1/3.",
        "LiteRT",
        models={"LOCAL_RESPONSE_NORMALIZATION": _neighbours},
    ),
)

DIFFERENT = {pair for d in DISAGREEMENTS if d.follows == "TFLM" for pair in d.operators}
"""Operators and kinds of which LiteRT's results may be others than TFLM's, which are followed."""

MISTAKEN = {pair for d in DISAGREEMENTS if d.follows == "LiteRT" for pair in d.operators}
"""Those of which TFLM is wrong."""

ERRATIC = {("MATRIX_DIAG", "BOOL"), ("MATRIX_SET_DIAG", "BOOL")}
"""Those of which LiteRT, alone, leaves results as they lie in memory, or ends the process."""
