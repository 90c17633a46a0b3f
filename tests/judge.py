"""TensorFlow Lite Micro, the judge of .tflite models: its reference kernels say what a model computes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array
from edgegen.verify.compare import magnitude
from tflite_micro.python.tflite_micro import runtime

ARENA_BYTES = 1 << 20


def judge(data: bytes, inputs: Sequence[Array], outputs: int = 1) -> list[Array]:
    """What TensorFlow Lite Micro computes for one run of a .tflite file, inputs and outputs in the file's order.

    Raises RuntimeError if it refuses the model.
    """
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=ARENA_BYTES)
    for i, array in enumerate(inputs):
        interpreter.set_input(array, i)
    interpreter.invoke()
    return [interpreter.get_output(i) for i in range(outputs)]


def check_against_judge(data: bytes, inputs: Sequence[Array], tolerance: float = 0.0) -> Graph:
    """Imports the model, evaluates it and compares every output with the judge's; the imported graph.

    tolerance: for floats, relative to the output's largest magnitude; integers must be equal
    """
    graph = read_tflite(data, "model", {})
    wanted = judge(data, inputs, len(graph.outputs))
    for got, want in zip(evaluate(graph, inputs), wanted, strict=True):
        assert got.dtype == want.dtype
        assert got.shape == want.shape
        if got.dtype.kind == "f":
            np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * magnitude(want))
        else:
            np.testing.assert_array_equal(got, want)
    return graph
