from __future__ import annotations

import numpy as np

from edgegen.ir.dtypes import S8
from edgegen.ops.binary import Binary
from edgegen.ops.reshape import Reshape
from edgegen.ops.transpose import Transpose
from edgegen.passes.optimize.fold_constants import GROWTH, fold_constants
from tests.build_graph import Builder, kinds, transform
from tests.planned_ops import Both, Mix, Reverse, Step

VALUES = np.arange(12, dtype=np.int8).reshape(3, 4)


def test_chains_of_constants_fold_in_one_walk() -> None:
    b = Builder()
    c = b.add(Reshape((4, 3)), b.add(Step(), b.add(Transpose((1, 0)), b.constant(VALUES))))
    after = transform(b.graph(b.add(Mix(), b.input((4, 3)), c)), fold_constants)
    assert kinds(after) == ["Mix"]
    assert not after.nodes[0].input(1).values.flags.writeable


def test_nodes_that_read_an_activation_stay() -> None:
    b = Builder()
    y = b.add(Mix(), b.constant(VALUES), b.input((3, 4)))
    assert kinds(transform(b.graph(y), fold_constants)) == ["Mix"]


def test_outputs_become_constants_under_their_names() -> None:
    b = Builder()
    first, second = b.add_all(Both(), b.constant(VALUES))
    after = transform(b.graph(b.add(Reverse(), b.input((4,))), second, first), fold_constants)
    assert kinds(after) == ["Reverse"]
    assert [t.is_constant for t in after.outputs] == [False, True, True]


def test_a_small_constant_does_not_grow_without_limit() -> None:
    def repeated(rows: int) -> list[str]:
        b = Builder()
        c = b.add(Binary("add"), b.constant(np.zeros((rows, 1), np.int8)), b.constant(np.zeros(64, np.int8)))
        return kinds(transform(b.graph(b.add(Mix(), b.input((rows, 64), S8), c)), fold_constants))

    limit = (GROWTH + 64) // 63
    assert repeated(limit) == ["Mix"]
    assert repeated(limit + 1) == ["Add", "Mix"]
