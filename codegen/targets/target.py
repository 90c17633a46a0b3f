"""What a core can do: ISA features, alignment, and how its code is compiled and run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgegen.targets.region import Kind, Region

Runner = Literal["native", "qemu-user", "qemu-system"]
Optimize = Literal["speed", "size"]
Io = Literal["shared", "separate"]


@dataclass(frozen=True)
class Target:
    """A kind of core.

    features:  ISA features that kernel rows may require
    alignment: bytes; start of every tensor and scratch in the arena, and of weights
    prefix:    of the GNU toolchain ("arm-none-eabi-"; "" is the host's own)
    package:   Debian package of that compiler
    cflags:    select the core; part of what the emitted C assumes
    levels:    (speed, size) optimization flags that the kernels were measured with
    clang:     flags that make clang generate code for the core
    runner:    how edgegen verify executes the code
    cpu:       of the emulator ("cortex-a53", a qemu -cpu), "" for native
    optimize:  what kernel selection and emission prefer
    portion_bytes: bytes of weights that are copied at a time from outside, where layers can be cut; 0: none are
    kept_bytes: of weights in portions, those that stay in flash
    fits_portion: that is what is taken without a limit of RAM; under one, the most with which the plan fits
    ram_bytes: that a plan may take, arena and state; 0: no limit
    io:        whether inputs and outputs share the arena or lie beside it, with what outlives a run
    plan_seconds: how long a slow machine may look for a smaller arena; work is counted, so that all find the same
    regions:   memories of the board that code is generated for; none: one RAM as large as it takes
    stack_bytes: kept free for the stack in one of them
    """

    name: str
    description: str
    features: frozenset[str] = frozenset()
    alignment: int = 4
    prefix: str = ""
    package: str = "gcc"
    cflags: tuple[str, ...] = ()
    levels: tuple[str, str] = ("-O3", "-Os")
    clang: tuple[str, ...] = ()
    runner: Runner = "native"
    cpu: str = ""
    optimize: Optimize = "speed"
    ram_bytes: int = 0
    portion_bytes: int = 0
    fits_portion: bool = False
    kept_bytes: int = 0
    io: Io = "shared"
    plan_seconds: int = 10
    regions: tuple[Region, ...] = ()
    stack_bytes: int = 0

    @property
    def struct_alignment(self) -> int:
        """Bytes; start of the model's struct and of the arena and the state in it."""
        return max(self.alignment, 8)

    @property
    def level(self) -> str:
        return self.levels[0] if self.optimize == "speed" else self.levels[1]

    def memory(self, kind: Kind) -> tuple[Region, ...]:
        """The board's memories of a kind, the fastest first."""
        return tuple(sorted((r for r in self.regions if r.kind == kind), key=lambda r: -r.bytes_per_cycle))
