"""The story on one page: read a model, take it through three stages, write C."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from edgegen.emit.instance import Instance, instance_of
from edgegen.emit.render import Origin, render
from edgegen.emit.shared import Shared, shared_arena
from edgegen.emit.symbols import default_name, model_name
from edgegen.emit.weights import Form, Pieces
from edgegen.errors import UsageError
from edgegen.frontends import Shapes, Values, read_model
from edgegen.ir.graph import Graph
from edgegen.memory.room import check_counts, estimated_code
from edgegen.passes.pipeline import Options, run
from edgegen.targets import Target


@dataclass(frozen=True)
class Request:
    """What to compile and how.

    path:   the model file; shapes: sizes of inputs with free dimensions, by name
    name:   prefix of the C symbols; "" takes it from the file's name
    trace:  emit the calls that let verification see every node's result
    signature: which of the file's models to compile; "" for the first
    weights: whether they stand in the C file or beside it; "auto" decides by their size
    states: outputs that are fed back to inputs from run to run, by the input's name
    values: what inputs always hold, by name
    input_rows: the caller hands over the input row by row
    """

    path: Path
    target: Target
    shapes: Shapes = field(default_factory=dict)
    name: str = ""
    passes: Options = field(default_factory=Options)
    trace: bool = False
    signature: str = ""
    weights: Form = "auto"
    states: Mapping[str, str] = field(default_factory=dict)
    values: Values = field(default_factory=dict)
    input_rows: bool = False


@dataclass(frozen=True)
class Compiled:
    """A compiled model.

    graph:   planned, as the C computes it
    source:  as the file says it, before any pass: what the C must compute
    files:   {name: text} of the C source and header, and of the assembly that includes separate weights
    binaries: {name: bytes} of separate weights, or of those that are copied
    shared:  the instance that it shares with other models, if it does
    flash:   {region: bytes of weights} on a board with several flash memories
    """

    name: str
    target: Target
    origin: Origin
    graph: Graph
    source: Graph
    files: dict[str, str]
    binaries: dict[str, Pieces] = field(default_factory=dict)
    shared: Instance | None = None
    flash: dict[str, int] = field(default_factory=dict)

    @property
    def instance(self) -> Instance:
        """What its functions take."""
        assert self.graph.plan is not None, f"{self.name} is not planned"
        return self.shared or instance_of(self.name, self.graph.plan)

    @property
    def form(self) -> Form:
        """Where those of its weights stand that are not copied."""
        return "separate" if f"{self.name}_weights.S" in self.files else "inline"


def read(
    path: Path,
    shapes: Shapes,
    signature: str = "",
    states: Mapping[str, str] | None = None,
    values: Values | None = None,
) -> tuple[Graph, bytes]:
    """The graph of a model file, and the file's bytes. Raises UsageError if it cannot be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    return read_model(path, data, shapes, signature, states, values), data


def compile_graph(
    source: Graph,
    target: Target,
    name: str,
    origin: Origin,
    passes: Options,
    trace: bool = False,
    weights: Form = "auto",
) -> Compiled:
    """Takes a copy of `source` through the three stages and writes its C. Raises EdgegenError."""
    graph = source.copy()
    run(graph, target, passes)
    check_counts(graph)
    passes.progress("emit")
    emitted = render(graph, target, name, origin, trace, weights)
    return Compiled(name, target, origin, graph, source, emitted.files, emitted.binaries, flash=emitted.flash)


def compile_model(request: Request) -> Compiled:
    """Compiles one model file. Raises EdgegenError; nothing is written."""
    name = model_name(request.name) if request.name else default_name(request.path.stem)
    request.passes.progress("read")
    source, data = read(request.path, request.shapes, request.signature, request.states, request.values)
    source.by_rows = request.input_rows
    origin = Origin(request.path.name, hashlib.sha256(data).hexdigest(), version("edgegen"))
    return compile_graph(source, request.target, name, origin, request.passes, request.trace, request.weights)


def share_arena(models: Sequence[Compiled], name: str) -> tuple[list[Compiled], Shared]:
    """The models with C that works in one arena, whose header NAME.h is among the files of each, and that arena.

    On a board with several memories they share the arena in each. What of their weights is in the fastest flash of
    several is what has room there together, the first model's before the second's.

    Raises UsageError for models that cannot: of one name, or for different targets or boards.
    """
    model_name(name)
    names = [m.name.lower() for m in models]
    same = [n for n in dict.fromkeys(names) if names.count(n) > 1 or n == name.lower()]
    if same:
        what = f'two of them, or one and the arena, are called "{same[0]}"'
        raise UsageError("models that share an arena need different names", [("why", what)], "rename a file")
    targets = list(dict.fromkeys(m.target.name for m in models))
    if len(targets) > 1:
        raise UsageError("models that share an arena are for one target", [("targets", ", ".join(targets))])
    if len({m.target.regions for m in models}) > 1:
        raise UsageError("models that share an arena are for one board", help="compile all with the same --board")
    target, version = models[0].target, models[0].origin.version
    shared = shared_arena(name, [(m.name, m.graph) for m in models], target, version)
    found = []
    for m, instance in zip(models, shared.instances, strict=True):
        emitted = render(m.graph, target, m.name, m.origin, weights=m.form, shared=instance)
        files = {**emitted.files, f"{name}.h": shared.text}
        found.append(replace(m, files=files, shared=instance, binaries=emitted.binaries, flash=emitted.flash))
        target = _beside(target, emitted.flash, estimated_code(m.graph))
    return found, shared


def _beside(target: Target, weights: Mapping[str, int], code: int) -> Target:
    """The target with what is left of its flash memories beside a model's weights, {region: bytes}, and its code."""
    fastest = target.memory("flash")[:1]
    taken = {r: weights.get(r.name, 0) + (code if r in fastest else 0) for r in target.memory("flash")}
    return replace(target, regions=tuple(replace(r, bytes=max(r.bytes - taken.get(r, 0), 0)) for r in target.regions))
