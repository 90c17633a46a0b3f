"""The Python interface: compile a model file, write its C, build it, run it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edgegen.boards import Fit, check_fit, check_fit_together
from edgegen.boards import board as find_board
from edgegen.compiler import Compiled, Request, compile_model
from edgegen.compiler import share_arena as share
from edgegen.emit.constants import constant_arrays
from edgegen.emit.shared import Shared
from edgegen.emit.weights import PORTION_BYTES, Form, Pieces
from edgegen.errors import ToolchainMissing, UsageError
from edgegen.ir.plan import Plan
from edgegen.ir.tensor import Array
from edgegen.passes.pipeline import Options
from edgegen.report.html import html_report
from edgegen.report.json_report import report
from edgegen.targets import Io, Optimize
from edgegen.targets import target as find_target
from edgegen.verify import Build, Call, HostProgram, Outcome, build_program, object_sizes


@dataclass(frozen=True)
class Artifact:
    """A compiled model: its C, not yet built.

    compiled: the planned graph, and the C as {file name: text}
    fit:      its sizes beside those of the board that it was compiled for; None if no board was named
    """

    compiled: Compiled
    fit: Fit | None = None

    @property
    def name(self) -> str:
        """Prefix of the C symbols and of the files."""
        return self.compiled.name

    @property
    def arena_bytes(self) -> int:
        """Size of the arena inside NAME_t."""
        return self._plan.arena_bytes

    @property
    def state_bytes(self) -> int:
        """Size of the state inside NAME_t: what is kept from run to run."""
        return self._plan.state_bytes

    @property
    def _plan(self) -> Plan:
        plan = self.compiled.graph.plan
        assert plan is not None
        return plan

    def report(self) -> dict[str, Any]:
        """What NAME.report.json holds (edgegen.report)."""
        return report(self.compiled, self.fit)

    def write(self, folder: str | Path, html: bool = False) -> list[Path]:
        """Writes NAME.c, NAME.h and NAME.report.json into `folder`, which is made if need be; returns their paths.

        Separate weights add NAME_weights.S and NAME_weights.bin.

        html: also NAME.report.html, the report as a page with the arena drawn over time

        Each file appears whole or not at all: if anything fails, what was there before stays as it was.
        Raises UsageError if the folder cannot be written to.
        """
        return write_files(Path(folder), self.content(html))

    def content(self, html: bool = False) -> dict[str, str | Pieces]:
        """What `write` writes, by the names of the files."""
        data = self.report()
        files: dict[str, str | Pieces] = {**self.compiled.files, **self.compiled.binaries}
        files[f"{self.name}.report.json"] = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
        if html:
            files[f"{self.name}.report.html"] = html_report(data)
        return files

    def build(self, cc: str = "", cflags: Sequence[str] = ()) -> Model:
        """Compiles the C with the target's GNU compiler, or with `cc`, and makes it callable.

        cflags: added after the flags that the target needs

        A native target is loaded into this process through cffi; others run in an emulator.
        Raises ToolchainMissing and ToolchainFailed.
        """
        return Model(self, Build(cc=cc, cflags=tuple(cflags)))


@dataclass(frozen=True)
class Together:
    """Models that share an arena: each with its functions, all with one type of instance, NAME_t in NAME.h.

    models: in order; their C works in the shared arena
    """

    name: str
    models: tuple[Artifact, ...]
    shared: Shared

    @property
    def arena_bytes(self) -> int:
        """Size of the arena, which is that of the model that needs most, in each memory of a board."""
        return self.shared.arena_bytes

    def report(self) -> dict[str, Any]:
        """What NAME.report.json holds: RAM of one NAME_t, and of an instance of each model if they did not share.

        `memories` says what each memory of a board holds, if several do.
        """
        shared = self.shared
        rows = [{"name": a.name, "arena_bytes": a.arena_bytes, "state_bytes": a.state_bytes} for a in self.models]
        memories = {
            s.region: {"arena_bytes": s.arena_bytes, "state_bytes": sum(k.bytes for k in s.states)}
            for s in shared.structs
        }
        return {
            "name": self.name,
            "models": rows,
            "arena_bytes": shared.arena_bytes,
            "memories": memories if len(memories) > 1 else {},
            "ram_bytes": shared.ram_bytes,
            "separate_ram_bytes": shared.separate_bytes,
            "saved_bytes": shared.separate_bytes - shared.ram_bytes,
        }

    def write(self, folder: str | Path, html: bool = False) -> list[Path]:
        """Writes the files of every model, NAME.h and NAME.report.json: all, or none. Raises UsageError."""
        report = {f"{self.name}.report.json": json.dumps(self.report(), indent=2) + "\n"}
        return write_files(Path(folder), {**_content(self.models, html), **report})


@dataclass
class Model:
    """A compiled model that can be run; its state lives from call to call.

    instructions: executed by the last run; None where the target cannot count them
    stack_bytes:  deepest stack of the last run; None where not measured
    text_bytes, rodata_bytes: of the compiled C, without anything else that is linked
    arena_bytes, state_bytes: what a run needs, and what is kept from run to run
    instance_bytes: sizeof(NAME_t), which holds both
    """

    artifact: Artifact
    build: Build = field(default_factory=Build)

    def __post_init__(self) -> None:
        self._program = build_program([self.artifact.compiled], self.build)
        sizes = self._program.sizes()[0]
        self.text_bytes, self.rodata_bytes = sizes.text, sizes.rodata
        self.arena_bytes = self.artifact.arena_bytes
        self._last: Outcome | None = None

    @property
    def state_bytes(self) -> int:
        return self.artifact.state_bytes

    @property
    def instance_bytes(self) -> int:
        return self._program.instance_bytes[0]

    @property
    def instructions(self) -> int | None:
        return self._last.instructions if self._last else None

    @property
    def stack_bytes(self) -> int | None:
        return self._last.stack_bytes if self._last else None

    def run(self, *inputs: Array) -> list[Array]:
        """One inference; inputs and outputs in the file's order. Raises UsageError for inputs that do not fit."""
        self._last = self._program.execute([Call(inputs)])[0]
        return self._last.outputs

    def run_many(self, samples: Sequence[Sequence[Array]]) -> list[list[Array]]:
        """Consecutive inferences, on an emulator in one start of it: much quicker than as many calls of `run`."""
        outcomes = self._program.execute([Call(inputs) for inputs in samples])
        self._last = outcomes[-1] if outcomes else self._last
        return [o.outputs for o in outcomes]

    def reset(self) -> None:
        """The next run starts from a fresh state."""
        self._program.reset()

    def microseconds(self, *inputs: Array, repeats: int = 100) -> float | None:
        """Least wall-clock time of `repeats` runs on these inputs; None on an emulator, whose time means nothing."""
        if not isinstance(self._program, HostProgram):
            return None
        return min(self._program.nanoseconds(Call(inputs), repeats)) / 1000.0


def _content(models: Sequence[Artifact], html: bool) -> dict[str, str | Pieces]:
    return {name: content for a in models for name, content in a.content(html).items()}


def write_models(models: Sequence[Artifact], folder: str | Path, html: bool = False) -> list[Path]:
    """Writes the files of models of different names as `Artifact.write` does: all, or none. Raises UsageError."""
    return write_files(Path(folder), _content(models, html))


def write_files(folder: Path, files: Mapping[str, str | Pieces]) -> list[Path]:
    """Writes all of `files`, texts or bytes, into `folder` or, if one cannot be written, leaves it as it was.

    Raises UsageError.
    """
    pending: list[tuple[Path, Path]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
            pending.append((Path(temporary), folder / name))
            with os.fdopen(handle, "wb") as file:
                file.writelines([content.encode("utf-8")] if isinstance(content, str) else content)
            Path(temporary).chmod(0o666 & ~_umask())
        for _, final in pending:
            if final.is_dir():
                raise IsADirectoryError(21, "Is a directory", str(final))
        for temporary_path, final in pending:
            temporary_path.replace(final)
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}") from error
    finally:
        for temporary_path, _ in pending:
            temporary_path.unlink(missing_ok=True)
    return [final for _, final in pending]


def _umask() -> int:
    """The process's mask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def compile(
    path: str | Path,
    target: str = "",
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    board: str = "",
    name: str = "",
    optimize: Optimize = "speed",
    passes: Options | None = None,
    signature: str = "",
    weights: Form = "auto",
    states: Mapping[str, str] | None = None,
    values: Mapping[str, Sequence[float]] | None = None,
    ram: int = 0,
    input_rows: bool = False,
    plan_seconds: int = 10,
    io: Io = "shared",
    portion: int = 0,
    keep: int = 0,
) -> Artifact:
    """Compiles a model file.

    target:   a name from `edgegen targets`; "" is what the board has or, without a board, this machine's best
    shapes:   sizes of inputs with free dimensions, by input name; of ONNX models, also of such a dimension by its own
              name, which may be AtMost(8): its size is then an input of the model
    board:    a name from `edgegen boards`, or a .toml file that describes one: the model must fit its memories
    name:     prefix of the C symbols; "" takes it from the file's name
    optimize: "speed" inlines kernels with their shapes; "size" shares one function among nodes
    io:       "shared": inputs and outputs lie in the arena; "separate": beside it, with the state: a run leaves its
              inputs alone, and outputs last until the next run, even if other models work in the same arena
    plan_seconds: how long a slow machine may look for an order of nodes that needs less memory, at least 1; work is
              counted, so that every machine finds the same
    passes:   which passes run and what they show
    signature: which of the file's models to compile, by its key; "" takes the first
    weights:  "inline" in the C file, "separate" in NAME_weights.S and NAME_weights.bin; "auto": inline up to 512 KiB;
              "stream" in NAME_weights.bin, which your NAME_fetch copies into the arena before they are read
    states:   outputs that are fed back to inputs from run to run, by the input's name: both become the model's state,
              which NAME_init resets to zeros or to the input's initializer, and neither is a port any more
    values:   what inputs of an ONNX model always hold, element after element, so that they are no inputs any more

    ram:      bytes that arena and state may take together: parts of the model are computed a few rows at a time where
              that is needed, with the least extra work; 0 sets no limit
    input_rows: the caller hands over the input, an image, row by row (NAME_push_row), and it never exists whole

    portion:  of streamed weights, most bytes that are copied at a time where a layer can be cut; 0 takes the most that
              fits the RAM allowed, by the user or the board, or 16 KiB without such a limit
    keep:     of streamed weights, bytes that stay in flash, those of the smallest layers; small arrays stay in any case

    Raises the kinds of EdgegenError, DoesNotFit among them; nothing is written.
    """
    found = find_board(board) if board else None
    chosen = found.target if found else find_target(target or "host")
    if found and target and find_target(target).name != chosen.name:
        raise UsageError(f'board "{found.name}" is {chosen.name}, not {target}', help="leave the target out")
    if plan_seconds < 1:
        raise UsageError(f"a plan cannot be made in {plan_seconds} seconds", help="give it 1 or more")
    if portion and weights != "stream":
        raise UsageError(
            "weights that are not copied have no portions", help="--weights stream, or leave out --portion"
        )
    if keep and weights != "stream":
        raise UsageError("weights that are not copied all stay in flash", help="--weights stream, or leave out --keep")
    tuned = replace(
        chosen,
        optimize=optimize,
        portion_bytes=(portion or PORTION_BYTES) if weights == "stream" else 0,
        fits_portion=weights == "stream" and not portion,
        kept_bytes=keep,
        ram_bytes=ram,
        io=io,
        plan_seconds=plan_seconds,
    )
    request = Request(
        Path(path),
        tuned,
        dict(shapes or {}),
        name,
        passes or Options(),
        signature=signature,
        weights=weights,
        states=dict(states or {}),
        values=dict(values or {}),
        input_rows=input_rows,
    )
    compiled = compile_model(request)
    return Artifact(compiled, check_fit(compiled, found, _code_bytes(compiled)) if found else None)


def _code_bytes(compiled: Compiled) -> int | None:
    """Machine code and constants other than weights, as compiled; None if the compiler is not installed."""
    try:
        sizes = object_sizes(compiled)
    except ToolchainMissing:
        return None
    return sizes.text + sizes.rodata - sum(a.nbytes for a in constant_arrays(compiled.graph))


def share_arena(artifacts: Sequence[Artifact], name: str = "shared") -> Together:
    """Has models that run one at a time work in one arena, as large as that of the one that needs most.

    On a board with several memories each has its own such arena.

    artifacts: compiled for one target, with whatever options; state of each stays its own
    name:      of the arena's header, type and macros

    Outputs of a model hold until the inputs of another are filled or another runs. Raises UsageError for models of one
    name or for different targets, and DoesNotFit if all are for one board, and it has too little flash or RAM for them.
    """
    if not artifacts:
        raise UsageError("no models to share an arena")
    compiled, shared = share([a.compiled for a in artifacts], name)
    fits = [a.fit for a in artifacts if a.fit is not None]
    boards = list(dict.fromkeys(f.board.name for f in fits))
    if len(boards) > 1:
        raise UsageError("models that share an arena are for one board", [("boards", ", ".join(boards))])
    if len(fits) == len(artifacts):
        check_fit_together(compiled, shared, fits)
    models = tuple(replace(a, compiled=c) for a, c in zip(artifacts, compiled, strict=True))
    return Together(name, models, shared)
