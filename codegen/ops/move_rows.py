"""MoveRows: rows of an image that are still needed go where the next ones follow them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Overlap, Packed
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType


@dataclass(frozen=True)
class MoveRows(Op):
    """y[0, i] = x[0, first + i] for `count` rows. Only loops over rows have such nodes."""

    first: int
    count: int

    @property
    def moved_rows(self) -> tuple[int, int]:
        return self.first, self.first + self.count

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if len(x.shape) != 4 or x.shape[0] != 1 or not 0 <= self.first < self.first + self.count <= x.shape[1]:
            raise InvalidGraph(f"{x} has no {self.count} rows from {self.first} on")
        return (replace(x, shape=(1, self.count, *x.shape[2:])),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        return (present(inputs[0], "x")[:, self.first : self.first + self.count],)


def _pack(node: Node) -> Packed:
    op, bytes_ = node.op, node.out.type.bytes
    assert isinstance(op, MoveRows)
    return Packed("edgegen_move_rows", {"first": bytes_ // op.count * op.first, "bytes": bytes_})


def _anywhere(node: Node) -> Mapping[int, Overlap]:
    """As memmove: y may start at any byte of x, whose bytes are all read in time."""
    return {0: Overlap(node.input(0).type.bytes)}


MoveRows.kernels = (Kernel("move_rows", "_ -> _", _pack, overlap=_anywhere),)
