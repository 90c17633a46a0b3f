"""The three stages, each a list of passes, and the loop that runs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edgegen.errors import InvalidGraph
from edgegen.ir.graph import Graph
from edgegen.ir.printer import print_graph
from edgegen.ir.verify import verify
from edgegen.passes.post_optimize.pack_weights import pack_weights
from edgegen.passes.post_optimize.plan_arena import plan_arena
from edgegen.passes.post_optimize.select_kernels import select_kernels
from edgegen.passes.pre_optimize.eliminate_dead_nodes import eliminate_dead_nodes
from edgegen.targets import Target

Pass = Callable[[Graph, Target], bool]

PRE_OPTIMIZE: tuple[Pass, ...] = (eliminate_dead_nodes,)
OPTIMIZE: tuple[Pass, ...] = (eliminate_dead_nodes,)
POST_OPTIMIZE: tuple[Pass, ...] = (select_kernels, pack_weights, plan_arena)
STAGES: dict[str, tuple[Pass, ...]] = {
    "pre_optimize": PRE_OPTIMIZE,
    "optimize": OPTIMIZE,
    "post_optimize": POST_OPTIMIZE,
}
ROUNDS = 32  # far more than any model needs: reaching it means two passes undo each other


@dataclass
class Options:
    """How to run the passes.

    disabled:    names of passes to leave out
    print_after: names of passes after which the graph is shown
    show:        receives that text
    check:       compare the numpy reference before and after each pass
    """

    disabled: Sequence[str] = ()
    print_after: Sequence[str] = ()
    show: Callable[[str], None] = print
    check: bool = False
    progress: Callable[[str], None] = field(default=lambda _stage: None)


def run(graph: Graph, target: Target, options: Options) -> None:
    """Takes the graph through all stages in place. Raises the passes' errors, and InvalidGraph naming the pass
    that left the graph illegal."""
    verify(graph, "read")
    for stage, passes in STAGES.items():
        options.progress(stage)
        for _ in range(ROUNDS if stage == "optimize" else 1):
            changed = [_run_pass(p, graph, target, options) for p in passes]
            if not any(changed):
                break
        verify(graph, stage)


def _run_pass(one: Pass, graph: Graph, target: Target, options: Options) -> bool:
    name = one.__name__
    if name in options.disabled:
        return False
    changed = one(graph, target)
    if changed:
        try:
            verify(graph, "read")
        except InvalidGraph as error:
            raise InvalidGraph(f"pass {name} left an illegal graph", [("why", error.what)]) from error
    if name in options.print_after:
        options.show(f"; after {name}\n{print_graph(graph)}")
    return changed
