"""The memories of a board, as the planner and the linker see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["flash", "ram"]


@dataclass(frozen=True)
class Region:
    """Bytes [address, address + bytes) of a board's memory.

    kind:            "flash" holds weights and code, "ram" what a run writes
    bytes_per_cycle: at most this many can be read in a cycle of the core's clock, one after another: the width of the
                     narrowest bus on the way by its clock, wait states counted. Only ratios between regions matter
    """

    name: str
    kind: Kind
    address: int
    bytes: int
    bytes_per_cycle: float = 4.0

    @property
    def symbol(self) -> str:
        """What the region is called in C: the field of NAME_t, and in capitals, part of macros."""
        return self.name.lower()
