"""The base of all operators.

An operator is a frozen dataclass of attributes. Its file in ops/ holds all that is true of it: how it infers types,
what it means (numpy), what it costs and which kernels compute it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, ClassVar, Self

from edgegen.errors import InvalidGraph
from edgegen.ir.kernel import Kernel
from edgegen.ir.layout import NATURAL
from edgegen.ir.quantization import Quantization
from edgegen.ir.rows import RowWindow, Stretch
from edgegen.ir.tensor import Array, TensorType

if TYPE_CHECKING:
    from edgegen.ir.graph import Graph


@dataclass(frozen=True)
class Range:
    """Inclusive bounds that a result is clamped to, in the output's own numbers."""

    low: float
    high: float

    def intersect(self, other: Range) -> Range:
        """The values that pass both clamps one after the other (self first)."""
        low = min(max(self.low, other.low), other.high)
        return Range(low, max(min(self.high, other.high), low))


NO_CLAMP = Range(float("-inf"), float("inf"))


@dataclass(frozen=True)
class Op:
    """Base class: subclasses add attributes and override what applies."""

    kernels: ClassVar[tuple[Kernel, ...]] = ()
    is_view: ClassVar[bool] = False  # the output is the first input's elements, in order, under another shape
    is_control: ClassVar[bool] = False  # runs sub-graphs: the emitter writes it out, no kernel computes it
    is_loop: ClassVar[bool] = False  # runs its first sub-graph, the condition, and its second, the body, in turn

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        """Types of the outputs (dtype and shape; quantization and layout are the graph's to say).

        Raises InvalidGraph if the inputs do not fit the operator.
        """
        raise NotImplementedError(type(self).__name__)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        """The operator's meaning in numpy, bit for bit where the source format defines the bits."""
        raise NotImplementedError(type(self).__name__)

    def aliases(self, x: TensorType, y: TensorType) -> bool:
        """Whether output y, as stored, is input 0's bytes x as stored, so that the node computes nothing.

        Depends on the layouts: a transpose from NHWC to NCHW is free where one side is stored in the other's order.
        """
        return self.is_view and x.layout == y.layout == NATURAL

    def offsets(self, inputs: Sequence[TensorType], y: TensorType) -> tuple[int, ...] | None:
        """Where inputs would lie so that nothing is left to compute, as stored: bytes from y's start to each.

        Inputs lie in y, or y in its only input; None: never. Where other nodes need the bytes elsewhere a kernel moves
        them, unlike with `aliases`.
        """
        del inputs, y
        return None

    def carries(self, x: TensorType) -> Quantization | None:
        """What the quantization of a constant x says of the output, if the operator only moves elements; else None."""
        del x
        return None

    def macs(self, *inputs: TensorType | None) -> int:
        """Multiply-accumulates; 0 for operators that have none."""
        del inputs
        return 0

    def row_windows(self, *inputs: TensorType | None) -> tuple[RowWindow | None, ...] | None:
        """Of an operator that makes an image row by row: the rows of each input that it reads.

        None in place of a window: the input is needed whole for every row. None altogether: it does not work like that.
        """
        del inputs
        return None

    def at_rows(self, above: int, below: int) -> Self:
        """The same operator for some rows of its result, on the rows that these need.

        above, below: rows of padding that it has still to add
        """
        del above, below
        return self

    @property
    def moved_rows(self) -> tuple[int, int] | None:
        """The rows [first, end) of its input that it moves to where that starts; None if it does anything else."""
        return None

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """Of a loop over rows: its turns, whose graphs are the operator's sub-graphs."""
        return ()

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """Sub-graphs that the operator runs, in the order of their nodes' numbers; most operators have none.

        A loop's are its condition and its body, another operator runs one of them, depending on its first input. A
        sub-graph's inputs are the node's last inputs; its outputs are the node's, unless it is a loop's condition.
        """
        return ()

    @property
    def parts(self) -> tuple[str, ...]:
        """What its sub-graphs are called, in their order."""
        return ()

    def with_graphs(self, graphs: tuple[Graph, ...]) -> Self:
        """The same operator with other sub-graphs."""
        del graphs
        return self

    @property
    def kind(self) -> str:
        """Name as printed; families that share a class say which member they are."""
        return type(self).__name__

    def attributes(self) -> dict[str, object]:
        """Attributes that differ from their defaults, in order."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}


def known(x: TensorType | None, what: str) -> TensorType:
    """The type of an input that must be there. Raises InvalidGraph."""
    if x is None:
        raise InvalidGraph(f"{what} is missing")
    return x


def present(x: Array | None, what: str) -> Array:
    """The array of an input that must be there. Raises InvalidGraph."""
    if x is None:
        raise InvalidGraph(f"{what} is missing")
    return x
