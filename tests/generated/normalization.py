"""LOG_SOFTMAX, L2_NORMALIZATION and LOCAL_RESPONSE_NORMALIZATION."""

from __future__ import annotations

from tests.generated.activation import one_input
from tests.generated.single import Draw, Single, Tensor, generates, like
from tests.models.tflite_builder import options


@generates("LOG_SOFTMAX", "FLOAT32", "INT8")
def log_softmax(draw: Draw, kind: str) -> Single:
    x = draw.tensor("x", kind, draw.shape(1, 4, 9), -2, -0.5)
    y = like("y", x) if kind == "FLOAT32" else Tensor("y", kind, x.shape, scale=1 / 16, zero_point=127)
    return one_input("LOG_SOFTMAX", x, y, options("LogSoftmaxOptions"), ulp=4 + x.shape[-1])


@generates("L2_NORMALIZATION", "FLOAT32", "INT8")
def l2_normalization(draw: Draw, kind: str) -> Single:
    x = draw.tensor("x", kind, draw.shape(2, 4, 9))
    y = like("y", x) if kind == "FLOAT32" else Tensor("y", kind, x.shape, scale=1 / 128)
    return one_input("L2_NORMALIZATION", x, y, options("L2NormOptions"), ulp=2 + x.shape[-1])


@generates("LOCAL_RESPONSE_NORMALIZATION", "FLOAT32")
def local_response_normalization(draw: Draw, kind: str) -> Single:
    x = draw.tensor("x", kind, (draw.integer(1, 2), *(draw.integer(1, 5) for _ in range(2)), draw.integer(1, 12)))
    fields = {"Radius": draw.integer(1, 5), "Bias": draw.real(0.5, 2), "Alpha": draw.real(0.01, 1)}
    table = options("LocalResponseNormalizationOptions", Beta=draw.choice((0.5, 0.75, 1.0)), **fields)
    # a sum of 2 radius + 1 squares and a power
    return one_input("LOCAL_RESPONSE_NORMALIZATION", x, like("y", x), table, ulp=6 + 2 * fields["Radius"])
