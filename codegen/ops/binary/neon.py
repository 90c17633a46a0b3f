"""Rows for AArch64."""

from __future__ import annotations

from collections.abc import Callable

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel
from edgegen.ops.binary.broadcast import few_loops, loops, walked_in_order
from edgegen.ops.binary.generic import OF_HALVES, computes, pack_float
from edgegen.ops.binary.side_by_side import side_by_side_rows
from edgegen.ops.window import any_order


def _in_runs(node: Node) -> str | None:
    """Operands that lie together, or repeat, along the innermost loop."""
    found = loops(node)
    if found.extent[-1] < 8 or not {found.a[-1], found.b[-1]} <= {0, 1}:
        return "operands must lie together for at least 8 elements, or repeat"
    return None


def _f16_rows(function: str) -> tuple[Kernel, Kernel]:
    def row(fits: Callable[[Node], str | None], in_place: tuple[int, ...]) -> Kernel:
        return Kernel(
            f"{function}_f16_neon",
            "f16 f16 -> f16",
            pack_float,
            header="binary_f16_neon",
            requires=frozenset({"neon", "fp16"}),
            when=lambda node: computes(node, function, quantized=False) or fits(node) or _in_runs(node),
            in_place=in_place,
            reads=any_order,
            writes=any_order,
        )

    return row(walked_in_order, (0, 1)), row(few_loops, ())


ROWS = (
    *side_by_side_rows("neon", "neon", frozenset({"neon"})),
    *(row for function in OF_HALVES for row in _f16_rows(function)),
)
