from __future__ import annotations

import numpy as np

from edgegen.ops.reshape import Reshape
from edgegen.passes.post_optimize.fold_views import fold_views
from tests.build_graph import Builder, kinds, transform
from tests.planned_ops import Mix

VALUES = np.arange(12, dtype=np.int8).reshape(3, 4)


def test_views_of_views_of_constants_are_constants() -> None:
    b = Builder()
    view = b.add(Reshape((2, 6)), b.add(Reshape((12,)), b.constant(VALUES)))
    after = transform(b.graph(b.add(Mix(), b.input((2, 6)), view), view), fold_views)
    assert kinds(after) == ["Mix"]
    assert after.outputs[1].is_constant


def test_views_of_activations_stay() -> None:
    b = Builder()
    assert kinds(transform(b.graph(b.add(Reshape((4,)), b.input((2, 2)))), fold_views)) == ["Reshape"]
