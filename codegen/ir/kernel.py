"""Kernel rows: which C function computes an operator, when it may be used and what it needs.

An operator lists its rows best first, the last one portable C99. A row's C function lives in
runtime_c/kernels/<header>.h and is called as

    name(&params, inputs..., constants..., scratch, outputs...)

where params is a const struct (absent if the row has no fields), `inputs` are the node's inputs that are read at run
time, `constants` the arrays that `pack` laid out ahead of time, and `scratch` a byte pointer (absent if it needs none).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from edgegen.ir.layout import NATURAL, Layout
from edgegen.ir.tensor import Array

if TYPE_CHECKING:
    from edgegen.ir.graph import Node


class Symbol(str):
    """The name of a C function, as the value of a parameter."""


class Double(float):
    """A parameter of C type double; plain floats are parameters of type float."""


Literal = int | float | Symbol | tuple[int, ...] | tuple[float, ...]


@dataclass(frozen=True)
class Constant:
    """An array in flash, laid out as the kernel reads it.

    suffix: what follows the node's symbol ("weights")
    array:  of a numpy type that has a DType
    align:  bytes
    """

    suffix: str
    array: Array
    align: int = 4


@dataclass(frozen=True)
class Packed:
    """What one row needs for one node: filled by the row's `pack`, read by the planner and the emitter.

    struct:      name of the params struct in the header; "" if the function takes none
    params:      its fields in order
    constants:   arrays passed after the inputs
    inputs:      positions of the node's inputs passed as pointers; the others were packed
    scratch:     exact bytes of working memory, aligned as the target's tensors are
    definitions: macros of the header, expanded once a model, that define the functions which params name: a kernel
                 with many variants (sizes of register tiles) gives the compiler only those that are used
    """

    struct: str = ""
    params: Mapping[str, Literal] = field(default_factory=dict)
    constants: tuple[Constant, ...] = ()
    inputs: tuple[int, ...] = (0,)
    scratch: int = 0
    definitions: tuple[str, ...] = ()

    @property
    def _ways(self) -> tuple[str, ...]:
        """Params called `backward`, of the kernel's struct or of one within it."""
        return tuple(name for name in self.params if name.rpartition(".")[2] == "backward")

    @property
    def turns(self) -> bool:
        """Whether the kernel can run from the end of its output: it has a param `backward`, which is 0 as packed."""
        return bool(self._ways)

    @property
    def backward(self) -> bool:
        return any(self.params[name] == 1 for name in self._ways)

    def turned(self, backward: bool) -> Packed:
        """For the same node, computed from its start or from its end."""
        return replace(self, params={**self.params, **dict.fromkeys(self._ways, int(backward))})


@dataclass(frozen=True)
class Roomier:
    """Another way to pack a node. scratch: bytes that it takes"""

    scratch: int
    pack: Callable[[], Packed]


@dataclass(frozen=True)
class Overlap:
    """Where an output may lie over an input that nobody needs afterwards, as the order of the kernel's accesses allows.

    most:  the output's start less the input's, in bytes: at most this, where they share bytes
    step:  and less than `most` by multiples of this; 0: exactly `most`
    least: or at least this, if the kernel runs from the end: if its param `backward` is 1, or always if it has none
    """

    most: int
    step: int = 1
    least: int | None = None

    def allows(self, difference: int) -> bool:
        """Whether the output may start `difference` bytes after the input, whichever way the kernel then runs."""
        return self.forward(difference) or self.backward(difference)

    def backward(self, difference: int) -> bool:
        return self.least is not None and difference >= self.least

    def moved(self, bytes_: int) -> Overlap:
        """With everything it says so many bytes later."""
        return Overlap(self.most + bytes_, self.step, None if self.least is None else self.least + bytes_)

    def untouched(self, below: int, above: int, unit: int) -> tuple[int, int]:
        """Of an output of `above` bytes, those that an input of `below` bytes cannot share, if the distance between
        their starts is a multiple of `unit`: [start, end), or none."""
        start = 0 if self.least is None else max(0, below - -(-self.least // unit) * unit)
        return start, min(above, max(0, -(self.most // unit) * unit))

    def forward(self, difference: int) -> bool:
        return difference == self.most or (
            self.step > 0 and difference < self.most and (self.most - difference) % self.step == 0
        )


EXACTLY = Overlap(0, 0)


def _always(_node: Node) -> str | None:
    return None


def apart(_node: Node) -> Mapping[int, Overlap]:
    """The overlap of kernels that write before they have read."""
    return {}


def _no_other(_node: Node) -> Iterator[Roomier]:
    return iter(())


def no_lanes(_node: Node) -> int | None:
    """Of kernels whose units all read the same."""
    return None


def _natural(_node: Node) -> tuple[Layout, ...]:
    return (NATURAL,)


@dataclass(frozen=True)
class Kernel:
    """A row.

    name:      the C function
    signature: dtypes of inputs and outputs, "s8 s8 s32? -> s8". "?": the input may be absent; "x1", "x2", "x4", "x8":
               any dtype of that many bytes; "_": any dtype; "..." after the last input: repeats
    pack:      lays out constants and parameters for a node that the row holds for
    header:    file in runtime_c/kernels/ without ".h"; by default the name
    also:      other files there, likewise, that the row's definitions need
    requires:  ISA features the target must have
    when:      None if the row computes this node, else the reason why not, as a clause ("stride must be 1")
    for_speed: the row buys speed with flash, so it is left out where flash counts
    for_size:  the row saves flash with time, so it is left out where speed counts
    in_place:  inputs whose storage the (first) output may take over exactly
    overlap:   how the (first) output may lie over inputs, by their position, beyond `in_place`; a kernel that says so
               reads every byte before it writes there, and has no pointer that is restrict
    compact:   another way to pack the node, whose constants take fewer bytes and more time: for weights that are
               copied, where that makes fewer portions
    roomier:   other ways to pack the node, the fastest first, in more scratch than that of `pack`: for nodes during
               which the arena has room
    updates:   (input, output) pairs: state that the kernel rewrites in its own storage
    reads:     layouts accepted for rank-4 activations that are read, preferred first
    writes:    layouts that the row can write, preferred first; asked once those of the node's inputs are decided
    split:     the row also computes some units of the output alone, and these params of its, which say how far apart
               pixels lie, are then those for all units. (): it does for an output of one pixel; None: not
    lanes:     of a split row whose units each read a channel of their own: how many pixels the output may start after
               the input where each pixel lies over another; None: not at all. Asked of nodes that have some units
    reads_border, writes_border: the row finds pixels through strides and origin, so each of those layouts may have any
               border around it; a row that writes one also fills it
    """

    name: str
    signature: str
    pack: Callable[[Node], Packed]
    header: str = ""
    requires: frozenset[str] = frozenset()
    when: Callable[[Node], str | None] = _always
    for_speed: bool = False
    for_size: bool = False
    in_place: tuple[int, ...] = ()
    overlap: Callable[[Node], Mapping[int, Overlap]] = apart
    roomier: Callable[[Node], Iterator[Roomier]] = _no_other
    compact: Callable[[Node], Packed] | None = None
    also: tuple[str, ...] = ()
    updates: tuple[tuple[int, int], ...] = ()
    reads: Callable[[Node], tuple[Layout, ...]] = _natural
    writes: Callable[[Node], tuple[Layout, ...]] = _natural
    split: tuple[str, ...] | None = None
    lanes: Callable[[Node], int | None] = no_lanes
    reads_border: bool = False
    writes_border: bool = False

    @property
    def files(self) -> tuple[str, ...]:
        """The headers' names in runtime_c/kernels/."""
        return tuple(f"{name}.h" for name in (*self.also, self.header or self.name))

    @property
    def declares_overlap(self) -> bool:
        """Whether there may be nodes whose output lies over an input otherwise than `in_place`."""
        return self.overlap is not apart

    def read_rank(self, node: Node, layout: Layout) -> int | None:
        """How gladly the row reads a rank-4 activation in `layout`: 0 is best, None not at all."""
        return _rank(self.reads(node), layout, self.reads_border)

    def write_rank(self, node: Node, layout: Layout) -> int | None:
        """How gladly the row writes a rank-4 activation in `layout`: 0 is best, None not at all."""
        return _rank(self.writes(node), layout, self.writes_border)

    def layout_conflict(self, node: Node) -> str | None:
        """None if the row reads and writes the node's tensors as they are stored, else why not."""
        for tensor in node.inputs:
            if tensor is None or tensor.is_constant or tensor.rank != 4:
                continue
            if self.read_rank(node, tensor.type.layout) is None:
                return f'does not read "{tensor.name}" in {tensor.type.layout.describe(4)}'
        for tensor in node.outputs:
            if tensor.rank == 4 and self.write_rank(node, tensor.type.layout) is None:
                return f'does not write "{tensor.name}" in {tensor.type.layout.describe(4)}'
        return None


def _rank(layouts: tuple[Layout, ...], layout: Layout, any_border: bool) -> int | None:
    accepted = (layout, layout.without_border) if any_border else (layout,)
    return next((i for i, known in enumerate(layouts) if known in accepted), None)
