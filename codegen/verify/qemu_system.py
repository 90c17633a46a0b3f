"""Programs for a Cortex-M4 or M7: bare-metal firmware for an MPS2 board, run by qemu-system-arm.

With -icount shift=0 every instruction takes one nanosecond of the board's time, so its 25 MHz timer counts instructions
in steps of 40.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgegen.boards import Board, board
from edgegen.emit.constants import constant_arrays
from edgegen.errors import UsageError
from edgegen.targets import Region
from edgegen.verify import toolchain
from edgegen.verify.emulated import AROUND, EmulatedProgram
from edgegen.verify.instance import Variable, variables
from edgegen.verify.program import environment, section, streamed

BOARDS = {"cortex-m4": "mps2-an386", "cortex-m7": "mps2-an500"}
_STACK_BYTES = 256 * 1024  # more than any kernel should need, so that a full stack is an error worth seeing
_RESERVE = 512 * 1024  # beside weights: code of models and harness; beside instances: stack and the harness's data


def _inside(inner: Region, outer: Region) -> bool:
    return outer.address <= inner.address and inner.address + inner.bytes <= outer.address + outer.bytes


class QemuSystemProgram(EmulatedProgram):
    """What is planned for a memory that the emulated board has at the same addresses lies there. Other instances and
    weights that are too large for its fast memories are put into its 16 MiB PSRAM."""

    @property
    def executable(self) -> Path:
        return self.folder / "program.elf"

    def _board(self) -> Board:
        """The emulated board with the target's core."""
        if self.target.cpu not in BOARDS:
            cores = ", ".join(BOARDS)
            raise UsageError(f"no emulated board has a {self.target.cpu}", help=f"verify on one of: {cores}")
        return board(BOARDS[self.target.cpu])

    def _link(self) -> None:
        emulated = self._board()
        assert emulated.emulator is not None
        toolchain.find(emulated.emulator.program)
        harness = self.compile_harness(("main.c", emulated.emulator.startup), ("-DHARNESS_FIRMWARE",))
        script = environment().get_template(emulated.emulator.linker_script).render(self._placement(emulated))
        (self.folder / "firmware.ld").write_text(script, encoding="utf-8")
        flags = [
            "-nostartfiles",
            "--specs=nosys.specs",
            "-T",
            "firmware.ld",
            self.map_flag,
            "-Wl,--no-warn-rwx-segments",
        ]
        command = [toolchain.compiler(self.target), *self.target.cflags, *flags, *self.objects, *harness, "-lm"]
        toolchain.run([*command, "-o", self.executable], "linking the firmware", self.folder)

    def _placement(self, emulated: Board) -> dict[str, object]:
        """What the linker script needs: regions, and which of them holds what."""
        code, (data, large) = emulated.memory("flash")[0], emulated.memory("ram")
        weights = sum(a.nbytes for m in self.models for a in constant_arrays(m.graph)) + sum(map(streamed, self.models))
        wanted: dict[str, list[Variable]] = {}
        for variable in (v for m in self.models for v in variables(m)):
            wanted.setdefault(section(variable), []).append(variable)
        sizes = {name: sum(v.planned_bytes for v in found) for name, found in wanted.items()}
        instances = {}
        room = data.bytes - _RESERVE
        for name, found in wanted.items():
            own = next((r for r in self.target.memory("ram") if r.name == found[0].region), None)
            home = next((r for r in emulated.memory("ram") if own is not None and _inside(own, r)), None)
            if home is None:
                home = data if sizes[name] <= room else large
            room -= sizes[name] if home is data else 0
            instances[name] = home.name
        return {
            "regions": emulated.regions,
            "code": code.name,
            "data": data.name,
            "weights": (code if weights + _RESERVE <= code.bytes else large).name,
            "instances": instances.items(),
            "apart": AROUND,  # bytes in which the check of accesses expects nothing but faults
            "weight_objects": [f"*{o.name}" for o in self.objects],
            "stack_bytes": _STACK_BYTES,
        }

    def _start(self, calls: int) -> list[int | None]:
        if self.build.sanitize:
            self._emulate_checked([])
        else:
            self._emulate([])
        return [None] * calls  # the firmware reads them off its timer

    def _emulate(self, options: Sequence[str]) -> None:
        emulator = self._board().emulator
        assert emulator is not None
        command = [
            toolchain.find(emulator.program),
            *("-M", emulator.machine, "-cpu", self.target.cpu, "-icount", "shift=0"),
            *("-display", "none", "-monitor", "none", "-serial", "none"),
            *("-semihosting-config", "enable=on,target=native"),
            *options,
            *("-kernel", self.executable),
        ]
        doing = f"running {', '.join(m.name for m in self.models[:3])} in {emulator.program}"
        toolchain.run(command, doing, self.folder, self.build.timeout)
