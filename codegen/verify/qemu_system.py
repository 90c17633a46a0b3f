"""Programs for a Cortex-M4: bare-metal firmware for the MPS2 AN386 board, run by qemu-system-arm.

With -icount shift=0 every instruction takes one nanosecond of the board's time, so its 25 MHz timer counts instructions
in steps of 40.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgegen.boards import Board, board
from edgegen.emit.render import constant_arrays
from edgegen.verify import toolchain
from edgegen.verify.emulated import EmulatedProgram
from edgegen.verify.program import environment

BOARD = "mps2-an386"
_STACK_BYTES = 256 * 1024  # more than any kernel should need, so that a full stack is an error worth seeing
_RESERVE = 512 * 1024  # beside weights: code of models and harness; beside instances: stack and the harness's data


class QemuSystemProgram(EmulatedProgram):
    """Weights and instances that are too large for the board's fast memories are put into its 16 MiB PSRAM."""

    @property
    def executable(self) -> Path:
        return self.folder / "program.elf"

    def _link(self) -> None:
        emulated = board(BOARD)
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
        weights = sum(a.nbytes for m in self.models for a in constant_arrays(m.graph))
        instances = sum(m.graph.plan.total_bytes for m in self.models if m.graph.plan is not None)
        return {
            "regions": emulated.regions,
            "code": code.name,
            "data": data.name,
            "weights": (code if weights + _RESERVE <= code.bytes else large).name,
            "instances": (data if instances + _RESERVE <= data.bytes else large).name,
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
        emulator = board(BOARD).emulator
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
