"""Where everything lies in a model's struct, and what is known of the orders in which its nodes can run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgegen.ir.portion import Portion
from edgegen.ir.tensor import Tensor

if TYPE_CHECKING:
    from edgegen.ir.graph import Node


@dataclass(frozen=True)
class Placement:
    """Bytes [offset, offset + size) of the arena, in use from node `first` to node `last` inclusive."""

    offset: int
    size: int
    first: int
    last: int


@dataclass(frozen=True)
class Part:
    """What a plan has in one memory of a board, which is a struct if several memories hold the plan.

    region:       its name
    start:        where the part of the arena that lies there begins in the plan's count of bytes
    arena_bytes:  size of that part
    lower_bound:  no offsets of what lies here need fewer bytes
    state_offset: where the persistent state begins in the struct
    state_bytes:  size of the state, all of the model's; 0 if it lies elsewhere
    """

    region: str
    start: int
    arena_bytes: int
    lower_bound: int
    state_offset: int = 0
    state_bytes: int = 0


@dataclass
class Plan:
    """Where everything lies in the model's struct: the arena, and behind it what outlives a run.

    tensors:      place of each activation, counted from the start of the struct; views share their root's bytes.
                  Those of sub-graphs are among them
    scratch:      place of each node's scratch
    portions:     place of all weights that are copied, in use from the node at which their copy begins
    arena_bytes:  size of the arena
    lower_bound:  no plan for this order of nodes can be smaller: the largest sum of bytes in use at one node, each
                  output as far over inputs that die as its kernel allows; or what an exhausted search has shown
    state_offset: where the persistent state starts, separate inputs and outputs with it; state_bytes: its size
    order_bound:  no plan for any order of nodes can be smaller; 0: that is not known
    parts:        memories of the board that all lies in, in the order in which their parts follow each other; several
                  make one struct each. None if the board has no choice
    """

    tensors: dict[Tensor, Placement]
    scratch: dict[Node, Placement]
    arena_bytes: int
    lower_bound: int
    state_offset: int = 0
    state_bytes: int = 0
    order_bound: int = 0
    parts: tuple[Part, ...] = ()
    portions: dict[Portion, Placement] = field(default_factory=dict)

    def part(self, offset: int) -> Part | None:
        """The part that holds the byte; None if there are none."""
        if self.state_bytes and offset >= self.state_offset:
            return next((p for p in self.parts if p.state_bytes), None)
        return next((p for p in reversed(self.parts) if p.start <= offset), None)

    def offset_in_part(self, offset: int) -> int:
        """Bytes from the start of the struct that holds the byte."""
        part = self.part(offset)
        if part is None:
            return offset
        if self.state_bytes and offset >= self.state_offset:
            return part.state_offset + offset - self.state_offset
        return offset - part.start

    def region(self, offset: int) -> str:
        """The name of the memory that holds the byte; "" if the board has no choice."""
        part = self.part(offset)
        return part.region if part is not None else ""

    def is_whole(self, place: Placement) -> bool:
        """Whether the bytes lie in one memory, which holds them."""
        part = self.part(place.offset)
        in_state = self.state_bytes > 0 and place.offset >= self.state_offset
        return part is None or in_state or place.offset + place.size <= part.start + part.arena_bytes

    @property
    def is_split(self) -> bool:
        """Whether several memories hold it."""
        return len(self.parts) > 1

    @property
    def is_optimal(self) -> bool:
        """Whether it is proved that no other offsets, in this order of nodes, need fewer bytes."""
        return self.arena_bytes <= self.lower_bound

    @property
    def is_least(self) -> bool:
        """Whether it is proved that no other offsets need fewer bytes, in whatever order of nodes."""
        return self.arena_bytes <= self.order_bound

    def outlives(self, place: Placement) -> bool:
        """Whether the bytes lie behind the arena, with what is kept from run to run."""
        return self.state_bytes > 0 and place.offset >= self.state_offset

    @property
    def total_bytes(self) -> int:
        """Arena and persistent state."""
        return self.state_offset + self.state_bytes if self.state_bytes else self.arena_bytes


@dataclass(frozen=True)
class Orders:
    """What order_nodes has shown of the orders in which a graph's nodes can run.

    least: bytes that all of them need at some node; is_only: the present one is the only one
    """

    least: int
    is_only: bool
