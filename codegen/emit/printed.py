"""What the templates print: the pieces of one model's C, as text."""

from __future__ import annotations

from dataclasses import dataclass

from edgegen.ir.tensor import Array


@dataclass
class ArrayText:
    """A constant array as the template prints it. Equal arrays are one, with the strictest alignment.

    uses: what it is for each node that reads it
    body: of its initializer; "" if its values stand in another file
    reads: how often a run reads it, by all nodes together
    region: the flash memory that holds it, as macros have it; "" if there is no choice
    """

    symbol: str
    c_type: str
    length: int
    align: int
    uses: list[str]
    body: str
    values: Array
    reads: float
    region: str = ""

    @property
    def comment(self) -> str:
        more = f"; so is {', '.join(self.uses[1:3])}" if len(self.uses) > 1 else ""
        return self.uses[0] + more + (f" and {len(self.uses) - 3} more" if len(self.uses) > 3 else "")


@dataclass(frozen=True)
class Port:
    """A model's input or output as the header describes it.

    name:  what the signature or else the tensor calls it
    alias: the accessor's second name, made from the signature's; "" if there is none
    bases: what its pointer may count from
    """

    function: str
    alias: str
    macro: str
    c_type: str
    type: str
    name: str
    shape: tuple[int, ...]
    elements: int
    scale: str
    zero_point: int
    pointer: str
    bases: tuple[Base, ...]


@dataclass(frozen=True)
class Wrapper:
    """One kernel with its parameters folded in: shared by all nodes that have the same."""

    symbol: str
    kernel: str
    params: str
    types: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Base:
    """A pointer that the model's functions count offsets from: to a part of the arena or to the state.

    value: as a C expression of the instance `m`; start: what the plan's offsets there begin with
    copy:  pointer that stands for it where a check of memory has a kernel read a copy of what its results lie over;
           the symbol itself if there is none
    """

    symbol: str
    value: str
    start: int
    copy: str


@dataclass(frozen=True)
class InitialValue:
    """How NAME_init fills one state: all bytes with `fill`, or from the array `symbol`; the other is ""."""

    comment: str
    place: str
    bytes: int
    fill: str
    symbol: str


@dataclass(frozen=True)
class Step:
    """One node of the run function, or of a sub-graph's: a comment and lines of C."""

    comment: str
    lines: tuple[str, ...]
    index: int


@dataclass(frozen=True)
class Function:
    """A sub-graph.

    condition: what a loop's condition returns, as a C expression; "" for others
    turns:     it is told which turn of several this is
    fails:     it has the caller copy weights, and returns a status
    """

    symbol: str
    comment: str
    steps: tuple[Step, ...]
    condition: str = ""
    turns: bool = False
    fails: bool = False


@dataclass(frozen=True)
class FedStretch:
    """Turns on rows that the caller hands over.

    call:    what runs a turn
    rows:    of the input that the first turn needs; each further one needs `further` more
    first:   the first of them that is new, which lies `at` bytes from the start of part `memory` of the arena
    """

    call: str
    turns: int
    rows: int
    further: int
    first: int
    memory: int
    at: int


@dataclass(frozen=True)
class Feed:
    """An input that the caller hands over row by row.

    index:           of the loop that takes it
    elements, bytes: of a row
    arenas:          parts of the arena, as C expressions of the instance
    copied:          lines that have the caller copy the loop's weights, before the first row
    """

    index: int
    c_type: str
    rows: int
    elements: int
    bytes: int
    arenas: tuple[str, ...]
    stretches: tuple[FedStretch, ...]
    copied: tuple[str, ...] = ()
