"""How many places there are along an axis, as a function of the size that is free; and what rules are told of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Op
from edgegen.ir.tensor import Tensor

Step = tuple[int, int, int]
"""(factor, term, divisor): n becomes (n * factor + term) / divisor, rounded down."""


@dataclass(frozen=True)
class Length:
    """Steps from the size to the number of places; none: as many as the size. What windows and repetitions lead to in
    several ways has one form."""

    steps: tuple[Step, ...] = ()

    def at(self, size: int) -> int:
        for factor, term, divisor in self.steps:
            size = (size * factor + term) // divisor
        return size

    def then(self, factor: int, term: int = 0, divisor: int = 1) -> Length:
        """One step more, merged with the one before where that is exact."""
        steps = self.steps
        if steps and (factor == 1 or steps[-1][2] == 1):
            f, t, d = steps[-1]
            factor, term, divisor = f * factor, t * factor + term * d, d * divisor
            steps = steps[:-1]
        common = math.gcd(factor, divisor)
        step = (factor // common, term // common, divisor // common)
        return Length(steps if step == (1, 0, 1) else (*steps, step))

    def windows(self, pads: int, reach: int, stride: int) -> Length:
        """How many windows of `reach` places fit, `stride` apart, with so many places of padding."""
        return self.then(1, pads - reach + stride, stride)


SIZE = Length()

Axes = Mapping[int, Length]
"""Of a tensor: those that lie along the dimension."""

Beyond = float | int | bool
"""What stands for elements beyond the size."""


class Lengths(Protocol):
    """The model as it is written for every size; `graph` grows at its end.

    sizes: those with which the model was read, of which the bound is the first
    """

    graph: Graph
    sizes: tuple[int, ...]

    def count(self, length: Length) -> Tensor:
        """s32[]: the number of places."""

    def at_sizes(self, node: Node) -> Sequence[Node]:
        """The node as it is with each of the sizes."""

    def axes(self, tensor: Tensor | None) -> Axes: ...

    def lies(self, tensor: Tensor, axes: Axes) -> bool:
        """Says of a result where it lies along the dimension; False if its extents are others."""

    def inferred(self, extents: Sequence[int]) -> Length | None:
        """The only number of places, of those known and their multiples, that has these values at the sizes."""

    def now(self, tensor: Tensor) -> Tensor:
        """What nodes read in place of a tensor of the model."""

    def replaced(self, tensor: Tensor, axes: Sequence[int], beyond: Beyond, least: bool = False) -> Tensor:
        """The tensor with another value beyond the size, along these axes; `least`: one that is no greater than any
        of the tensor's will do."""

    def continued(self, tensor: Tensor, axis: int) -> Tensor:
        """The tensor with its last element within the size in place of those beyond, along the axis."""

    def within(self, length: Length, extent: int) -> Tensor:
        """bool[extent]: whether each place is one of the length."""

    def keep(self, node: Node, inputs: list[Tensor | None] | None = None) -> None:
        """Adds the node, which reads these inputs, by default its own as they are now."""

    def add(self, op: Op, inputs: Sequence[Tensor], name: str) -> Tensor:
        """The result of a node more."""

    def need(self, length: Length, least: int) -> None:
        """Sizes with fewer places than that are not allowed."""

    def is_read(self, tensor: Tensor) -> bool:
        """Whether a node, or who runs the model, reads the tensor."""


Rule = Callable[[Node, Lengths], bool]
"""Adds a node of which at least one input or output lies along the dimension, and says where its results do; False if
what is beyond the size may get into its results."""


def own(node: Node, model: Lengths) -> Axes:
    return model.axes(node.inputs[0])


def others_fixed(node: Node, model: Lengths) -> bool:
    return not any(model.axes(t) for t in node.inputs[1:])
