"""The judges of .tflite models: TensorFlow Lite Micro's reference kernels say what a model computes; where it has none,
LiteRT's do."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tflite_micro.python.tflite_micro import runtime

from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array, magnitude

ARENA_BYTES = 1 << 20
Judge = Callable[[bytes, Sequence[Array], int], list[Array]]
Runs = Sequence[Sequence[Array]]
"""Inputs of consecutive calls of one instance."""


def judge(data: bytes, inputs: Sequence[Array], outputs: int = 1) -> list[Array]:
    """What TensorFlow Lite Micro computes for one run of a .tflite file, inputs and outputs in the file's order.

    Raises RuntimeError if it refuses the model.
    """
    return judge_runs(data, [inputs], outputs)[0]


def judge_runs(data: bytes, runs: Runs, outputs: int = 1, arena_bytes: int = ARENA_BYTES) -> list[list[Array]]:
    """What TensorFlow Lite Micro computes in consecutive runs of one instance. Raises RuntimeError."""
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=arena_bytes)
    results = []
    for inputs in runs:
        for i, array in enumerate(inputs):
            interpreter.set_input(array, i)
        interpreter.invoke()
        results.append([np.array(interpreter.get_output(i)) for i in range(outputs)])
    return results


def judge_litert(data: bytes, inputs: Sequence[Array], outputs: int = 1) -> list[Array]:
    """What LiteRT computes with its reference operators, as `judge` does. Raises RuntimeError or ValueError."""
    return judge_litert_runs(data, [inputs], outputs)[0]


def judge_litert_runs(data: bytes, runs: Runs, outputs: int = 1) -> list[list[Array]]:
    """As `judge_runs`, by LiteRT."""
    interpreter = Interpreter(model_content=data, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    results = []
    for inputs in runs:
        for detail, array in zip(interpreter.get_input_details(), inputs, strict=True):
            interpreter.set_tensor(detail["index"], array)
        interpreter.invoke()
        details = interpreter.get_output_details()
        assert len(details) == outputs
        results.append([interpreter.get_tensor(detail["index"]) for detail in details])
    return results


class Judges:
    """Both judges in a process of their own: some models end it."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def tflm(self, data: bytes, runs: Runs, outputs: int = 1) -> list[list[Array]] | str:
        """What `judge_runs` gives, or why it gives nothing."""
        return self._ask(judge_runs, data, runs, outputs)

    def litert(self, data: bytes, runs: Runs, outputs: int = 1) -> list[list[Array]] | str:
        """What `judge_litert_runs` gives, or why it gives nothing."""
        return self._ask(judge_litert_runs, data, runs, outputs)

    def _ask(
        self, one: Callable[..., list[list[Array]]], data: bytes, runs: Runs, outputs: int
    ) -> list[list[Array]] | str:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        try:
            return self._pool.submit(one, data, runs, outputs).result()
        except BrokenProcessPool:
            self._pool = None
            return "it ends the process"
        except (RuntimeError, ValueError) as error:
            return str(error)

    def close(self) -> None:
        """Ends the process."""
        if self._pool is not None:
            self._pool.shutdown()


def check_against_judge(data: bytes, inputs: Sequence[Array], tolerance: float = 0.0, by: Judge = judge) -> Graph:
    """Imports the model, evaluates it and compares every output with the judge's; the imported graph.

    tolerance: for floats, relative to the output's largest magnitude; integers must be equal
    """
    graph = read_tflite(data, "model", {})
    wanted = by(data, inputs, len(graph.outputs))
    for got, want in zip(evaluate(graph, inputs), wanted, strict=True):
        assert got.dtype == want.dtype
        assert got.shape == want.shape
        if got.dtype.kind == "f":
            np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * magnitude(want))
        else:
            np.testing.assert_array_equal(got, want)
    return graph
