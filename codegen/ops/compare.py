"""Compare: relations between two numbers, and between two truths: a class and a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import BOOL
from edgegen.ir.fixed_point import FixedPoint, wrap32
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Literal, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.binary.broadcast import MAX_LOOPS, few_loops, loops, over_operands
from edgegen.ops.window import any_order

RELATIONS: dict[str, Callable[[Array, Array], Array]] = {
    "equal": np.equal,
    "not_equal": np.not_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "and": np.logical_and,
    "or": np.logical_or,
}
_OF_BOOL = ("equal", "not_equal", "and", "or")
_PLAIN = ("f32", "f64", "s8", "u8", "s16", "s32", "s64", "u64")


@dataclass(frozen=True)
class Compare(Op):
    """relation(a, b), element by element, as bool; broadcast to a common shape as numpy does.

    relation:  one of RELATIONS; "and" and "or" are of bool
    a_zero, b_zero, left_shift, a_rescale, b_rescale: what is compared of s8 and s16:
               a_rescale((a - a_zero) << left_shift) and likewise b (TFLM EQUAL, LESS and their like, int8; LiteRT
               EQUAL and NOT_EQUAL, int16); None where numbers are compared as they are
    """

    relation: str = "equal"
    a_zero: int = 0
    b_zero: int = 0
    left_shift: int = 0
    a_rescale: FixedPoint | None = None
    b_rescale: FixedPoint | None = None

    @property
    def kind(self) -> str:
        return "".join(part.capitalize() for part in self.relation.split("_"))

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        a, b = known(inputs[0], "a"), known(inputs[1], "b")
        if self.relation not in RELATIONS:
            raise InvalidGraph(f'"{self.relation}" is not one of {", ".join(RELATIONS)}')
        if a.dtype != b.dtype:
            raise InvalidGraph(f"a {a} and b {b} differ in type")
        if (self.relation in ("and", "or") and a.dtype != BOOL) or (a.dtype == BOOL and self.relation not in _OF_BOOL):
            raise InvalidGraph(f"{self.relation} of {a.dtype} is not defined")
        try:
            shape = np.broadcast_shapes(a.shape, b.shape)
        except ValueError as error:
            raise InvalidGraph(f"a {a} and b {b} do not broadcast") from error
        return (TensorType(BOOL, shape),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        a, b = present(inputs[0], "a"), present(inputs[1], "b")
        if self.a_rescale is not None and self.b_rescale is not None:
            a = self.a_rescale.apply(wrap32((a.astype(np.int64) - self.a_zero) << self.left_shift))
            b = self.b_rescale.apply(wrap32((b.astype(np.int64) - self.b_zero) << self.left_shift))
        return (np.asarray(RELATIONS[self.relation](a, b), np.bool_),)


def _geometry(node: Node) -> dict[str, Literal]:
    found = loops(node).padded(MAX_LOOPS)
    return {"extent": found.extent, "a_step": found.a, "b_step": found.b}


def _pack(node: Node) -> Packed:
    return Packed("edgegen_compare", _geometry(node), inputs=(0, 1))


def _pack_rescaled(node: Node) -> Packed:
    op = node.op
    assert isinstance(op, Compare)
    assert op.a_rescale is not None
    assert op.b_rescale is not None
    params: dict[str, Literal] = {
        "a_zero": op.a_zero,
        "b_zero": op.b_zero,
        "left_shift": op.left_shift,
        "a_multiplier": op.a_rescale.multiplier[0],
        "a_shift": op.a_rescale.shift[0],
        "b_multiplier": op.b_rescale.multiplier[0],
        "b_shift": op.b_rescale.shift[0],
    }
    return Packed("edgegen_compare_rescaled", _geometry(node) | params, inputs=(0, 1))


def _row(relation: str, dtype: str, rescaled: bool = False) -> Kernel:
    def when(node: Node) -> str | None:
        op = node.op
        assert isinstance(op, Compare)
        if op.relation != relation:
            return f"computes {relation}"
        if rescaled != (op.a_rescale is not None):
            return "compares numbers on two scales" if rescaled else "compares numbers as they are"
        return few_loops(node)

    return Kernel(
        f"{relation}_{dtype}{'_rescaled' if rescaled else ''}",
        f"{dtype} {dtype} -> bool",
        _pack_rescaled if rescaled else _pack,
        header="compare",
        when=when,
        overlap=over_operands,
        reads=any_order,
        writes=any_order,
    )


_ORDERED = tuple(r for r in RELATIONS if r not in ("and", "or"))
Compare.kernels = (
    *(_row(r, dtype) for dtype in _PLAIN for r in _ORDERED),
    *(_row(r, "bool") for r in _OF_BOOL),
    *(_row(r, "s8", rescaled=True) for r in _ORDERED),
    *(_row(r, "s16", rescaled=True) for r in ("equal", "not_equal")),
)
