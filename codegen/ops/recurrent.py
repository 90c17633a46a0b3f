"""What recurrent operators share: sequences stored by time or by batch, and activations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Literal, Overlap
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.overlap import Overlaps, applies, from_end, over_rows


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


_WITH_PARAMETERS: dict[str, Callable[[Array, float, float], Array]] = {
    "affine": lambda x, a, b: a * x + b,
    "leaky_relu": lambda x, a, _: np.where(x < 0, a * x, x),
    "thresholded_relu": lambda x, a, _: np.where(x > a, x, 0),
    "scaled_tanh": lambda x, a, b: np.asarray(a * np.tanh(b * x)),
    "hard_sigmoid": lambda x, a, b: np.clip(a * x + b, 0, 1),
    "elu": lambda x, a, _: np.where(x < 0, a * np.expm1(np.minimum(x, 0)), x),
    "softsign": lambda x, _, __: np.asarray(x / (1 + np.abs(x))),
    "softplus": lambda x, _, __: np.asarray(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))),
}
ALL_ACTIVATIONS = (*ACTIVATIONS, *_WITH_PARAMETERS)
"""In the order of the enumeration in recurrent_general.h, which goes on where activation_f32.h ends."""


@dataclass(frozen=True)
class Activation:
    """One of ALL_ACTIVATIONS with its parameters (ONNX activation_alpha and activation_beta)."""

    name: str
    alpha: float = 0.0
    beta: float = 0.0

    @property
    def is_plain(self) -> bool:
        """Whether it has no parameters and every row has it."""
        return self.name in ACTIVATIONS

    def __call__(self, x: Array) -> Array:
        if self.is_plain:
            return _FUNCTIONS[self.name](x)
        return _WITH_PARAMETERS[self.name](x, self.alpha, self.beta)

    def params(self, member: str) -> dict[str, Literal]:
        """A member of the type edgegen_activation."""
        kind = ALL_ACTIVATIONS.index(self.name)
        return {f"{member}.kind": kind, f"{member}.alpha": self.alpha, f"{member}.beta": self.beta}


@dataclass(frozen=True)
class General:
    """What recurrent layers of ONNX may have beyond TFLite's; the portable rows *_f32_general compute it.

    activations: of the gates, the candidate and, of an LSTM, the cell; () for the operator's own
    clip:        bound of the magnitude of what the activations are given; 0 for none
    """

    activations: tuple[Activation, ...] = ()
    clip: float = 0.0

    def activate(self, k: int, own: str, x: Array) -> Array:
        """Activation k, or the operator's `own`, of x as it is clipped."""
        return self.activation(k, own)(np.clip(x, -self.clip, self.clip) if self.clip else x)

    def activation(self, k: int, own: str) -> Activation:
        return self.activations[k] if self.activations else Activation(own)


PLAIN = General()


def check_general(general: General, count: int, lengths: TensorType | None, batch: int) -> None:
    """Raises InvalidGraph unless there are `count` activations, or none, and a length for each sequence."""
    if lengths is not None and (lengths.dtype != S32 or lengths.shape != (batch,)):
        raise InvalidGraph(f"lengths {lengths} are not those of {batch} sequences")
    if general.activations and len(general.activations) != count:
        raise InvalidGraph(f"{len(general.activations)} activations, not {count}")
    for activation in general.activations:
        if activation.name not in ALL_ACTIVATIONS:
            raise InvalidGraph(f"{activation.name} must be of {', '.join(ALL_ACTIVATIONS)}")


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

    def run(
        self, x: Array, states: Sequence[Array], step: Callable[..., Sequence[Array]], lengths: Array | None
    ) -> tuple[Array, list[Array]]:
        """(first states after each step, stored as x is; states [N,...] after the last) of step(x, *states).

        lengths: s32[N], steps of each sequence; None for all. What follows them is 0, and the last of them comes
        first in reverse. A sequence of no steps leaves zeros (onnxruntime's arithmetic)
        """
        if lengths is None:
            results = []
            for row in self.in_order(x):
                states = step(row, *states)
                results.append(states[0])
            return self.as_stored(np.stack(results)), list(states)
        limit, every = np.clip(lengths, 0, self.count).astype(np.int64), np.arange(self.batch)
        by_time = x if self.time_major else x.swapaxes(0, 1)
        states = [np.where(limit[:, None] > 0, s, np.zeros((), s.dtype)) for s in states]
        y = np.zeros((self.count, *states[0].shape), states[0].dtype)
        for t in range(self.count):
            live = t < limit
            at = np.where(live, limit - 1 - t if self.reverse else t, 0)
            new = step(by_time[at, every], *states)
            states = [np.where(live[:, None], n, s) for n, s in zip(new, states, strict=True)]
            y[at[live], every[live]] = states[0][live]
        return np.ascontiguousarray(y if self.time_major else y.swapaxes(0, 1)), list(states)

    def in_order(self, x: Array) -> Array:
        """[T,N,...] in the order of the steps."""
        by_time = x if self.time_major else x.swapaxes(0, 1)
        return by_time[::-1] if self.reverse else by_time

    def as_stored(self, y: Array) -> Array:
        """What `in_order` was given, from its result."""
        by_time = y[::-1] if self.reverse else y
        return np.ascontiguousarray(by_time if self.time_major else by_time.swapaxes(0, 1))

    def params(self, inputs: int, outputs: int) -> dict[str, Literal]:
        """The member `steps` of every params struct: edgegen_steps."""
        return {
            "steps.count": self.count,
            "steps.batch": self.batch,
            "steps.inputs": inputs,
            "steps.outputs": outputs,
            "steps.by_time": int(self.time_major),
            "steps.reverse": int(self.reverse),
        }


class _Sequential(Protocol):
    """What operators that run in steps have in common."""

    @property
    def reverse(self) -> bool: ...


def over_steps(node: Node, early: int) -> Overlaps:
    """`over_rows` of a kernel that, in reverse, goes from the last row to the first."""
    if not cast(_Sequential, node.op).reverse or not applies(node):
        return over_rows(node, early)
    x, y = node.input(0).type, node.out.type
    ends, written = (np.arange(1, x.elements // x.shape[-1] + 1) * t.shape[-1] * t.dtype.size for t in (x, y))
    first = written - y.shape[-1] * y.dtype.size if early else written
    return {0: Overlap(-y.bytes, least=from_end(node, ends, first))}


def by_cell(node: Node) -> Overlaps:
    """`over_steps` of a kernel that reads a row of x for each element of y that it writes."""
    return over_steps(node, node.out.shape[-1] - 1)
