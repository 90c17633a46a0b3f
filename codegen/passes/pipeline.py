"""The three stages, each a list of passes, and the loop that runs them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edgegen.errors import InvalidGraph, UsageError
from edgegen.ir.graph import Graph
from edgegen.ir.printer import print_graph
from edgegen.ir.verify import (
    Rule,
    arena_is_sound,
    check,
    constants_agree,
    constants_packed,
    defined_before_use,
    kernels_chosen,
    layouts_plain,
    no_dead_nodes,
    shapes_known,
    types_agree,
    verify,
)
from edgegen.passes.check import Checker
from edgegen.passes.optimize.cancel_transposes import cancel_transposes
from edgegen.passes.optimize.dilate_convolutions import dilate_convolutions
from edgegen.passes.optimize.eliminate_constant_channels import eliminate_constant_channels
from edgegen.passes.optimize.find_shuffles import find_shuffles
from edgegen.passes.optimize.fold_constants import fold_constants
from edgegen.passes.optimize.fuse_activation import fuse_activation
from edgegen.passes.optimize.fuse_batch_norm import fuse_batch_norm
from edgegen.passes.optimize.fuse_pad import fuse_pad
from edgegen.passes.optimize.fuse_rounding import fuse_rounding
from edgegen.passes.optimize.interleave_channels import interleave_channels
from edgegen.passes.optimize.quantize_layers import quantize_layers
from edgegen.passes.optimize.raise_slices import raise_slices
from edgegen.passes.optimize.regroup_convolutions import regroup_convolutions
from edgegen.passes.optimize.reorder_axes import reorder_axes
from edgegen.passes.optimize.scan_in_place import scan_in_place
from edgegen.passes.optimize.simplify_control import simplify_control
from edgegen.passes.optimize.sink_reshapes import sink_reshapes
from edgegen.passes.optimize.tabulate_unary import tabulate_unary
from edgegen.passes.optimize.turn_sequences import turn_sequences
from edgegen.passes.planning import PLANNING, Pass, apply
from edgegen.passes.post_optimize.assign_layouts import assign_layouts
from edgegen.passes.post_optimize.fit_portion import fit_portion
from edgegen.passes.post_optimize.fold_views import fold_views
from edgegen.passes.post_optimize.pack_weights import pack_weights
from edgegen.passes.post_optimize.plan_arena import plan_arena
from edgegen.passes.post_optimize.push_state import push_state
from edgegen.passes.post_optimize.select_kernels import select_kernels
from edgegen.passes.post_optimize.store_halves import store_halves
from edgegen.passes.post_optimize.store_results import store_results
from edgegen.passes.post_optimize.store_state import store_state
from edgegen.passes.post_optimize.tile_rows import tile_rows
from edgegen.passes.post_optimize.widen_scratch import widen_scratch
from edgegen.passes.pre_optimize.eliminate_common_subexpressions import eliminate_common_subexpressions
from edgegen.passes.pre_optimize.eliminate_dead_nodes import eliminate_dead_nodes
from edgegen.passes.pre_optimize.infer_shapes import infer_shapes
from edgegen.passes.pre_optimize.simplify_algebra import simplify_algebra
from edgegen.targets import Target

PRE_OPTIMIZE: tuple[Pass, ...] = (
    infer_shapes,
    simplify_algebra,
    eliminate_common_subexpressions,
    eliminate_dead_nodes,
)
OPTIMIZE: tuple[Pass, ...] = (
    find_shuffles,
    reorder_axes,  # early, since dead nodes would count as readers
    fold_constants,
    simplify_control,
    scan_in_place,
    simplify_algebra,
    dilate_convolutions,
    cancel_transposes,
    raise_slices,
    turn_sequences,
    regroup_convolutions,
    interleave_channels,
    sink_reshapes,
    fuse_pad,
    fuse_rounding,  # before those that it brings together
    fuse_batch_norm,
    tabulate_unary,
    fuse_activation,
    quantize_layers,
    eliminate_constant_channels,
    eliminate_common_subexpressions,
    eliminate_dead_nodes,
)
POST_OPTIMIZE: tuple[Pass, ...] = (
    store_halves,
    fold_views,
    push_state,
    fit_portion,
    tile_rows,
    fit_portion,  # again, beside loops over rows
    *PLANNING,
    widen_scratch,
)
STAGES: dict[str, tuple[Pass, ...]] = {
    "pre_optimize": PRE_OPTIMIZE,
    "optimize": OPTIMIZE,
    "post_optimize": POST_OPTIMIZE,
}
ROUNDS = 32  # far more than any model needs: reaching it means two passes undo each other

INDISPENSABLE: dict[Pass, str] = {
    infer_shapes: "every later pass needs the types",
    eliminate_dead_nodes: "nothing is planned or emitted for nodes that nobody reads",
    fold_views: "a view of a constant has no bytes in the arena",
    select_kernels: "without kernels there is nothing to emit",
    pack_weights: "the kernels read packed constants",
    store_results: "sub-graphs would not hand over what they compute",
    store_state: "state would not survive a run",
    plan_arena: "the emitted C needs every tensor's place",
}

# What a pass establishes, beyond what holds all the time.
ENSURES: dict[Pass, tuple[Rule, ...]] = {
    infer_shapes: (shapes_known,),
    eliminate_dead_nodes: (no_dead_nodes,),
    assign_layouts: (layouts_plain,),
    select_kernels: (kernels_chosen,),
    pack_weights: (constants_packed,),
    plan_arena: (arena_is_sound,),
    widen_scratch: (arena_is_sound,),
}
ALWAYS: tuple[Rule, ...] = (defined_before_use, types_agree, constants_agree)


def pass_names() -> list[str]:
    """Every pass once, in the order in which they first run."""
    return list(dict.fromkeys(p.__name__ for passes in STAGES.values() for p in passes))


@dataclass
class Options:
    """How to run the passes.

    disabled:    names of passes to leave out
    print_after: names of passes after which the graph is shown
    show:        receives that text
    check:       compare the numpy reference before and after each pass
    progress:    is told each stage's name as it starts
    """

    disabled: Sequence[str] = ()
    print_after: Sequence[str] = ()
    show: Callable[[str], None] = print
    check: bool = False
    progress: Callable[[str], None] = field(default=lambda _stage: None)

    def validate(self) -> None:
        """Raises UsageError for names that no pass has and for passes that cannot be left out."""
        known = pass_names()
        for name in (*self.disabled, *self.print_after):
            if name not in known:
                near = difflib.get_close_matches(name, known, 3)
                help = f"did you mean {' or '.join(near)}?" if near else ""
                raise UsageError(f'there is no pass "{name}"', [("passes", ", ".join(known))], help)
        for one, why in INDISPENSABLE.items():
            if one.__name__ in self.disabled:
                raise UsageError(f"pass {one.__name__} cannot be disabled", [("why", why)])


def run(graph: Graph, target: Target, options: Options) -> None:
    """Takes the graph through all stages in place.

    Raises UsageError for options that make no sense, the passes' errors, and InvalidGraph naming the pass that left
    the graph illegal or, if asked to check, changed its results.
    """
    options.validate()
    verify(graph, "read")
    checker: Checker | None = None
    for stage, passes in STAGES.items():
        options.progress(stage)
        for _ in range(ROUNDS if stage == "optimize" else 1):
            changed = False
            for one in passes:
                if one.__name__ in options.disabled:
                    continue
                changed |= _run_pass(one, graph, target, options)
                if checker is not None:
                    checker.check(one.__name__)
                elif options.check:
                    checker = Checker(graph)  # from the first pass on, infer_shapes, every shape is known
            if not changed:
                break
        verify(graph, stage)


def _run_pass(one: Pass, graph: Graph, target: Target, options: Options) -> bool:
    changed = apply(one, graph, target)
    try:
        check(graph, (*ALWAYS, *ENSURES.get(one, ())))
    except InvalidGraph as error:
        raise InvalidGraph(
            f"pass {one.__name__} left an illegal graph", [("why", error.what), *error.details]
        ) from error
    if one.__name__ in options.print_after:
        options.show(f"; after {one.__name__}\n{print_graph(graph)}")
    return changed
