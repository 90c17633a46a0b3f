"""How much of a board's RAM a plan may take, and how much any plan may."""

from __future__ import annotations

from edgegen.errors import DoesNotFit
from edgegen.ir.graph import Graph
from edgegen.ir.portion import constants_that_stay
from edgegen.targets import Target

# Bytes of code of one kernel with its parameters folded in, where no compiler is there to tell. On cortex-m4 and
# arm-neon the MLPerf Tiny networks have 213 to 1,907 each (gcc 12): an estimate that errs on the safe side.
ESTIMATED_KERNEL_BYTES = 2048

MOST_BYTES = 2**31 - 1  # kernels count elements and bytes in int32_t


def check_counts(graph: Graph) -> None:
    """Raises DoesNotFit if the planned graph has more bytes in one place than the C counts."""
    assert graph.plan is not None, f"{graph.name} is not planned"
    placed = [t for t in graph.plan.tensors if not t.is_constant]
    packed = [(n.name, c.array.nbytes) for n in graph.steps() if n.packed is not None for c in n.packed.constants]
    whole = (f"the arena of {graph.name}", graph.plan.total_bytes)
    sizes = [*((f'"{t.name}" {t.type}', t.type.bytes) for t in placed), *packed, whole]
    name, most = max(sizes, key=lambda size: size[1])
    if most > MOST_BYTES:
        largest = sorted(placed, key=lambda t: -t.type.bytes)[:3]
        details = [("", f'{t.type.bytes:>14,} B  "{t.name}" {t.type}') for t in largest]
        details[:1] = [("largest", text) for _, text in details[:1]]
        why = f"the C counts bytes up to {MOST_BYTES:,}"
        raise DoesNotFit(f"{name} takes {most:,} B", [("why", why), *details], "give the inputs smaller shapes")


def estimated_code(graph: Graph) -> int:
    """Bytes of machine code, without weights."""
    return ESTIMATED_KERNEL_BYTES * len({(n.kernel.name, n.op) for n in graph.steps() if n.kernel is not None})


def _weights(graph: Graph) -> int:
    """Bytes of constants but for those that are copied, those that nodes share counted once; arrays that are equal by
    chance are not found here."""
    found: dict[int, int] = {}
    for node in (n for n in graph.steps() if n.packed is not None):
        found |= {id(array): array.nbytes for array in constants_that_stay(node)}
    return sum(found.values())


def room(graph: Graph, target: Target) -> int:
    """Bytes that arena and state may take together: what the user has set or else what the board's memories have
    beside the stack and, for want of flash, weights and code. 0: there is no limit.

    graph: with kernels and packed constants
    """
    regions = target.memory("ram")
    if target.ram_bytes or not regions:
        return target.ram_bytes
    loaded = 0 if target.memory("flash") else _weights(graph) + estimated_code(graph)
    unit = target.struct_alignment
    return max(sum(r.bytes for r in regions) - target.stack_bytes - loaded, unit) // unit * unit
