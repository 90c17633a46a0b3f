"""IF, WHILE, CALL and composites compute what the interpreters compute, in Python and in C."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from edgegen.compiler import Compiled, compile_graph
from edgegen.emit.render import Origin
from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import Evaluation
from edgegen.ir.tensor import Array
from edgegen.passes.pipeline import Options
from edgegen.targets import TARGETS
from edgegen.verify import Build, Call, build_program
from tests.judge import Runs, judge_litert_runs, judge_runs
from tests.models.tflite_builder import Operator, SubGraph, Tensor, build_model, options

SHAPE = (1, 4)


def f32(*names: str, shape: Sequence[int] = SHAPE) -> list[Tensor]:
    return [Tensor(name, "FLOAT32", shape) for name in names]


def s32(*names: str) -> list[Tensor]:
    return [Tensor(name, "INT32", (1,)) for name in names]


def number(name: str, value: float, dtype: str = "float32") -> Tensor:
    return Tensor(name, data=np.array([value], dtype))


def flag(name: str = "c", data: Array | None = None) -> Tensor:
    return Tensor(name, "BOOL", (1,), data)


def add(a: str, b: str, out: str) -> Operator:
    return Operator("ADD", [a, b], [out], options("AddOptions"))


def mul(a: str, b: str, out: str) -> Operator:
    return Operator("MUL", [a, b], [out], options("MulOptions"))


def handle(name: str = "v") -> tuple[Tensor, Operator]:
    return Tensor(name, "RESOURCE", ()), Operator(
        "VAR_HANDLE", [], [name], options("VarHandleOptions", SharedName=name)
    )


def if_(inputs: Sequence[str], outputs: Sequence[str], then: int = 1, otherwise: int = 2) -> Operator:
    return Operator("IF", inputs, outputs, options("IfOptions", ThenSubgraphIndex=then, ElseSubgraphIndex=otherwise))


def while_(inputs: Sequence[str], outputs: Sequence[str], condition: int = 1, body: int = 2) -> Operator:
    return Operator(
        "WHILE", inputs, outputs, options("WhileOptions", CondSubgraphIndex=condition, BodySubgraphIndex=body)
    )


def compiled(data: bytes, target: str = "generic", trace: bool = False) -> Compiled:
    origin = Origin("m.tflite", "0" * 64, "test")
    return compile_graph(read_tflite(data, "m", {}), TARGETS[target], "m", origin, Options(check=True), trace)


def check(data: bytes, runs: Runs, outputs: int = 1, litert: bool = True, tflm: bool = True) -> None:
    """The judges, the reference and the C agree on consecutive runs."""
    evaluation = Evaluation(read_tflite(data, "m", {}))
    wanted = [evaluation.run(inputs) for inputs in runs]
    judges = [j(data, runs, outputs) for j, asked in ((judge_runs, tflm), (judge_litert_runs, litert)) if asked]
    program = build_program([compiled(data)], Build())
    got = [o.outputs for o in program.execute([Call(inputs) for inputs in runs])]
    for found in (*judges, got):
        for row, want in zip(found, wanted, strict=True):
            for a, b in zip(row, want, strict=True):
                np.testing.assert_array_equal(a, b)


RANDOM = np.random.default_rng(0)


def floats() -> Array:
    return RANDOM.integers(-50, 50, SHAPE).astype(np.float32)


def branches() -> bytes:
    """c ? (x + y, x) : (x * y, y)"""
    then = SubGraph(f32("a", "b", "s"), [add("a", "b", "s")], ["a", "b"], ["s", "a"])
    otherwise = SubGraph(f32("a", "b", "p"), [mul("a", "b", "p")], ["a", "b"], ["p", "b"])
    tensors = [flag(), *f32("x", "y", "r0", "r1")]
    return build_model(
        tensors, [if_(["c", "x", "y"], ["r0", "r1"])], ["c", "x", "y"], ["r0", "r1"], more=[then, otherwise]
    )


def test_if() -> None:
    check(branches(), [[np.array([c]), floats(), floats()] for c in (True, False)], 2)


def power() -> bytes:
    """r = x * 2^n by doubling n times; the counter is an output too. `limit` and `one` go through the loop."""
    condition = SubGraph(
        [*s32("i", "n"), *f32("x"), flag("go")], [Operator("LESS", ["i", "n"], ["go"])], ["i", "n", "x"], ["go"]
    )
    body = SubGraph(
        [*s32("i", "n", "j"), *f32("x", "y"), number("one", 1, "int32")],
        [add("i", "one", "j"), add("x", "x", "y")],
        ["i", "n", "x"],
        ["j", "n", "y"],
    )
    tensors = [number("zero", 0, "int32"), *s32("n", "i1", "n1"), *f32("x", "r")]
    return build_model(
        tensors, [while_(["zero", "n", "x"], ["i1", "n1", "r"])], ["n", "x"], ["i1", "n1", "r"], more=[condition, body]
    )


def test_while() -> None:
    check(power(), [[np.array([n], np.int32), floats()] for n in (0, 1, 7)], 3)
