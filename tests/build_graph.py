"""Builds small graphs for tests of passes: inputs, constants and nodes, types inferred.

b = Builder()
x = b.input((1, 4, 4, 2))
y = b.add(Conv2d(...), x, b.constant(weights), None)
graph = b.graph(y)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from edgegen.ir.dtypes import S8, DType, dtype_of
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Op
from edgegen.ir.quantization import Quantization
from edgegen.ir.tensor import Array, Tensor, TensorType, constant
from edgegen.ir.verify import verify
from edgegen.passes.check import random_array
from edgegen.targets import TARGETS, Target

GENERIC = TARGETS["generic"]


class Builder:
    """Nodes in the order in which they are added; tensors are called in0, c0, t0 and so on."""

    def __init__(self) -> None:
        self.inputs: list[Tensor] = []
        self.nodes: list[Node] = []
        self._constants = 0

    def input(self, shape: Sequence[int], dtype: DType = S8, quantization: Quantization | None = None) -> Tensor:
        self.inputs.append(Tensor(f"in{len(self.inputs)}", TensorType(dtype, tuple(shape), quantization)))
        return self.inputs[-1]

    def constant(self, values: Array | float, dtype: DType | None = None) -> Tensor:
        array = np.asarray(values)
        self._constants += 1
        return constant(f"c{self._constants - 1}", array, dtype or dtype_of(array))

    def add_all(self, op: Op, *inputs: Tensor | None) -> list[Tensor]:
        """A node with any number of outputs."""
        types = op.infer(*(t.type if t is not None else None for t in inputs))
        step = len(self.nodes)
        outputs = [Tensor(f"t{step}" + (f".{i}" if i else ""), t) for i, t in enumerate(types)]
        self.nodes.append(Node(op, list(inputs), outputs, f"n{step}"))
        return outputs

    def add(self, op: Op, *inputs: Tensor | None, quantization: Quantization | None = None) -> Tensor:
        (out,) = self.add_all(op, *inputs)
        out.type = replace(out.type, quantization=quantization)
        return out

    def graph(self, *outputs: Tensor) -> Graph:
        graph = Graph("test", self.inputs, list(outputs), self.nodes)
        verify(graph, "read")
        return graph


def kinds(graph: Graph) -> list[str]:
    """The operators, in order."""
    return [n.op.kind for n in graph.nodes]


def transform(
    graph: Graph, one: Callable[[Graph, Target], bool], target: Target = GENERIC, relative: float = 0.0, seed: int = 0
) -> Graph:
    """A copy of the graph after the pass, which must say whether it changed anything and preserve the results.

    relative: how far floats may move, as a fraction of the largest; 0 asks for equal bits, signs of zeros included
    """
    after = graph.copy()
    names = [t.name for t in after.outputs]
    text = [(n.op, tuple(n.inputs), tuple(n.outputs)) for n in after.nodes]
    changed = one(after, target)
    verify(after, "read")
    assert changed == (text != [(n.op, tuple(n.inputs), tuple(n.outputs)) for n in after.nodes])
    assert [t.name for t in after.outputs] == names
    random = np.random.default_rng(seed)
    for _ in range(3):
        inputs = [random_array(t.type, random) for t in graph.inputs]
        for x in inputs:
            if x.dtype.kind == "f" and relative == 0.0:
                x.reshape(-1)[:4] = np.array([-0.0, np.nan, np.inf, 0.0], x.dtype)[: x.size]
        for want, got in zip(evaluate(graph, inputs), evaluate(after, inputs), strict=True):
            if relative and want.dtype.kind == "f":
                np.testing.assert_allclose(got, want, rtol=0, atol=relative * np.abs(want).max())
            else:
                assert (got.dtype, got.shape) == (want.dtype, want.shape)
                np.testing.assert_array_equal(got, want)
                if want.dtype.kind == "f":
                    np.testing.assert_array_equal(np.signbit(got), np.signbit(want))
    return after
