"""Which of a board's flash memories holds which array of weights: those that are read most in the fastest with room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgegen.emit.printed import ArrayText
from edgegen.emit.weights import raw
from edgegen.ir.graph import Graph, Node
from edgegen.memory.room import estimated_code
from edgegen.targets import Region, Target


@dataclass(frozen=True)
class Wanted:
    """An array of weights. reads: how often a run reads each byte, at most, all nodes together."""

    bytes: int
    align: int
    reads: float


def reads(node: Node) -> float:
    """How often a node reads each of its weights: its multiply-accumulates over the elements of its largest array.

    Kernels keep some in registers for several products; how many is much the same for all arrays of a model.
    """
    assert node.packed is not None, node.name
    arrays = [c.array.size for c in node.packed.constants]
    arrays += [node.input(i).values.size for i in node.packed.inputs if node.input(i).is_constant]
    return max(1.0, node.macs() / max([1, *arrays]))


def assign(wanted: Sequence[Wanted], regions: Sequence[Region], code: int) -> list[str]:
    """The region of each array; what finds room nowhere is in the largest.

    regions: flash memories, the fastest first, which also holds `code` bytes of code
    """
    free = [r.bytes - (code if i == 0 else 0) for i, r in enumerate(regions)]
    homes = [max(regions, key=lambda r: r.bytes).name] * len(wanted)
    for i in sorted(range(len(wanted)), key=lambda i: (-wanted[i].reads, wanted[i].bytes, i)):
        size = wanted[i].bytes + wanted[i].align
        home = next((k for k in range(len(regions)) if free[k] >= size), None)
        if home is not None:
            free[home] -= size
            homes[i] = regions[home].name
    return homes


def spread_weights(arrays: Sequence[ArrayText], graph: Graph, target: Target) -> dict[str, int]:
    """Gives each array its flash memory if the board has several and one is too small; {region: bytes}."""
    regions = target.memory("flash")
    filled = [a for a in arrays if a.values.size]
    if len(regions) < 2:
        return {}
    wanted = [Wanted(raw(a.values).size, a.align, a.reads) for a in filled]
    homes = assign(wanted, regions, estimated_code(graph))
    used = {r.name: sum(w.bytes for w, home in zip(wanted, homes, strict=True) if home == r.name) for r in regions}
    if len([size for size in used.values() if size]) > 1:
        for array, home in zip(filled, homes, strict=True):
            array.region = home.upper()
    return {name: size for name, size in used.items() if size}
