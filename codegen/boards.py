"""Boards: memories, clock and toolchain of real hardware, read from boards/*.toml, and whether a model fits them."""

from __future__ import annotations

import difflib
import itertools
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgegen.compiler import Compiled
from edgegen.emit.constants import constant_arrays
from edgegen.emit.shared import Shared
from edgegen.emit.symbols import identifier
from edgegen.errors import DoesNotFit, UsageError
from edgegen.ir.graph import Graph
from edgegen.memory.portions import streamed_bytes
from edgegen.memory.room import estimated_code
from edgegen.memory.usage import bytes_in_use, occupants, peak_step
from edgegen.resources import resource
from edgegen.targets import Kind, Region, Target
from edgegen.targets import target as find_target


@dataclass(frozen=True)
class Emulator:
    """What runs the board's code without the board.

    program: qemu-system-arm or qemu-aarch64; machine: its -M or, for a Linux program, its -cpu
    startup, linker_script: of bare-metal firmware, in templates/harness/
    """

    program: str
    machine: str
    startup: str = ""
    linker_script: str = ""


@dataclass(frozen=True)
class Board:
    """A board.

    core:     as its maker calls it
    target:   what code is generated for, with the board's own compiler flags, memories and reserve for the stack. No
              memories: nothing to fit into. Without flash, weights and code are loaded into RAM
    clock_hz: of the core at full speed; None if it is not one figure
    emulator: None if only the hardware runs its code
    """

    name: str
    description: str
    core: str
    target: Target
    clock_hz: int | None
    emulator: Emulator | None

    @property
    def regions(self) -> tuple[Region, ...]:
        """Its memories, in the order of its file."""
        return self.target.regions

    @property
    def stack_bytes(self) -> int:
        return self.target.stack_bytes

    def memory(self, kind: Kind) -> tuple[Region, ...]:
        """The memories of a kind, the fastest first."""
        return self.target.memory(kind)

    def bytes(self, kind: Kind) -> int | None:
        """All memory of a kind together; None if the board does not say."""
        return sum(r.bytes for r in self.memory(kind)) if self.memory(kind) else None


@dataclass(frozen=True)
class Fit:
    """How a model fits a board, in bytes.

    board:         what it was fitted to
    code_measured: the code's size is the compiler's, not an estimate
    by_rows:       what is computed a few rows at a time, and what it would take otherwise; "" if nothing is
    limited:       the user has set how much RAM the plan may take
    leaner:        options that would take less flash
    peak:          node at which most of the arena is in use, and the tensors alive there
    held:          {region: (what, bytes) of what the model has there}; of RAM, if the board has several
    """

    board: Board
    weights: int
    code: int
    code_measured: bool
    arena: int
    state: int
    stack: int
    by_rows: str
    limited: bool
    leaner: tuple[str, ...]
    peak: str
    alive: tuple[tuple[str, int], ...]
    held: Mapping[str, tuple[tuple[str, int], ...]]


# ---- Reading ----

_Keys = Mapping[str, tuple[type[object], bool]]  # {key: (what it holds, whether it must be there)}

_KEYS: _Keys = {
    "description": (str, True),
    "core": (str, True),
    "target": (str, True),
    "clock_hz": (int, False),
    "stack_bytes": (int, True),
    "toolchain": (dict, False),
    "region": (list, False),
    "emulator": (dict, False),
}
_TOOLCHAIN: _Keys = {"prefix": (str, True), "flags": (list, True)}
_REGION: _Keys = {
    "name": (str, True),
    "kind": (str, True),
    "address": (int, True),
    "bytes": (int, True),
    "bytes_per_cycle": (float, False),
}
_EMULATOR: _Keys = {
    "program": (str, True),
    "machine": (str, True),
    "startup": (str, False),
    "linker_script": (str, False),
}


def board_names() -> list[str]:
    """Names that `board` knows, sorted."""
    return sorted(p.stem for p in resource("boards").glob("*.toml"))


def board(name: str) -> Board:
    """The board called `name`, or described by the file `name` if that ends in .toml. Raises UsageError."""
    if name.endswith(".toml"):
        return read_board(Path(name))
    known = board_names()
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f'did you mean "{near[0]}"?' if near else "name one of them, or a .toml file that describes yours"
        raise UsageError(f'unknown board "{name}"', [("known", ", ".join(known))], hint)
    return read_board(resource("boards") / f"{name}.toml")


def read_board(path: Path) -> Board:
    """The board that a file describes. Raises UsageError, which names the file and what is wrong in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}") from error
    try:
        return _board(path.stem, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path.name} is not TOML: {error}") from error
    except UsageError as error:
        raise UsageError(f"{path.name}: {error.what}", error.details, error.help) from error


def _checked(what: str, table: dict[str, Any], keys: _Keys) -> dict[str, Any]:
    """The table called `what` ("": the file itself), if it has all it needs, nothing unknown and the right types."""
    dot = f"{what}." if what else ""
    for key, value in table.items():
        if key not in keys:
            raise UsageError(f'{what or "the board"} has the unknown key "{key}"', [("known", ", ".join(keys))])
        kind = keys[key][0]
        accepted = (int, float) if kind is float else (kind,)
        if not isinstance(value, accepted) or isinstance(value, bool):
            raise UsageError(f"{dot}{key} must be {_PLAIN[kind]}, is {value!r}")
        if isinstance(value, int | float) and (value < 0 or not math.isfinite(value)):
            raise UsageError(f"{dot}{key} is {'negative' if value < 0 else value}")
    for key, (_, required) in keys.items():
        if required and key not in table:
            raise UsageError(f'{what or "the board"} lacks "{key}"')
    return table


_PLAIN: Mapping[type[object], str] = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    dict: "a table",
    list: "a list",
}
# What NAME_t and the header's macros already call something else.
_TAKEN = ("arena", "state", "weights", "instance")


def _board(name: str, data: dict[str, Any]) -> Board:
    data = _checked("", data, _KEYS)
    chosen = find_target(data["target"])
    tools = data.get("toolchain")
    if tools is not None:
        tools = _checked("toolchain", tools, _TOOLCHAIN)
        if not all(isinstance(f, str) for f in tools["flags"]):
            raise UsageError("toolchain.flags must be a list of strings")
        chosen = replace(chosen, prefix=tools["prefix"], cflags=tuple(tools["flags"]))
        if chosen.runner == "qemu-system":  # which needs a core that has the instructions that the compiler chooses
            cores = [f.removeprefix("-mcpu=") for f in chosen.cflags if f.startswith("-mcpu=")]
            chosen = replace(chosen, cpu=cores[0] if cores else chosen.cpu)
    chosen = replace(chosen, regions=_regions(data.get("region", [])), stack_bytes=data["stack_bytes"])
    emulator = None
    if "emulator" in data:
        emulator = Emulator(**_checked("emulator", data["emulator"], _EMULATOR))
        if chosen.runner == "qemu-user":
            chosen = replace(chosen, cpu=emulator.machine)
    return Board(name, data["description"], data["core"], chosen, data.get("clock_hz"), emulator)


def _regions(tables: list[Any]) -> tuple[Region, ...]:
    regions: list[Region] = []
    for table in tables:
        if not isinstance(table, dict):
            raise UsageError("region must be written as [[region]] tables")
        region = Region(**_checked("region", table, _REGION))
        if region.kind not in ("flash", "ram"):
            raise UsageError(f'region {region.name}: kind must be "flash" or "ram", is "{region.kind}"')
        if identifier(region.name) != region.symbol or region.symbol in _TAKEN:
            why = "it becomes part of names in C, where words and names of the model's own cannot stand"
            raise UsageError(f'"{region.name}" cannot be a region\'s name', [("why", why)], "use letters and digits")
        if not region.bytes or not region.bytes_per_cycle:
            raise UsageError(f"region {region.name} has no bytes{'_per_cycle' if region.bytes else ''}")
        for other in regions:
            if other.symbol == region.symbol:
                raise UsageError(f"two regions are called {region.name}")
            if region.address < other.address + other.bytes and other.address < region.address + region.bytes:
                raise UsageError(f"regions {other.name} and {region.name} overlap")
        regions.append(region)
    return tuple(regions)


# ---- Fitting ----


def check_fit(compiled: Compiled, board: Board, code_bytes: int | None = None) -> Fit:
    """Raises DoesNotFit, with the sizes and the tensors alive at the peak, if the model does not fit the board.

    code_bytes: machine code and its constants as compiled, without the weights; None: it is estimated

    Flash must hold weights and code, RAM the model's struct, which is arena and state, or all of its structs, and the
    stack reserve beside them. On a board with several flash memories the code lies in the fastest, and weights that are
    copied in the slowest; on others these lie outside of what the board's file describes.
    """
    graph = compiled.graph
    plan = graph.plan
    assert plan is not None, f"{graph.name} is not planned"
    peak, alive = _peak(graph)
    code = estimated_code(graph) if code_bytes is None else code_bytes
    flash = board.memory("flash")
    weights = sum(a.nbytes for a in constant_arrays(graph))
    held = {p.region: [("arena", p.arena_bytes), ("state", p.state_bytes)] for p in plan.parts}
    if len(flash) > 1:
        in_flash = compiled.flash or {flash[0].name: weights}
        held |= {r.name: [("weights", in_flash.get(r.name, 0))] for r in flash}
        held[flash[0].name].append(("code", code))
        held[flash[-1].name].append(("streamed weights", streamed_bytes(graph)))
    fit = Fit(
        board,
        weights,
        code,
        code_bytes is not None,
        plan.arena_bytes,
        plan.total_bytes - plan.arena_bytes,
        board.stack_bytes,
        _by_rows(graph),
        compiled.target.ram_bytes > 0,
        _leaner(compiled.target),
        peak,
        alive,
        {name: tuple((what, size) for what, size in there if size) for name, there in held.items()},
    )
    if board.regions and not _fits(fit):
        raise _does_not_fit(compiled.name, fit)
    return fit


def check_fit_together(models: Sequence[Compiled], shared: Shared, fits: Sequence[Fit]) -> None:
    """Raises DoesNotFit if models of one board, each of which fits it, do not fit it together.

    shared: the arena that they share; fits: of each by itself
    """
    largest = max(fits, key=lambda f: f.arena)
    instance = shared.instances[0]
    held: dict[str, dict[str, int]] = {}
    for struct in shared.structs if instance.is_split or instance.home else ():
        kept = {f"state of {k.own.rstrip('_')}": k.bytes for k in struct.states}
        held[struct.region or instance.home] = {"arena": struct.arena_bytes, **kept}
    flash = largest.board.memory("flash")
    for region in [name for m in models for name in m.flash]:
        weights = {f"weights of {m.name}": m.flash[region] for m in models if region in m.flash}
        code = {"code": sum(f.code for f in fits)} if region == flash[0].name else {}
        held[region] = {**weights, **code}
    copied = {f"streamed weights of {m.name}": streamed_bytes(m.graph) for m in models}
    if len(flash) > 1 and any(copied.values()):
        held[flash[-1].name] = {**held.get(flash[-1].name, {}), **copied}
    together = replace(
        largest,
        weights=sum(f.weights for f in fits),
        code=sum(f.code for f in fits),
        code_measured=all(f.code_measured for f in fits),
        arena=shared.arena_bytes,
        state=sum(f.state for f in fits),
        held={name: tuple(there.items()) for name, there in held.items()},
    )
    if largest.board.regions and not _fits(together):
        raise _does_not_fit(instance.name, together)


def _fits(fit: Fit) -> bool:
    flash, ram = fit.board.memory("flash"), fit.board.memory("ram")
    return _flash_fits(fit, flash) and _ram_fits(fit, flash, ram)


def _flash_fits(fit: Fit, regions: tuple[Region, ...]) -> bool:
    """Whether the regions hold weights and code, where they are put or else in one of them."""
    if not any(r.name in fit.held for r in regions):
        return not regions or fit.weights + fit.code <= max(r.bytes for r in regions)
    return all(sum(size for _, size in fit.held.get(r.name, ())) <= r.bytes for r in regions)


def _ram_fits(fit: Fit, flash: tuple[Region, ...], regions: tuple[Region, ...]) -> bool:
    """Whether the regions hold arena and state, where they are planned or else in one of them, and beside that what is
    loaded for want of flash, and the stack."""
    loaded = 0 if flash else fit.weights + fit.code
    planned = {r.name: sum(size for _, size in fit.held[r.name]) for r in regions if r.name in fit.held}
    for taken in [planned] if planned else [{r.name: fit.arena + fit.state} for r in regions]:
        for code_home, stack_home in itertools.product(regions, repeat=2):
            rest = {r: r.bytes - taken.get(r.name, 0) for r in regions}
            rest[code_home] -= loaded
            rest[stack_home] -= fit.stack
            if min(rest.values()) >= 0:
                return True
    return False


def _does_not_fit(name: str, fit: Fit) -> DoesNotFit:
    board = fit.board
    how = "measured" if fit.code_measured else "estimated, as no compiler is installed to measure it"
    code = f"weights {fit.weights:,} B, code {fit.code:,} B ({how})"
    kept = f"state {fit.state:,} B, " if fit.state else ""
    state = f"arena {fit.arena:,} B, {kept}stack reserve {fit.stack:,} B"
    ram = fit.arena + fit.state + fit.stack
    details = []
    if board.memory("flash"):
        details.append(("flash", f"needs {fit.weights + fit.code:,} B: {code}; {_sizes(board, 'flash')}"))
        details.append(("RAM", f"needs {ram:,} B: {state}; {_sizes(board, 'ram')}"))
    else:
        details.append(("RAM", f"needs {fit.weights + fit.code + ram:,} B: {code}, {state}; {_sizes(board, 'ram')}"))
    for region in board.regions:
        there = fit.held.get(region.name, ())
        if there:
            needs = ", ".join(f"{what} {size:,} B" for what, size in there)
            details.append((region.name, f"has {region.bytes:,} B, would hold {needs}"))
    help = "choose a larger board or a smaller model"
    if not _flash_fits(fit, board.memory("flash")):
        help = ", ".join([*(f"try {option}" for option in fit.leaner), help])
    if not _ram_fits(fit, board.memory("flash"), board.memory("ram")):
        if fit.limited:
            help = "leave --ram out: the board's own RAM is the limit then"
        else:
            how = fit.by_rows or "with whole images"
            details.append(("least", f"{fit.arena + fit.state:,} B of arena and state, {how}"))
    details.append(("peak", "\n".join([fit.peak, *(f"{size:>12,} B  {text}" for text, size in fit.alive)])))
    return DoesNotFit(f"{name} does not fit {board.name}", details, help)


def _leaner(target: Target) -> tuple[str, ...]:
    size = ("--optimize size",) if target.optimize != "size" else ()
    return size if target.portion_bytes else (*size, "--weights stream")


def _by_rows(graph: Graph) -> str:
    loops = sum(bool(n.op.stretches) for n in graph.nodes)
    whole = next((f"; whole images take {p.bytes:,} B" for p in graph.row_plans if not p.loops), "")
    return f"{loops} part{'s' * (loops > 1)} of it computed a few rows at a time{whole}" if loops else ""


def _sizes(board: Board, kind: Kind) -> str:
    return "has " + (", ".join(f"{r.name} {r.bytes:,} B" for r in board.memory(kind)) or "none")


def _peak(graph: Graph) -> tuple[str, tuple[tuple[str, int], ...]]:
    """The node at which most of the arena is in use, and what is alive there, largest first."""
    if not graph.nodes:
        return "no node", ()
    found = occupants(graph)
    step = peak_step(graph, found)
    alive: dict[tuple[int, int], str] = {}
    for r in found:  # a view or an in-place result shares the place of what it was made from
        if r.alive(step) and r.role != "state":
            text = f'{r.role} of "{r.name}"' if r.role in ("scratch", "weights") else f'"{r.name}" {r.type}'
            alive.setdefault((r.place.offset, r.place.size), text)
    node = graph.steps()[step]
    where = f'{bytes_in_use(found, step):,} B in use at node {step}, {node.op.kind} "{node.name}"'
    shared = sum(size for _, size in alive) - bytes_in_use(found, step)
    where += f"; {shared:,} B hold two of them, as results lie over what dies" if shared > 0 else ""
    listed = sorted(((text, size) for (_, size), text in alive.items()), key=lambda item: (-item[1], item[0]))
    return where, tuple(listed)
