"""CIRCULAR_BUFFER: a stream of runs gives what TensorFlow Lite Micro's gives, also in the emitted C."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tflite_micro.python.tflite_micro import runtime

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import Evaluation
from edgegen.ops.push import Push
from edgegen.verify import Call, build_program
from tests.harness import check_node, compile_for_test
from tests.judge import ARENA_BYTES
from tests.models.tflite_builder import Operator, Tensor, build_model, custom_options

SLICE = (1, 1, 2, 3)


def model(slots: int = 4, cycles: int | None = 1, kind: str = "INT8", is_variable: bool = True, **slice_: Any) -> bytes:
    """Two buffers in a row; both are outputs."""
    quantization: dict[str, Any] = {"scale": 0.5, "zero_point": 7} if kind == "INT8" else {}
    whole = (1, slots, *SLICE[2:])
    tensors = [
        Tensor("x", kind, slice_.get("shape", SLICE), **quantization),
        Tensor("y", kind, whole, is_variable=is_variable, **quantization),
        Tensor("z", kind, whole, is_variable=is_variable, **quantization),
    ]
    custom = None if cycles is None else custom_options(cycles_max=cycles)
    pushes = [Operator("custom:CIRCULAR_BUFFER", ["x"], [y], custom=custom) for y in ("y", "z")]
    return build_model(tensors, pushes, inputs=["x"], outputs=["y", "z"])


@pytest.mark.parametrize(("slots", "cycles"), [(4, 1), (1, 1), (13, None)])
def test_a_stream(slots: int, cycles: int | None) -> None:
    data = model(slots, cycles)
    judge = runtime.Interpreter.from_bytes(data, arena_size=ARENA_BYTES)
    graph = read_tflite(data, "m", {})
    evaluation = Evaluation(graph)
    program = build_program([compile_for_test(graph, "generic")])
    rng = np.random.default_rng(0)
    inputs = [rng.integers(-128, 128, SLICE).astype(np.int8) for _ in range(6)]
    computed = program.execute([Call([x]) for x in inputs])
    for x, outcome in zip(inputs, computed, strict=True):
        judge.set_input(x, 0)
        judge.invoke()
        want = [judge.get_output(i) for i in range(2)]
        for a, b, c in zip(evaluation.run([x]), outcome.outputs, want, strict=True):
            np.testing.assert_array_equal(a, c)
            np.testing.assert_array_equal(b, c)


@pytest.mark.parametrize("target", ["generic", pytest.param("cortex-m4", marks=pytest.mark.cross)])
def test_the_kernel(target: str) -> None:
    x, buffer = np.arange(6, dtype=np.float32).reshape(SLICE), np.ones((1, 3, 2, 3), np.float32)
    check_node(Push(), [x, buffer], target, kernel="push")


def test_runs_without_results_are_refused() -> None:
    """TensorFlow Lite Micro's interpreter aborts the first run of such a model."""
    for data in (model(cycles=2), model(cycles=None), model(cycles=0)):
        judge = runtime.Interpreter.from_bytes(data, arena_size=ARENA_BYTES)
        judge.set_input(np.zeros(SLICE, np.int8), 0)
        assert judge.invoke() != 0
        with pytest.raises(UnsupportedModel, match="in one of 2 runs"):
            read_tflite(data, "m", {})


def test_refusals() -> None:
    with pytest.raises(InvalidModel, match="must be a variable tensor"):
        read_tflite(model(is_variable=False), "m", {})
    with pytest.raises(InvalidModel, match="is no slice"):
        read_tflite(model(shape=(1, 2, 2, 3)), "m", {})
    with pytest.raises(UnsupportedModel, match="f32 to f32"):
        read_tflite(model(kind="FLOAT32"), "m", {})
