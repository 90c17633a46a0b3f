"""Runs the turns of a planned loop over rows in thought: every row that a node reads is still where it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from edgegen.errors import InvalidGraph
from edgegen.ir.rows import Stretch
from edgegen.ir.tensor import Tensor

if TYPE_CHECKING:
    from edgegen.ir.graph import Node
    from edgegen.ir.plan import Plan

Numbers = npt.NDArray[np.int64]

NOTHING = -1  # what a byte holds that is no row's


class _Turns:
    """Which row each byte holds while the turns go on. Every row that is computed has a number of its own.

    wanted:  the numbers of the rows that each tensor of the turn should hold
    moved:   bytes that tensors have moved on since the first turn of the stretch
    written: which bytes the loop has written to
    """

    def __init__(self, loop: Node, plan: Plan) -> None:
        self.loop, self.plan = loop, plan
        self.held = np.full(plan.total_bytes, NOTHING, np.int64)
        self.written = np.zeros(plan.total_bytes, np.bool_)
        self.rows = 0
        self.wanted: dict[Tensor, Numbers] = {}
        self.moved: dict[Tensor, int] = {}

    def fail(self, text: str) -> InvalidGraph:
        return InvalidGraph(f'{self.loop.op.kind} "{self.loop.name}": {text}')

    def fresh(self, tensor: Tensor) -> Numbers:
        self.rows += tensor.shape[1]
        return np.arange(self.rows - tensor.shape[1], self.rows)

    def span(self, tensor: Tensor) -> slice:
        """The tensor's bytes at this turn. Raises InvalidGraph if they leave the struct."""
        place = self.plan.tensors.get(tensor)
        if place is None:
            raise self.fail(f'"{tensor.name}" has no place in the arena')
        start = place.offset + self.moved.get(tensor, 0)
        if place.size < tensor.type.bytes or not 0 <= start <= self.plan.total_bytes - tensor.type.bytes:
            raise self.fail(f'"{tensor.name}" leaves the arena')
        return slice(start, start + tensor.type.bytes)

    def holds(self, tensor: Tensor, rows: Numbers) -> bool:
        return bool(np.array_equal(self.held[self.span(tensor)], np.repeat(rows, tensor.type.bytes // len(rows))))

    def require(self, tensor: Tensor) -> None:
        if not self.holds(tensor, self.wanted[tensor]):
            raise self.fail(f'"{tensor.name}" is overwritten before it is read')

    def write(self, span: slice, numbers: Numbers | int) -> None:
        self.held[span] = numbers
        self.written[span] = True

    def view(self, node: Node) -> None:
        """Rows one after the other, or some of the rows of one tensor."""
        shared = node.shared()
        if len(shared) > 1:
            rows = np.concatenate([self.wanted[t] for t, _ in shared])
        else:
            ((source, offset),) = shared
            first = -offset // (source.type.bytes // source.shape[1])
            rows = self.wanted[source][first : first + node.out.shape[1]]
        self.wanted[node.out] = rows
        self.require(node.out)

    def compute(self, node: Node) -> None:
        """A node with a kernel: it writes over what it reads only as its kernel allows."""
        out = self.span(node.out)
        reads = [(i, self.span(t)) for i, t in enumerate(node.inputs) if t is not None and not t.is_constant]
        if node.packed is not None and node.packed.scratch:
            scratch = self.plan.scratch.get(node)
            if scratch is None or scratch.size < node.packed.scratch:
                raise self.fail(f'"{node.name}" needs {node.packed.scratch} bytes of scratch')
            worked = slice(scratch.offset, scratch.offset + scratch.size)
            if any(_common(worked, used) for used in (out, *(span for _, span in reads))):
                raise self.fail(f'the scratch of "{node.name}" overlaps what it reads or writes')
            self.write(worked, NOTHING)
        for i, span in reads:
            if _common(out, span) and not node.bears(out.start - span.start, i):
                raise self.fail(f'the result of "{node.name}" overlaps its input "{node.input(i).name}"')
        moved = node.op.moved_rows
        self.wanted[node.out] = self.wanted[node.input(0)][slice(*moved)] if moved else self.fresh(node.out)
        self.write(out, np.repeat(self.wanted[node.out], node.out.type.bytes // node.out.shape[1]))

    def turn(self, stretch: Stretch) -> None:
        for node in stretch.graph.nodes:
            for tensor in node.inputs:
                if tensor is not None and not tensor.is_constant:
                    self.require(tensor)
            (self.view if node.is_view else self.compute)(node)


def _common(a: slice, b: slice) -> bool:
    return bool(a.start < b.stop and b.start < a.stop)


def run_turns(loop: Node, plan: Plan) -> tuple[npt.NDArray[np.bool_], bool]:
    """(which bytes the loop writes, whether its input is left whole). Raises InvalidGraph where a row is lost."""
    x, y = loop.input(0), loop.out
    turns = _Turns(loop, plan)
    given = turns.fresh(x)
    fed = any(s.fed for s in loop.op.stretches)
    if not fed:
        turns.held[turns.span(x)] = np.repeat(given, x.type.bytes // len(given))
    kept: dict[int, Numbers] = {}
    made: list[Numbers] = []
    for stretch in loop.op.stretches:
        pace = stretch.pace(x, y)
        for turn in range(stretch.turns):
            turns.wanted, turns.moved = {}, {t: turn * bytes for t, bytes in pace.items()}
            first = stretch.read(turn)
            if first is not None and stretch.rows is not None:
                rows = turns.wanted[stretch.rows] = given[first : first + stretch.rows.shape[1]]
                if fed:
                    turns.write(turns.span(stretch.rows), np.repeat(rows, stretch.rows.type.bytes // len(rows)))
            turns.wanted.update((tensor, kept[buffer]) for buffer, tensor in stretch.kept)
            turns.turn(stretch)
            made.append(turns.wanted[stretch.graph.outputs[0]])
            for _, tensor in stretch.keeps:
                turns.require(tensor)
            kept = {buffer: turns.wanted[t] for buffer, t in stretch.keeps}
    turns.moved, turns.wanted = {}, {y: np.concatenate(made)}
    turns.require(y)
    return turns.written, not fed and turns.holds(x, given)
