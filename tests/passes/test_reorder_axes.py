"""Groups of nodes change to the order of axes that saves transposes; results stay, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.ir.dtypes import F32
from edgegen.ir.graph import Graph
from edgegen.ir.op import Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.clamp import Clamp
from edgegen.ops.concat import Concat
from edgegen.ops.pool2d import Pool2d
from edgegen.ops.reshape import Reshape
from edgegen.ops.softmax import Softmax
from edgegen.ops.transpose import Transpose
from edgegen.passes.optimize.cancel_transposes import cancel_transposes
from edgegen.passes.optimize.reorder_axes import reorder_axes
from edgegen.passes.pre_optimize.eliminate_common_subexpressions import eliminate_common_subexpressions
from edgegen.passes.pre_optimize.eliminate_dead_nodes import eliminate_dead_nodes
from edgegen.passes.pre_optimize.simplify_algebra import simplify_algebra
from edgegen.passes.transposition import through_reshape
from edgegen.targets import Target
from tests.build_graph import Builder, kinds, transform

TO_NHWC, TO_NCHW = Transpose((0, 2, 3, 1)), Transpose((0, 3, 1, 2))


def settle(graph: Graph, target: Target) -> bool:
    """As the pipeline does, once the graph is clean."""
    passes = (
        reorder_axes,
        simplify_algebra,
        cancel_transposes,
        eliminate_common_subexpressions,
        eliminate_dead_nodes,
    )
    return sum([one(graph, target) for _ in range(4) for one in passes]) > 0


def pooled(b: Builder, x: Tensor) -> Tensor:
    """An operator on images, from and to channels-first."""
    return b.add(TO_NCHW, b.add(Pool2d("max", (3, 3), pad=(1, 1, 1, 1)), b.add(TO_NHWC, x)))


def moved(b: Builder, *outputs: Tensor) -> tuple[int, list[str]]:
    """(transposes left, all other nodes but views)."""
    after = kinds(transform(b.graph(*outputs), settle))
    return after.count("Transpose"), [k for k in after if k not in ("Transpose", "Reshape")]


def test_layers_that_read_all_earlier_ones_are_transposed_once() -> None:
    b = Builder()
    x = pooled(b, b.input((1, 2, 5, 6), F32))
    for _ in range(3):
        scaled = b.add(Binary("mul"), x, b.constant(np.arange(x.shape[1], dtype=np.float32).reshape(-1, 1, 1)))
        x = b.add(Concat(1), x, pooled(b, b.add(Clamp(Range(0, 6)), scaled)))
    y = b.add(Reshape((1, int(np.prod(x.shape)))), x)
    assert moved(b, y) == (2, ["MaxPool2d", *["Mul", "Clamp", "MaxPool2d", "Concat"] * 3])


def test_a_factor_for_each_channel_needs_no_transpose() -> None:
    """Squeeze and excitation: the factor comes as [N,C,1,1], whose transpose moves nothing."""
    b = Builder()
    x = pooled(b, b.input((1, 4, 5, 6), F32))
    factor = b.input((1, 4, 1, 1), F32)
    y = b.add(Binary("add"), b.add(Binary("mul"), x, factor), x)
    assert moved(b, pooled(b, y)) == (2, ["MaxPool2d", "Mul", "Add", "MaxPool2d"])


def test_a_group_stays_where_changing_it_saves_nothing() -> None:
    b = Builder()
    x, y = b.input((1, 4, 5, 6), F32), b.input((1, 4, 5, 6), F32)
    total = b.add(Binary("add"), b.add(Binary("add"), x, y), b.input((1, 4, 5, 6), F32))
    graph = b.graph(b.add(Softmax(), b.add(Reshape((20, 6)), total)), b.add(TO_NHWC, total))
    assert kinds(transform(graph, reorder_axes)) == kinds(graph)


def test_channel_shuffles_are_one_transpose_of_their_own() -> None:
    """ShuffleNet: [N,C,H,W] as groups, transposed, and joined again."""
    b = Builder()
    x = pooled(b, b.input((1, 6, 4, 5), F32))
    shuffled = b.add(Transpose((0, 2, 1, 3, 4)), b.add(Reshape((1, 2, 3, 4, 5)), x))
    y = pooled(b, b.add(Reshape((1, 6, 4, 5)), shuffled))
    assert moved(b, y) == (3, ["MaxPool2d", "MaxPool2d"])


@pytest.mark.parametrize(
    ("shape", "other", "perm", "want"),
    [
        ((1, 6, 4, 5), (1, 2, 3, 4, 5), (0, 3, 1, 2), ((1, 4, 5, 2, 3), (0, 3, 4, 1, 2))),
        ((1, 6, 4, 5), (1, 6, 20), (0, 3, 1, 2), ((1, 20, 6), (0, 2, 1))),
        ((1, 6, 4, 5), (24, 5), (0, 3, 1, 2), None),
        ((1, 6, 4, 5), (1, 6, 4, 5, 1), (0, 3, 1, 2), ((1, 4, 5, 1, 6), (0, 4, 1, 2, 3))),
        ((0, 6), (6, 0), (1, 0), None),
    ],
)
def test_what_a_transpose_becomes_behind_a_reshape(
    shape: tuple[int, ...], other: tuple[int, ...], perm: tuple[int, ...], want: object
) -> None:
    assert through_reshape(shape, other, perm) == want


@given(st.permutations(range(4)), st.data())
@settings(max_examples=60, derandomize=True)
def test_reshapes_and_transposes_change_places_exactly(perm: list[int], data: st.DataObject) -> None:
    shape = tuple(data.draw(st.sampled_from([1, 2, 4, 6])) for _ in range(4))
    parts = [f for n in shape for f in data.draw(st.sampled_from([(n,), (n, 1), (2, n // 2) if n % 2 == 0 else (n,)]))]
    at = data.draw(st.integers(1, len(parts)))
    other = (int(np.prod(parts[:at])), *parts[at:])
    found = through_reshape(shape, other, tuple(perm))
    if found is not None:
        source = np.arange(np.prod(shape)).reshape([shape[perm.index(a)] for a in range(4)])
        want = source.transpose(perm).reshape(other)
        np.testing.assert_array_equal(source.reshape(found[0]).transpose(found[1]), want)
