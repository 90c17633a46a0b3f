"""Models of one operator, and values for their inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from edgegen.ir.tensor import Array
from tests.judge import Judge, judge, judge_litert
from tests.models.tflite_builder import Operator, Options, Tensor, build_model

NUMPY = {
    "INT8": "int8",
    "UINT8": "uint8",
    "INT16": "int16",
    "INT32": "int32",
    "INT64": "int64",
    "FLOAT32": "float32",
    "BOOL": "bool",
}
QUANTIZED = {"INT8": (0.25, -7), "UINT8": (0.25, 121), "INT16": (0.25, 0)}

Shape = tuple[int, ...]


def values(kind: str, shape: Shape, seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    if kind == "FLOAT32":
        return np.asarray(rng.standard_normal(shape), np.float32)
    if kind == "BOOL":
        return np.asarray(rng.integers(0, 2, shape), np.bool_)
    return np.asarray(rng.integers(0 if kind == "UINT8" else -100, 100, shape), NUMPY[kind])


def activation(name: str, kind: str, shape: Shape, scale: float | None = None, zero: int | None = None) -> Tensor:
    q = QUANTIZED.get(kind)
    if q is None:
        return Tensor(name, kind, shape)
    return Tensor(name, kind, shape, scale=scale or q[0], zero_point=q[1] if zero is None else zero)


def s32(name: str, numbers: Any) -> Tensor:
    return Tensor(name, data=np.array(numbers, np.int32))


def unary(
    name: str,
    kind: str,
    shape: Shape,
    out: Shape,
    constants: Sequence[Tensor],
    opts: Options | None = None,
    version: int = 1,
) -> bytes:
    """A model of one operator: x and constants in, y out."""
    return model(name, [activation("x", kind, shape), *constants], [activation("y", kind, out)], opts, version)


def model(
    name: str, inputs: Sequence[Tensor], outputs: Sequence[Tensor], opts: Options | None = None, version: int = 1
) -> bytes:
    """A model of one operator that reads and writes all the tensors, in order."""
    operator = Operator(name, [t.name for t in inputs], [t.name for t in outputs], opts, version)
    return build_model([*inputs, *outputs], [operator], outputs=[t.name for t in outputs])


def run(data: bytes, *inputs: Array) -> list[Array]:
    return evaluate(read_tflite(data, "model", {}), inputs)


def judge_of(kind: str, *by_micro: str) -> Judge:
    """TensorFlow Lite Micro for the types that its kernel has, else LiteRT."""
    return judge if kind in by_micro else judge_litert
