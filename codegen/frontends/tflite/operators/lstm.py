"""UNIDIRECTIONAL_SEQUENCE_LSTM and LSTM."""

from __future__ import annotations

import numpy as np
import tflite

from edgegen.frontends.tflite.operator import Operator, operator
from edgegen.frontends.tflite.operators.lstm_cell import Cell
from edgegen.frontends.tflite.operators.lstm_fixed import GATE_SCALE, fixed_gates, is_fixed
from edgegen.frontends.tflite.operators.recurrent import activation, refuse, symmetric_scale
from edgegen.frontends.tflite.reader import Options
from edgegen.ir.dtypes import F32, S8, S16, S32, S64, U8
from edgegen.ir.fixed_point import FixedPoint, WideFixedPoint
from edgegen.ir.graph import State
from edgegen.ir.tensor import Tensor
from edgegen.ops.gates import WeightScales
from edgegen.ops.lstm import Lstm
from edgegen.ops.lstm.basic import BasicGates
from edgegen.ops.lstm.integer import IntegerGates
from edgegen.ops.reshape import Reshape
from edgegen.ops.unary_tables import Sigmoid16


def add_lstm(
    op: Operator, kernel: Lstm, x: Tensor, states: tuple[State, State], cell: Cell, y: Tensor | None
) -> Tensor:
    """Appends the sequence's node on the states (h, c); y, or a new tensor."""
    h, c = states
    tensors = [x, h.value, c.value, *cell.parameters(op)]
    while tensors[-1] is None:  # kernels of integers do not know all that may be absent
        tensors.pop()
    result, h.next, c.next = op.add_all(kernel, tensors, [y, None, None])
    return result


def lstm_kernel(
    op: Operator, options: Options, time_major: bool, x: Tensor, states: tuple[State, State], cell: Cell
) -> Lstm:
    """f32 throughout, or with weights and projection of s8; s8 with LiteRT's factors. Raises UnsupportedModel."""
    if is_fixed(cell, x, states) and not op.unsigned:
        if activation(op, options.FusedActivationFunction) != "tanh" or min(options.CellClip, options.ProjClip) < 0:
            raise op.unsupported("an integer LSTM has tanh and no negative clips", "use tanh")
        return Lstm(time_major, integers=fixed_gates(op, options, x, states, cell, op.output))
    products = [t for t in (*cell.weights, *cell.recurrent, cell.projection[0]) if t is not None]
    others = [t for t in (*cell.biases, *cell.norms, cell.projection[1]) if t is not None]
    floats = {t.dtype for t in (x, *(s.value for s in states), *others)} == {F32}
    weights = {t.dtype for t in products}
    if not floats or weights not in ({F32}, {S8}) or op.unsigned:
        raise refuse(op, [x, states[1].value, *products, *others], "convert the model to f32")
    if min(options.CellClip, options.ProjClip) < 0:
        raise op.invalid(f"clips at {options.CellClip} and {options.ProjClip}")
    name = activation(op, options.FusedActivationFunction)
    if name == "none":  # LiteRT's output is then output * candidate of the step, which is no LSTM
        raise op.unsupported("an LSTM without an activation is not supported", "use tanh or relu")
    scales = None
    if weights == {S8}:
        from_x, from_h, projection = (
            tuple(symmetric_scale(op, t) for t in tensors if t is not None)
            for tensors in (cell.weights, cell.recurrent, cell.projection[:1])
        )
        scales = WeightScales(from_x, from_h, (*projection, 0.0)[0], bool(options.AsymmetricQuantizeInputs))
    return Lstm(time_major, False, name, name, options.CellClip, options.ProjClip, scales)


def _integer_gates(op: Operator, cell: Cell, states: tuple[State, State], clip: float) -> IntegerGates:
    """TFLM's factors: of a gate the f32 product of two scales over 2^-12, between gates f64 products of scales."""
    x, h, c = op.input(0), states[0].value, states[1].value
    (scale_x, zero_x), (scale_h, zero_h), scale_c = op.per_tensor(x), op.per_tensor(h), symmetric_scale(op, c)
    power = int(np.round(np.log2(scale_c)))
    if 2.0**power != scale_c or not -27 <= power <= -1:
        raise op.unsupported(f'"{c.name}" has scale {scale_c}, which is no power of 2 below 1')
    wide = x.dtype == S16
    if wide and (zero_x or zero_h):
        raise op.unsupported("s16 with a zero point is not supported", "calibrate the model again")
    scheme = WideFixedPoint if wide else FixedPoint

    def gates(scale: float, weights: tuple[Tensor | None, ...]) -> FixedPoint:
        scales = [symmetric_scale(op, t) for t in weights if t is not None]
        return scheme.from_scales([float(np.float32(scale) * np.float32(s)) / GATE_SCALE for s in scales], 0)

    one = 2.0**-15
    shift = power + 12  # to the 12 fraction bits of a gate
    curve = Sigmoid16("tanh", 3 << shift, 0) if shift >= 0 else Sigmoid16("tanh", 3, -shift)
    return IntegerGates(
        zero_x,
        zero_h,
        gates(scale_x, cell.weights),
        gates(scale_h, cell.recurrent),
        FixedPoint.from_scales([one * scale_c / scale_c], 0),
        FixedPoint.from_scales([one * one / scale_c], 0),
        FixedPoint.from_scales([one * one / scale_h], zero_h),
        curve,
        int(min(clip / scale_c, 32767.0)),
    )


def _kernel(op: Operator, options: Options, time_major: bool, states: tuple[State, State], cell: Cell) -> Lstm:
    """The arithmetic that the types ask for. Raises UnsupportedModel where there is none."""
    biases = {t.dtype for t in cell.biases if t is not None}
    weights = {t.dtype for t in (*cell.weights, *cell.recurrent) if t is not None}
    types = (op.input(0).dtype, states[0].value.dtype, states[1].value.dtype)
    integers = {(S8, S8, S16): S32, (S16, S16, S16): S64}
    rest = [*cell.peepholes, *cell.norms, *cell.projection]
    if cell.coupled or any(t is not None for t in rest):  # TFLM has no such forms
        return lstm_kernel(op, options, time_major, op.input(0), states, cell)
    if types not in integers or weights != {S8} or biases != {integers[types]}:
        return lstm_kernel(op, options, time_major, op.input(0), states, cell)
    if activation(op, options.FusedActivationFunction) != "tanh":
        raise op.unsupported("an integer LSTM has tanh only", "use tanh")
    if options.CellClip < 0 or 0 < options.CellClip < op.per_tensor(states[1].value)[0]:
        raise op.invalid(f"clips at {options.CellClip}")
    return Lstm(time_major, integers=_integer_gates(op, cell, states, options.CellClip))


@operator("UNIDIRECTIONAL_SEQUENCE_LSTM", last_version=4)
def unidirectional_sequence_lstm(op: Operator) -> None:
    """x[N,T,K], or [T,N,K] if time-major; hidden and cell state are kept from run to run."""
    options = op.options(tflite.UnidirectionalSequenceLSTMOptions)
    if options.DiagonalRecurrentTensors:
        raise op.unsupported("diagonal recurrent weights are not supported", "convert them to matrices")
    states = op.state(18), op.state(19)
    cell = Cell.of(op, 1, 20)
    kernel = _kernel(op, options, bool(options.TimeMajor), states, cell)
    add_lstm(op, kernel, op.input(0), states, cell, op.output)


@operator("LSTM", last_version=4)
def lstm(op: Operator) -> None:
    """One step: x[N,K] to [N,P]."""
    options, x = op.options(tflite.LSTMOptions), op.input(0)
    if options.KernelType == tflite.LSTMKernelType.BASIC:
        _basic(op)
        return
    states, cell = (op.state(18), op.state(19)), Cell.of(op, 1, 20)
    step = op.add(Reshape((1, *x.shape)), [x])
    result = add_lstm(op, lstm_kernel(op, options, True, x, states, cell), step, states, cell, None)
    op.add(Reshape(result.shape[1:]), [result], op.output)


def _basic(op: Operator) -> None:
    """Both states are inputs and outputs. Gates stand in the order input, candidate, forget, output; the weights of x
    and h side by side. Two further outputs are LiteRT's working memory, which no operator may read."""
    x, h, c = op.input(0), op.input(1), op.input(4)
    weights, bias = op.constant(2, "weights"), op.constant(3, "biases")
    if len(op.outputs) != 4 or x.rank != 2 or weights.ndim != 2 or len(weights) % 4 or bias.shape != weights.shape[:1]:
        raise op.invalid(f"weights {op.input(2).type} and biases {op.input(3).type} do not fit {x.type}")
    cells, depth = len(weights) // 4, x.shape[1]
    order = np.arange(4 * cells).reshape(4, cells)[[0, 2, 1, 3]].reshape(-1)
    dtype = op.input(2).dtype
    w, r = (op.add_constant(n, a, dtype) for n, a in (("w", weights[order, :depth]), ("r", weights[order, depth:])))
    b = op.add_constant("bias", bias[order], op.input(3).dtype)
    tensors = [op.add(Reshape((1, *x.shape)), [x]), h, c, w, r, b]
    y, _, _ = op.add_all(_basic_kernel(op), tensors, [None, None, op.outputs[1]])
    op.add(Reshape(y.shape[1:]), [y], op.outputs[0])
    readers = {op.model.tensors[i] for o in op.model.file.operators for i in o.inputs if i >= 0}
    for scratch in op.outputs[2:]:
        if scratch in readers or scratch in (op.model.tensors[i] for i in op.model.file.outputs):
            raise op.unsupported(f'"{scratch.name}" is working memory of the operator, but is read')
        op.model.defined.add(scratch)


def _basic_kernel(op: Operator) -> Lstm:
    """f32, or u8 with the scales that LiteRT demands: 1 / 128 around 128, and 2^-11 of the cell state."""
    types = [t.dtype for t in op.inputs if t is not None]
    if types == [F32] * 5:
        return Lstm()
    if types != [U8, U8, U8, S32, S16]:
        raise refuse(op, list(op.inputs), "use f32, or uint8 with int16 cell state")
    (x, h, w, c), bias = (op.per_tensor(op.input(i)) for i in (0, 1, 2, 4)), op.per_tensor(op.input(3))
    if x != (1 / 128, 128) or h != x or c != (2.0**-11, 0):
        raise op.unsupported("the basic kernel has scales of 1/128 around 128, and a cell state of 2^-11")
    return Lstm(integers=BasicGates(w[1], FixedPoint.from_scales([float(np.float32(4096) * np.float32(bias[0]))], 0)))
