"""Portable rows: one C function for each member and type; quantized ones of 8 bits are tables, whatever the member."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Packed
from edgegen.ops.lookup import LOOKUP_8, same_order
from edgegen.ops.unary.op import FUNCTIONS, INTEGER_FUNCTIONS, PLAIN_INTEGERS, Unary
from edgegen.ops.unary_quantized import Magnitude, ReciprocalRoot, TwoSlopes
from edgegen.ops.unary_tables import SIGMOID_TABLE, Interpolated, Sigmoid16
from edgegen.ops.window import any_order


def _pack_float(node: Node) -> Packed:
    assert isinstance(node.op, Unary)
    return Packed("edgegen_unary_float", {"count": node.out.type.elements, "alpha": node.op.alpha})


def _pack_plain(node: Node) -> Packed:
    return Packed("edgegen_unary_integer", {"count": node.out.type.elements})


def _pack_two_slopes(node: Node) -> Packed:
    assert isinstance(node.op, Unary)
    q = node.op.quantized
    assert isinstance(q, TwoSlopes)
    return Packed(
        "edgegen_two_slopes",
        {
            "count": node.out.type.elements,
            "x_zero": q.x_zero,
            "zero_point": q.positive.zero_point,
            "positive_multiplier": q.positive.multiplier[0],
            "positive_shift": q.positive.shift[0],
            "negative_multiplier": q.negative.multiplier[0],
            "negative_shift": q.negative.shift[0],
        },
    )


def _pack_scaled(node: Node) -> Packed:
    assert isinstance(node.op, Unary)
    q = node.op.quantized
    assert isinstance(q, Magnitude | ReciprocalRoot)
    return Packed(
        "edgegen_scaled_s16",
        {
            "count": node.out.type.elements,
            "x_zero": q.x_zero,
            "multiplier": q.scale.multiplier[0],
            "shift": q.scale.shift[0],
            "zero_point": q.scale.zero_point,
        },
    )


def _pack_sigmoid(node: Node) -> Packed:
    assert isinstance(node.op, Unary)
    q = node.op.quantized
    assert isinstance(q, Sigmoid16)
    params = {"count": node.out.type.elements, "multiplier": q.multiplier, "shift": q.shift}
    return Packed("edgegen_sigmoid_s16", params, (Constant("sigmoid", SIGMOID_TABLE),))


def _pack_interpolated(node: Node) -> Packed:
    assert isinstance(node.op, Unary)
    q = node.op.quantized
    assert isinstance(q, Interpolated)
    table = np.array(q.values, np.int16)
    return Packed("edgegen_interpolate_s16", {"count": node.out.type.elements}, (Constant("table", table),))


def _row(
    name: str,
    dtype: str,
    pack: Callable[[Node], Packed],
    header: str,
    function: str | None = None,
    quantized: type | None = None,
    requires: frozenset[str] = frozenset(),
) -> Kernel:
    def when(node: Node) -> str | None:
        op = node.op
        assert isinstance(op, Unary)
        if function is not None and op.function != function:
            return f"computes {function}"
        if quantized is None and op.quantized is not None:
            return "computes plain numbers"
        if quantized is not None and not isinstance(op.quantized, quantized):
            return f"computes {quantized.__name__}"
        return same_order(node)

    return Kernel(
        name,
        f"{dtype} -> {dtype}",
        pack,
        header=header,
        requires=requires,
        when=when,
        in_place=(0,),
        reads=any_order,
        writes=any_order,
    )


def float_row(name: str, dtype: str, header: str, function: str, requires: frozenset[str] = frozenset()) -> Kernel:
    """A row of plain floats that computes one function."""
    return _row(name, dtype, _pack_float, header, function, requires=requires)


ROWS = (
    _row("not_bool", "bool", _pack_plain, "unary_integer", "not"),
    LOOKUP_8,
    *(float_row(f"{f}_{t}", t, "unary_float", f) for f in FUNCTIONS for t in ("f32", "f64")),
    *(float_row(f"{f}_{t}", t, "unary_half", f) for f in FUNCTIONS for t in ("f16", "bf16")),
    *(_row(f"{f}_{t}", t, _pack_plain, "unary_integer", f) for f in INTEGER_FUNCTIONS for t in PLAIN_INTEGERS),
    _row("leaky_relu_s16", "s16", _pack_two_slopes, "unary_s16", quantized=TwoSlopes),
    _row("magnitude_s16", "s16", _pack_scaled, "unary_s16", quantized=Magnitude),
    _row("rsqrt_s16", "s16", _pack_scaled, "unary_s16", quantized=ReciprocalRoot),
    _row("logistic_s16", "s16", _pack_sigmoid, "unary_s16", "logistic", Sigmoid16),
    _row("tanh_s16", "s16", _pack_sigmoid, "unary_s16", "tanh", Sigmoid16),
    _row("interpolate_s16", "s16", _pack_interpolated, "unary_s16", quantized=Interpolated),
)
