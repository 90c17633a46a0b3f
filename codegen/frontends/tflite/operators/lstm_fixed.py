"""Factors of LiteRT's quantized LSTM; intermediate tensors say how results inside the operator are quantized."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgegen.frontends.tflite.operator import Operator
from edgegen.frontends.tflite.operators.lstm_cell import Cell
from edgegen.frontends.tflite.operators.recurrent import symmetric_scale
from edgegen.frontends.tflite.reader import Options
from edgegen.ir.dtypes import S8, S16, S32
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import State
from edgegen.ir.tensor import Tensor
from edgegen.ops.lstm.fixed import FixedGates

F = np.float32
GATE_SCALE = 2.0**-12


def is_fixed(cell: Cell, x: Tensor, states: tuple[State, State]) -> bool:
    """Whether the types are those of LiteRT's kernel: s8 with a cell state of s16."""

    def types(tensors: Sequence[Tensor | None]) -> set[object]:
        return {t.dtype for t in tensors if t is not None}

    products = types([*cell.weights, *cell.recurrent, cell.projection[0], x, states[0].value])
    sums = types([*cell.biases, cell.projection[1]])
    return products == {S8} and sums == {S32} and types([*cell.peepholes, *cell.norms, states[1].value]) == {S16}


def _factors(scales: Sequence[np.floating], more: int = 0) -> FixedPoint:
    """Each factor times 2^more."""
    found = FixedPoint.from_scales([float(s) for s in scales], 0)
    return FixedPoint(found.multiplier, tuple(s + more for s in found.shift), 0)


def fixed_gates(
    op: Operator, options: Options, x: Tensor, states: tuple[State, State], cell: Cell, y: Tensor
) -> FixedGates:
    """All in f32, as LiteRT's PopulateQuantizedLstmParams8x8_16. Raises UnsupportedModel and InvalidModel."""
    if len(op.intermediates) != 5:
        raise op.unsupported(
            f"a quantized LSTM with {len(op.intermediates)} intermediate tensors is not supported", "convert it again"
        )
    (scale_x, x_zero), (scale_h, h_zero) = op.per_tensor(x), op.per_tensor(states[0].value)
    scale_c = symmetric_scale(op, states[1].value)
    power = round(float(np.log2(scale_c)))
    if 2.0**power != scale_c or not -15 <= power <= -9:
        raise op.unsupported(f"a cell state of scale {scale_c} is not supported", "use a power of 2, 2^-15 to 2^-9")
    present = [g for g in range(4) if g or not cell.coupled]
    normal = any(t is not None for t in cell.norms)
    inner = [F(op.per_tensor(op.intermediates[g])[0]) if normal else F(GATE_SCALE) for g in range(4)]
    hidden_scale, hidden_zero = op.per_tensor(op.intermediates[4])

    def scales(tensors: Sequence[Tensor | None], of: float) -> list[np.floating]:
        return [F(symmetric_scale(op, t)) * F(of) / inner[g] for g, t in zip(present, _there(tensors), strict=True)]

    peepholes = None
    if any(t is not None for t in cell.peepholes):
        places = [g for g in (0, 1, 3) if g or not cell.coupled]
        found = zip(places, _there(cell.peepholes), strict=True)
        peepholes = _factors([F(2.0**power) * F(symmetric_scale(op, t)) / inner[g] for g, t in found])
        if cell.projection[0] is not None and cell.projection[0].shape[:1] != cell.projection[0].shape[1:]:
            raise op.unsupported("peepholes before a projection are not supported", "LiteRT leaves out some cells")
    norms = [F(symmetric_scale(op, t)) for t in _there(cell.norms)]
    project = None
    if cell.projection[0] is not None:
        scale = F(symmetric_scale(op, cell.projection[0])) * F(hidden_scale) / F(scale_h)
        project = FixedPoint.from_scales([float(scale)], h_zero)
    if 0 < options.CellClip < scale_c or 0 < options.ProjClip < op.per_tensor(y)[0]:
        raise op.invalid(f"clips at {options.CellClip} and {options.ProjClip}")
    clip, limit = F(options.CellClip) / F(scale_c), F(options.ProjClip) / F(op.per_tensor(y)[0])
    return FixedGates(
        x_zero,
        h_zero,
        _factors(scales(cell.weights, scale_x)),
        _factors(scales(cell.recurrent, scale_h)),
        peepholes,
        _factors(norms, 12) if norms else None,
        tuple(max(1, int(F(10000) * s)) for s in norms),
        15 + power,
        FixedPoint.from_scales([float(F(2.0**-30 / hidden_scale))], hidden_zero if project is None else -hidden_zero),
        project,
        int(min(clip, F(32767))),
        int(min(limit, F(127))),
    )


def _there(tensors: Sequence[Tensor | None]) -> list[Tensor]:
    return [t for t in tensors if t is not None]
