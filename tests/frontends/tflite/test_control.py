"""IF, WHILE, CALL and composites compute what the interpreters compute, in Python and in C."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from flatbuffers import flexbuffers

from edgegen.compiler import Compiled, compile_graph
from edgegen.emit.render import Origin
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import Evaluation
from edgegen.ir.tensor import Array
from edgegen.passes.pipeline import Options
from edgegen.targets import TARGETS
from edgegen.verify import Build, Call, build_program
from tests.judge import Runs, judge_litert_runs, judge_runs
from tests.models.tflite_builder import Operator, SubGraph, Tensor, build_model, custom_options, options

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


def nested() -> bytes:
    """while i < n: i += 1; x = i < 3 ? x + y : (while x[...] ...: a loop inside a branch inside a loop)."""
    condition = SubGraph(
        [*s32("i", "n"), *f32("x", "y"), flag("go")],
        [Operator("LESS", ["i", "n"], ["go"])],
        outputs=["go"],
        inputs=["i", "n", "x", "y"],
    )
    body = SubGraph(
        [*s32("i", "n", "j"), *f32("x", "y", "z"), number("one", 1, "int32"), number("three", 3, "int32"), flag()],
        [
            add("i", "one", "j"),
            Operator("LESS", ["j", "three"], ["c"]),
            if_(["c", "x", "y"], ["z"], 3, 4),
        ],
        ["i", "n", "x", "y"],
        ["j", "n", "z", "y"],
    )
    then = SubGraph(f32("x", "y", "z"), [add("x", "y", "z")], ["x", "y"], ["z"])
    otherwise = SubGraph(
        [*f32("x", "y", "z", "y1"), number("k", 0, "int32"), *s32("k1")],
        [while_(["k", "x", "y"], ["k1", "z", "y1"], 5, 6)],
        ["x", "y"],
        ["z"],
    )
    inner_condition = SubGraph(
        [*s32("k"), *f32("x", "y"), number("two", 2, "int32"), flag("go")],
        [Operator("LESS", ["k", "two"], ["go"])],
        ["k", "x", "y"],
        ["go"],
    )
    swap = SubGraph(  # x, y = y - x, x: neither can be written where it is read
        [*s32("k", "k1"), *f32("x", "y", "d"), number("one", 1, "int32")],
        [add("k", "one", "k1"), Operator("SUB", ["y", "x"], ["d"], options("SubOptions"))],
        ["k", "x", "y"],
        ["k1", "d", "x"],
    )
    tensors = [number("zero", 0, "int32"), *s32("n", "i1", "n1"), *f32("x", "y", "r", "y1")]
    return build_model(
        tensors,
        [while_(["zero", "n", "x", "y"], ["i1", "n1", "r", "y1"])],
        ["n", "x", "y"],
        ["r", "y1", "i1"],
        more=[condition, body, then, otherwise, inner_condition, swap],
    )


def test_control_flow_within_control_flow() -> None:
    """LiteRT leaves zeros where the inner loop should have left x: 21, 10 become -11, 21 and then 32, -11."""
    data = nested()
    check(data, [[np.array([n], np.int32), floats(), floats()] for n in (0, 1, 2)], 3)
    check(data, [[np.array([n], np.int32), floats(), floats()] for n in (3, 6)], 3, litert=False)
    x, y = np.float32([[1, 0, 0, 0]]), np.float32([[10, 0, 0, 0]])
    assert Evaluation(read_tflite(data, "m", {})).run([np.array([3], np.int32), x, y])[0][0, 0] == 32


def counting() -> bytes:
    """Variables: "sum" grows in one branch only, "last" is assigned in the other; a loop rewrites "sum", too."""

    def assign(value: str, variable: str) -> Operator:
        return Operator("ASSIGN_VARIABLE", [variable, value], [])

    def read(variable: str, value: str) -> Operator:
        return Operator("READ_VARIABLE", [variable], [value])

    (total, make_total), (last, make_last) = handle("sum"), handle("last")
    then = SubGraph(
        [*f32("x", "s", "t", "l"), total, last],
        [make_total, make_last, read("sum", "s"), read("last", "l"), add("s", "x", "t"), assign("t", "sum")],
        ["x"],
        ["l"],
    )
    otherwise = SubGraph([*f32("x", "y"), last], [make_last, add("x", "x", "y"), assign("x", "last")], ["x"], ["y"])
    condition = SubGraph(
        [*s32("i"), number("two", 2, "int32"), flag("go")], [Operator("LESS", ["i", "two"], ["go"])], ["i"], ["go"]
    )
    body = SubGraph(
        [*s32("i", "j"), number("one", 1, "int32"), *f32("s", "t"), total],
        [make_total, add("i", "one", "j"), read("sum", "s"), add("s", "s", "t"), assign("t", "sum")],
        ["i"],
        ["j"],
    )
    first = SubGraph(
        [Tensor("one", data=np.ones(SHAPE, np.float32)), total, last],
        [make_total, make_last, assign("one", "sum"), assign("one", "last")],
        [],
        [],
    )
    tensors = [flag(), *f32("x", "r", "s"), number("zero", 0, "int32"), *s32("k"), total, last]
    return build_model(
        tensors,
        [
            Operator("CALL_ONCE", [], [], options("CallOnceOptions", InitSubgraphIndex=5)),
            make_total,
            make_last,
            if_(["c", "x"], ["r"]),
            while_(["zero"], ["k"], 3, 4),
            read("sum", "s"),
        ],
        ["c", "x"],
        ["r", "s"],
        more=[then, otherwise, condition, body, first],
    )


def test_variables_in_branches_and_loops() -> None:
    runs = [[np.array([c]), floats()] for c in (True, False, True, True, False, True)]
    check(counting(), runs, 2)


def test_variables_are_state_of_the_model_alone() -> None:
    graph = read_tflite(counting(), "m", {})
    assert sorted(s.name for s in graph.state) == ["last", "sum"]
    assert all((s.initial == 1).all() for s in graph.state)
    assert all(not g.state for g in graph.everywhere()[1:])
    copies = [n for n in compiled(counting()).graph.steps() if n.op.kind == "Copy"]
    assert len(copies) <= 3, "variables are rewritten where they lie"


def test_a_variable_is_passed_by_its_handle() -> None:
    """The loop carries a handle; its body reads and assigns what it refers to."""
    variable, make = handle()
    inner = [Tensor("h", "RESOURCE", ()), *s32("i")]
    condition = SubGraph(
        [*inner, number("three", 3, "int32"), flag("go")],
        [Operator("LESS", ["i", "three"], ["go"])],
        ["h", "i"],
        ["go"],
    )
    body = SubGraph(
        [*inner, *s32("j"), number("one", 1, "int32"), *f32("v", "w")],
        [
            add("i", "one", "j"),
            Operator("READ_VARIABLE", ["h"], ["v"]),
            add("v", "v", "w"),
            Operator("ASSIGN_VARIABLE", ["h", "w"], []),
        ],
        ["h", "i"],
        ["h", "j"],
    )
    tensors = [variable, Tensor("h1", "RESOURCE", ()), number("zero", 0, "int32"), *s32("k"), *f32("x", "y")]
    data = build_model(
        tensors,
        [
            make,
            Operator("ASSIGN_VARIABLE", ["v", "x"], []),
            while_(["v", "zero"], ["h1", "k"]),
            Operator("READ_VARIABLE", ["h1"], ["y"]),
        ],
        ["x"],
        ["y"],
        more=[condition, body],
    )
    x = floats()
    check(data, [[x], [x + 1]], tflm=False)
    np.testing.assert_array_equal(Evaluation(read_tflite(data, "m", {})).run([x])[0], 8 * x)


def composite(name: str = "STABLEHLO_COMPOSITE", index: int = 1) -> bytes:
    table, field = (
        ("CallOptions", "Subgraph") if name == "CALL" else ("StableHLOCompositeOptions", "DecompositionSubgraphIndex")
    )
    attributes = np.frombuffer(flexbuffers.Dumps({}), np.uint8)
    named = {} if name == "CALL" else {"Name": "odd.mul", "CompositeAttributes": attributes}
    part = SubGraph([*f32("a", "b", "p")], [mul("a", "b", "p")], ["b", "a"], ["p", "a"])
    call = Operator(name, ["x", "y"], ["r0", "r1"], options(table, **{field: index}, **named))
    return build_model([*f32("x", "y", "r0", "r1")], [call], ["x", "y"], ["r0", "r1"], more=[part])


def test_a_composite_is_its_decomposition() -> None:
    data = composite()
    check(data, [[floats(), floats()]], 2, tflm=False)
    assert sorted(n.op.kind for n in compiled(data).graph.nodes) == ["Mul", "Reshape"]


def test_a_call_is_the_sub_graph() -> None:
    """No interpreter has a kernel for CALL: it is what the converter's inliner makes of it."""
    x, y = floats(), floats()
    got = Evaluation(read_tflite(composite("CALL"), "m", {})).run([x, y])
    np.testing.assert_array_equal(got[0], x * y)
    np.testing.assert_array_equal(got[1], y)


@pytest.mark.parametrize("known", [False, True])
def test_a_sub_graph_says_what_its_numbers_stand_for(known: bool) -> None:
    """Arguments are handed over as they are, even where caller and sub-graph quantize them differently."""
    x = np.array([[1, -2, 30, 4]], np.int8)
    part = SubGraph(
        [Tensor("a", "INT8", SHAPE, scale=0.25, zero_point=3), *f32("r")],
        [Operator("DEQUANTIZE", ["a"], ["r"])],
        ["a"],
        ["r"],
    )
    attributes = np.frombuffer(flexbuffers.Dumps({}), np.uint8)
    table = options(
        "StableHLOCompositeOptions", DecompositionSubgraphIndex=1, Name="odd.real", CompositeAttributes=attributes
    )
    given = Tensor("x", "INT8", SHAPE, x if known else None, scale=0.5)
    tensors = [given, *f32("y", "z", "w")]
    operators = [Operator("STABLEHLO_COMPOSITE", ["x"], ["y"], table), add("y", "z", "w")]
    data = build_model(tensors, operators, ["z"] if known else ["x", "z"], ["w"], more=[part])
    check(data, [[np.ones(SHAPE, np.float32)] if known else [x, np.ones(SHAPE, np.float32)]], tflm=False)


def test_a_known_condition_leaves_one_branch() -> None:
    then = SubGraph(f32("a", "s"), [add("a", "a", "s")], ["a"], ["s"])
    otherwise = SubGraph(f32("a", "p"), [mul("a", "a", "p")], ["a"], ["p"])
    for value, kind in ((True, "Add"), (False, "Mul")):
        data = build_model(
            [flag(data=np.array([value])), *f32("x", "r")],
            [if_(["c", "x"], ["r"])],
            ["x"],
            ["r"],
            more=[then, otherwise],
        )
        check(data, [[floats()]], tflm=False)
        assert [n.op.kind for n in compiled(data).graph.nodes] == [kind]


def test_a_loop_that_never_runs_vanishes() -> None:
    never = SubGraph([*f32("x"), flag("go", np.array([False]))], [], ["x"], ["go"])
    body = SubGraph(f32("x", "y"), [add("x", "x", "y")], ["x"], ["y"])
    data = build_model(f32("x", "r"), [while_(["x"], ["r"])], ["x"], ["r"], more=[never, body])
    assert [n.op.kind for n in compiled(data).graph.nodes] == ["Reshape"]
    x = floats()
    np.testing.assert_array_equal(Evaluation(read_tflite(data, "m", {})).run([x])[0], x)


def remembering(calls: int = 1) -> bytes:
    """c ? the last two x : x twice, as often as `calls` says, by one sub-graph whose operator keeps state."""

    def s8(name: str, slots: int, **more: bool) -> Tensor:
        return Tensor(name, "INT8", (1, slots, 1, 4), scale=0.5, **more)

    names = [f"r{i}" for i in range(calls)]
    push = Operator("custom:CIRCULAR_BUFFER", ["a"], ["b"], custom=custom_options(cycles_max=1))
    then = SubGraph([s8("a", 1), s8("b", 2, is_variable=True)], [push], ["a"], ["b"])
    twice = Operator("CONCATENATION", ["a", "a"], ["b"], options("ConcatenationOptions", Axis=1))
    otherwise = SubGraph([s8("a", 1), s8("b", 2)], [twice], ["a"], ["b"])
    uses = [if_(["c", "x"], [r]) for r in names]
    tensors = [flag(), s8("x", 1), *(s8(r, 2) for r in names)]
    return build_model(tensors, uses, ["c", "x"], names, more=[then, otherwise])


def test_an_operator_that_keeps_state_in_a_branch() -> None:
    """Its memory moves on only in runs that take the branch."""
    data = remembering()
    runs = [
        [np.array([c]), floats().astype(np.int8).reshape(1, 1, 1, 4)] for c in (True, True, False, True, False, True)
    ]
    check(data, runs, litert=False)
    assert len(read_tflite(data, "m", {}).state) == 1
