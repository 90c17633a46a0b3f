"""RowLoop: a part of a graph computed a few rows at a time, so that the images between its nodes never exist whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.evaluate import evaluate_all
from edgegen.ir.graph import Graph
from edgegen.ir.op import Op, known, present
from edgegen.ir.rows import Stretch
from edgegen.ir.tensor import Array, TensorType


@dataclass(frozen=True)
class RowLoop(Op):
    """x[1,H,W,C] -> y[1,oH,oW,oC], as the operators of its stretches make it, some rows of y each turn.

    rows:  of y that most turns make
    turns: the stretches, one after the other

    A turn computes what its rows of y need and no turn has computed before. Of each image between x and y it keeps the
    rows that later turns read, at the start of a buffer; so nothing is computed twice.
    """

    rows: int
    turns: tuple[Stretch, ...]

    is_control = True

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        return self.turns

    @property
    def graphs(self) -> tuple[Graph, ...]:
        return tuple(s.graph for s in self.turns)

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(f"rows{i}" for i in range(len(self.turns)))

    def with_graphs(self, graphs: tuple[Graph, ...]) -> Self:
        return replace(self, turns=tuple(replace(s, graph=g) for s, g in zip(self.turns, graphs, strict=True)))

    def attributes(self) -> dict[str, object]:
        return {"rows": self.rows, "turns": sum(s.turns for s in self.turns)}

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0] if inputs else None, "x")
        if len(x.shape) != 4 or x.shape[0] != 1:
            raise InvalidGraph(f"x {x} must be one image")
        made = 0
        for stretch in self.turns:
            row = stretch.graph.outputs[0].type
            first, further = stretch.writes
            if first != made or (stretch.turns > 1 and further != row.shape[1]):
                raise InvalidGraph(f"rows from {first} on follow row {made}")
            made += stretch.turns * row.shape[1]
            if stretch.reads is not None:
                given = stretch.graph.inputs[0].type
                last = stretch.reads[0] + (stretch.turns - 1) * stretch.reads[1] + given.shape[1]
                if (given.dtype, given.shape[2:]) != (x.dtype, x.shape[2:]) or last > x.shape[1]:
                    raise InvalidGraph(f"x is {x}, but up to row {last} of {given} are read")
        row = self.turns[0].graph.outputs[0].type
        return (TensorType(row.dtype, (1, made, *row.shape[2:])),)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        kept: dict[int, Array] = {}
        made: list[Array] = []
        for stretch in self.turns:
            for turn in range(stretch.turns):
                given: list[Array] = []
                first = stretch.read(turn)
                if first is not None:
                    given.append(x[:, first : first + stretch.graph.inputs[0].shape[1]])
                given += [kept[buffer] for buffer in stretch.found]
                values = evaluate_all(stretch.graph, given)
                made.append(values[stretch.graph.outputs[0]])
                kept = {buffer: values[t] for buffer, t in stretch.keeps}
        return (np.concatenate(made, 1),)

    def macs(self, *inputs: TensorType | None) -> int:
        """Of all turns."""
        del inputs
        return sum(s.turns * s.graph.macs() for s in self.turns)
