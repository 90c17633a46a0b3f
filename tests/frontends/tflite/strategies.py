"""What property tests of TFLite operators draw: quantization, activations, windows and values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from edgegen.ir.tensor import Array
from tests.models.tflite_builder import Tensor

RANGES = {"INT8": (-128, 127), "UINT8": (0, 255), "INT16": (-32768, 32767), "INT32": (-(2**24), 2**24)}
NUMPY = {"INT8": np.int8, "UINT8": np.uint8, "INT16": np.int16, "INT32": np.int32, "FLOAT32": np.float32}


def scales(low: float = -3.0, high: float = 0.0) -> st.SearchStrategy[float]:
    """Scales from 10^low to 10^high, evenly in the exponent, as f32 holds them."""
    return st.floats(low, high).map(lambda e: float(np.float32(10.0**e)))


def zero_points(kind: str) -> st.SearchStrategy[int]:
    """Zero points of a type; only 0 for the wide ones."""
    return st.integers(*RANGES[kind]) if kind in ("INT8", "UINT8") else st.just(0)


@st.composite
def activations(
    draw: st.DrawFn, name: str, kind: str, shape: Sequence[int], low: float = -3.0, high: float = 0.0
) -> Tensor:
    """An activation of a type and shape, quantized unless it is FLOAT32. low, high: of the scale's exponent."""
    if kind == "FLOAT32":
        return Tensor(name, kind, shape)
    return Tensor(name, kind, shape, scale=draw(scales(low, high)), zero_point=draw(zero_points(kind)))


def values(kind: str, shape: Sequence[int], seed: int) -> Array:
    """Any values of an integer type, its ends among them; of FLOAT32, normal ones."""
    rng = np.random.default_rng(seed)
    if kind == "FLOAT32":
        return np.asarray(rng.normal(0, 4, shape), np.float32)
    low, high = RANGES[kind]
    data = rng.integers(low, high + 1, shape)
    ends = rng.random(data.shape)
    return np.asarray(np.where(ends < 0.05, low, np.where(ends > 0.95, high, data)), NUMPY[kind])


SEEDS = st.integers(0, 2**32 - 1)
FUSED = st.integers(0, 3)  # NONE, RELU, RELU_N1_TO_1, RELU6


@dataclass(frozen=True)
class Window:
    """A sliding window over an image: sizes, steps and TFLite's padding (0: SAME, 1: VALID)."""

    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: int

    @property
    def out(self) -> tuple[int, int]:
        """The output's height and width, as TFLite computes them."""
        spans = [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True)]
        sizes = zip(self.size, spans, self.stride, strict=True)
        h, w = (-(-n // s) if self.padding == 0 else (n - e) // s + 1 for n, e, s in sizes)
        return h, w


@st.composite
def windows(draw: st.DrawFn, dilated: bool = False) -> Window:
    """A window that fits its image."""
    pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))
    kernel, stride = draw(pairs), draw(pairs)
    dilation = draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) if dilated else (1, 1)
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    padding = draw(st.integers(0, 1))
    low = spans if padding == 1 else (1, 1)
    size = (draw(st.integers(low[0], low[0] + 8)), draw(st.integers(low[1], low[1] + 8)))
    return Window(size, kernel, stride, dilation, padding)
