"""What Lstm is; its kernel rows are beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import F32
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.gates import WeightScales, gate_scales, product
from edgegen.ops.lstm.basic import BasicGates
from edgegen.ops.lstm.fixed import FixedGates
from edgegen.ops.lstm.integer import IntegerGates
from edgegen.ops.recurrent import ACTIVATIONS, PLAIN, General, Steps, check_general

VARIANCE_GUARD = 1e-8  # tflite's tensor_utils::MeanStddevNormalization


@dataclass(frozen=True)
class Lstm(Op):
    """Long short-term memory: a sequence of steps, each with the hidden and cell state that the last one left.

    Inputs: x[T,N,K], or [N,T,K] if not time_major; h of N*P elements; c of N*H; w[G*H,K]; r[G*H,P]; bias[G*H] or none;
    then, each of which may be absent, peepholes[(G-1)*H], norms[G*H], projection[P,H] and its bias[P], and lengths
    s32[N], how many steps of each sequence there are (recurrent.Steps.run).
    Outputs: y, of x's shape with P for K; the next h and c, of the shapes of h and c.

    The G = 4 gates stand in the order input, forget, candidate, output; without the first (G = 3) input is 1 - forget.
    Peepholes, of all gates but the candidate, weigh the cell state: the new one for the output gate. With norms a
    gate's sums are brought to mean 0 and variance 1 before norm and bias apply. c becomes clip(forget * c + input *
    candidate), and h is output * result(c), or clip(projection * that + its bias). Without a projection P is H.
    (TFLite UNIDIRECTIONAL_SEQUENCE_LSTM, versions 1 to 4, and LSTM; TFLM's kernel where it has the form. ONNX LSTM as
    onnxruntime computes it.)

    reverse:   steps run from the last to the first
    candidate, result: one of recurrent.ACTIVATIONS
    cell_clip, projection_clip: bounds of the magnitude; 0 for none
    scales:    of s8 weights and projection beside f32 activations; None for f32 weights
    integers:  arithmetic of quantized activations and weights and an s16 cell state; None for floats
    general:   other activations, and bounds of what they are given; of the result only the activation
    """

    time_major: bool = True
    reverse: bool = False
    candidate: str = "tanh"
    result: str = "tanh"
    cell_clip: float = 0.0
    projection_clip: float = 0.0
    scales: WeightScales | None = None
    integers: IntegerGates | BasicGates | FixedGates | None = None
    general: General = PLAIN

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x, h, c = (known(inputs[i], what) for i, what in enumerate(("x", "h", "c")))
        w, r = known(inputs[3], "w"), known(inputs[4], "r")
        if len(x.shape) != 3 or len(w.shape) != 2 or len(r.shape) != 2 or 0 in (*x.shape, *w.shape, *r.shape):
            raise InvalidGraph(f"x {x}, w {w} and r {r} must be sequences and matrices")
        batch = Steps.of(x.shape, self.time_major, self.reverse).batch
        (units, depth), outputs = w.shape, r.shape[1]
        projection = inputs[8] if len(inputs) > 8 else None
        cells = projection.shape[-1] if projection is not None else outputs
        gates = units // cells
        if units != gates * cells or gates not in (3, 4) or depth != x.shape[2] or r.shape[0] != units:
            raise InvalidGraph(f"w {w} and r {r} do not make 3 or 4 gates of {cells} cells for x {x}")
        if h.elements != batch * outputs or c.elements != batch * cells:
            raise InvalidGraph(f"h {h} and c {c} are not states of {batch} sequences, {outputs} outputs, {cells} cells")
        expected = ((units,), ((gates - 1) * cells,), (units,), (outputs, cells), (outputs,))
        for given, shape in zip(inputs[5:10], expected, strict=False):
            if given is not None and given.shape != shape:
                raise InvalidGraph(f"a parameter of {units} units has the shape {list(given.shape)}, not {list(shape)}")
        if self.candidate not in ACTIVATIONS or self.result not in ACTIVATIONS:
            raise InvalidGraph(f"{self.candidate} and {self.result} must be of {', '.join(ACTIVATIONS)}")
        check_general(self.general, 3, inputs[10] if len(inputs) > 10 else None, batch)
        if (self.integers is None) != (x.dtype == F32):
            raise InvalidGraph(f"x {x} does not fit the arithmetic")
        y = TensorType(x.dtype, (*x.shape[:2], outputs))
        return y, TensorType(h.dtype, h.shape), TensorType(c.dtype, c.shape)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, h, c = (present(inputs[i], what) for i, what in enumerate(("x", "h", "c")))
        steps = Steps.of(x.shape, self.time_major, self.reverse)
        lengths, parameters = inputs[10] if len(inputs) > 10 else None, inputs[3:10]

        def step(row: Array, hidden: Array, cell: Array) -> tuple[Array, Array]:
            if self.integers is not None:
                return self.integers.step(row, hidden, cell, parameters)
            return self._step(row, hidden, cell, parameters)

        y, (hidden, cell) = steps.run(x, (h.reshape(steps.batch, -1), c.reshape(steps.batch, -1)), step, lengths)
        return y, hidden.reshape(h.shape), cell.reshape(c.shape)

    def _step(self, x: Array, h: Array, c: Array, parameters: tuple[Array | None, ...]) -> tuple[Array, Array]:
        """One step in f64: x [N,K], h [N,P], c [N,H] in f32 to (h, c) in f32."""
        given: tuple[Array | None, ...] = (*parameters, *(None,) * (7 - len(parameters)))
        w, r, bias, peepholes, norms, projection, projection_bias = given
        assert w is not None
        assert r is not None
        cells, how = c.shape[1], self.scales
        scale_x, scale_h = (None if how is None else how.per_unit(s, len(w)) for s in gate_scales(how))
        z = product(x, w, how, scale_x) + product(h, r, how, scale_h)
        gates = np.split(z, w.shape[0] // cells, axis=1)
        biases = np.split(np.zeros(len(w)) if bias is None else bias.astype(np.float64), len(gates))
        coefficients = np.split(norms.astype(np.float64), len(gates)) if norms is not None else None
        weights = np.split(peepholes.astype(np.float64), len(gates) - 1) if peepholes is not None else None

        def gate(k: int, peephole: int | None, cell: Array) -> Array:
            sums = gates[k] if weights is None or peephole is None else gates[k] + weights[peephole] * cell
            if coefficients is None:
                return sums + biases[k]
            mean = sums.mean(axis=1, keepdims=True)
            spread = np.sqrt(((sums - mean) ** 2).mean(axis=1, keepdims=True) + VARIANCE_GUARD)
            return (sums - mean) / spread * coefficients[k] + biases[k]

        last = len(gates) - 1
        general = self.general
        forget = general.activate(0, "logistic", gate(last - 2, last - 2, c))
        entry = general.activate(0, "logistic", gate(0, 0, c)) if last == 3 else 1 - forget
        cell = forget * c + entry * general.activate(1, self.candidate, gate(last - 1, None, c))
        cell = (np.clip(cell, -self.cell_clip, self.cell_clip) if self.cell_clip else cell).astype(np.float32)
        hidden = general.activate(0, "logistic", gate(last, last - 1, cell))
        hidden = hidden * general.activation(2, self.result)(cell.astype(np.float64))
        if projection is not None:
            scale = None if how is None else how.per_unit((how.projection,), len(projection))
            hidden = product(hidden.astype(np.float32), projection, how, scale)
            hidden = hidden if projection_bias is None else hidden + projection_bias
            limit = self.projection_clip
            hidden = np.clip(hidden, -limit, limit) if limit else hidden
        return hidden.astype(np.float32), cell

    def macs(self, *inputs: TensorType | None) -> int:
        x, weights = known(inputs[0], "x"), (inputs[3], inputs[4], inputs[8] if len(inputs) > 8 else None)
        return x.shape[0] * x.shape[1] * sum(t.elements for t in weights if t is not None)
