"""The story on one page: read a model, take it through three stages, write C."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from edgegen.emit.render import Origin, render
from edgegen.emit.symbols import default_name, model_name
from edgegen.emit.weights import Form, Pieces
from edgegen.errors import UsageError
from edgegen.frontends import Shapes, Values, read_model
from edgegen.ir.graph import Graph
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


@dataclass(frozen=True)
class Compiled:
    """A compiled model.

    graph:   planned, as the C computes it
    source:  as the file says it, before any pass: what the C must compute
    files:   {name: text} of the C source and header, and of the assembly that includes separate weights
    binaries: {name: bytes} of separate weights
    """

    name: str
    target: Target
    origin: Origin
    graph: Graph
    source: Graph
    files: dict[str, str]
    binaries: dict[str, Pieces] = field(default_factory=dict)


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
    passes.progress("emit")
    emitted = render(graph, target, name, origin, trace, weights)
    return Compiled(name, target, origin, graph, source, emitted.files, emitted.binaries)


def compile_model(request: Request) -> Compiled:
    """Compiles one model file. Raises EdgegenError; nothing is written."""
    name = model_name(request.name) if request.name else default_name(request.path.stem)
    request.passes.progress("read")
    source, data = read(request.path, request.shapes, request.signature, request.states, request.values)
    origin = Origin(request.path.name, hashlib.sha256(data).hexdigest(), version("edgegen"))
    return compile_graph(source, request.target, name, origin, request.passes, request.trace, request.weights)
