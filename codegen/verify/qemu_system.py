"""Programs for a Cortex-M4: bare-metal firmware for the MPS2 AN386 board, run by qemu-system-arm.

With -icount shift=0 every instruction takes one nanosecond of the board's time, so its 25 MHz timer counts instructions
in steps of 40.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgegen.emit.render import constant_arrays
from edgegen.verify import toolchain
from edgegen.verify.program import FileProgram, environment

_EMULATOR = "qemu-system-arm"


@dataclass(frozen=True)
class Region:
    """A range of the board's addresses."""

    name: str
    address: int
    bytes: int


_MIB = 1 << 20
_CODE = Region("CODE", 0x00000000, 4 * _MIB)
_DATA = Region("DATA", 0x20000000, 4 * _MIB)
_PSRAM = Region("PSRAM", 0x21000000, 16 * _MIB)
_STACK_BYTES = 256 * 1024
_CODE_RESERVE = _DATA_RESERVE = 512 * 1024  # code of the models and the harness; stack and the harness's data


class QemuSystemProgram(FileProgram):
    """Weights and state that are too large for the board's fast memories are put into its 16 MiB PSRAM."""

    def _link(self) -> None:
        harness = self.compile_harness(("main.c", "cortex_m.c"), ("-DHARNESS_FIRMWARE",))
        weights = sum(a.nbytes for m in self.models for a in constant_arrays(m.graph))
        state = sum(m.graph.plan.arena_bytes for m in self.models if m.graph.plan is not None)
        script = (
            environment()
            .get_template("firmware.ld.j2")
            .render(
                regions=(_CODE, _DATA, _PSRAM),
                code=_CODE.name,
                data=_DATA.name,
                weights=(_CODE if weights + _CODE_RESERVE <= _CODE.bytes else _PSRAM).name,
                state=(_DATA if state + _DATA_RESERVE <= _DATA.bytes else _PSRAM).name,
                weight_objects=[f"*{o.name}" for o in self.objects],
                stack_bytes=_STACK_BYTES,
            )
        )
        (self.folder / "firmware.ld").write_text(script, encoding="utf-8")
        flags = [
            *self.target.cflags,
            "-nostartfiles",
            "--specs=nosys.specs",
            "-T",
            "firmware.ld",
            "-Wl,--no-warn-rwx-segments",
        ]
        command = [toolchain.compiler(self.target), *flags, *self.objects, *harness, "-lm", "-o", "program.elf"]
        toolchain.run(command, "linking the firmware", self.folder)

    def _start(self, calls: int) -> list[int | None]:
        command = [
            toolchain.find(_EMULATOR),
            *("-M", "mps2-an386", "-cpu", self.target.cpu, "-icount", "shift=0"),
            *("-display", "none", "-monitor", "none", "-serial", "none"),
            *("-semihosting-config", "enable=on,target=native"),
            *("-kernel", "program.elf"),
        ]
        doing = f"running {', '.join(m.name for m in self.models[:3])} in {_EMULATOR}"
        toolchain.run(command, doing, self.folder, self.build.timeout)
        return [None] * calls
