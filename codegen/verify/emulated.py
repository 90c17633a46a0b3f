"""What programs that run in an emulator share: its plugins, and the check of every access that a model makes.

The check is what sanitizers cannot do for cores without them: it sees intrinsics, assembly and the C library alike.
In the model's struct each step of a traced model may read its inputs, results and scratch and write the latter two; a
read of constants must lie within one array, which stand apart so that a vector load past an array's end hits a gap.
"""

from __future__ import annotations

import atexit
import bisect
import functools
import re
import shutil
import tempfile
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgegen.compiler import Compiled
from edgegen.errors import EdgegenError, ToolchainFailed
from edgegen.resources import resource
from edgegen.verify import toolchain
from edgegen.verify.instance import locate, variables
from edgegen.verify.program import FileProgram, is_traced, streamed, touched

_SECTION = "edgegen_weights"
_APART = 128  # alignment of constant arrays, bytes
AROUND = 64  # bytes on both sides of the struct's arena and state that a model may not touch either
_FINISHED = 2**64 - 1  # the step that the plugin reports after the last one
_TEXT_IN_MAP = re.compile(r"^ \.text\S*\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S+\.o)$", re.MULTILINE)


@functools.cache
def plugin(name: str) -> Path:
    """The shared library made of templates/harness/`name`.c, built once a process.

    Raises ToolchainMissing and ToolchainFailed.
    """
    folder = Path(tempfile.mkdtemp(prefix="edgegen-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    library = folder / f"{name}.so"
    source = resource("templates") / "harness" / f"{name}.c"
    command = [toolchain.find("gcc"), "-O2", "-fPIC", "-shared", source, "-o", library]
    toolchain.run(command, "compiling the emulator's plugin")
    return library


@dataclass(frozen=True)
class Symbol:
    """A name in the linked program and the bytes it stands for."""

    name: str
    address: int
    size: int


class EmulatedProgram(FileProgram):
    """A program that an emulator runs."""

    @abstractmethod
    def _emulate(self, options: Sequence[str]) -> None:
        """Runs the program with further options of the emulator."""

    @property
    @abstractmethod
    def executable(self) -> Path:
        """The linked program."""

    @property
    def map_flag(self) -> str:
        """Makes the linker say where it put the models' code."""
        return "-Wl,-Map=program.map"

    def extra_flags(self) -> tuple[str, ...]:
        if not self.build.sanitize:
            return ()
        attribute = f'__attribute__((section("{_SECTION}"),aligned({_APART})))'
        flags = []
        for prefix in (f"-D{m.name.upper()}_WEIGHTS" for m in self.models):
            flags += [f"{prefix}_ATTR={attribute}", f"{prefix}_SECTION={_SECTION}", f"{prefix}_ALIGN(n)={_APART}"]
        return tuple(flags)

    def _emulate_checked(self, options: Sequence[str]) -> None:
        """Runs the program under the plugin that checks accesses. Raises ToolchainFailed, which lists those that
        were wrong."""
        library = plugin("accesses")
        symbols = self._symbols()
        (self.folder / "rules.txt").write_text("\n".join(self._rules(symbols)) + "\n", encoding="ascii")
        self._emulate(["-plugin", f"{library},rules=rules.txt,out=accesses.txt", *options])
        lines = (self.folder / "accesses.txt").read_text(encoding="ascii").splitlines()
        if lines:
            told = [self._violation(line, symbols) for line in lines]
            raise ToolchainFailed(
                f"{', '.join(m.name for m in self.models[:3])} on {self.target.name} touched memory that is not theirs",
                [("says", "\n".join(told[: toolchain.SHOWN_LINES]))],
            )

    def _symbols(self) -> dict[str, Symbol]:
        """What has a size in the linked program. Names may repeat among static functions; their last one stays."""
        nm = toolchain.find(f"{self.target.prefix}nm", self.target.package.replace("gcc", "binutils", 1))
        found = {}
        for line in toolchain.run([nm, "-S", self.executable], "listing symbols").stdout.splitlines():
            words = line.split()
            if len(words) == 4:
                found[words[3]] = Symbol(words[3], int(words[0], 16) & ~1, int(words[1], 16))
        return found

    def _rules(self, symbols: dict[str, Symbol]) -> Iterator[str]:
        """Lines for the plugin (templates/harness/accesses.c)."""
        own = {o.name for o in self.objects}
        text = (self.folder / "program.map").read_text(encoding="utf-8", errors="replace")
        for low, size, name in _TEXT_IN_MAP.findall(text):
            if Path(name).name in own and int(size, 16):
                yield f"code {low} {int(low, 16) + int(size, 16):x}"
        yield f"stop {symbols['platform_instructions'].address:x}"
        for index, model in enumerate(self.models):
            yield f"run {symbols[f'{model.name}_run'].address:x} {index:x}"
            if is_traced(model):
                yield f"trace {symbols[f'{model.name}_trace'].address:x}"
            if streamed(model):
                yield f"fetch {symbols[f'{model.name}_fetch'].address:x}"
            yield from _struct_rules(index, model, [symbols[v.symbol].address for v in variables(model)])
        constant = re.compile(rf"(?:{'|'.join(re.escape(m.name) for m in self.models)})_[nc]\d")
        guard = symbols["harness_guard"]
        arrays = sorted(
            (s.address, s.address + s.size)
            for s in symbols.values()
            if constant.match(s.name) and s.address % _APART == 0 and s.address < guard.address
        )
        if arrays:
            yield f"arrays {arrays[0][0]:x} {guard.address + guard.size:x}"
        yield from (f"array {low:x} {high:x}" for low, high in arrays)

    def _violation(self, line: str, symbols: dict[str, Symbol]) -> str:
        """A line of the plugin's report, in words."""
        index, step, write, address, size, at = (int(word, 16) for word in line.split())
        model = self.models[index]
        array = _at_or_before(symbols, address)
        where = f"{array.name} {address - array.address:+,} of {array.size:,}"
        for variable in variables(model):
            start = symbols[variable.symbol].address
            if start - AROUND <= address < start + variable.planned_bytes + AROUND:
                where = f"{variable.type} {address - start:+,}"
        who = "a step"
        if is_traced(model) and step != _FINISHED:
            node = model.graph.steps()[step]
            who = f'step {step} {node.op.kind} "{node.name}"'
        verb = "wrote" if write else "read"
        return f"{who}: {_at_or_before(symbols, at).name} {verb} {size} bytes at {where}"


def _at_or_before(symbols: dict[str, Symbol], address: int) -> Symbol:
    """The symbol that starts last, not after `address`."""
    ordered = sorted(symbols.values(), key=lambda s: s.address)
    return ordered[max(bisect.bisect_right([s.address for s in ordered], address) - 1, 0)]


def _struct_rules(index: int, model: Compiled, starts: Sequence[int]) -> Iterator[str]:
    """What each step may read and write; all of the arena in a model that does not report its steps.

    starts: addresses of the variables that an instance consists of
    """
    whole = [(start, start + v.planned_bytes) for start, v in zip(starts, variables(model), strict=True)]
    yield from (f"struct {index:x} {low - AROUND:x} {high + AROUND:x}" for low, high in whole)
    if not is_traced(model):
        yield from (f"step {index:x} 0 {low:x} {high:x} 1" for low, high in whole)
        return
    for step, node in model.graph.numbered():
        for place, write in [] if node.is_view else touched(model.graph, node):
            variable, offset = locate(model, place.offset)
            low = starts[variable] + offset
            yield f"step {index:x} {step:x} {low:x} {low + place.size:x} {int(write)}"


def try_plugin(name: str) -> Path | None:
    """The plugin, or None where it cannot be built."""
    try:
        return plugin(name)
    except EdgegenError:
        return None
