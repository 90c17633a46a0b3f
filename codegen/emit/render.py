"""Writes the C source and header of a planned graph."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import jinja2

from edgegen.emit.bundle import bundle
from edgegen.emit.constants import constant_arrays
from edgegen.emit.flash import spread_weights
from edgegen.emit.instance import Instance, instance_of
from edgegen.emit.ports import initial_value, ports
from edgegen.emit.statements import Statements
from edgegen.emit.symbols import comment_text
from edgegen.emit.weights import Form, Pieces, is_separate, place
from edgegen.ir.graph import Graph, Node
from edgegen.resources import resource
from edgegen.targets import Target

AFTER_KERNELS = "/* ---- 2. Weights and parameters (flash) ---- */"
"""Where the C of every model begins to differ from that of others with the same kernels."""


@dataclass(frozen=True)
class Origin:
    """Where the C came from; goes into its banner and header.

    file: name of the model file, without folders; sha256: of its bytes; version: of edgegen
    """

    file: str
    sha256: str
    version: str


@dataclass(frozen=True)
class Emitted:
    """The files of one model.

    files: {name: text} of the C source and header, and of the assembly that includes separate weights
    binaries: {name: bytes} of separate weights, or of those that are copied
    flash: {region: bytes of weights} on a board with several flash memories
    """

    files: dict[str, str]
    binaries: dict[str, Pieces]
    flash: dict[str, int]


@functools.cache
def environment() -> jinja2.Environment:
    """The templates, which take longer to compile than most models."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource("templates")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def definitions(nodes: Sequence[Node]) -> list[str]:
    """Macros that define functions which the nodes' parameters name, each once."""
    packed = [call.packed for node in nodes for call in node.calls if call.packed is not None]
    return list(dict.fromkeys(d for p in packed for d in p.definitions))


def render(
    graph: Graph,
    target: Target,
    name: str,
    origin: Origin,
    trace: bool = False,
    weights: Form = "auto",
    shared: Instance | None = None,
) -> Emitted:
    """The C source and header, and the files of separate weights if there are any.

    graph: planned; name: prefix of all symbols; weights: where they stand
    trace: the run function reports each node to an external NAME_trace(step, arena), for verification; nodes of
           sub-graphs are part of the node that runs them
    shared: what the model shares with others, if it does; the header of that is not among the files (emit/shared.py)
    """
    plan = graph.plan
    assert plan is not None, f"{graph.name} is not planned"
    instance = shared or instance_of(name, plan)
    weights_bytes = sum(n.nbytes for n in constant_arrays(graph))
    statements = Statements(graph, target, name, is_separate(weights, weights_bytes), instance)
    steps, _ = statements.steps(graph, 0)
    nodes = graph.steps()
    inputs, outputs = ports(graph, statements, "input"), ports(graph, statements, "output")
    initial = [initial_value(s, statements) for s in graph.state]
    constants = statements.constants
    arrays = list(constants.arrays.values())
    flash = spread_weights(arrays, graph, target)
    headers = sorted({f"kernels/{file}" for n in nodes if n.kernel is not None for file in n.kernel.files})
    system, kernels = bundle(resource("runtime_c"), ["edgegen.h", "check.h", *headers])
    context = {
        "name": name,
        "NAME": name.upper(),
        "origin": origin,
        "target": target,
        "model_file": comment_text(origin.file),
        "arena_bytes": max(plan.arena_bytes, 1),
        "state_bytes": plan.state_bytes,
        "instance": instance,
        "bases": statements.addresses.bases,
        "flash": [name.upper() for name in flash] if len(flash) > 1 else [],
        "initial": initial,
        "used_bytes": plan.arena_bytes,
        "lower_bound": plan.lower_bound,
        "alignment": target.struct_alignment,
        "weights_bytes": weights_bytes,
        "macs": graph.macs(),
        "loops": any(n.op.is_loop for n in nodes),
        "inputs": inputs,
        "outputs": outputs,
        "system": system,
        "kernels": kernels,
        "arrays": arrays,
        "separate": any(not a.body for a in arrays),
        "definitions": definitions(nodes),
        "structs": [(t, s, b) for (t, b), s in constants.structs.items()],
        "wrappers": list(statements.wrappers.values()),
        "functions": statements.functions,
        "steps": steps,
        "trace": trace,
        "shared": shared.name if shared is not None else "",
        "own": instance.own,
        "check": statements.check,
        "feed": statements.feed,
        "streamed_bytes": statements.stream.bytes,
    }
    templates = environment()
    files = {f"{name}.{ext}": templates.get_template(f"model.{ext}.j2").render(context) for ext in ("c", "h")}
    if statements.stream.bytes:
        return Emitted(files, {f"{name}_weights.bin": statements.stream.pieces()}, flash)
    if not context["separate"]:
        return Emitted(files, {}, flash)
    separate = sorted((a for a in arrays if not a.body), key=lambda a: a.region)
    placed, pieces = place([(a.symbol, a.comment, a.values, a.align, a.region) for a in separate])
    files[f"{name}_weights.S"] = templates.get_template("weights.S.j2").render(context, placed=placed)
    return Emitted(files, {f"{name}_weights.bin": pieces}, flash)
