"""What recurrent operators share: sequences stored by time or by batch, and activations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgegen.ir.kernel import Literal
from edgegen.ir.tensor import Array


def logistic(x: Array) -> Array:
    """1 / (1 + exp(-x)) without overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


_FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "none": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "relu_n1_to_1": lambda x: np.clip(x, -1, 1),
    "relu6": lambda x: np.clip(x, 0, 6),
    "tanh": np.tanh,
    "logistic": logistic,
}
ACTIVATIONS = tuple(_FUNCTIONS)
"""In the order of the enumeration in activation_f32.h."""


def activate(name: str, x: Array) -> Array:
    """One of ACTIVATIONS of each element."""
    return _FUNCTIONS[name](x)


@dataclass(frozen=True)
class Steps:
    """A sequence x[T,N,K], or [N,T,K] if not time_major, read forwards or backwards."""

    count: int
    batch: int
    time_major: bool
    reverse: bool

    @staticmethod
    def of(shape: tuple[int, ...], time_major: bool, reverse: bool) -> Steps:
        count, batch = shape[:2] if time_major else (shape[1], shape[0])
        return Steps(count, batch, time_major, reverse)

    def in_order(self, x: Array) -> Array:
        """[T,N,...] in the order of the steps."""
        by_time = x if self.time_major else x.swapaxes(0, 1)
        return by_time[::-1] if self.reverse else by_time

    def as_stored(self, y: Array) -> Array:
        """What `in_order` was given, from its result."""
        by_time = y[::-1] if self.reverse else y
        return np.ascontiguousarray(by_time if self.time_major else by_time.swapaxes(0, 1))

    def walk(self, width: int) -> tuple[int, int, int]:
        """(element of sequence 0 at the first step, elements to the next step, to the next sequence)."""
        step, sequence = (self.batch * width, width) if self.time_major else (width, self.count * width)
        return ((self.count - 1) * step, -step, sequence) if self.reverse else (0, step, sequence)

    def params(self, inputs: int, outputs: int) -> dict[str, Literal]:
        """The member `steps` of every params struct: edgegen_steps."""
        return {
            "steps.count": self.count,
            "steps.batch": self.batch,
            "steps.inputs": inputs,
            "steps.outputs": outputs,
            "steps.x": self.walk(inputs),
            "steps.y": self.walk(outputs),
        }
