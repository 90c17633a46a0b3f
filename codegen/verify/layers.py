"""Finds the first node whose C differs from its operator's reference, from what a traced model recorded.

Each node is judged on the inputs that it really had: the values that earlier nodes wrote in the same run. A node that
runs sub-graphs is judged as one, with all that they contain. So rounding
does not add up from node to node, and the first node that fails is the one that is wrong, not one that was fed wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Array, Tensor, TensorType, magnitude
from edgegen.verify.compare import Difference, compare

Recorded = Sequence[tuple[int, int, bytes]]  # (step, output, bytes as stored)


@dataclass(frozen=True)
class Layer:
    """One result of one node that was compared.

    step: the node's position; output: which of its outputs
    """

    step: int
    output: int
    node: Node
    difference: Difference

    @property
    def name(self) -> str:
        """As messages name the node: kind, name and where it comes from."""
        node = self.node
        kernel = f", {node.kernel.name}" if node.kernel else ""
        return f'{self.step} {node.op.kind} "{node.name}"{kernel}' + (f" ({node.source})" if node.source else "")


def logical(data: bytes, type: TensorType) -> Array:
    """A tensor's elements in its shape's order, out of its bytes as its layout stores them.

    The border and the channels that only fill up a block are dropped, the offset is taken off.
    """
    layout, shape = type.layout, type.shape
    stored = np.frombuffer(data, type.dtype.np)
    if layout.offset:
        with np.errstate(over="ignore"):
            stored = stored - np.array(layout.offset).astype(type.dtype.np)  # wraps, as the writer did
    stored = stored.reshape(layout.storage_shape(shape))
    if len(shape) != 4:
        return stored
    if layout.block != 1:
        blocked = np.moveaxis(stored, -1, 2)  # [N, blocks, H, W, block] -> [N, blocks, block, H, W]
        stored = blocked.reshape(shape[0], -1, *blocked.shape[-2:])
    image = stored if layout.order == "natural" else np.moveaxis(stored, 1, -1)
    top, left = layout.border[:2]
    return np.ascontiguousarray(image[:, top : top + shape[1], left : left + shape[2], : shape[3]])


def compare_layers(graph: Graph, runs: Sequence[tuple[Sequence[Array], Recorded]]) -> list[list[Layer]]:
    """For each run every node's result against its reference, in order.

    graph: planned, as the C computes it; runs: inputs, and what the C recorded, of consecutive calls
    """
    results = []
    steps = graph.steps()
    state = [s.initial for s in graph.state]
    for inputs, recorded in runs:
        values = dict(zip(graph.sources, [*inputs, *state], strict=True))
        results.append(list(_results(graph, values, recorded)))
        state = [_value(s.next, values) for s in graph.state]
    layers: list[list[Layer]] = [[] for _ in runs]
    for same in zip(*results, strict=True):  # one tensor in all runs
        scale = max(magnitude(want) for *_, want in same)
        for found, (step, output, got, want) in zip(layers, same, strict=True):
            found.append(Layer(step, output, steps[step], compare(got, want, scale=scale)))
    return layers


def _value(tensor: Tensor, values: Mapping[Tensor, Array]) -> Array:
    return values[tensor] if tensor.data is None else tensor.data


def _results(graph: Graph, values: dict[Tensor, Array], recorded: Recorded) -> Iterator[tuple[int, int, Array, Array]]:
    """(step, output, recorded value, value by the reference from recorded inputs) of every node that has a kernel.

    values: of inputs and state before the run; every node's recorded values are added
    """
    written = {(step, output): data for step, output, data in recorded}
    for step, node in graph.numbered():
        given = (None if t is None else _value(t, values) for t in node.inputs)
        for output, (tensor, want) in enumerate(zip(node.outputs, node.op.reference(*given), strict=True)):
            data = written.get((step, output))
            values[tensor] = want if data is None else logical(data, tensor.type)
            if data is not None:
                yield step, output, values[tensor], want
