"""Recurrent layers: RNN, GRU and LSTM, each direction a node of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.ir.dtypes import F64, S32
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.concat import Concat
from edgegen.ops.gru import Gru
from edgegen.ops.lstm import Lstm
from edgegen.ops.recurrent import PLAIN, Activation, General
from edgegen.ops.rnn import Rnn
from edgegen.ops.slice import Slice
from edgegen.ops.unary import Unary

DIRECTIONS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}

_NAMES = {
    "relu": "relu",
    "tanh": "tanh",
    "sigmoid": "logistic",
    "affine": "affine",
    "leakyrelu": "leaky_relu",
    "thresholdedrelu": "thresholded_relu",
    "scaledtanh": "scaled_tanh",
    "hardsigmoid": "hard_sigmoid",
    "elu": "elu",
    "softsign": "softsign",
    "softplus": "softplus",
}
_ALPHA: dict[str, float | None] = {  # None: the operator of that name says no default
    "affine": None,
    "leaky_relu": 0.01,
    "thresholded_relu": 1.0,
    "scaled_tanh": None,
    "hard_sigmoid": 0.2,
    "elu": 1.0,
}
_BETA: dict[str, float | None] = {"affine": None, "scaled_tanh": None, "hard_sigmoid": 0.5}


@dataclass(frozen=True)
class Layer:
    """What the three operators have in common.

    x:           [T,B,K], or [B,T,K] if not time_major
    w, r, bias:  [directions, ...] as ONNX has them
    lengths:     s32[B]; None if all sequences have T steps
    activations: of each direction, as the schema orders them
    """

    op: Operator
    x: Tensor
    w: Tensor
    r: Tensor
    bias: Tensor | None
    lengths: Tensor | None
    reverse: tuple[bool, ...]
    activations: tuple[tuple[Activation, ...], ...]
    clip: float
    time_major: bool

    @property
    def cells(self) -> int:
        return self.r.shape[2]

    @property
    def batch(self) -> int:
        return self.x.shape[1 if self.time_major else 0]

    @property
    def is_known(self) -> bool:
        """Whether the fast rows may do: weights are known ahead of time, and all sequences have all steps."""
        return (
            self.w.is_constant
            and self.r.is_constant
            and self.lengths is None
            and (self.bias is None or self.bias.is_constant)
        )

    def every_length(self) -> Tensor:
        steps = self.x.shape[0 if self.time_major else 1]
        return self.lengths or self.op.constant([steps] * self.batch, S32)

    def gates(self, t: Tensor, direction: int, order: Sequence[int], first: int = 0) -> Tensor:
        """Blocks of `cells` rows of t[direction], from block `first` on, in another order."""
        cells, blocks = self.cells, [first + k for k in order]
        if t.data is not None:
            parts = [t.data[direction, k * cells : (k + 1) * cells] for k in blocks]
            return self.op.constant(np.concatenate(parts), t.dtype)
        rest, ones = t.shape[2:], (1,) * t.rank
        pieces = [
            self.op.add(Slice((direction, k * cells, *(0,) * len(rest)), (1, cells, *rest), ones), [t]) for k in blocks
        ]
        joined = pieces[0] if len(pieces) == 1 else self.op.add(Concat(1), pieces)
        return self.op.reshape(joined, (cells * len(blocks), *rest))

    def biases(self, direction: int, order: Sequence[int], first: int = 0) -> Tensor:
        """Those of x (`first` is 0) or of h (`first` is the count of gates); zeros if there are none."""
        if self.bias is None:
            return self.op.constant(np.zeros(len(order) * self.cells), self.x.dtype)
        return self.gates(self.bias, direction, order, first)

    def both_biases(self, direction: int, count: int, order: Sequence[int]) -> Tensor:
        """Sums of those of x and of h, of `count` gates."""
        x, h = (self.biases(direction, order, first) for first in (0, count))
        return self.op.add(Binary("add"), [x, h])

    def state(self, initial: Tensor | None, direction: int) -> Tensor:
        """[B,cells] of one direction; zeros if it is not given."""
        directions = len(self.reverse)
        shape = (directions, self.batch, self.cells) if self.time_major else (self.batch, directions, self.cells)
        if initial is None:
            return self.op.constant(np.zeros((self.batch, self.cells)), self.x.dtype)
        if initial.shape != shape:
            raise self.op.invalid(f"an initial state of the type {initial.type} must have the shape {list(shape)}")
        axis = 0 if self.time_major else 1
        begin, size = [0, 0, 0], list(shape)
        begin[axis], size[axis] = direction, 1
        part = initial if directions == 1 else self.op.add(Slice(tuple(begin), tuple(size), (1, 1, 1)), [initial])
        return self.op.reshape(part, (self.batch, self.cells))

    def general(self, direction: int, own: Sequence[str]) -> General:
        """What the operator does not have of itself. own: names of activations that it has."""
        chosen = self.activations[direction]
        if not self.clip and all(a.is_plain and a.name in (o or a.name) for a, o in zip(chosen, own, strict=True)):
            return PLAIN
        return General(chosen, self.clip)

    def computed(self, core: Rnn | Gru, inputs: Sequence[Tensor]) -> list[Tensor]:
        """y and the state of one direction. inputs: up to the biases; lengths follow where fast rows will not do"""
        slow = core.general != PLAIN or not self.is_known
        return self.op.add_all(core, [*inputs, *([self.every_length()] if slow else [])])

    def collect(self, run: Callable[[int], Sequence[Tensor]]) -> list[Tensor]:
        """The outputs, of both directions side by side. run: y and states of one direction"""
        results = [run(d) for d in range(len(self.reverse))]
        axis = 1 if self.time_major else 2
        collected = []
        for k, parts in enumerate(zip(*results, strict=True)):
            at = axis if k == 0 else axis - 1
            shaped = [self.op.reshape(p, (*p.shape[:at], 1, *p.shape[at:])) for p in parts]
            collected.append(shaped[0] if len(shaped) == 1 else self.op.add(Concat(at), shaped))
        return collected[: len(self.op.wanted)]


def _activations(
    op: Operator, names: Sequence[str], alpha: Sequence[float], beta: Sequence[float]
) -> tuple[Activation, ...]:
    """Parameters go to the activations that have any, in order. Raises InvalidModel and UnsupportedModel."""
    alphas, betas, found = iter(alpha), iter(beta), []
    for name in names:
        known = _NAMES.get(name.lower())
        if known is None:
            raise op.unsupported(f'activation "{name}" is not supported')
        values = []
        for given, defaults in ((alphas, _ALPHA), (betas, _BETA)):
            value = next(given, defaults[known]) if known in defaults else 0.0
            if value is None:
                raise op.unsupported(f'activation "{name}" without its parameters is not supported')
            values.append(value)
        found.append(Activation(known, *values))
    return tuple(found)


def _layer(
    op: Operator,
    inputs: tuple[Tensor, Tensor, Tensor, Tensor | None, Tensor | None],
    count: int,
    names: tuple[tuple[str, ...], tuple[str, ...]],
    parameters: tuple[tuple[float, ...], tuple[float, ...]],
    form: tuple[str, float, int | None, int],
) -> Layer:
    """inputs: x, w, r, bias, lengths; count: gates; names: given and default; form: direction, clip, size, layout."""
    (x, w, r, bias, lengths), (given, default), (direction, clip, size, layout) = inputs, names, form
    if direction not in DIRECTIONS or layout not in (0, 1):
        raise op.invalid(f'direction is "{direction}", layout {layout}')
    reverse = DIRECTIONS[direction]
    n = len(reverse)
    if x.dtype == F64:
        raise op.unsupported("recurrent layers of f64 are not supported", "convert the model to f32")
    if x.rank != 3 or w.rank != 3 or r.rank != 3 or 0 in (*x.shape, *w.shape, *r.shape):
        raise op.invalid(f"x {x.type}, W {w.type} and R {r.type} must have 3 dimensions")
    cells = r.shape[2]
    if w.shape != (n, count * cells, x.shape[2]) or r.shape != (n, count * cells, cells) or size not in (None, cells):
        raise op.invalid(f"W {w.type} and R {r.type} do not make {count} gates of {cells} for x {x.type}")
    if bias is not None and bias.shape != (n, 2 * count * cells):
        raise op.invalid(f"B {bias.type} does not have the shape {[n, 2 * count * cells]}")
    if clip < 0:
        raise op.invalid(f"clip is {clip}")
    if given and len(given) != n * len(default):
        raise op.invalid(f"{len(given)} activations, not {n * len(default)}")
    all_names = given or default * n
    chosen = _activations(op, all_names, *parameters)
    per = len(default)
    steps, batch = x.shape[layout], x.shape[1 - layout]
    if lengths is not None and (lengths.dtype != S32 or lengths.shape != (batch,)):
        raise op.invalid(f"sequence_lens {lengths.type} must be s32[{batch}]")
    if lengths is not None and lengths.data is not None and (lengths.data == steps).all():
        lengths = None
    by_direction = tuple(chosen[d * per : (d + 1) * per] for d in range(n))
    return Layer(op, x, w, r, bias, lengths, reverse, by_direction, clip, layout == 0)


@operator("RNN")
def rnn(
    op: Operator,
    x: Tensor,
    w: Tensor,
    r: Tensor,
    b: Tensor | None = None,
    sequence_lens: Tensor | None = None,
    initial_h: Tensor | None = None,
    *,
    activation_alpha: tuple[float, ...] = (),
    activation_beta: tuple[float, ...] = (),
    activations: tuple[str, ...] = (),
    clip: float = 0.0,
    direction: str = "forward",
    hidden_size: int | None = None,
    layout: int = 0,
    output_sequence: int = 0,
) -> list[Tensor]:
    """activation(w * x + r * h + biases)."""
    del output_sequence  # before opset 7: what is not wanted is not named
    names, parameters = (activations, ("Tanh",)), (activation_alpha, activation_beta)
    form = (direction, clip, hidden_size, layout)
    layer = _layer(op, (x, w, r, b, sequence_lens), 1, names, parameters, form)

    def run(d: int) -> list[Tensor]:
        general, (activation,) = layer.general(d, ("",)), layer.activations[d]
        core = Rnn(layer.time_major, layer.reverse[d], activation.name if general == PLAIN else "tanh", None, general)
        inputs = [x, layer.state(initial_h, d), *(layer.gates(t, d, (0,)) for t in (w, r))]
        return layer.computed(core, [*inputs, layer.both_biases(d, 1, (0,))])

    return layer.collect(run)


@operator("GRU")
def gru(
    op: Operator,
    x: Tensor,
    w: Tensor,
    r: Tensor,
    b: Tensor | None = None,
    sequence_lens: Tensor | None = None,
    initial_h: Tensor | None = None,
    *,
    activation_alpha: tuple[float, ...] = (),
    activation_beta: tuple[float, ...] = (),
    activations: tuple[str, ...] = (),
    clip: float = 0.0,
    direction: str = "forward",
    hidden_size: int | None = None,
    layout: int = 0,
    linear_before_reset: int = 0,
    output_sequence: int = 0,
) -> list[Tensor]:
    """(1 - z) * candidate + z * h."""
    del output_sequence  # before opset 7: what is not wanted is not named
    names, parameters = (activations, ("Sigmoid", "Tanh")), (activation_alpha, activation_beta)
    form = (direction, clip, hidden_size, layout)
    layer = _layer(op, (x, w, r, b, sequence_lens), 3, names, parameters, form)

    def run(d: int) -> list[Tensor]:
        general = layer.general(d, ("logistic", ""))
        candidate = layer.activations[d][1].name if general == PLAIN else "tanh"
        core = Gru(layer.time_major, layer.reverse[d], bool(linear_before_reset), candidate, general)
        bias = [layer.both_biases(d, 3, (0, 1)), layer.biases(d, (2,)), layer.biases(d, (2,), 3)]
        inputs = [x, layer.state(initial_h, d), *(layer.gates(t, d, (0, 1, 2)) for t in (w, r))]
        return layer.computed(core, [*inputs, op.add(Concat(0), bias)])

    return layer.collect(run)


@operator("LSTM")
def lstm(
    op: Operator,
    x: Tensor,
    w: Tensor,
    r: Tensor,
    b: Tensor | None = None,
    sequence_lens: Tensor | None = None,
    initial_h: Tensor | None = None,
    initial_c: Tensor | None = None,
    p: Tensor | None = None,
    *,
    activation_alpha: tuple[float, ...] = (),
    activation_beta: tuple[float, ...] = (),
    activations: tuple[str, ...] = (),
    clip: float = 0.0,
    direction: str = "forward",
    hidden_size: int | None = None,
    input_forget: int = 0,
    layout: int = 0,
    output_sequence: int = 0,
) -> list[Tensor]:
    """Gates stand as input, output, forget, candidate; peepholes as input, output, forget.

    With input_forget forget is 1 - input, which is the logistic function of the negated sums: so the forget gate gets
    the negated weights of the input gate, and input is 1 - forget.
    """
    del output_sequence  # before opset 7: what is not wanted is not named
    names, parameters = (activations, ("Sigmoid", "Tanh", "Tanh")), (activation_alpha, activation_beta)
    form = (direction, clip, hidden_size, layout)
    layer = _layer(op, (x, w, r, b, sequence_lens), 4, names, parameters, form)
    if p is not None and p.shape != (len(layer.reverse), 3 * layer.cells):
        raise op.invalid(f"P {p.type} must have the shape {[len(layer.reverse), 3 * layer.cells]}")
    if input_forget and any(a[0].name != "logistic" for a in layer.activations):
        raise op.unsupported("input_forget with gates that are not sigmoids is not supported")

    def ordered(take: Callable[[Sequence[int]], Tensor], order: Sequence[int]) -> Tensor:
        if not input_forget:
            return take(order)
        negated = op.add(Unary("neg"), [take((0,))])
        return op.add(Concat(0), [negated, take(order[2:])])

    def run(d: int) -> list[Tensor]:
        general, own = layer.general(d, ("logistic", "", "")), layer.activations[d]
        candidate, result = (own[1].name, own[2].name) if general == PLAIN else ("tanh", "tanh")
        core = Lstm(layer.time_major, layer.reverse[d], candidate, result, general=general)
        weights = [ordered(partial(layer.gates, t, d), (0, 2, 3, 1)) for t in (w, r)]
        bias = ordered(partial(layer.both_biases, d, 4), (0, 2, 3, 1))
        inputs: list[Tensor | None] = [x, layer.state(initial_h, d), layer.state(initial_c, d), *weights, bias]
        peepholes = None if p is None else ordered(partial(layer.gates, p, d), (0, 2, 1))
        known = layer.is_known and (p is None or p.is_constant)
        if known and general == PLAIN:
            return op.add_all(core, [*inputs, peepholes])
        if peepholes is None:
            peepholes = op.constant(np.zeros((2 if input_forget else 3) * layer.cells), x.dtype)
        return op.add_all(core, [*inputs, peepholes, None, None, None, layer.every_length()])

    return layer.collect(run)
