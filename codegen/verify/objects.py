"""Object files of emitted C, and the sizes of their sections."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from edgegen.compiler import Compiled
from edgegen.emit.bundle import bundle
from edgegen.emit.render import AFTER_KERNELS, definitions
from edgegen.resources import resource
from edgegen.targets import Target
from edgegen.verify import toolchain

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-O1")
"""The level does not change what is checked, only how long compiling takes: at -O3 thrice as long."""


@dataclass(frozen=True)
class Build:
    """How to compile a program.

    cc:       compiler of the models' C; "" for the target's GNU compiler. The harness always takes the latter.
    cflags:   added after the target's flags and level
    strict:   the warnings that emitted C must not cause are errors
    sanitize: find accesses outside of what is the model's: by the address and undefined-behaviour sanitizers on native
              targets, by the emulator on others. Each step of a traced model may then touch nothing in the arena but
              its own inputs, results and scratch
    check_memory: each run proves the model's plan of memory (runtime_c/check.h), and fails if it finds it broken
    timeout:  seconds that one compilation or one start of the program may take
    together: all models are one source with each kernel in it once: for programs of many small models, most of whose
              text, and so of the compiler's time, is kernels. Sizes are then those of all of them
    """

    cc: str = ""
    cflags: tuple[str, ...] = ()
    strict: bool = True
    sanitize: bool = False
    check_memory: bool = False
    timeout: float = 300.0
    together: bool = False

    @property
    def definitions(self) -> tuple[str, ...]:
        """Flags for all that sees the models' headers."""
        return ("-DEDGEGEN_CHECK=2",) if self.check_memory else ()


@dataclass(frozen=True)
class Sizes:
    """Bytes of one model's object file: .text*, .rodata*, and what must be 0: .data* and .bss*."""

    text: int
    rodata: int
    writable: int


def compile_models(
    models: Sequence[Compiled], build: Build, folder: Path, extra_flags: Sequence[str] = ()
) -> list[Path]:
    """Writes each model's C into `folder` and compiles it; the objects' paths, in order.

    Separate weights become part of the model's object.

    Raises ToolchainMissing and ToolchainFailed.
    """
    target = models[0].target
    cc = toolchain.compiler(target, build.cc)
    for model in models:
        for name, text in model.files.items():
            (folder / name).write_text(text, encoding="utf-8")
        for name, pieces in model.binaries.items():
            with (folder / name).open("wb") as file:
                file.writelines(pieces)
    flags = [*(STRICT if build.strict else ("-std=c99",)), *toolchain.core_flags(target, cc), target.level]
    flags += [*(SANITIZE if build.sanitize and target.runner == "native" else ()), *extra_flags]
    flags += [*build.definitions, *build.cflags]

    if build.together:
        (folder / "together.c").write_text(_together(models), encoding="utf-8")
        command = [cc, *flags, "-I.", "-c", "together.c", "-o", "together.o"]
        toolchain.run(command, f"compiling {len(models)} models for {target.name}", folder, build.timeout)
        return [_with_weights(models, folder / "together.o", extra_flags)]

    def compile_one(model: Compiled) -> Path:
        source, compiled = f"{model.name}.c", folder / f"{model.name}.o"
        command = [cc, *flags, "-I.", "-c", source, "-o", compiled.name]
        toolchain.run(command, f"compiling {source} for {target.name}", folder, build.timeout)
        return _with_weights([model], compiled, extra_flags)

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(compile_one, models))


def _together(models: Sequence[Compiled]) -> str:
    """One source of all models, which share kernels."""
    nodes = [n for m in models for n in m.graph.steps()]
    headers = sorted({f"kernels/{file}" for n in nodes if n.kernel is not None for file in n.kernel.files})
    system, kernels = bundle(resource("runtime_c"), ["edgegen.h", "check.h", *headers])
    size = ["#define EDGEGEN_OPTIMIZE_SIZE 1"] if models[0].target.optimize == "size" else []
    parts = [*(f'#include "{m.name}.h"' for m in models), *(f"#include <{s}>" for s in system), *size, kernels]
    parts += definitions(nodes)
    for model in models:
        _, mark, own = model.files[f"{model.name}.c"].partition(AFTER_KERNELS)
        parts.append(mark + own)
    return "\n".join(parts)


def _with_weights(models: Sequence[Compiled], compiled: Path, flags: Sequence[str]) -> Path:
    """An object of models, with their separate weights linked into it if there are any."""
    names = [m.name for m in models if f"{m.name}_weights.S" in m.files]
    if not names:
        return compiled
    target, folder = models[0].target, compiled.parent
    gnu = toolchain.compiler(target)
    for name in names:
        command = [gnu, *target.cflags, *flags, "-I.", "-c", f"{name}_weights.S", "-o", f"{name}_weights.o"]
        toolchain.run(command, f"assembling {name}_weights.S for {target.name}", folder)
    whole = compiled.with_name(f"{compiled.stem}_whole.o")
    weights = [f"{name}_weights.o" for name in names]
    command = [gnu, *target.cflags, "-r", "-nostdlib", compiled.name, *weights, "-o", whole.name]
    toolchain.run(command, f"linking {', '.join(names[:3])} with their weights", folder)
    return whole


def read_sizes(target: Target, compiled: Path) -> Sizes:
    """Section sizes of an object file."""
    size = toolchain.find(f"{target.prefix}size", target.package.replace("gcc", "binutils", 1))
    listing = toolchain.run([size, "-A", compiled], "reading section sizes").stdout
    text = rodata = writable = 0
    for line in listing.splitlines():
        words = line.split()  # section, bytes, address
        if len(words) != 3 or not words[1].isdigit():
            continue
        name, count = words[0], int(words[1])
        if name.startswith(".text"):
            text += count
        elif name.startswith((".rodata", ".data.rel.ro")):
            rodata += count
        elif name.startswith((".data", ".bss", ".tdata", ".tbss")):
            writable += count
    return Sizes(text, rodata, writable)


def object_sizes(model: Compiled, build: Build | None = None) -> Sizes:
    """Sizes of a model's object file, which is compiled for the purpose. Raises as compile_models does."""
    with tempfile.TemporaryDirectory(prefix="edgegen-") as folder:
        return read_sizes(model.target, compile_models([model], build or Build(), Path(folder))[0])
