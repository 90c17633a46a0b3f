"""Programs for AArch64, statically linked and run by qemu-aarch64."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgegen.errors import ToolchainFailed
from edgegen.verify import toolchain
from edgegen.verify.emulated import EmulatedProgram, try_plugin

_EMULATOR = "qemu-aarch64"


class QemuUserProgram(EmulatedProgram):
    """Instructions are those between the harness's markers around the run function, exact to a few."""

    @property
    def executable(self) -> Path:
        return self.folder / "program"

    def _link(self) -> None:
        toolchain.find(_EMULATOR)
        harness = self.compile_harness(("main.c", "linux.c"))
        gcc = toolchain.compiler(self.target)
        command = [gcc, "-static", self.map_flag, *self.objects, *harness, "-lm", "-o", self.executable]
        toolchain.run(command, "linking the harness", self.folder)

    def _start(self, calls: int) -> list[int | None]:
        counter = try_plugin("instructions")
        options = [] if counter is None else ["-plugin", f"{counter},out=instructions.txt"]
        if self.build.sanitize:
            self._emulate_checked(options)
        elif counter is not None:
            try:
                self._emulate(options)
            except ToolchainFailed as error:
                if "plugin" not in dict(error.details).get("says", ""):
                    raise
                counter = None  # an emulator that does not take plugins still runs the program
        if counter is None:
            self._emulate([])
            return [None] * calls
        return self._counts(calls)

    def _emulate(self, options: Sequence[str]) -> None:
        command = [toolchain.find(_EMULATOR), "-cpu", self.target.cpu, *options, self.executable]
        doing = f"running {', '.join(m.name for m in self.models[:3])} in {_EMULATOR}"
        toolchain.run(command, doing, self.folder, self.build.timeout)

    def _counts(self, calls: int) -> list[int | None]:
        """What the plugin wrote: one line a run."""
        lines = (self.folder / "instructions.txt").read_text(encoding="ascii").split()
        if len(lines) != calls:
            raise ToolchainFailed(f"the emulator counted instructions of {len(lines)} runs, there were {calls}")
        return [int(line) for line in lines]
