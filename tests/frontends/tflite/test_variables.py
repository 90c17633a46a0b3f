"""Resource variables give the stream of outputs that TensorFlow Lite Micro gives."""

from __future__ import annotations

import numpy as np
import pytest
from tflite_micro.python.tflite_micro import runtime

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import Evaluation
from edgegen.ir.tensor import Array
from tests.judge import ARENA_BYTES
from tests.models.tflite_builder import Operator, SubGraph, Tensor, build_model, options

SHAPE = (1, 3)


def _handle(name: str = "v") -> tuple[Tensor, Operator]:
    return Tensor(name, "RESOURCE", ()), Operator(
        "VAR_HANDLE", [], [name], options("VarHandleOptions", SharedName=name)
    )


def _initialization(*values: Array | None) -> SubGraph:
    """Assigns v0, v1, ... their first values."""
    tensors, operators = [], []
    for i, array in enumerate(values):
        if array is None:
            continue
        tensor, operator = _handle(f"v{i}")
        tensors += [tensor, Tensor(f"first{i}", data=array)]
        operators += [operator, Operator("ASSIGN_VARIABLE", [f"v{i}", f"first{i}"], [])]
    return SubGraph(tensors, operators, [], [])


def _delay(dtype: str, initial: list[Array | None], **quantization: float) -> bytes:
    """Two variables as a delay line: v1 becomes what v0 was, v0 the input; outputs are both old values."""
    tensors = [Tensor(n, dtype, SHAPE, **quantization) for n in ("x", "old0", "old1")]
    handles = [_handle("v0"), _handle("v1")]
    return build_model(
        [*tensors, *(t for t, _ in handles)],
        [
            Operator("CALL_ONCE", [], [], options("CallOnceOptions", InitSubgraphIndex=1)),
            *(o for _, o in handles),
            Operator("READ_VARIABLE", ["v0"], ["old0"]),
            Operator("READ_VARIABLE", ["v1"], ["old1"]),
            Operator("ASSIGN_VARIABLE", ["v1", "old0"], []),
            Operator("ASSIGN_VARIABLE", ["v0", "x"], []),
        ],
        ["x"],
        ["old0", "old1"],
        more=[_initialization(*initial)],
    )


@pytest.mark.parametrize(
    ("dtype", "initial", "quantization"),
    [
        ("FLOAT32", [np.float32([[1, 2, 3]]), np.float32([[-1, 0, 9]])], {}),
        ("INT8", [np.int8([[1, 2, 3]]), np.int8([[-128, 0, 127]])], {"scale": 0.5, "zero_point": 7}),
    ],
)
def test_stream_of_calls(dtype: str, initial: list[Array | None], quantization: dict[str, float]) -> None:
    data = _delay(dtype, initial, **quantization)
    judge = runtime.Interpreter.from_bytes(data, arena_size=ARENA_BYTES)
    evaluation = Evaluation(read_tflite(data, "delay", {}))
    rng = np.random.default_rng(0)
    for _ in range(5):
        x = rng.integers(-100, 100, SHAPE).astype(dtype.lower())
        judge.set_input(x, 0)
        judge.invoke()
        for i, got in enumerate(evaluation.run([x])):
            np.testing.assert_array_equal(got, judge.get_output(i))


def test_values_read_after_an_assignment_are_the_new_ones() -> None:
    """Such a variable never outlives a run, so it takes no state."""
    handle, make = _handle()
    data = build_model(
        [Tensor("x", "FLOAT32", SHAPE), Tensor("y", "FLOAT32", SHAPE), handle],
        [make, Operator("ASSIGN_VARIABLE", ["v", "x"], []), Operator("READ_VARIABLE", ["v"], ["y"])],
        ["x"],
        ["y"],
    )
    graph = read_tflite(data, "model", {})
    assert not graph.state
    x = np.float32([[4, 5, 6]])
    np.testing.assert_array_equal(Evaluation(graph).run([x])[0], x)


def test_a_variable_keeps_its_type() -> None:
    handle, make = _handle()
    tensors = [Tensor("x", "FLOAT32", (1, 4)), Tensor("y", "FLOAT32", SHAPE), handle]
    read, assign = Operator("READ_VARIABLE", ["v"], ["y"]), Operator("ASSIGN_VARIABLE", ["v", "x"], [])
    with pytest.raises(UnsupportedModel, match=r'variable "v" is f32\[1,3\], but is assigned f32\[1,4\]'):
        read_tflite(build_model(tensors, [make, read, assign], ["x"], ["y"]), "model", {})


def test_reading_something_else_than_a_variable() -> None:
    tensors = [Tensor("x", "FLOAT32", SHAPE), Tensor("y", "FLOAT32", SHAPE)]
    with pytest.raises(InvalidModel, match='"x" is no handle'):
        read_tflite(build_model(tensors, [Operator("READ_VARIABLE", ["x"], ["y"])]), "model", {})


@pytest.mark.parametrize("index", [0, 5, -1])
def test_an_initialization_that_is_not_there(index: int) -> None:
    call = Operator("CALL_ONCE", [], [], options("CallOnceOptions", InitSubgraphIndex=index))
    relu = Operator("RELU", ["x"], ["y"])
    tensors = [Tensor("x", "FLOAT32", SHAPE), Tensor("y", "FLOAT32", SHAPE)]
    with pytest.raises(InvalidModel, match=r"is not one of 1|runs itself"):
        read_tflite(build_model(tensors, [call, relu]), "model", {})
