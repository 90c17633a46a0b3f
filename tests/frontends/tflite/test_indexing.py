"""Operators that read and write where indices say, as TensorFlow Lite Micro and LiteRT compute them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import EdgegenError, InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from tests.build_graph import kinds
from tests.frontends.tflite.single import NUMPY, Shape, activation, judge_of, model, run, s32, values
from tests.judge import check_against_judge, judge_litert
from tests.models.tflite_builder import Tensor, options

KINDS = ("INT8", "UINT8", "INT16", "INT32", "INT64", "BOOL", "FLOAT32")
INDICES = {"INT16": "int16", "INT32": "int32", "INT64": "int64"}


def choices(shape: Shape, extent: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, extent, shape)


@pytest.mark.parametrize("kind", KINDS)
def test_gather(kind: str) -> None:
    by = judge_of(kind, "INT8", "FLOAT32")
    for axis, out in ((0, (2, 3, 4)), (1, (5, 2, 3)), (-1, (5, 2, 3))):
        shape = (5, 4) if axis == 0 else (5, 6)
        tensors = [activation("x", kind, shape), Tensor("i", "INT32", (2, 3))]
        data = model("GATHER", tensors, [activation("y", kind, out)], options("GatherOptions", Axis=axis))
        indices = choices((2, 3), shape[axis]).astype(np.int32)
        check_against_judge(data, [values(kind, shape), indices], by=by)


@pytest.mark.parametrize("index", INDICES)
def test_types_of_indices(index: str) -> None:
    i = choices((4,), 5).astype(INDICES[index])
    tensors = [activation("x", "FLOAT32", (5, 3)), Tensor("i", index, (4,))]
    data = model("GATHER", tensors, [activation("y", "FLOAT32", (4, 3))], options("GatherOptions"))
    check_against_judge(data, [values("FLOAT32", (5, 3)), i], by=judge_litert)
    tensors = [activation("x", "FLOAT32", (5, 3)), Tensor("i", index, (4, 1))]
    data = model("GATHER_ND", tensors, [activation("y", "FLOAT32", (4, 3))])
    check_against_judge(data, [values("FLOAT32", (5, 3)), i.reshape(4, 1)], by=judge_litert)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(1, 4), max_size=2),
    st.lists(st.integers(1, 4), max_size=2),
    st.lists(st.integers(1, 3), max_size=2),
    st.lists(st.integers(1, 4), max_size=1),
    st.integers(1, 5),
    st.booleans(),
    st.integers(0, 99),
)
def test_gather_of_any_shape(
    batch: list[int], outer: list[int], count: list[int], inner: list[int], extent: int, negative: bool, seed: int
) -> None:
    shape = (*batch, *outer, extent, *inner)
    index_shape = (*batch, *count)
    axis, batch_dims = len(batch) + len(outer), len(batch)
    opts = options(
        "GatherOptions",
        Axis=axis - len(shape) if negative else axis,
        BatchDims=batch_dims - len(index_shape) if negative and batch_dims < len(index_shape) else batch_dims,
    )
    out = (*batch, *outer, *count, *inner)
    tensors = [activation("x", "INT8", shape), Tensor("i", "INT32", index_shape)]
    data = model("GATHER", tensors, [activation("y", "INT8", out)], opts)
    indices = choices(index_shape, extent, seed).astype(np.int32)
    check_against_judge(data, [values("INT8", shape, seed), indices], by=judge_litert)


def test_regular_indices_are_a_slice() -> None:
    for indices, operators in (
        ([1, 3, 5], ["Slice"]),
        ([4], ["Slice"]),
        ([5, 4, 3], ["Slice"]),
        ([0, 1, 3], ["Gather"]),
    ):
        tensors = [activation("x", "INT8", (2, 6)), s32("i", indices)]
        y = activation("y", "INT8", (2, len(indices)))
        data = model("GATHER", tensors, [y], options("GatherOptions", Axis=1))
        graph = check_against_judge(data, [values("INT8", (2, 6))])
        assert [k for k in kinds(graph) if k != "Reshape"] == operators
    data = model(
        "GATHER",
        [activation("x", "INT8", (2, 6)), s32("i", 3)],
        [activation("y", "INT8", (2,))],
        options("GatherOptions", Axis=1),
    )
    check_against_judge(data, [values("INT8", (2, 6))])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_gather_nd(kind: str, depth: int) -> None:
    shape: Shape = (3, 4, 5)
    index_shape = (2, 3, depth) if depth < 3 else (3,)
    out = (*index_shape[:-1], *shape[depth:])
    data = model(
        "GATHER_ND",
        [activation("x", kind, shape), Tensor("i", "INT32", index_shape)],
        [activation("y", kind, out)],
    )
    inputs = [values(kind, shape), choices(index_shape, 3).astype(np.int32)]
    check_against_judge(data, inputs, by=judge_of(kind, "INT8", "FLOAT32"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("constant", [False, True])
def test_embedding_lookup_keeps_its_type(kind: str, constant: bool) -> None:
    rows = values(kind, (6, 2, 3))
    quantized = activation("x", kind, (6, 2, 3))
    table = Tensor("x", kind, (6, 2, 3), rows, quantized.scale, quantized.zero_point) if constant else quantized
    data = model("EMBEDDING_LOOKUP", [Tensor("i", "INT32", (4,)), table], [activation("y", kind, (4, 2, 3))])
    inputs = [choices((4,), 6).astype(np.int32), *([] if constant else [rows])]
    check_against_judge(data, inputs, by=judge_of(kind, "INT8", "FLOAT32"))


def hybrid_lookup(scale: float | list[float], zero: int = 0, axis: int = 0, kind: str = "int8") -> bytes:
    table = Tensor("x", data=values("INT8", (6, 3)).astype(kind), scale=scale, zero_point=zero, axis=axis)
    return model("EMBEDDING_LOOKUP", [Tensor("i", "INT32", (4,)), table], [activation("y", "FLOAT32", (4, 3))])


def test_embedding_lookup_of_s8_gives_f32() -> None:
    indices = choices((4,), 6).astype(np.int32)
    check_against_judge(hybrid_lookup(0.013), [indices])
    check_against_judge(hybrid_lookup([0.1 + 0.07 * i for i in range(6)]), [indices], by=judge_litert)


@pytest.mark.parametrize("scale", [0.1, [0.1, 0.3, 0.2]])
def test_embedding_lookup_of_s4_gives_f32(scale: float | list[float]) -> None:
    """Of an even number of columns: LiteRT starts rows at whole bytes, where files with odd ones have none."""
    table = Tensor("x", "INT4", (3, 4), bytes((0x21, 0x43, 0xE5, 0x0F, 0x87, 0x9A)), scale)
    data = model("EMBEDDING_LOOKUP", [Tensor("i", "INT32", (4,)), table], [activation("y", "FLOAT32", (4, 4))], None, 4)
    check_against_judge(data, [np.array([2, 0, 1, 1], np.int32)], by=judge_litert)


def test_embedding_lookup_refusals() -> None:
    for data, why in [
        (hybrid_lookup(0.1, 3), "zero point other than 0"),
        (hybrid_lookup([0.1, 0.2, 0.3], axis=1), "scales along axis 1"),
        (hybrid_lookup(0.1, kind="int16"), "a table of s16 for f32"),
        (
            model(
                "EMBEDDING_LOOKUP",
                [s32("i", [0, 6]), activation("x", "INT8", (6, 3))],
                [activation("y", "INT8", (2, 3))],
            ),
            "leave axes",
        ),
    ]:
        with pytest.raises(EdgegenError, match=why):
            read_tflite(data, "m", {})


@pytest.mark.parametrize("kind", ["INT8", "UINT8", "INT32", "INT64", "BOOL", "FLOAT32"])
def test_scatter_nd_adds_updates_of_one_place(kind: str) -> None:
    for index_shape, shape in (((5, 1), (4, 3)), ((2, 4, 2), (3, 3)), ((3, 2), (3, 3, 2))):
        updates = (*index_shape[:-1], *shape[index_shape[-1] :])
        indices = choices(index_shape, 3).astype(np.int32)
        x = activation("x", kind, updates)
        tensors = [Tensor("i", "INT32", index_shape), x, s32("s", shape)]
        data = model("SCATTER_ND", tensors, [activation("y", kind, shape)])
        check_against_judge(data, [indices, values(kind, updates)], by=judge_litert)
        tensors[0] = Tensor("i", data=indices)
        check_against_judge(
            model("SCATTER_ND", tensors, [activation("y", kind, shape)]), [values(kind, updates)], by=judge_litert
        )


@pytest.mark.parametrize("kind", ["UINT8", "INT8", "INT32", "INT64", "FLOAT32"])
def test_sparse_to_dense(kind: str) -> None:
    for places, shape, value in (((3, 2), (3, 4), (3,)), ((3,), (4,), ()), ((), (4,), ()), ((2, 1), (4,), (2,))):
        tensors = [
            Tensor("i", "INT32", places),
            s32("s", shape),
            activation("v", kind, value),
            activation("d", kind, ()),
        ]
        data = model("SPARSE_TO_DENSE", tensors, [activation("y", kind, shape)], options("SparseToDenseOptions"))
        indices = choices(places, 3).astype(np.int32)
        check_against_judge(data, [indices, values(kind, value), values(kind, (), 1)], by=judge_litert)


@pytest.mark.parametrize("kind", ["INT8", "UINT8", "INT32", "INT64", "BOOL", "FLOAT32"])
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_one_hot(kind: str, axis: int) -> None:
    out = tuple(np.insert([2, 3], axis % 3, 4))
    on, off = Tensor("on", data=np.array(1, NUMPY[kind])), Tensor("off", kind, ())
    tensors = [Tensor("i", "INT64" if axis == 1 else "INT32", (2, 3)), s32("d", 4), on, off]
    data = model("ONE_HOT", tensors, [Tensor("y", kind, out)], options("OneHotOptions", Axis=axis))
    indices = np.array([[0, 3, 4], [-1, 2, 3]], np.int64 if axis == 1 else np.int32)
    check_against_judge(data, [indices, values(kind, ())], by=judge_litert)


@pytest.mark.parametrize("kind", ["INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32"])
@pytest.mark.parametrize("index", ["INT16", "INT32"])
def test_top_k(kind: str, index: str) -> None:
    rng = np.random.default_rng(3)
    for count in (1, 4, 9):
        x = rng.integers(0, 6, (3, 2, 9)).astype(NUMPY[kind])
        k = Tensor("k", data=np.array(count, np.int16 if index == "INT16" else np.int32))
        outputs = [activation("v", kind, (3, 2, count)), Tensor("p", index, (3, 2, count))]
        data = model("TOPK_V2", [activation("x", kind, x.shape), k], outputs, version=3)
        check_against_judge(data, [x], by=judge_litert)


def test_nan_is_last_of_the_greatest() -> None:
    outputs = [Tensor("v", "FLOAT32", (1, 4)), Tensor("p", "INT32", (1, 4))]
    data = model("TOPK_V2", [Tensor("x", "FLOAT32", (1, 6)), s32("k", 4)], outputs)
    check_against_judge(data, [np.array([[1, np.nan, 3, 2, np.nan, 1]], np.float32)], by=judge_litert)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("index", ["INT32", "INT64"])
def test_dynamic_update_slice(kind: str, index: str) -> None:
    by = judge_of(kind, "INT8", "INT16", "INT32", "FLOAT32")
    for start in ([1, 1, 0], [-4, 2, 9]):
        tensors = [activation("x", kind, (3, 4, 5)), activation("u", kind, (2, 1, 5)), Tensor("s", index, (3,))]
        data = model("DYNAMIC_UPDATE_SLICE", tensors, [activation("y", kind, (3, 4, 5))])
        inputs = [values(kind, (3, 4, 5)), values(kind, (2, 1, 5), 1), np.array(start, INDICES[index])]
        check_against_judge(data, inputs, by=by)


def test_where_of_a_known_condition() -> None:
    for condition in (np.array([[0, 1], [2, 0]], np.float32), np.array([True, False, True])):
        rows = len(np.argwhere(condition))
        y = Tensor("y", "INT64", (rows, condition.ndim))
        data = model("WHERE", [Tensor("c", data=condition)], [y])
        assert not read_tflite(data, "m", {}).nodes
        np.testing.assert_array_equal(run(data)[0], np.argwhere(condition))


@pytest.mark.parametrize(
    ("name", "tensors", "out", "opts", "why"),
    [
        ("GATHER", [activation("x", "INT8", (3, 2)), s32("i", [0, 2, 3])], (3, 2), {"Axis": 0}, "leave axes"),
        ("GATHER", [activation("x", "INT8", (3, 2)), s32("i", [-1])], (1, 2), {"Axis": 0}, "leave axes"),
        ("GATHER", [activation("x", "INT8", (3, 2)), s32("i", [0])], (1, 2), {"Axis": 2}, "axis 2"),
        ("GATHER", [activation("x", "INT8", (3, 2)), s32("i", [0])], (1, 2), {"BatchDims": 1}, "batched"),
        ("GATHER_ND", [activation("x", "INT8", (3, 2)), s32("i", [[0, 2]])], (1,), None, "leave axes"),
        ("GATHER_ND", [activation("x", "INT8", (3,)), s32("i", [[0, 2]])], (1,), None, "tuples of 2"),
        ("SCATTER_ND", [s32("i", [[4]]), activation("x", "INT8", (1,)), s32("s", [4])], (4,), None, "leave axes"),
        ("SCATTER_ND", [s32("i", [[1]]), activation("x", "INT8", (1,)), s32("s", [-4])], (4,), None, "not negative"),
        ("SCATTER_ND", [s32("i", [[1]]), activation("x", "INT8", (2,)), s32("s", [4])], (4,), None, "do not fit"),
        ("SCATTER_ND", [s32("i", [[1]]), activation("x", "INT8", (1,)), s32("s", [1 << 30])], (4,), None, "bytes"),
        ("WHERE", [Tensor("c", data=np.zeros(3, np.bool_))], (1, 1), None, "must be s64"),
    ],
)
def test_refusals(name: str, tensors: list[Tensor], out: Shape, opts: dict[str, int] | None, why: str) -> None:
    table = options("GatherOptions", **opts) if opts is not None else None
    with pytest.raises((InvalidModel, UnsupportedModel), match=why):
        read_tflite(model(name, tensors, [activation("y", "INT8", out)], table), "m", {})


@pytest.mark.parametrize("kind", ["FLOAT32", "INT8", "INT32"])
def test_hashtable_lookup(kind: str) -> None:
    for shape in ((4,), (4, 2), (4, 2, 3)):
        inputs = [Tensor("q", "INT32", (5,)), s32("k", [-3, 1, 5, 9]), activation("x", kind, shape)]
        outputs = [activation("y", kind, (5, *shape[1:])), Tensor("hits", "UINT8", (5,))]
        wanted = np.array([5, 6, -3, 9, 100], np.int32)
        check_against_judge(model("HASHTABLE_LOOKUP", inputs, outputs), [wanted, values(kind, shape)], by=judge_litert)


def test_the_keys_of_a_table_must_rise() -> None:
    inputs = [Tensor("q", "INT32", (5,)), s32("k", [1, 5, 5]), activation("x", "INT8", (3,))]
    data = model("HASHTABLE_LOOKUP", inputs, [activation("y", "INT8", (5,)), Tensor("hits", "UINT8", (5,))])
    with pytest.raises(InvalidModel, match="must rise"):
        read_tflite(data, "m", {})
