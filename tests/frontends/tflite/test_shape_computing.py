"""Sub-graphs that compute shapes leave no nodes, for the file's sizes and for those that the user chooses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import evaluate
from tests.build_graph import kinds
from tests.frontends.tflite.single import Shape, activation, model, run, s32
from tests.judge import check_against_judge, judge, judge_litert
from tests.models.tflite_builder import Operator, Tensor, build_model, options

SHAPES = options("ShapeOptions", OutType=2)
FIRST = options("StridedSliceOptions", ShrinkAxisMask=1)
X = Tensor("x", "FLOAT32", (1, 4, 4, 3), signature=(-1, -1, -1, 3))
CONSTANTS = [s32("0", [0]), s32("1", [1]), s32("2", [2]), s32("3", [3]), s32("4", [4]), s32("axis", 0), s32("all", -1)]


def pick(i: int, to: str) -> Operator:
    """Dimension i of the shape as a scalar."""
    return Operator("STRIDED_SLICE", ["shape", str(i), str(i + 1), "1"], [to], FIRST)


def scalar(name: str) -> Tensor:
    return Tensor(name, "INT32", ())


# What reads a computed shape: (tensors, operators, the output's shape for x of a shape)
Reader = tuple[list[Tensor], list[Operator], Callable[[Shape], Shape]]

READERS: dict[str, Reader] = {
    "RESHAPE": (
        [scalar("n"), s32("free", -1), Tensor("to", "INT32", (2,)), Tensor("y", "FLOAT32", (1, 48))],
        [
            pick(0, "n"),
            Operator("PACK", ["n", "free"], ["to"], options("PackOptions", ValuesCount=2)),
            Operator("RESHAPE", ["x", "to"], ["y"]),
        ],
        lambda x: (x[0], x[1] * x[2] * x[3]),
    ),
    "RESIZE_NEAREST_NEIGHBOR": (
        [
            Tensor("side", "INT32", (2,)),
            s32("twice", [2, 2]),
            Tensor("to", "INT32", (2,)),
            Tensor("y", "FLOAT32", (1, 8, 8, 3)),
        ],
        [
            Operator("STRIDED_SLICE", ["shape", "1", "3", "1"], ["side"], options("StridedSliceOptions")),
            Operator("MUL", ["side", "twice"], ["to"], options("MulOptions")),
            Operator("RESIZE_NEAREST_NEIGHBOR", ["x", "to"], ["y"], options("ResizeNearestNeighborOptions")),
        ],
        lambda x: (x[0], 2 * x[1], 2 * x[2], x[3]),
    ),
    "TILE": (
        [scalar("n"), Tensor("to", "INT32", (4,)), s32("one", 1), Tensor("y", "FLOAT32", (1, 16, 4, 3))],
        [
            pick(1, "n"),
            Operator("PACK", ["one", "n", "one", "one"], ["to"], options("PackOptions", ValuesCount=4)),
            Operator("TILE", ["x", "to"], ["y"]),
        ],
        lambda x: (x[0], x[1] * x[1], x[2], x[3]),
    ),
    "BROADCAST_TO": (
        [
            Tensor("d", "FLOAT32", (3,), np.ones(3, np.float32)),
            Tensor("p", "FLOAT32", (1, 4, 4, 3)),
            Tensor("y", "FLOAT32", (1, 4, 4, 3)),
        ],
        [
            Operator("BROADCAST_TO", ["d", "shape"], ["p"], version=2),
            Operator("ADD", ["x", "p"], ["y"], options("AddOptions")),
        ],
        lambda x: x,
    ),
    "FILL": (
        [
            Tensor("one", data=np.ones((), np.float32)),
            Tensor("p", "FLOAT32", (1, 4, 4, 3)),
            Tensor("y", "FLOAT32", (1, 4, 4, 3)),
        ],
        [
            Operator("FILL", ["shape", "one"], ["p"]),
            Operator("ADD", ["x", "p"], ["y"], options("AddOptions")),
        ],
        lambda x: x,
    ),
    "GATHER": (
        [
            s32("places", [0, 3]),
            Tensor("ends", "INT32", (2,)),
            s32("free", [-1]),
            Tensor("to", "INT32", (3,)),
            Tensor("y", "FLOAT32", (1, 3, 16)),
        ],
        [
            Operator("GATHER", ["shape", "places"], ["ends"], options("GatherOptions")),
            Operator("CONCATENATION", ["ends", "free"], ["to"], options("ConcatenationOptions")),
            Operator("RESHAPE", ["x", "to"], ["y"]),
        ],
        lambda x: (x[0], x[3], x[1] * x[2]),
    ),
    "RANGE": (
        [
            *(scalar("n"), scalar("low"), scalar("step"), Tensor("index", "INT32", (4,))),
            *(s32("zero", 0), s32("one", 1), Tensor("y", "FLOAT32", (1, 4, 4, 3))),
        ],
        [
            pick(1, "n"),
            Operator("RANGE", ["zero", "n", "one"], ["index"]),
            Operator("GATHER", ["x", "index"], ["y"], options("GatherOptions", Axis=1)),
        ],
        lambda x: x,
    ),
    "BROADCAST_ARGS": (
        [
            s32("b", [1, 1, 3]),
            Tensor("to", "INT32", (4,)),
            Tensor("d", data=np.ones((), np.float32)),
            Tensor("p", "FLOAT32", (1, 4, 4, 3)),
            Tensor("y", "FLOAT32", (1, 4, 4, 3)),
        ],
        [
            Operator("BROADCAST_ARGS", ["shape", "b"], ["to"]),
            Operator("BROADCAST_TO", ["d", "to"], ["p"], version=2),
            Operator("ADD", ["x", "p"], ["y"], options("AddOptions")),
        ],
        lambda x: x,
    ),
    "REDUCE_PROD": (
        [Tensor("n", "INT32", (1,)), s32("one", [1]), Tensor("to", "INT32", (2,)), Tensor("y", "FLOAT32", (48, 1))],
        [
            Operator("REDUCE_PROD", ["shape", "axis"], ["n"], options("ReducerOptions", KeepDims=True)),
            Operator("CONCATENATION", ["n", "one"], ["to"], options("ConcatenationOptions")),
            Operator("RESHAPE", ["x", "to"], ["y"]),
        ],
        lambda x: (int(np.prod(x)), 1),
    ),
}


@pytest.mark.parametrize("name", READERS)
def test_computed_shapes_leave_no_nodes(name: str) -> None:
    tensors, operators, grown = READERS[name]
    used = {i for o in operators for i in (*o.inputs, *o.outputs)}
    first = Operator("SHAPE", ["x"], ["shape"], SHAPES)
    data = build_model(
        [X, Tensor("shape", "INT32", (4,)), *(t for t in (*CONSTANTS, *tensors) if t.name in used)],
        [first, *operators],
        inputs=["x"],
        outputs=["y"],
    )
    shape_ops = {"Slice", "Concat", "Gather", "Reduce", "Mul", "Select", "Compare", "Cast"}
    for shape in ((1, 4, 4, 3), (2, 5, 7, 3)):
        graph = read_tflite(data, "m", {"x": shape})
        x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
        (y,) = evaluate(graph, [x])
        assert graph.outputs[0].shape == y.shape == grown(shape)
        assert not shape_ops & set(kinds(graph)) - ({"Slice"} if name == "RANGE" else set())
        assert all(t.dtype.name == "f32" for n in graph for t in n.outputs)
    check_against_judge(data, [np.random.default_rng(0).standard_normal(X.shape).astype(np.float32)], by=judge_litert)


@pytest.mark.parametrize("kind", ["INT8", "INT16", "INT32", "INT64", "BOOL", "FLOAT32"])
def test_shape_and_rank(kind: str) -> None:
    for out, code in (("INT32", 2), ("INT64", 4)):
        opts = options("ShapeOptions", OutType=code)
        data = model("SHAPE", [activation("x", kind, (2, 3, 5))], [Tensor("y", out, (3,))], opts)
        (y,) = read_tflite(data, "m", {}).outputs
        np.testing.assert_array_equal(y.values, [2, 3, 5])
        assert y.dtype.np == np.dtype(out.lower())
        assert judge_litert(data, [np.zeros((2, 3, 5), read_tflite(data, "m", {}).inputs[0].dtype.np)])[0].tolist() == [
            2,
            3,
            5,
        ]
    data = model("RANK", [activation("x", kind, (2, 3, 5))], [Tensor("y", "INT32", ())])
    assert read_tflite(data, "m", {}).outputs[0].values == 3


@pytest.mark.parametrize("kind", ["int32", "int64", "float32"])
def test_range(kind: str) -> None:
    for start, limit, delta in ((0, 5, 1), (9, -2, -3), (3, 4, 7), (-5, 6, 2)):
        given = [np.array(v * (0.1 if kind == "float32" else 1), kind) for v in (start, limit, delta)]
        count = len(np.arange(start, limit, delta))
        inputs = [Tensor(f"c{i}", data=v) for i, v in enumerate(given)]
        data = model("RANGE", inputs, [Tensor("y", kind.upper(), (count,))])
        np.testing.assert_array_equal(run(data)[0], judge_litert(data, [])[0])


def test_a_long_range_of_f32_is_added_up_as_litert_does() -> None:
    inputs = [Tensor(f"c{i}", data=np.array(v, np.float32)) for i, v in enumerate((0.1, 100.0, 0.37))]
    count = int(np.ceil((np.float32(100) - np.float32(0.1)) / np.float32(0.37)))
    data = model("RANGE", inputs, [Tensor("y", "FLOAT32", (count,))])
    np.testing.assert_array_equal(run(data)[0], judge_litert(data, [])[0])


@pytest.mark.parametrize("kind", ["INT32", "INT64"])
def test_shapes_that_broadcast_at_run_time(kind: str) -> None:
    inputs = [Tensor("a", kind, (2,)), Tensor("b", kind, (4,))]
    data = model("BROADCAST_ARGS", inputs, [Tensor("y", kind, (4,))])
    given = [np.array([3, 1], kind.lower()), np.array([2, 1, 3, 5], kind.lower())]
    check_against_judge(data, given, by=judge)


@pytest.mark.parametrize(
    ("name", "inputs", "out", "why"),
    [
        ("RANGE", [s32("a", 0), s32("b", 0), s32("c", 1)], Tensor("y", "INT32", (1,)), "no elements"),
        ("RANGE", [s32("a", 0), s32("b", 9), s32("c", 0)], Tensor("y", "INT32", (1,)), "no elements"),
        ("RANGE", [s32("a", 0), s32("b", -9), s32("c", 1)], Tensor("y", "INT32", (1,)), "no elements"),
        ("RANGE", [s32("a", 0), s32("b", 1 << 30), s32("c", 1)], Tensor("y", "INT32", (1,)), "bytes"),
        ("RANGE", [s32("a", 0), scalar("b"), s32("c", 1)], Tensor("y", "INT32", (1,)), "known ahead of time"),
        ("RANGE", [s32("a", 0), s32("b", 3), s32("c", 1)], Tensor("y", "FLOAT32", (3,)), "three numbers"),
        ("BROADCAST_ARGS", [s32("a", [2]), s32("b", [3])], Tensor("y", "INT32", (1,)), "do not broadcast"),
        ("BROADCAST_ARGS", [s32("a", 2), s32("b", [3])], Tensor("y", "INT32", (1,)), "must be shapes"),
        ("SHAPE", [Tensor("x", "INT8", (2,))], Tensor("y", "FLOAT32", (1,)), "f32 is not supported"),
    ],
)
def test_refusals(name: str, inputs: list[Tensor], out: Tensor, why: str) -> None:
    with pytest.raises((InvalidModel, UnsupportedModel), match=why):
        read_tflite(model(name, inputs, [out]), "m", {})
