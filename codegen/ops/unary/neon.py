"""Rows for AArch64: of f16, functions that are one operation, rounded once as by way of f32."""

from __future__ import annotations

from edgegen.ops.unary.generic import float_row

_FUNCTIONS = ("abs", "ceil", "floor", "neg", "round", "sqrt", "square")

ROWS = tuple(float_row(f"{f}_f16_neon", "f16", "unary_f16_neon", f, frozenset({"neon", "fp16"})) for f in _FUNCTIONS)
