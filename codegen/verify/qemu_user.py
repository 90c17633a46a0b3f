"""Programs for AArch64, statically linked and run by qemu-aarch64."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

from edgegen.errors import EdgegenError, ToolchainFailed
from edgegen.resources import resource
from edgegen.verify import toolchain
from edgegen.verify.program import FileProgram

_EMULATOR = "qemu-aarch64"


@functools.cache
def _plugin() -> Path | None:
    """The shared library that counts instructions inside the emulator, built once a process.

    None if it cannot be built or this emulator does not take plugins: then instructions are not counted.
    """
    folder = Path(tempfile.mkdtemp(prefix="edgegen-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    library = folder / "instructions.so"
    source = resource("templates") / "harness" / "instructions.c"
    try:
        command = [toolchain.find("gcc"), "-O2", "-fPIC", "-shared", source, "-o", library]
        toolchain.run(command, "compiling the emulator's plugin")
        said = toolchain.run([toolchain.find(_EMULATOR), "-help"], "asking the emulator for its options").stdout
    except EdgegenError:
        return None
    return library if "-plugin" in said else None


class QemuUserProgram(FileProgram):
    """Instructions are those between the harness's markers around the run function, exact to a few."""

    def _link(self) -> None:
        toolchain.find(_EMULATOR)
        harness = self.compile_harness(("main.c", "linux.c"))
        command = [toolchain.compiler(self.target), "-static", *self.objects, *harness, "-lm", "-o", "program"]
        toolchain.run(command, "linking the harness", self.folder)

    def _start(self, calls: int) -> list[int | None]:
        plugin = _plugin()
        if plugin is not None:
            try:
                self._emulate(("-plugin", f"{plugin},out=instructions.txt"))
                return self._counts(calls)
            except ToolchainFailed as error:
                if "plugin" not in dict(error.details).get("says", ""):
                    raise
        self._emulate(())  # an emulator that does not load the plugin still runs the program
        return [None] * calls

    def _emulate(self, options: tuple[str, ...]) -> None:
        command = [toolchain.find(_EMULATOR), "-cpu", self.target.cpu, *options, "./program"]
        doing = f"running {', '.join(m.name for m in self.models[:3])} in {_EMULATOR}"
        toolchain.run(command, doing, self.folder, self.build.timeout)

    def _counts(self, calls: int) -> list[int | None]:
        """What the plugin wrote: one line a run."""
        lines = (self.folder / "instructions.txt").read_text(encoding="ascii").split()
        if len(lines) != calls:
            raise ToolchainFailed(f"the emulator counted instructions of {len(lines)} runs, there were {calls}")
        return [int(line) for line in lines]
