"""DILATE and STABLEHLO_PAD."""

from __future__ import annotations

import numpy as np

from tests.generated.movement import MOVED
from tests.generated.single import Draw, Single, Tensor, generates, numbers
from tests.models.tflite_builder import Operator, options


@generates("DILATE", *MOVED)
def dilate(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 4, 4)
    steps = [draw.integer(1, 3) for _ in shape]
    y = Tensor("y", kind, tuple((n - 1) * s + 1 for n, s in zip(shape, steps, strict=True)))
    value = Tensor("v", data=draw.values(kind, ()))
    return Single([Tensor("x", kind, shape), numbers("s", steps), value, y], Operator("DILATE", ["x", "s", "v"], ["y"]))


@generates("STABLEHLO_PAD", *MOVED)
def stablehlo_pad(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 4, 4)
    low, high = ([draw.integer(0, 2) for _ in shape] for _ in range(2))
    gaps = [draw.integer(0, 2) for _ in shape]
    size = (n + (n - 1) * g + a + b for n, g, a, b in zip(shape, gaps, low, high, strict=True))
    fields = {"EdgePaddingLow": low, "EdgePaddingHigh": high, "InteriorPadding": gaps}
    table = options("StablehloPadOptions", **{name: np.array(v, np.int64) for name, v in fields.items()})
    tensors = [Tensor("x", kind, shape), Tensor("v", data=draw.values(kind, ())), Tensor("y", kind, tuple(size))]
    return Single(tensors, Operator("STABLEHLO_PAD", ["x", "v"], ["y"], table))
