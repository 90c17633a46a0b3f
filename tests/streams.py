"""Streams of runs: what a model that remembers gives, run after run, beside what the judges' interpreters give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tflite_micro.python.tflite_micro import runtime

from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import Evaluation
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array
from tests.judge import ARENA_BYTES

Runs = Sequence[Sequence[Array]]


def stream(data: bytes, runs: Runs, outputs: int = 1) -> list[list[Array]]:
    """Outputs of each run in one TensorFlow Lite Micro interpreter. Raises RuntimeError if it refuses the model."""
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=ARENA_BYTES)
    results = []
    for inputs in runs:
        for i, array in enumerate(inputs):
            interpreter.set_input(array, i)
        interpreter.invoke()
        results.append([np.array(interpreter.get_output(i)) for i in range(outputs)])
    return results


def stream_litert(data: bytes, runs: Runs, outputs: int = 1) -> list[list[Array]]:
    """Outputs of each run in one LiteRT interpreter with reference operators."""
    interpreter = Interpreter(model_content=data, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    details = interpreter.get_output_details()
    assert len(details) == outputs
    results = []
    for inputs in runs:
        for detail, array in zip(interpreter.get_input_details(), inputs, strict=True):
            interpreter.set_tensor(detail["index"], array)
        interpreter.invoke()
        results.append([interpreter.get_tensor(detail["index"]) for detail in details])
    return results


def check_stream(data: bytes, runs: Runs, wanted: Sequence[Sequence[Array]], tolerance: float = 0.0) -> Graph:
    """Imports the model and compares its outputs run by run; the imported graph.

    tolerance: for floats, relative to the largest magnitude that an output has in the stream; integers must be equal
    """
    graph = read_tflite(data, "model", {})
    evaluation = Evaluation(graph)
    found = [evaluation.run(inputs) for inputs in runs]
    for i in range(len(graph.outputs)):
        got, want = (np.stack([outputs[i] for outputs in side]) for side in (found, wanted))
        assert (got.dtype, got.shape) == (want.dtype, want.shape)
        if got.dtype.kind == "f":
            np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * float(np.abs(want).max()))
        else:
            np.testing.assert_array_equal(got, want)
    return graph
