"""Python values as C99 literals."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from edgegen.ir.dtypes import DType
from edgegen.ir.kernel import Double, Symbol
from edgegen.ir.tensor import Array

WIDTH = 110


def integer(value: int) -> str:
    """A signed integer; the least s32 and s64 have no literal of their own in C."""
    if value == -(2**31):
        return "(-2147483647 - 1)"
    if value == -(2**63):
        return "(-INT64_C(9223372036854775807) - 1)"
    if value >= 2**63:
        return f"UINT64_C({value})"
    if not -(2**31) <= value < 2**31:
        return f"INT64_C({value})"
    return str(value)


def float32(value: float) -> str:
    """An f32 as a hexadecimal literal: exact, and the same text on every machine."""
    value = float(np.float32(value))
    if math.isinf(value):
        return "-EDGEGEN_INFINITY" if value < 0 else "EDGEGEN_INFINITY"
    if math.isnan(value):
        return "EDGEGEN_NAN"
    if value == int(value) and abs(value) < 1e6:
        return "-0.0f" if value == 0 and math.copysign(1, value) < 0 else f"{int(value)}.0f"
    mantissa, exponent = value.hex().split("p")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}p{exponent}f"


def float64(value: float) -> str:
    """An f64, likewise. The infinities and NaN of <math.h> are floats, which are the same as doubles."""
    if math.isfinite(value):
        return float(value).hex()
    return float32(value)


def scalar(value: float | int | Symbol) -> str:
    if isinstance(value, Symbol):
        return str(value)
    if isinstance(value, Double):
        return float64(value)
    return integer(value) if isinstance(value, int) else float32(value)


def wrapped(items: Iterable[str]) -> str:
    """The items of an initializer, each followed by a comma, in lines of bearable length."""
    lines: list[str] = []
    line = "   "
    for item in items:
        if len(line) + len(item) + 2 > WIDTH:
            lines.append(line)
            line = "   "
        line += f" {item},"
    return "\n".join([*lines, line])


def array(values: Array, dtype: DType) -> str:
    """The body of an initializer, wrapped into lines; elements in storage order."""
    flat = np.ascontiguousarray(values).reshape(-1)
    if dtype.name == "f64":
        return wrapped(map(float64, flat.tolist()))
    if dtype.name == "f32":
        return wrapped(map(float32, flat.tolist()))
    if dtype.is_float:  # C has no such type: its bits
        return wrapped(str(v) for v in flat.view(f"uint{8 * dtype.size}").tolist())
    return wrapped(integer(int(v)) for v in flat.tolist())
