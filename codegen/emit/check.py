"""What a model's C, built with -DEDGEGEN_CHECK, is told about its plan (runtime_c/check.h)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgegen.emit.symbols import comment_text
from edgegen.ir.graph import Graph, Node
from edgegen.ir.plan import Placement, Plan
from edgegen.memory.lives import Life, lives
from edgegen.targets import Target


@dataclass(frozen=True)
class Check:
    """The tables of one model.

    arena, state: rows of each of the two, in C
    nodes, over:  whether there are nodes with kernels, and among them any whose results lie over what they read
    sums:         most values that have to outlast one node
    guard:        bytes kept around the arena and behind the state
    """

    arena: tuple[str, ...]
    state: tuple[str, ...]
    nodes: bool
    over: bool
    sums: int
    guard: int


def name_in_c(tensor: str) -> str:
    """What a checked run calls a tensor of this name: text of a C string."""
    return comment_text(tensor).replace('"', "'")


def _text(life: Life, start: int) -> str:
    return f'{{ {life.offset - start}, {life.size}, {life.first}, {life.last}, "{name_in_c(life.name)}" }}'


def _most_outlasting(rows: Sequence[Life]) -> int:
    """The largest number of rows that one node must leave alone."""
    changes: dict[int, int] = {}
    for row in rows:
        if row.last > row.first + 1:
            changes[row.first + 1] = changes.get(row.first + 1, 0) + 1
            changes[row.last] = changes.get(row.last, 0) - 1
    most = level = 0
    for step in sorted(changes):
        level += changes[step]
        most = max(most, level)
    return most


def memory_check(graph: Graph, target: Target) -> Check:
    """The tables of a planned graph; without nodes if several memories hold it, which are not checked."""
    plan = graph.plan
    assert plan is not None, f"{graph.name} is not planned"
    rows = lives(graph)
    kept = [r for r in rows if plan.state_bytes and r.offset >= plan.state_offset]
    arena = tuple(_text(r, 0) for r in rows if r not in kept)
    state = tuple(_text(r, plan.state_offset) for r in kept)
    inside = graph.in_row_loops()
    nodes = [n for n in graph.steps() if n.has_kernel and n not in inside and not plan.is_split]
    over = any(lies_over(n, plan) for n in nodes)
    return Check(
        arena,
        state,
        bool(nodes or inside) and not plan.is_split,
        over,
        max(_most_outlasting(rows), 1),
        max(64, target.struct_alignment),
    )


def lies_over(node: Node, plan: Plan) -> bool:
    """Whether a result or the scratch of the node lies over what it reads in the arena, so that it must not read late.

    A kernel that updates what it finds cannot run twice.
    """
    if node.kernel is None or node.packed is None or node.kernel.updates:
        return False
    end = plan.state_offset if plan.state_bytes else plan.arena_bytes
    written = [plan.tensors[t] for t in node.outputs]
    written += [plan.scratch[node]] if node in plan.scratch else []
    read = [plan.tensors[t] for i in node.packed.inputs if not (t := node.input(i)).is_constant]
    shared = [source for source in read for place in written if _share(source, place)]
    return bool(shared) and all(source.offset < end for source in shared)


def _share(a: Placement, b: Placement) -> bool:
    return a.offset < b.offset + b.size and b.offset < a.offset + a.size
