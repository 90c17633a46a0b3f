"""Cast: the same values as another type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import BOOL, DTYPES, F8E8M0, F16, F32, F64, SMALL_INTEGERS, DType
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed, apart
from edgegen.ir.op import Op, known, present
from edgegen.ir.rows import RowWindow, element_rows
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.element_overlap import by_element
from edgegen.ops.lookup import same_order
from edgegen.ops.window import any_order

_C_TYPES = frozenset(
    ("float16", "float32", "float64", "bool", *(f"{u}int{n}" for u in ("", "u") for n in (8, 16, 32, 64)))
)
_GREATEST = {"f8e4m3fn": 0x7E, "f8e4m3fnuz": 0x7F, "f8e5m2": 0x7B, "f8e5m2fnuz": 0x7F}  # codes
_SATURATING = tuple(DTYPES[name] for name in _GREATEST)


def _wide(of: DType, to: DType) -> str:
    """The C type by way of which kernels convert: it holds each value of the first type, or is nearer to the second."""
    if to.is_float and to not in (F16, F32, F64):
        return "float"
    if of.is_float or to == F16:
        return "double" if of == F64 else "float"
    return of.c if of.size > 2 else "int32_t"


def _load(of: DType) -> str:
    if of in SMALL_INTEGERS:
        return f"EDGEGEN_LOAD_{of.name.upper()}"
    if of == F16:
        return "edgegen_from_half"
    return "EDGEGEN_LOAD" if not of.is_float or of in (F32, F64) else f"edgegen_load_{of}"


def _store(of: DType, to: DType, saturate: bool) -> str:
    if to == BOOL:
        return "EDGEGEN_TRUTH_OF_FLOAT" if of.is_float else "EDGEGEN_TRUTH"
    if to.is_integer:
        kind = to.name[1:] if to in SMALL_INTEGERS else to.name
        return f"EDGEGEN_{'TRUNCATE' if of.is_float else 'WRAP'}_{kind}"
    if to in (F32, F64):
        return f"EDGEGEN_TO_{to.name.upper()}"
    if to == F16:
        return "edgegen_to_half_of_f64" if of == F64 else "edgegen_to_half"
    return f"edgegen_store_{to}" + ("_saturated" if to in _SATURATING and saturate else "")


def _has_vectors(of: DType, to: DType) -> bool:
    """Whether compilers convert several at a time."""
    plain = all(t.size <= 4 and (t.is_integer or t in (BOOL, F32)) for t in (of, to))
    return plain and (to.is_float or not of.is_float)


def _row(of: DType, to: DType) -> Callable[[bool], Kernel]:
    """The conversion is expanded from a macro where it is used: there are too many to compile them all."""
    name = f"cast_{of}_{to}"

    def pack(node: Node, saturate: bool) -> Packed:
        each = "VECTORS" if _has_vectors(of, to) else "EACH"
        of_to = f"{of.c}, {_load(of)}, {_wide(of, to)}, {to.c}, {_store(of, to, saturate)}, {each}"
        definition = f"EDGEGEN_CAST({suffixed(saturate)}, {of_to})"
        return Packed("edgegen_cast", {"count": node.out.type.elements, "backward": 0}, definitions=(definition,))

    def suffixed(saturate: bool) -> str:
        return name if saturate or to not in _SATURATING else f"{name}_unsaturated"

    def row(saturate: bool) -> Kernel:
        def when(node: Node) -> str | None:
            assert isinstance(node.op, Cast)
            if to in _SATURATING and node.op.saturate != saturate:
                return "saturates" if saturate else "does not saturate"
            return same_order(node)

        return Kernel(
            suffixed(saturate),
            f"{of} -> {to}",
            lambda node: pack(node, saturate),
            header="cast",
            when=when,
            in_place=(0,) if to.size == of.size else (),
            overlap=apart if to.size == of.size else by_element(),
            reads=any_order,
            writes=any_order,
        )

    return row


@dataclass(frozen=True)
class Cast(Op):
    """x as `dtype`, element by element (TFLite CAST, ONNX Cast).

    saturate: of 8-bit floats: what is too great becomes the greatest number, not an infinity or NaN

    Integers keep their low bits; bool is 0 or 1, and of a number whether it is not 0; floats become integers by
    leaving out their fraction. Numbers that the integer cannot hold, which TFLite leaves to the machine, saturate, and
    NaN becomes 0. Smaller floats round to the nearest, ties to even; f8e8m0, a power of two, rounds up.
    """

    dtype: str = "f32"
    saturate: bool = True

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if self.dtype not in DTYPES:
            raise InvalidGraph(f"x {x} cannot be cast to {self.dtype}")
        return (TensorType(DTYPES[self.dtype], x.shape),)

    def row_windows(self, *inputs: TensorType | None) -> tuple[RowWindow | None, ...] | None:
        return element_rows(*inputs)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x, to = present(inputs[0], "x"), DTYPES[self.dtype]
        with np.errstate(all="ignore"):
            return (np.asarray(self._converted(x, to), to.np),)

    def _converted(self, x: Array, to: DType) -> Array:
        integral = "float" not in x.dtype.name
        if x.dtype.name not in _C_TYPES:  # not all types of ml_dtypes convert to one another
            x = x.astype(np.int8 if integral else np.float32)
        if to == F8E8M0:
            mantissa, exponent = np.frexp(np.minimum(np.abs(x.astype(np.float64)), 2.0**127))
            code = np.clip(exponent - (mantissa == 0.5) + 127, 0, 254)
            code = np.where(x == 0, 0, np.where(np.isnan(x.astype(np.float64)), 255, code))
            return code.astype(np.uint8).view(to.np)
        if to in _SATURATING and self.saturate:
            most = float(np.uint8(_GREATEST[to.name]).view(to.np))
            wide = x.astype(np.float32)
            return np.where(np.isnan(wide), wide, np.clip(wide, -most, most)).astype(to.np)
        if to in SMALL_INTEGERS and integral:
            return (x.astype(np.int64) & ((1 << _bits(to)) - 1)).astype(np.uint8).view(to.np)
        if not to.is_integer or integral:
            return x.astype(to.np)
        low, high = (-(2**31), 2**31 - 1) if to in SMALL_INTEGERS else to.range
        whole = np.trunc(np.nan_to_num(x.astype(np.float64), nan=0.0, posinf=np.inf, neginf=-np.inf))
        inside = (whole > low) & (whole < high)
        middle = np.int64 if low < 0 else np.uint64
        y = np.where(inside, whole, 0).astype(middle)
        y = np.where(whole >= high, middle(high), np.where(whole <= low, middle(low), y))
        if to in SMALL_INTEGERS:
            return (y & ((1 << _bits(to)) - 1)).astype(np.uint8).view(to.np)
        return y.astype(to.np)


def _bits(dtype: DType) -> int:
    return int(dtype.name[1:])


Cast.kernels = tuple(
    row(saturate)
    for of in DTYPES.values()
    for to in DTYPES.values()
    for row in (_row(of, to),)
    for saturate in ((True, False) if to in _SATURATING else (True,))
)
