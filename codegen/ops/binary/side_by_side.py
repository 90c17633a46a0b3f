"""What the SIMD rows of all instruction sets share: operands of the output's shape that lie in its order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed
from edgegen.ops.binary.broadcast import loops
from edgegen.ops.binary.generic import computes
from edgegen.ops.binary.linear import LinearForm, linear_form
from edgegen.ops.binary.op import Binary, integer_clamp
from edgegen.ops.epilogue import clamp_f32
from edgegen.ops.window import any_order

SHIFT = 22  # of the kernels linear_s8_*


def _side_by_side(node: Node) -> str | None:
    found = loops(node)
    whole = len(found.extent) == 1 and found.a == found.b == (1,)
    return None if whole else "operands must have the output's shape and order"


def holds_linear(node: Node) -> str | None:
    """Why the kernels linear_s8_* do not compute the node; None if they do."""
    op = node.op
    assert isinstance(op, Binary)
    if op.function not in ("add", "sub"):
        return "computes add and sub"
    reason = computes(node, op.function, quantized=True) or _side_by_side(node)
    if reason is None and linear_form(op, SHIFT) is None:
        reason = "no linear form equals this sum for all inputs"
    return reason


def linear(node: Node) -> LinearForm:
    """What the kernels linear_s8_* compute of a node for which they hold."""
    assert isinstance(node.op, Binary)
    form = linear_form(node.op, SHIFT)
    assert form is not None
    return form


def linear_params(node: Node) -> dict[str, Literal]:
    """Params of the kernels linear_s8_*."""
    op, form = node.op, linear(node)
    assert isinstance(op, Binary)
    low, high = integer_clamp(op.clamp, np.dtype(np.int8))
    factors = {"a_factor": form.a, "b_factor": form.b, "offset": form.offset}
    return {"count": node.out.type.elements, **factors, "low": low, "high": high}


def _holds_f32(function: str) -> Callable[[Node], str | None]:
    return lambda node: computes(node, function, quantized=False) or _side_by_side(node)


def side_by_side_rows(isa: str, structs: str, requires: frozenset[str]) -> tuple[Kernel, ...]:
    """linear_s8 (add and sub), add_f32, sub_f32 and mul_f32 of one instruction set, from the header binary_<isa>.

    structs: ending of the names of the params structs
    """

    def pack_s8(node: Node) -> Packed:
        return Packed(f"edgegen_linear_s8_{structs}", linear_params(node), inputs=(0, 1))

    def pack_f32(node: Node) -> Packed:
        assert isinstance(node.op, Binary)
        low, high = clamp_f32(node.op.clamp)
        params = {"count": node.out.type.elements, "low": low, "high": high}
        return Packed(f"edgegen_binary_f32_{structs}", params, inputs=(0, 1))

    def row(name: str, dtype: str, pack: Callable[[Node], Packed], when: Callable[[Node], str | None]) -> Kernel:
        return Kernel(
            f"{name}_{dtype}_{isa}",
            f"{dtype} {dtype} -> {dtype}",
            pack,
            header=f"binary_{isa}",
            requires=requires,
            when=when,
            in_place=(0, 1),
            reads=any_order,
            writes=any_order,
        )

    return (
        row("linear", "s8", pack_s8, holds_linear),
        *(row(function, "f32", pack_f32, _holds_f32(function)) for function in ("add", "sub", "mul")),
    )
