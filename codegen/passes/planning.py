"""The passes that decide everything once the nodes are settled, and how a pass is run on a graph with sub-graphs."""

from __future__ import annotations

from collections.abc import Callable

from edgegen.ir.graph import Graph
from edgegen.passes.post_optimize.assign_layouts import assign_layouts
from edgegen.passes.post_optimize.find_views import find_views
from edgegen.passes.post_optimize.fuse_sum import fuse_sum
from edgegen.passes.post_optimize.order_nodes import order_nodes
from edgegen.passes.post_optimize.pack_weights import pack_weights
from edgegen.passes.post_optimize.plan_arena import plan_arena
from edgegen.passes.post_optimize.select_kernels import select_kernels
from edgegen.passes.post_optimize.store_results import store_results
from edgegen.passes.post_optimize.store_state import store_state
from edgegen.passes.post_optimize.stream_weights import stream_weights
from edgegen.targets import Target

Pass = Callable[[Graph, Target], bool]

PLANNING: tuple[Pass, ...] = (
    fuse_sum,
    assign_layouts,
    select_kernels,
    pack_weights,
    stream_weights,
    store_results,
    store_state,
    find_views,
    order_nodes,
    plan_arena,
)
WHOLE_MODEL = (
    "fit_portion",
    "tile_rows",
    "stream_weights",
    "store_results",
    "find_views",
    "order_nodes",
    "plan_arena",
    "widen_scratch",
)
"""Look into sub-graphs themselves; every other pass runs on each of them by itself."""


def apply(one: Pass, graph: Graph, target: Target) -> bool:
    """Runs a pass; whether anything changed."""
    return one(graph, target) if one.__name__ in WHOLE_MODEL else _everywhere(one, graph, target)


def _everywhere(one: Pass, graph: Graph, target: Target) -> bool:
    """On the graph, then on the sub-graphs that it still has."""
    changed = one(graph, target)
    for inner in [g for n in graph.nodes for g in n.op.graphs]:
        changed |= _everywhere(one, inner, target)
    return changed
