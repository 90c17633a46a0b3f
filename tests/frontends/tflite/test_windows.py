"""STABLEHLO_GATHER as LiteRT computes it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import EdgegenError
from edgegen.frontends.tflite import read_tflite
from tests.frontends.tflite.single import NUMPY, Shape, activation, model, values
from tests.harness import compile_for_test
from tests.judge import check_against_judge, judge_litert
from tests.models.tflite_builder import Options, Tensor, options

Axes = tuple[int, ...]


def table(offsets: Axes, collapsed: Axes, named: Axes, vector: int, sizes: Axes) -> Options:
    lists = {"OffsetDims": offsets, "CollapsedSliceDims": collapsed, "StartIndexMap": named, "SliceSizes": sizes}
    return options(
        "StablehloGatherOptions", **{k: np.array(v, np.int64) for k, v in lists.items()}, IndexVectorDim=vector
    )


def gather(kind: str, shape: Shape, index: str, places: Shape, out: Shape, opts: Options) -> bytes:
    tensors = [activation("x", kind, shape), Tensor("i", index, places)]
    return model("STABLEHLO_GATHER", tensors, [activation("y", kind, out)], opts)


@pytest.mark.parametrize("kind", ["FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64"])
def test_rows(kind: str) -> None:
    """How frameworks write take(x, i, axis=0)."""
    data = gather(kind, (5, 3), "INT32", (4, 1), (4, 3), table((1,), (0,), (0,), 1, (1, 3)))
    check_against_judge(data, [values(kind, (5, 3)), np.array([[4], [0], [2], [4]], np.int32)], by=judge_litert)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.data())
def test_any_windows(data: st.DataObject) -> None:
    rank, of_places = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 2))
    shape = tuple(data.draw(st.integers(1, 4)) for _ in range(rank))
    sizes = tuple(data.draw(st.integers(1, n)) for n in shape)
    named = tuple(data.draw(st.permutations(range(rank)))[: data.draw(st.integers(1, rank))])
    collapsed = tuple(a for a in range(rank) if sizes[a] == 1 and data.draw(st.booleans()))
    leading = tuple(data.draw(st.integers(1, 3)) for _ in range(of_places))
    vector = data.draw(st.integers(0, of_places))
    kept = [sizes[a] for a in range(rank) if a not in collapsed]
    offsets = tuple(sorted(data.draw(st.permutations(range(of_places + len(kept))))[: len(kept)]))
    windows, others = iter(kept), iter(leading)
    out = tuple(next(windows if i in offsets else others) for i in range(of_places + len(kept)))
    places = (*leading[:vector], len(named), *leading[vector:])
    index = data.draw(st.sampled_from(("INT32", "INT64")))
    file = gather("INT32", shape, index, places, out, table(offsets, collapsed, named, vector, sizes))
    given_places = np.random.default_rng(rank).integers(-1, 5, places).astype(NUMPY[index])
    graph = check_against_judge(file, [values("INT32", shape), given_places], by=judge_litert)
    compile_for_test(graph, "generic")


@pytest.mark.parametrize(
    "opts",
    [
        table((1,), (0,), (0,), 1, (1, 4)),
        table((1,), (1,), (0,), 1, (1, 3)),
        table((1,), (0,), (2,), 1, (1, 3)),
        table((2,), (0,), (0,), 1, (1, 3)),
        table((0, 1), (0,), (0,), 1, (1, 3)),
        table((1,), (0,), (0, 1), 1, (1, 3)),
        table((1,), (0,), (0,), 3, (1, 3)),
        table((1,), (0,), (0,), -1, (1, 3)),
        table((1,), (0,), (0,), 1, (1,)),
        table((1,), (0,), (), 1, (1, 3)),
    ],
)
def test_refusals(opts: Options) -> None:
    with pytest.raises(EdgegenError, match="do not gather"):
        read_tflite(gather("INT8", (5, 3), "INT32", (4, 1), (4, 3), opts), "m", {})
