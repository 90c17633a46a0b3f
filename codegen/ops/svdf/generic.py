"""Portable rows."""

from __future__ import annotations

import numpy as np

from edgegen.ir.fixed_point import FixedPoint, IntArray
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Constant, Kernel, Literal, Packed
from edgegen.ops.epilogue import clamp_f32, clamp_s8, fold_zero_point
from edgegen.ops.overlap import over_rows
from edgegen.ops.svdf.op import Svdf
from edgegen.ops.window_overlap import by_pixel

UPDATES = ((1, 1),)


def constant_parameters(node: Node) -> str | None:
    """A row's `when`: filters and bias are known ahead of time."""
    known = all(t is None or t.is_constant for t in node.inputs[2:])
    return None if known else "filters and bias must be constant"


def sizes(node: Node) -> dict[str, Literal]:
    """The start of every params struct."""
    op, x, times = node.op, node.input(0), node.input(3)
    assert isinstance(op, Svdf)
    units = node.out.shape[1]
    return {"batch": x.shape[0], "depth": x.shape[1], "units": units, "rank": op.rank, "memory": times.shape[1]}


def folded_biases(node: Node) -> tuple[IntArray, IntArray]:
    """(s32[F], s32[U]): what sums over raw features, and over raw memory, start from."""
    op = node.op
    assert isinstance(op, Svdf)
    features, times = node.input(2).values.astype(np.int64), node.input(3).values.astype(np.int64)
    bias = node.inputs[4] if len(node.inputs) > 4 else None
    per_unit = times.sum(axis=1).reshape(-1, op.rank).sum(axis=1)
    return (
        fold_zero_point(None, features.sum(axis=1), op.x_zero),
        fold_zero_point(None if bias is None else bias.values, per_unit, op.state_zero),
    )


def finish(node: Node) -> dict[str, Literal]:
    """The end of the integer rows' params structs."""
    op = node.op
    assert isinstance(op, Svdf)
    assert op.remember is not None
    assert op.requantize is not None
    low, high = clamp_s8(op.clamp)
    return {
        "remember": _factor(op.remember),
        "state_zero": op.remember.zero_point,
        "output": _factor(op.requantize),
        "zero_point": op.requantize.zero_point,
        "low": low,
        "high": high,
    }


def _factor(requantize: FixedPoint) -> tuple[int, int]:
    return requantize.multiplier[0], requantize.shift[0]


def _pack_integer(node: Node) -> Packed:
    first, second = folded_biases(node)
    constants = (
        Constant("features", node.input(2).values),
        Constant("starts", first),
        Constant("times", node.input(3).values),
        Constant("bias", second),
    )
    return Packed("edgegen_svdf_s8", sizes(node) | finish(node), constants, inputs=(0, 1))


def _pack_f32(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, Svdf)
    low, high = clamp_f32(op.clamp)
    bias = node.inputs[4] if len(node.inputs) > 4 else None
    constants = (
        Constant("features", node.input(2).values),
        Constant("times", node.input(3).values),
        Constant("bias", np.zeros(node.out.shape[1], np.float32) if bias is None else bias.values),
    )
    return Packed("edgegen_svdf_f32", sizes(node) | {"low": low, "high": high}, constants, inputs=(0, 1))


def _pack_hybrid(node: Node) -> Packed:
    op, features, plain = node.op, node.input(2).values, _pack_f32(node)
    assert isinstance(op, Svdf)
    assert op.scale is not None
    more: dict[str, Literal] = {"scale": float(np.float32(op.scale)), "asymmetric": int(op.asymmetric)}
    sums = Constant("feature_sums", features.sum(axis=1, dtype=np.int32))
    constants = (plain.constants[0], sums, *plain.constants[1:])
    depth = features.shape[1]
    return Packed("edgegen_svdf_hybrid", {**plain.params, **more}, constants, plain.inputs, depth)


def single_factors(node: Node) -> str | None:
    """A row's `when`: one factor for all filters, and one for all units."""
    op = node.op
    assert isinstance(op, Svdf)
    if op.remember is None or op.requantize is None:
        return "integers must be requantized"
    one = len(op.remember.multiplier) == len(op.requantize.multiplier) == 1
    return constant_parameters(node) or (None if one else "quantization must be per tensor")


def _integer(state: str) -> Kernel:
    signature = f"s8 {state} s8 {state} s32? -> s8 {state}"
    name = f"svdf_s8_{state}"
    return Kernel(name, signature, _pack_integer, header="svdf", when=single_factors, overlap=by_pixel, updates=UPDATES)


ROWS = (
    _integer("s16"),
    _integer("s8"),
    Kernel(
        "svdf_f32",
        "f32 f32 f32 f32 f32? -> f32 f32",
        _pack_f32,
        header="svdf",
        when=constant_parameters,
        overlap=by_pixel,
        updates=UPDATES,
    ),
    Kernel(
        "svdf_hybrid",
        "f32 f32 s8 f32 f32? -> f32 f32",
        _pack_hybrid,
        when=constant_parameters,
        overlap=lambda node: over_rows(node, 0),  # a row is quantized before
        updates=UPDATES,
    ),
)
