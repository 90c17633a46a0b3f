"""The judges of .tflite models: TensorFlow Lite Micro's reference kernels say what a model computes; where it has none,
LiteRT's do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tflite_micro.python.tflite_micro import runtime

from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array
from edgegen.verify.compare import magnitude

ARENA_BYTES = 1 << 20
Judge = Callable[[bytes, Sequence[Array], int], list[Array]]


def judge(data: bytes, inputs: Sequence[Array], outputs: int = 1) -> list[Array]:
    """What TensorFlow Lite Micro computes for one run of a .tflite file, inputs and outputs in the file's order.

    Raises RuntimeError if it refuses the model.
    """
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=ARENA_BYTES)
    for i, array in enumerate(inputs):
        interpreter.set_input(array, i)
    interpreter.invoke()
    return [interpreter.get_output(i) for i in range(outputs)]


def judge_litert(data: bytes, inputs: Sequence[Array], outputs: int = 1) -> list[Array]:
    """What LiteRT computes with its reference operators, as `judge` does. Raises RuntimeError or ValueError."""
    interpreter = Interpreter(model_content=data, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    for detail, array in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    details = interpreter.get_output_details()
    assert len(details) == outputs
    return [interpreter.get_tensor(detail["index"]) for detail in details]


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
