"""Reshape, transpose and reshape become a shuffle where they are one; results stay, to the bit."""

from __future__ import annotations

import pytest

from edgegen.ops.reshape import Reshape
from edgegen.ops.shuffle import Shuffle
from edgegen.ops.transpose import Transpose
from edgegen.passes.optimize.find_shuffles import find_shuffles
from tests.build_graph import Builder, kinds, transform

Shape = tuple[int, ...]


@pytest.mark.parametrize(
    ("shape", "parts", "perm", "found"),
    [
        ((2, 6, 4, 5), (2, 3, 2, 4, 5), (0, 2, 1, 3, 4), Shuffle(1, 3)),  # channels first
        ((2, 4, 5, 6), (2, 4, 5, 2, 3), (0, 1, 2, 4, 3), Shuffle(3, 2)),  # channels last
        ((2, 6, 4, 5), (2, 2, 3, 20), (0, 2, 1, 3), Shuffle(1, 2)),  # pixels in a row
        ((2, 6, 4, 5), (2, 6, 4, 5), (0, 2, 1, 3), None),  # of two axes
        ((2, 6, 4, 5), (2, 3, 2, 4, 5), (0, 2, 3, 1, 4), None),
        ((2, 6, 4, 5), (2, 3, 8, 5), (0, 2, 1, 3), None),
    ],
)
def test_shuffles(shape: Shape, parts: Shape, perm: Shape, found: Shuffle | None) -> None:
    b = Builder()
    y = b.add(Reshape(shape), b.add(Transpose(perm), b.add(Reshape(parts), b.input(shape))))
    after = transform(b.graph(y), find_shuffles)
    if found is None:
        assert kinds(after) == ["Reshape", "Transpose", "Reshape"]
    else:
        assert [n.op for n in after.nodes] == [found]


def test_what_others_read_stays() -> None:
    b = Builder()
    x = b.add(Transpose((0, 2, 1)), b.add(Reshape((2, 2, 3)), b.input((2, 6))))
    assert kinds(transform(b.graph(b.add(Reshape((2, 6)), x), x), find_shuffles)) == ["Reshape", "Transpose", "Reshape"]
