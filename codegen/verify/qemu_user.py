"""Programs for AArch64, statically linked and run by qemu-aarch64."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from edgegen.errors import EdgegenError, ToolchainFailed
from edgegen.resources import resource
from edgegen.verify import toolchain
from edgegen.verify.program import FileProgram

_EMULATOR = "qemu-aarch64"


class _Plugin:
    """The shared library that counts instructions inside the emulator, built once a process."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="edgegen-")
        self.path = Path(self._temporary.name) / "instructions.so"
        source = resource("templates") / "harness" / "instructions.c"
        command = [toolchain.find("gcc"), "-O2", "-fPIC", "-shared", source, "-o", self.path]
        toolchain.run(command, "compiling the emulator's plugin")


@functools.cache
def _plugin() -> _Plugin | None:
    """None if it cannot be built or this emulator does not take plugins: then instructions are not counted."""
    try:
        plugin = _Plugin()
        said = toolchain.run([toolchain.find(_EMULATOR), "-help"], "asking the emulator for its options").stdout
    except EdgegenError:
        return None
    return plugin if "-plugin" in said else None


class QemuUserProgram(FileProgram):
    """Instructions are those between the harness's markers around the run function, exact to a few."""

    def _link(self) -> None:
        toolchain.find(_EMULATOR)
        harness = self.compile_harness(("main.c", "linux.c"))
        command = [toolchain.compiler(self.target), "-static", *self.objects, *harness, "-lm", "-o", "program"]
        toolchain.run(command, "linking the harness", self.folder)

    def _start(self, calls: int) -> list[int | None]:
        emulator = [toolchain.find(_EMULATOR), "-cpu", self.target.cpu]
        doing = f"running {', '.join(m.name for m in self.models[:3])} in {_EMULATOR}"
        plugin = _plugin()
        if plugin is None:
            toolchain.run([*emulator, "./program"], doing, self.folder, self.build.timeout)
            return [None] * calls
        counting = ["-plugin", f"{plugin.path},out=instructions.txt"]
        toolchain.run([*emulator, *counting, "./program"], doing, self.folder, self.build.timeout)
        counts = [int(line) for line in (self.folder / "instructions.txt").read_text(encoding="ascii").split()]
        if len(counts) != calls:
            raise ToolchainFailed(f"the emulator counted instructions of {len(counts)} runs, there were {calls}")
        return list(counts)
