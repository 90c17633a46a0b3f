"""Compares what a graph computes before and after a pass, in the numpy reference, on seeded random inputs."""

from __future__ import annotations

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.evaluate import Evaluation
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array, TensorType, magnitude, spacing

SAMPLES = 2
FLOAT_TOLERANCE = 1e-5  # of the largest value: fusions reorder a few roundings of f32 (2^-24 each)
ROUNDINGS = 2  # of types coarser than that, in units of the largest value's last place


def random_array(type: TensorType, random: np.random.Generator) -> Array:
    """Values over the whole range of an integer type; floats from the normal distribution."""
    if type.dtype.name == "bool":
        return random.integers(0, 2, type.shape).astype(bool)
    if type.dtype.is_float:
        return random.standard_normal(type.shape).astype(type.dtype.np)
    low, high = type.dtype.range
    return random.integers(low, high, type.shape, dtype=type.dtype.np, endpoint=True)


def _few_turns(type: TensorType, random: np.random.Generator) -> Array:
    """Likewise, but wide integers, which loops may count up to, are small."""
    if type.dtype.is_integer and type.dtype.size >= 4:
        return random.integers(0, 8, type.shape).astype(type.dtype.np)
    return random_array(type, random)


def _difference(before: Array, after: Array, through_floats: bool) -> str | None:
    """How the two differ by more than they may; None if they agree."""
    if before.dtype != after.dtype or before.shape != after.shape:
        return f"{before.dtype.name}{list(before.shape)} became {after.dtype.name}{list(after.shape)}"
    if "float" not in before.dtype.name:
        wide = np.abs(before.astype(np.float64) - after.astype(np.float64))
        allowed = 1.0 if through_floats else 0.0  # a float that moved by an ULP may round to the neighbour
        count, largest = int((wide > allowed).sum()), wide.max(initial=0)
        return f"{count} of {wide.size} values differ, by up to {largest:g}" if count else None
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    a, b = np.where(same, 0, before).astype(np.float64), np.where(same, 0, after).astype(np.float64)
    far = ~(np.abs(a - b) <= _allowed(before))
    if not far.any():
        return None
    return f"{int(far.sum())} of {far.size} values differ, by up to {np.abs(a - b)[far].max():g}"


def _allowed(floats: Array) -> float:
    """How far a float of the array may be off; those of 8 bits are so coarse that none may be."""
    if floats.dtype.itemsize == 1:
        return 0.0
    largest = magnitude(floats)
    return max(FLOAT_TOLERANCE * largest, ROUNDINGS * spacing(largest, floats.dtype))


class Checker:
    """Remembers what the graph computed when it was last looked at."""

    def __init__(self, graph: Graph, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self._graph = graph
        loops = any(n.op.is_loop for n in graph.steps())
        sample = _few_turns if loops else random_array
        self._samples = [[sample(t.type, random) for t in graph.inputs] for _ in range(SAMPLES)]
        self._form = self._current_form()
        self._results = self._evaluate()

    def _current_form(self) -> list[object]:
        """All that evaluation depends on; data of constants by identity, since it is never written to."""
        nodes = [
            (n.op, tuple((t, id(t.data)) for t in n.inputs if t is not None), tuple(n.outputs))
            for g in self._graph.everywhere()
            for n in g
        ]
        sinks = [(t, id(t.data)) for g in self._graph.everywhere() for t in (*g.inputs, *g.sinks)]
        return [nodes, sinks]

    def _evaluate(self) -> list[list[Array]]:
        """Outputs for every sample, as consecutive runs, so that what the state becomes shows too."""
        evaluation = Evaluation(self._graph)
        return [evaluation.run(sample) for sample in self._samples]

    def check(self, name: str) -> None:
        """Raises InvalidGraph naming pass `name` if the graph no longer computes what it did."""
        form = self._current_form()
        if form == self._form:
            return
        results = self._evaluate()
        floats = any(t.dtype.is_float for n in self._graph.steps() for t in n.outputs)
        for sample, (before, after) in enumerate(zip(self._results, results, strict=True)):
            for tensor, a, b in zip(self._graph.outputs, before, after, strict=True):
                difference = _difference(a, b, floats)
                if difference:
                    raise InvalidGraph(
                        f"pass {name} changed what the model computes",
                        [("output", f'"{tensor.name}" {tensor.type}, random sample {sample}'), ("differs", difference)],
                        f"this is a fault of edgegen; --disable-pass {name} avoids it",
                    )
        self._form, self._results = form, results
