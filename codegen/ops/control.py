"""If and While: operators that run sub-graphs.

A sub-graph sees nothing but its inputs, so values that it takes from the graph around it are inputs of the node. The
emitter writes a sub-graph as a C function that works on the arena of the whole model: arguments are not copied, since
the planner lays a sub-graph's inputs and outputs onto the node's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import BOOL
from edgegen.ir.evaluate import evaluate_all
from edgegen.ir.graph import Graph
from edgegen.ir.op import Op, known, present
from edgegen.ir.tensor import Array, TensorType

MAX_ITERATIONS = 100_000
"""Of one loop in the numpy reference, so that compiling and verifying end even where the program does not."""


def _outputs(graph: Graph, inputs: Sequence[Array]) -> tuple[Array, ...]:
    values = evaluate_all(graph, inputs)
    return tuple(values[t] for t in graph.outputs)


def _accepts(graph: Graph, what: str, given: Sequence[TensorType | None]) -> None:
    """Raises InvalidGraph unless the sub-graph's inputs are of the given types."""
    if len(graph.inputs) != len(given):
        raise InvalidGraph(f"{what} has {len(graph.inputs)} inputs, is given {len(given)}")
    for i, (tensor, type) in enumerate(zip(graph.inputs, given, strict=True)):
        _same(tensor.type, known(type, f"input {i}"), f'input "{tensor.name}" of {what}')


def _same(a: TensorType, b: TensorType, what: str) -> None:
    if (a.dtype, a.shape) != (b.dtype, b.shape):
        raise InvalidGraph(f"{what} is {a}, not {b}")


def _truth(type: TensorType, what: str) -> None:
    if type.dtype != BOOL or type.elements != 1:
        raise InvalidGraph(f"{what} must be one bool, is {type}")


def _true(value: Array) -> bool:
    return bool(np.asarray(value).reshape(-1)[0])


@dataclass(frozen=True)
class If(Op):
    """condition, x... -> what one of two sub-graphs makes of x...

    condition:       bool, of one element
    then, otherwise: both take all of x... and give results of the same types
    """

    then: Graph
    otherwise: Graph

    is_control = True

    @property
    def parts(self) -> tuple[str, ...]:
        return ("then", "else")

    @property
    def graphs(self) -> tuple[Graph, ...]:
        return (self.then, self.otherwise)

    def with_graphs(self, graphs: tuple[Graph, ...]) -> Self:
        return type(self)(*graphs)

    def attributes(self) -> dict[str, object]:
        return {}

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        _truth(known(inputs[0] if inputs else None, "the condition"), "the condition")
        for graph, what in zip(self.graphs, ("the branch taken", "the other branch"), strict=True):
            _accepts(graph, what, inputs[1:])
        if len(self.then.outputs) != len(self.otherwise.outputs):
            raise InvalidGraph(
                f"one branch has {len(self.then.outputs)} outputs, the other {len(self.otherwise.outputs)}"
            )
        for i, (a, b) in enumerate(zip(self.then.outputs, self.otherwise.outputs, strict=True)):
            _same(a.type, b.type, f"output {i}, depending on the condition,")
        return tuple(TensorType(t.dtype, t.shape) for t in self.then.outputs)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        branch = self.then if _true(present(inputs[0], "the condition")) else self.otherwise
        return _outputs(branch, [present(x, "an argument") for x in inputs[1:]])

    def macs(self, *inputs: TensorType | None) -> int:
        """Of the branch that has more."""
        del inputs
        return max(g.macs() for g in self.graphs)


@dataclass(frozen=True)
class While(Op):
    """x..., c... -> x... after as many turns of `body` as `condition` allows.

    condition: (x..., c...) -> bool of one element; asked before every turn
    body:      (x..., c...) -> the next x...: its outputs say how many inputs are carried from turn to turn. The rest,
               c..., stays what it is
    """

    condition: Graph
    body: Graph

    is_control = True
    is_loop = True

    @property
    def parts(self) -> tuple[str, ...]:
        return ("condition", "body")

    @property
    def graphs(self) -> tuple[Graph, ...]:
        return (self.condition, self.body)

    def with_graphs(self, graphs: tuple[Graph, ...]) -> Self:
        return type(self)(*graphs)

    @property
    def carried(self) -> int:
        """How many of the inputs, the first ones, are carried from turn to turn and become the outputs."""
        return len(self.body.outputs)

    def attributes(self) -> dict[str, object]:
        return {}

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        _accepts(self.condition, "the condition", inputs)
        _accepts(self.body, "the body", inputs)
        if len(self.condition.outputs) != 1:
            raise InvalidGraph(f"the condition has {len(self.condition.outputs)} outputs, not one")
        _truth(self.condition.outputs[0].type, "the condition")
        if self.carried > len(inputs):
            raise InvalidGraph(f"the body has {self.carried} outputs, more than its {len(inputs)} inputs")
        for before, after in zip(self.body.inputs, self.body.outputs, strict=False):
            _same(after.type, before.type, f'"{after.name}", the next value of "{before.name}",')
        return tuple(TensorType(t.dtype, t.shape) for t in self.body.outputs)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        """Raises InvalidGraph after MAX_ITERATIONS turns."""
        values = [present(x, "an input") for x in inputs]
        for _ in range(MAX_ITERATIONS):
            if not _true(_outputs(self.condition, values)[0]):
                return tuple(values[: self.carried])
            values[: self.carried] = _outputs(self.body, values)
        raise InvalidGraph(f"the loop goes on after {MAX_ITERATIONS:,} turns, which is all that the reference takes")

    def macs(self, *inputs: TensorType | None) -> int:
        """Of one turn; how many there are is known at run time only."""
        del inputs
        return sum(g.macs() for g in self.graphs)
