"""Portable rows: one C function for each member and type, over up to six nested loops of any strides.

Each function has two rows, since only operands that are read in the output's order may lend it their bytes.
"""

from __future__ import annotations

from collections.abc import Callable

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed
from edgegen.ops.binary.broadcast import MAX_LOOPS, few_loops, loops, walked_in_order
from edgegen.ops.binary.op import FUNCTIONS, OF_FLOATS, OF_INTEGERS, Binary, integer_clamp
from edgegen.ops.epilogue import clamp_f32, clamp_f64
from edgegen.ops.window import any_order

When = Callable[[Node], str | None]


def geometry(node: Node) -> dict[str, Literal]:
    """The params that rows of every dtype share."""
    found = loops(node).padded(MAX_LOOPS)
    return {"extent": found.extent, "a_step": found.a, "b_step": found.b}


def rescaling(op: Binary) -> dict[str, Literal]:
    """The params of quantized add, sub and squared_difference, clamp apart."""
    assert op.a_rescale is not None
    assert op.b_rescale is not None
    assert op.requantize is not None
    return {
        "a_zero": op.a_zero,
        "b_zero": op.b_zero,
        "left_shift": op.left_shift,
        "a_multiplier": op.a_rescale.multiplier[0],
        "a_shift": op.a_rescale.shift[0],
        "b_multiplier": op.b_rescale.multiplier[0],
        "b_shift": op.b_rescale.shift[0],
        **requantizing(op.requantize),
    }


def requantizing(requantize: FixedPoint) -> dict[str, Literal]:
    """The params of a per-tensor requantization."""
    return {
        "multiplier": requantize.multiplier[0],
        "shift": requantize.shift[0],
        "zero_point": requantize.zero_point,
    }


def pack_quantized(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, Binary)
    assert op.requantize is not None
    low, high = integer_clamp(op.clamp, node.out.dtype.np)
    if op.function in ("mul", "div"):
        struct = "edgegen_mul_quantized"
        arithmetic = {"a_zero": op.a_zero, "b_zero": op.b_zero, **requantizing(op.requantize)}
    else:
        struct, arithmetic = "edgegen_add_quantized", rescaling(op)
    return Packed(struct, geometry(node) | arithmetic | {"low": low, "high": high}, inputs=(0, 1))


def _pack_integer(node: Node) -> Packed:
    assert isinstance(node.op, Binary)
    low, high = integer_clamp(node.op.clamp, node.out.dtype.np)
    struct = f"edgegen_binary_{node.out.dtype}" if node.out.dtype.size == 8 else "edgegen_binary_s32"
    return Packed(struct, geometry(node) | {"low": low, "high": high}, inputs=(0, 1))


def pack_float(node: Node) -> Packed:
    assert isinstance(node.op, Binary)
    low, high = (clamp_f64 if node.out.dtype.size == 8 else clamp_f32)(node.op.clamp)
    dtype = "f64" if node.out.dtype.size == 8 else "f32"  # f16 and bf16 are computed in f32
    return Packed(f"edgegen_binary_{dtype}", geometry(node) | {"low": low, "high": high}, inputs=(0, 1))


def computes(node: Node, function: str, quantized: bool) -> str | None:
    """Why a row for one member of the family does not hold: None if it does."""
    op = node.op
    assert isinstance(op, Binary)
    if op.function != function:
        return f"computes {function}"
    if quantized != (op.requantize is not None):
        return "computes quantized integers" if quantized else "computes plain numbers"
    return None


def _rows(function: str, dtype: str, pack: Callable[[Node], Packed], quantized: bool) -> tuple[Kernel, Kernel]:
    def row(fits: When, in_place: tuple[int, ...]) -> Kernel:
        return Kernel(
            f"{function}_{dtype}",
            f"{dtype} {dtype} -> {dtype}",
            pack,
            header="binary_quantized" if quantized else "binary_half" if dtype in _HALF_TYPES else "binary",
            when=lambda node: computes(node, function, quantized) or fits(node),
            in_place=in_place,
            reads=any_order,
            writes=any_order,
        )

    return row(walked_in_order, (0, 1)), row(few_loops, ())


_QUANTIZED = ("add", "sub", "mul", "div", "squared_difference")
_ORDER = ("maximum", "minimum")  # of numbers on one scale
_HALF_TYPES = ("f16", "bf16")
OF_HALVES = ("add", "sub", "mul", "div", "maximum", "minimum")
_COMPUTED = (
    *(("s8", f, pack_quantized, True) for f in _QUANTIZED),
    *(("s16", f, pack_quantized, True) for f in _QUANTIZED),
    *((dtype, f, _pack_integer, False) for dtype in ("s8", "u8", "s16") for f in _ORDER),
    *((dtype, f, pack_float, False) for dtype in ("f32", "f64") for f in FUNCTIONS if f not in OF_INTEGERS),
    *((dtype, f, pack_float, False) for dtype in _HALF_TYPES for f in OF_HALVES),
    *((t, f, _pack_integer, False) for t in ("s32", "s64", "u64") for f in FUNCTIONS if f not in OF_FLOATS),
)

ROWS = tuple(row for dtype, function, pack, quantized in _COMPUTED for row in _rows(function, dtype, pack, quantized))
