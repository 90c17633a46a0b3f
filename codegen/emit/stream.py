"""Weights that the caller's function copies into the arena: their file, and the statements that ask for them."""

from __future__ import annotations

from collections.abc import Sequence

from edgegen.emit.addresses import Addresses
from edgegen.emit.weights import Pieces, raw
from edgegen.ir.graph import Graph
from edgegen.ir.plan import Plan
from edgegen.ir.portion import Portion, Share
from edgegen.memory.portions import all_portions, fetches


class Stream:
    """The portions of one model, equal ones once, one after the other in the order in which they are first read.

    bytes: of the file; 0 if no weights are copied
    """

    def __init__(self, graph: Graph, plan: Plan, name: str, addresses: Addresses) -> None:
        self.name, self.plan, self.addresses = name, plan, addresses
        self.portions = all_portions(graph)
        self.fetches = fetches(graph)
        self._at: dict[str, int] = {}
        self.bytes = 0
        for portion in self.portions:
            self._at[portion.content] = self.bytes
            self.bytes += portion.bytes

    def pieces(self) -> Pieces:
        """The file."""
        found: list[memoryview] = []
        for portion in self.portions:
            for at, array in zip(portion.offsets, portion.arrays, strict=True):
                data = raw(array)
                found.append(data.data)
                following = next((o for o in portion.offsets if o > at), portion.bytes)
                found.append(memoryview(bytes(following - at - data.size)))
        return tuple(found)

    def statements(self, copies: Sequence[Portion | None]) -> list[str]:
        """C that waits for the copy that is under way and begins the next, for each of some copies."""
        lines = []
        for portion in copies:
            to, at, size = ("NULL", 0, 0)
            if portion is not None:
                to, at, size = self._address(portion), self._at[portion.content], portion.bytes
            lines += [
                f"if ({self.name}_fetch(m, {to}, {at}, {size}) != 0) {{",
                f"    return {self.name.upper()}_FETCH_FAILED;",
                "}",
            ]
        return lines

    def arguments(self, share: Share) -> dict[int, str]:
        """Addresses of the share's copied constants, by the numbers of the arguments that they are."""
        start = self.plan.portions[share.portion].offset
        offsets = (self.addresses.of(start + offset) for offset in share.portion.offsets)
        return dict(zip(share.copied, offsets, strict=True))

    def _address(self, portion: Portion) -> str:
        return self.addresses.of(self.plan.portions[portion].offset)
