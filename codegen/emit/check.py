"""What a model's C, built with -DEDGEGEN_CHECK, is told about its plan (runtime_c/check.h)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgegen.emit.instance import Instance, Struct
from edgegen.emit.symbols import comment_text
from edgegen.ir.graph import Graph, Node
from edgegen.ir.plan import Placement, Plan
from edgegen.memory.lives import Life, lives
from edgegen.targets import Target


@dataclass(frozen=True)
class Memory:
    """Bytes that are checked, the guards around them included.

    symbol: of their table in C; rows: of the table
    value:  pointer to the struct that they lie in, as a C expression of the instance `m`; type: of that struct
    low, start, high: its fields: the first of the bytes, where rows count from, and the last of the bytes
    """

    symbol: str
    rows: tuple[str, ...]
    value: str
    type: str
    low: str
    start: str
    high: str


@dataclass(frozen=True)
class Copy:
    """A part of the arena as it was before a node whose results lie over what it reads.

    symbol: of the pointer through which the node reads: to the part or, when it runs again, to the field of the copy
    value:  the part's bytes, as a C expression of the instance `m`
    """

    symbol: str
    field: str
    value: str
    bytes: int


@dataclass(frozen=True)
class Check:
    """What the check of one model needs.

    memories: the parts of the arena, then the state, if there is any
    copies:   of the parts of the arena; none if no node's results lie over what it reads
    nodes:    whether there are nodes with kernels
    sums:     most values that have to outlast one node
    guard:    bytes kept around the arena and behind the state
    """

    memories: tuple[Memory, ...]
    copies: tuple[Copy, ...]
    nodes: bool
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


def _arenas(plan: Plan, instance: Instance) -> list[tuple[Struct, int, int]]:
    """(struct, where the plan's count begins there, bytes) of each part of the arena."""
    if not instance.is_split:
        return [(instance.structs[0], 0, max(plan.arena_bytes, 1))]
    return [(instance.struct(p.region), p.start, p.arena_bytes) for p in plan.parts if p.arena_bytes]


def memory_check(graph: Graph, target: Target, instance: Instance) -> Check:
    """For a planned graph whose values lie in `instance`."""
    plan = graph.plan
    assert plan is not None, f"{graph.name} is not planned"
    rows = lives(graph)
    memories, copies = [], []
    for struct, start, size in _arenas(plan, instance):
        there = tuple(_text(r, start) for r in rows if start <= r.offset < start + size)
        where = (struct.value, instance.type(struct))
        memories.append(Memory(struct.symbol or "arena", there, *where, "below", "arena", "above"))
        behind = f"_{struct.symbol}" if struct.region else ""
        copies.append(Copy(f"r{behind}", f"copy{behind}", f"{struct.value}->arena", size))
    if plan.state_bytes:
        struct = instance.struct(plan.region(plan.state_offset))
        there = tuple(_text(r, plan.state_offset) for r in rows if r.offset >= plan.state_offset)
        state, end = f"{instance.own}state", f"{instance.own}beyond"
        # without an arena before it, the state follows the struct's first guard
        low = state if struct.arena_bytes or struct.states[0].own != instance.own else "below"
        memories.append(Memory("state", there, struct.value, instance.type(struct), low, state, end))
    inside = graph.in_row_loops()
    nodes = [n for n in graph.steps() if n.has_kernel and n not in inside]
    over = any(lies_over(n, plan) for n in nodes)
    guard = max(64, target.struct_alignment)
    return Check(
        tuple(memories), tuple(copies) if over else (), bool(nodes or inside), max(_most_outlasting(rows), 1), guard
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
