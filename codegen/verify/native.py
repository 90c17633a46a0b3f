"""Programs that this machine runs itself, as an executable: for sanitizers and for recording every layer."""

from __future__ import annotations

from edgegen.verify import toolchain
from edgegen.verify.objects import SANITIZE
from edgegen.verify.program import FileProgram


class NativeProgram(FileProgram):
    """Compiled with the sanitizers if the build says so; what they find becomes ToolchainFailed."""

    def _link(self) -> None:
        sanitize = SANITIZE if self.build.sanitize else ()
        poison = ("-DHARNESS_POISON",) if self.build.sanitize else ()
        harness = self.compile_harness(("main.c", "linux.c"), (*sanitize, *poison), self.build.cc)
        # the sanitizers' run-time library is the one of the compiler that put the checks in
        cc = toolchain.compiler(self.target, self.build.cc)
        command = [cc, *sanitize, *self.objects, *harness, "-lm", "-o", "program"]
        toolchain.run(command, "linking the harness", self.folder)

    def _start(self, calls: int) -> list[int | None]:
        doing = f"running {', '.join(m.name for m in self.models[:3])} under the sanitizers"
        if not self.build.sanitize:
            doing = f"running {', '.join(m.name for m in self.models[:3])}"
        toolchain.run([self.folder / "program"], doing, self.folder, self.build.timeout)
        return [None] * calls
