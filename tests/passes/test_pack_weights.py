from __future__ import annotations

import numpy as np

from edgegen.ir.fixed_point import FixedPoint
from edgegen.ops.dense import Dense
from edgegen.ops.reshape import Reshape
from edgegen.passes.post_optimize.pack_weights import pack_weights
from edgegen.passes.post_optimize.select_kernels import select_kernels
from tests.build_graph import GENERIC, Builder
from tests.planned_ops import Reverse


def test_each_row_packs_its_own_node() -> None:
    b = Builder()
    x = b.add(Reverse(), b.add(Reshape((2, 6)), b.input((12,))))
    weights = b.constant(np.arange(18, dtype=np.int8).reshape(3, 6))
    y = b.add(Dense(requantize=FixedPoint.from_scales([0.5], 0)), x, weights, None)
    graph = b.graph(y)
    select_kernels(graph, GENERIC)
    assert pack_weights(graph, GENERIC)
    view, reverse, dense = (n.packed for n in graph.nodes)
    assert view is None
    assert reverse is not None
    assert reverse.scratch == 3 * 12 + 1
    assert dense is not None
    assert dense.struct == "edgegen_dense_s8"
    np.testing.assert_array_equal(dense.constants[0].array, weights.values)
    assert dense.inputs == (0,)
