"""Sparse constants are expanded as LiteRT's DENSIFY does; parameters that contradict themselves are refused."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.errors import EdgegenError, InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.tensor import Array
from tests.judge import check_against_judge, judge_litert
from tests.models.tflite_builder import Operator, Sparsity, Tensor, build_model, options

Level = int | tuple[list[int], list[int]]


def compress(dense: Array, order: list[int], blocks: dict[int, int], sparse: set[int]) -> tuple[Array, Sparsity]:
    """What a file stores of a tensor.

    blocks: {dimension: size of its blocks}; order: of all dimensions, the blocks' behind the tensor's own
    sparse: levels that are listed
    """
    split: list[int] = []
    for d, n in enumerate(dense.shape):
        split += [n // blocks[d], blocks[d]] if d in blocks else [n, 1]
    apart = dense.reshape(split)
    axes = [2 * d for d in range(dense.ndim)] + [2 * d + 1 for d in blocks]
    apart = apart.transpose(axes + [2 * d + 1 for d in range(dense.ndim) if d not in blocks])
    apart = apart.reshape(apart.shape[: len(axes)]).transpose(order)
    levels: list[Level] = []
    kept = [()]
    for level, n in enumerate(apart.shape):
        if level not in sparse:
            levels.append(n)
            kept = [(*p, i) for p in kept for i in range(n)]
            continue
        found = [[i for i in range(n) if apart[(*p, i)].any()] for p in kept]
        segments = np.cumsum([0, *map(len, found)]).tolist()
        levels.append((segments, [i for f in found for i in f]))
        kept = [(*p, i) for p, f in zip(kept, found, strict=True) for i in f]
    return np.array([apart[p] for p in kept], dense.dtype), Sparsity(order, levels, list(blocks))


def densified(stored: Array, sparsity: Sparsity, shape: tuple[int, ...], kind: str) -> bytes:
    """x + DENSIFY(constant), f16 through DEQUANTIZE."""
    tensors = [
        Tensor("x", "FLOAT32", shape),
        Tensor("sparse", kind, shape, stored, sparsity=sparsity),
        Tensor("dense", kind, shape),
        Tensor("y", "FLOAT32", shape),
    ]
    operators = [Operator("DENSIFY", ["sparse"], ["dense"], options("DensifyOptions"))]
    if kind == "FLOAT16":
        tensors.append(Tensor("wide", "FLOAT32", shape))
        operators.append(Operator("DEQUANTIZE", ["dense"], ["wide"], options("DequantizeOptions"), version=3))
    last = "wide" if kind == "FLOAT16" else "dense"
    operators.append(Operator("ADD", ["x", last], ["y"], options("AddOptions")))
    return build_model(tensors, operators)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.integers(0, 1 << 16), st.sampled_from(["Int32Vector", "Uint16Vector", "Uint8Vector"]), st.booleans())
def test_constants_are_expanded_as_litert_does(seed: int, vector: str, half: bool) -> None:
    rng = np.random.default_rng(seed)
    rank = 1 + seed % 4
    shape = tuple(int(n) for n in rng.integers(1, 4, rank) * 2)
    blocks = {int(d): 2 for d in sorted(rng.permutation(rank)[: seed % 3])}  # LiteRT reads them in ascending order
    levels = rank + len(blocks)
    order = [*rng.permutation(rank).tolist(), *range(rank, levels)]  # and last
    sparse = {int(k) for k in range(rank) if rng.random() < 0.6}
    dense = np.where(rng.random(shape) < 0.4, rng.normal(size=shape), 0).astype(np.float16 if half else np.float32)
    stored, parameters = compress(dense, order, blocks, sparse)
    parameters = Sparsity(parameters.order, parameters.levels, parameters.blocks, vector)
    data = densified(stored, parameters, shape, "FLOAT16" if half else "FLOAT32")
    check_against_judge(data, [np.zeros(shape, np.float32)], by=judge_litert)


def test_a_dense_layer_reads_sparse_weights() -> None:
    """LiteRT's sparse layer adds up in another order."""
    rng = np.random.default_rng(1)
    dense = np.where(rng.random((8, 6)) < 0.3, rng.normal(size=(8, 6)), 0).astype(np.float32)
    stored, sparsity = compress(dense, [0, 1], {}, {1})
    tensors = [
        Tensor("x", "FLOAT32", (2, 6)),
        Tensor("w", "FLOAT32", (8, 6), stored, sparsity=sparsity),
        Tensor("b", data=np.zeros(8, np.float32)),
        Tensor("y", "FLOAT32", (2, 8)),
    ]
    table = options("FullyConnectedOptions")
    data = build_model(tensors, [Operator("FULLY_CONNECTED", ["x", "w", "b"], ["y"], table, version=8)])
    check_against_judge(data, [rng.normal(size=(2, 6)).astype(np.float32)], 1e-6, by=judge_litert)


GOOD = Sparsity([0, 1], [2, ([0, 1, 3], [1, 0, 3])])
HOSTILE = [
    (Sparsity([0, 0], GOOD.levels), "order"),
    (Sparsity([0], [2]), "order"),
    (Sparsity([0, 1, 2], [2, GOOD.levels[1], 2], [5]), "blocks"),
    (Sparsity([0, 1, 2], [2, GOOD.levels[1], 3], [1]), "blocks"),
    (Sparsity([0, 1], [3, GOOD.levels[1]]), "instead of 2"),
    (Sparsity([0, 1], [2, ([0, 1], [1, 0, 3])]), "segments"),
    (Sparsity([0, 1], [2, ([0, 3, 1], [1, 0, 3])]), "segments"),
    (Sparsity([0, 1], [2, ([], [])]), "segments"),
    (Sparsity([0, 1], [2, ([0, 1, 3], [1, 0, 4])]), "outside"),
    (Sparsity([0, 1], [2, ([0, 1, 3], [-1, 0, 3])]), "outside"),
    (Sparsity([0, 1], [2, ([0, 1, 3], [1, 3, 3])]), "do not grow"),
    (Sparsity([0, 1], [2, ([0, 1, 2], [1, 0])]), "are stored"),
    (Sparsity([0, 1], GOOD.levels, vector=9), "known type"),
    (Sparsity([0] * 17, [1] * 17), "more than 16"),
]


@pytest.mark.parametrize(("sparsity", "says"), HOSTILE)
def test_parameters_that_contradict_themselves_are_refused(sparsity: Sparsity, says: str) -> None:
    stored = np.ones(3, np.float32)
    assert read_tflite(densified(stored, GOOD, (2, 4), "FLOAT32"), "model", {})
    with pytest.raises(InvalidModel, match=says):
        read_tflite(densified(stored, sparsity, (2, 4), "FLOAT32"), "model", {})


def test_a_small_file_cannot_ask_for_large_memory() -> None:
    side = 1 << 15
    huge = Sparsity([0, 1], [side, side])
    started = time.monotonic()
    with pytest.raises(UnsupportedModel, match="sparse constants have more than"):
        read_tflite(densified(np.ones(3, np.float32), huge, (side, side), "FLOAT32"), "model", {})
    many = [Tensor(f"w{i}", "FLOAT32", (1 << 12, 1 << 11), b"", sparsity=huge) for i in range(40)]
    with pytest.raises(EdgegenError):
        read_tflite(build_model([Tensor("x", "FLOAT32", (1,)), *many], [], ["x"], ["x"]), "model", {})
    assert time.monotonic() - started < 5


def test_what_is_no_constant_cannot_be_densified() -> None:
    tensors = [Tensor("x", "FLOAT32", (2, 2)), Tensor("y", "FLOAT32", (2, 2))]
    with pytest.raises(UnsupportedModel, match="known ahead of time"):
        read_tflite(build_model(tensors, [Operator("DENSIFY", ["x"], ["y"], options("DensifyOptions"))]), "model", {})
