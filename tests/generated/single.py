"""A model of one operator, drawn at random, and the table of functions that draw them.

    @generates("SOFTMAX", "FLOAT32", "INT8", "UINT8", "INT16")
    def softmax(draw: Draw, kind: str) -> Single:
        shape = draw.shape(1, 4)
        x, y = draw.tensor("x", kind, shape), Tensor("y", kind, shape, scale=1 / 256, zero_point=-128)
        return Single([x, y], Operator("SOFTMAX", ["x"], ["y"], options("SoftmaxOptions", Beta=draw.real(0.1, 2))))

A kind is a type of the operator's data as the schema writes it ("INT8"), or a name for a mixture of types ("HYBRID").
What an operator does not list it must refuse, which a test checks for plain types.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edgegen.ir.tensor import Array
from tests.models.tflite_builder import Operator, SubGraph, Tensor, build_model

Shape = tuple[int, ...]

NUMPY: dict[str, type[np.generic]] = {
    "INT8": np.int8,
    "UINT8": np.uint8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "FLOAT32": np.float32,
    "FLOAT16": np.float16,
    "BOOL": np.bool_,
}
PLAIN = tuple(kind for kind in NUMPY if kind not in ("UINT64", "FLOAT16"))
"""Kinds that are one type, as far as operators take more than one."""

QUANTIZED = ("INT8", "UINT8", "INT16")
LARGEST = 1 << 20
"""Magnitude of integers that are not quantized, so that sums of them do not overflow."""


@dataclass(frozen=True)
class Single:
    """A model of one operator (or the few that mean something only together).

    tensors, operators, more: as `build_model` takes them
    values: of inputs that cannot be just any numbers, by name
    ulp:    how far a float result may be off, in units in the last place of the largest one, or of `scale` if that is
            larger: the reason stands where it is drawn
    scale:  magnitude of what a float result is summed from, which its terms may cancel
    runs:   consecutive calls of one instance
    """

    tensors: Sequence[Tensor]
    operators: Operator | Sequence[Operator]
    values: Mapping[str, Array] = field(default_factory=dict)
    ulp: int = 0
    scale: float = 0.0
    runs: int = 1
    more: Sequence[SubGraph] = ()
    outputs: Sequence[str] | None = None

    @property
    def listed(self) -> list[Operator]:
        """The operators, in order."""
        return [self.operators] if isinstance(self.operators, Operator) else list(self.operators)

    @property
    def inputs(self) -> list[Tensor]:
        """The activations that no operator writes: what a caller gives."""
        written = {name for o in self.listed for name in o.outputs}
        return [t for t in self.tensors if t.data is None and t.name not in written and not t.is_variable]

    def data(self) -> bytes:
        """The .tflite file."""
        inputs = [t.name for t in self.inputs]
        return build_model(self.tensors, self.listed, inputs=inputs, outputs=self.outputs, more=self.more)


class Draw:
    """Draws what models are made of; the same seed draws the same."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._numbers = np.random.default_rng(rng.randrange(1 << 32))

    def choice(self, values: Sequence[Any]) -> Any:
        return self.rng.choice(values)

    def integer(self, low: int, high: int) -> int:
        """Both ends included."""
        return self.rng.randint(low, high)

    def real(self, low: float, high: float) -> float:
        """A number that f32 holds."""
        return float(np.float32(self.rng.uniform(low, high)))

    def yes(self, probability: float = 0.5) -> bool:
        return self.rng.random() < probability

    def shape(self, low: int, high: int, side: int = 6) -> Shape:
        """low to high dimensions of 1 to `side`."""
        return tuple(self.integer(1, side) for _ in range(self.integer(low, high)))

    def scale(self, low: float = -3.0, high: float = 0.0) -> float:
        """From 10^low to 10^high, evenly in the exponent, as f32 holds it."""
        return float(np.float32(10.0 ** self.rng.uniform(low, high)))

    def zero(self, kind: str) -> int:
        """A zero point: any of 8 bits; 0 for what has to be symmetric."""
        return {"INT8": self.integer(-128, 127), "UINT8": self.integer(0, 255)}.get(kind, 0)

    def tensor(self, name: str, kind: str, shape: Sequence[int], low: float = -3.0, high: float = 0.0) -> Tensor:
        """An activation, quantized if its kind can be. low, high: of the scale's exponent."""
        if kind not in QUANTIZED:
            return Tensor(name, kind, shape)
        return Tensor(name, kind, shape, scale=self.scale(low, high), zero_point=self.zero(kind))

    def values(self, kind: str, shape: Sequence[int], spread: float = 4.0) -> Array:
        """Any values; the ends of a quantized type among them. spread: of floats, their standard deviation."""
        rng = self._numbers
        if kind in ("FLOAT16", "FLOAT32"):
            return np.asarray(rng.normal(0, spread, shape), NUMPY[kind])
        if kind == "BOOL":
            return np.asarray(rng.random(shape) < 0.5)
        if kind not in QUANTIZED:
            low = 0 if kind.startswith("U") else -LARGEST
            return np.asarray(rng.integers(low, LARGEST, shape), NUMPY[kind])
        limits = np.iinfo(NUMPY[kind])
        data = rng.integers(limits.min, limits.max + 1, shape)
        ends = rng.random(data.shape)
        return np.asarray(np.where(ends < 0.05, limits.min, np.where(ends > 0.95, limits.max, data)), NUMPY[kind])

    def within(self, low: int, high: int, shape: Sequence[int], kind: str = "INT32") -> Array:
        """Integers from low to high, both included."""
        return np.asarray(self._numbers.integers(low, high + 1, shape), NUMPY[kind])

    def permutation(self, count: int) -> list[int]:
        return self.rng.sample(range(count), count)

    def broadcast(self, shape: Shape) -> Shape:
        """A shape that broadcasts to `shape`: some dimensions 1, some of the first ones missing."""
        kept = [1 if self.yes(0.3) else n for n in shape]
        return tuple(kept[self.integer(0, len(kept)) if self.yes(0.3) else 0 :])

    def inputs(self, single: Single) -> list[list[Array]]:
        """Values of every input, for each of the model's runs."""
        given = single.values
        return [
            [given[t.name] if t.name in given else self.values(str(t.type), t.shape or ()) for t in single.inputs]
            for _ in range(single.runs)
        ]


def like(name: str, x: Tensor, shape: Sequence[int] | None = None) -> Tensor:
    """A tensor of x's type and quantization."""
    shape = x.shape if shape is None else shape
    return Tensor(name, x.type, shape, scale=x.scale, zero_point=x.zero_point)


def numbers(name: str, values: Any, dtype: type[np.generic] = np.int32) -> Tensor:
    """A constant list of integers."""
    return Tensor(name, data=np.array(values, dtype))


@dataclass(frozen=True)
class Generator:
    """A function that draws a model, and the kinds that its operator takes.

    weight:   how many times as many models of it are drawn as of others
    unjudged: kinds that neither judge takes: only C and reference can be compared
    """

    draw: Callable[[Draw, str], Single]
    kinds: tuple[str, ...]
    weight: int = 1
    unjudged: tuple[str, ...] = ()


GENERATORS: dict[str, Generator] = {}
"""By the operator's name in the schema."""


def generates(
    name: str, *kinds: str, weight: int = 1, unjudged: tuple[str, ...] = ()
) -> Callable[[Callable[[Draw, str], Single]], Callable[[Draw, str], Single]]:
    """Registers a function that draws models of operator `name`. unjudged: some of the kinds, or more of them."""

    def register(function: Callable[[Draw, str], Single]) -> Callable[[Draw, str], Single]:
        assert name not in GENERATORS, f"{name} has two generators"
        GENERATORS[name] = Generator(function, tuple(dict.fromkeys((*kinds, *unjudged))), weight, unjudged)
        return function

    return register
