"""Rows of images: how operators read them, and loops over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgegen.ir.tensor import Tensor, TensorType

if TYPE_CHECKING:
    from edgegen.ir.graph import Graph, Node


@dataclass(frozen=True)
class RowWindow:
    """The rows of an image [N,H,W,C] that rows of a result are computed from.

    Rows [a, b) of the result read rows [a * stride - pad, (b - 1) * stride - pad + extent) of the image. Those outside
    of it are padding, which the operator adds by itself.
    """

    extent: int = 1
    stride: int = 1
    pad: int = 0

    def first(self, row: int) -> int:
        """The first row that a row of the result reads; it may lie above the image."""
        return row * self.stride - self.pad

    def end(self, rows: int) -> int:
        """One past the last row that the first `rows` rows of the result read; it may lie below the image."""
        return (rows - 1) * self.stride - self.pad + self.extent


def element_rows(*inputs: TensorType | None) -> tuple[RowWindow | None, ...] | None:
    """Of operators that work element by element: each row is computed from the same row of all images.

    None in place of a window: the input is the same for every row. None altogether: something varies by row that is no
    image.
    """
    height = max((t.shape[1] for t in inputs if t is not None and len(t.shape) == 4), default=0)
    windows: list[RowWindow | None] = []
    for type in inputs:
        if type is None or len(type.shape) < 3 or (type.shape[-3] == 1 and height != 1):
            windows.append(None)
        elif len(type.shape) == 4 and type.shape[1] == height:
            windows.append(RowWindow())
        else:
            return None
    return tuple(windows) if height else None


@dataclass(frozen=True)
class Stretch:
    """Turns of a loop over rows that are alike: one graph, run on rows further down each time.

    graph:  its inputs are rows of the loop's input, unless `reads` is None, and then what the turn before has kept. Its
            outputs are new rows of the loop's output and then what is kept for the next turn
    turns:  how often it runs
    reads:  first row of the loop's input at the first turn, and rows from one turn to the next
    writes: likewise of the loop's output
    found:  the buffer of each kept input, at whose start it lies
    left:   likewise of each kept output
    unread: the rows of the loop's input that are still needed when the stretch begins; None if
            that is all of it, or if it is done with
    made:   the rows of the loop's output that there are when the stretch ends
    fed:    the caller hands over the rows that are read, none of them twice; what is needed again is kept in a buffer
    """

    graph: Graph
    turns: int
    reads: tuple[int, int] | None
    writes: tuple[int, int]
    found: tuple[int, ...]
    left: tuple[int, ...]
    unread: Tensor | None
    made: Tensor
    fed: bool = False

    def read(self, turn: int) -> int | None:
        """The first row of the loop's input that a turn reads; None if it reads none."""
        return None if self.reads is None else self.reads[0] + turn * self.reads[1]

    def written(self, turn: int) -> int:
        """How many rows of the loop's output there are after a turn."""
        return self.writes[0] + turn * self.writes[1] + self.graph.outputs[0].shape[1]

    @property
    def rows(self) -> Tensor | None:
        """What the graph reads of the loop's input."""
        return None if self.reads is None else self.graph.inputs[0]

    def pace(self, x: Tensor, y: Tensor) -> dict[Tensor, int]:
        """Bytes that tensors of the graph lie further on at each turn: rows of x, what lies in them, and rows of y."""
        found = {self.graph.outputs[0]: self.writes[1] * row_bytes(y)}
        if self.reads is not None and not self.fed:
            found[self.graph.inputs[0]] = self.reads[1] * row_bytes(x)
            for node in self.graph.nodes:
                if node.is_view and node.input(0) in found:
                    found[node.out] = found[node.input(0)]
        return {t: bytes for t, bytes in found.items() if bytes}

    @property
    def kept(self) -> list[tuple[int, Tensor]]:
        """(buffer, kept input)."""
        return list(zip(self.found, self.graph.inputs[len(self.graph.inputs) - len(self.found) :], strict=True))

    @property
    def keeps(self) -> list[tuple[int, Tensor]]:
        """(buffer, kept output)."""
        return list(zip(self.left, self.graph.outputs[1:], strict=True))

    @property
    def moves(self) -> list[Node]:
        """The nodes that move rows of a buffer to its start."""
        return [node for node in self.graph.nodes if node.op.moved_rows]


def row_bytes(image: Tensor) -> int:
    """Bytes of one row of an image, stored in its natural order."""
    return image.shape[2] * image.shape[3] * image.dtype.size


@dataclass(frozen=True)
class RowPlan:
    """One of the plans that were made in search of one within a limit.

    bytes:       arena and state
    extra_macs:  beyond those of whole images
    moved_bytes: that all turns together move within buffers
    calls:       of kernels, in loops and elsewhere
    loops:       for each loop, its nodes' names and how many rows of the result a turn makes
    chosen:      it is the graph's
    """

    bytes: int
    extra_macs: int
    moved_bytes: int
    calls: int
    loops: tuple[str, ...]
    chosen: bool = False
