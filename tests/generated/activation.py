"""RELU and its kin, LOGISTIC, TANH, HARD_SWISH, LEAKY_RELU and PRELU."""

from __future__ import annotations

import numpy as np

from edgegen.ir.tensor import Array
from tests.generated.single import Draw, Single, Tensor, generates, like
from tests.models.tflite_builder import Operator, Options, options


def one_input(
    name: str, x: Tensor, y: Tensor, table: Options | None = None, ulp: int = 0, values: Array | None = None
) -> Single:
    """An operator that computes y out of x and its options. values: of x, if they cannot be just any."""
    return Single([x, y], Operator(name, ["x"], ["y"], table), {} if values is None else {"x": values}, ulp)


def _near(draw: Draw, x: Tensor, name: str = "y", factor: float = 1.0) -> Tensor:
    """A tensor of x's kind and shape, whose scale is `factor` times x's or a little more or less."""
    if x.scale is None:
        return like(name, x)
    scale = float(np.float32(float(np.max(x.scale)) * factor * 10 ** draw.real(-0.5, 0.5)))
    return Tensor(name, x.type, x.shape, scale=scale, zero_point=draw.zero(str(x.type)))


def _rectifier(draw: Draw, name: str, kind: str, rescaled: bool) -> Single:
    x = draw.tensor("x", kind, draw.shape(1, 4), -3, 0)
    return one_input(name, x, _near(draw, x) if rescaled and draw.yes(0.7) else like("y", x))


@generates("RELU", "FLOAT32", "INT8", "UINT8", "INT16")
def relu(draw: Draw, kind: str) -> Single:
    return _rectifier(draw, "RELU", kind, True)


@generates("RELU_N1_TO_1", "FLOAT32", "INT8", "UINT8", unjudged=("INT16",))
def relu_n1_to_1(draw: Draw, kind: str) -> Single:
    return _rectifier(draw, "RELU_N1_TO_1", kind, True)


@generates("RELU_0_TO_1", "FLOAT32", "INT8", "UINT8", unjudged=("INT16",))
def relu_0_to_1(draw: Draw, kind: str) -> Single:
    return _rectifier(draw, "RELU_0_TO_1", kind, True)


@generates("RELU6", "FLOAT32", "INT8", "UINT8", "INT16")
def relu6(draw: Draw, kind: str) -> Single:
    return _rectifier(draw, "RELU6", kind, kind == "UINT8")


def _sigmoid(draw: Draw, name: str, kind: str, scale: float, zero: int) -> Single:
    x = draw.tensor("x", kind, draw.shape(1, 4), -3, -0.5)
    y = like("y", x)
    if kind == "INT16":
        x = Tensor("x", kind, x.shape, scale=draw.choice((2.0**-12, 2.0**-11, draw.scale(-4.5, -3.5))))
        y = Tensor("y", kind, x.shape, scale=2.0**-15)
    elif kind != "FLOAT32":
        y = Tensor("y", kind, x.shape, scale=scale, zero_point=zero + (128 if kind == "UINT8" else 0))
    # expf and tanhf of the judge's C library and of ours are each within 2 ULP of the truth
    return one_input(name, x, y, ulp=4)


@generates("LOGISTIC", "FLOAT16", "FLOAT32", "INT8", "UINT8", "INT16")
def logistic(draw: Draw, kind: str) -> Single:
    return _sigmoid(draw, "LOGISTIC", kind, 1 / 256, -128)


@generates("TANH", "FLOAT16", "FLOAT32", "INT8", "UINT8", "INT16")
def tanh(draw: Draw, kind: str) -> Single:
    return _sigmoid(draw, "TANH", kind, 1 / 128, 0)


@generates("HARD_SWISH", "FLOAT32", "INT8", "UINT8")
def hard_swish(draw: Draw, kind: str) -> Single:
    x = draw.tensor("x", kind, draw.shape(1, 4), -2, -0.5)
    # x * min(max(x + 3, 0), 6) / 6: three roundings
    return one_input("HARD_SWISH", x, _near(draw, x, factor=4.0), ulp=2)


@generates("LEAKY_RELU", "FLOAT32", "INT8", "UINT8", "INT16")
def leaky_relu(draw: Draw, kind: str) -> Single:
    x = draw.tensor("x", kind, draw.shape(1, 4))
    table = options("LeakyReluOptions", Alpha=draw.real(0, 1.5))
    return one_input("LEAKY_RELU", x, _near(draw, x), table)


@generates("PRELU", "FLOAT32", "INT8", "UINT8", "INT16X8")
def prelu(draw: Draw, kind: str) -> Single:
    """INT16X8: activations of s16, alpha of s8."""
    shape = draw.shape(2, 4)
    x = draw.tensor("x", "INT16" if kind == "INT16X8" else kind, shape)
    alpha = draw.choice(((1,) * (len(shape) - 1), shape[1:], (*(1 for _ in shape[2:]), shape[-1])))
    kind = "INT8" if kind == "INT16X8" else kind
    a, y = draw.tensor("a", kind, alpha, -2, -0.5), _near(draw, x)
    zero = 0 if x.type == "INT16" else a.zero_point
    a = Tensor("a", data=draw.values(kind, alpha), scale=a.scale, zero_point=zero)
    return Single([x, a, y], Operator("PRELU", ["x", "a"], ["y"]))
