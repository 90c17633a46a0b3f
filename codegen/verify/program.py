"""Programs: compiled models linked with a harness that runs them on data from outside.

A program answers calls: which model, on which inputs, from a fresh state or from where its last run left it. How its
code is started (through cffi, natively, by an emulator) is each backend's business.
"""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
import weakref
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import jinja2
import numpy as np

from edgegen.compiler import Compiled
from edgegen.emit.check import name_in_c
from edgegen.errors import ToolchainFailed, UsageError
from edgegen.ir.graph import Graph, Node
from edgegen.ir.plan import Placement
from edgegen.ir.tensor import Array, Tensor
from edgegen.resources import resource
from edgegen.targets import Target
from edgegen.verify import toolchain
from edgegen.verify.instance import Variable, locate, variables
from edgegen.verify.objects import Build, Sizes, compile_models, read_sizes

CORRUPT = 2
"""What a run returns that finds its plan of memory broken."""

_FLAG_INIT, _FLAG_RESTORE, _FLAG_SAVE = 1, 2, 4
_NOT_MEASURED_32, _NOT_MEASURED_64 = 2**32 - 1, 2**64 - 1


@dataclass(frozen=True)
class Call:
    """One inference. inputs: in the model's order; restart: from a fresh state."""

    inputs: Sequence[Array]
    model: int = 0
    restart: bool = False


@dataclass(frozen=True)
class Outcome:
    """What one call gave.

    outputs:      in the model's order
    instructions: executed by the run function; None where they cannot be counted
    stack_bytes:  deepest stack used by the run function; None where not measured
    layers:       (step, output number, bytes as stored) of every node in order, if the model was compiled with trace
    """

    outputs: list[Array]
    instructions: int | None = None
    stack_bytes: int | None = None
    layers: list[tuple[int, int, bytes]] = field(default_factory=list)


def checked_inputs(model: Compiled, inputs: Sequence[Array]) -> list[Array]:
    """The inputs as contiguous arrays. Raises UsageError where count, dtype or shape is not the model's."""
    expected = model.graph.inputs
    if len(inputs) != len(expected):
        raise UsageError(f"{model.name} has {len(expected)} inputs, was given {len(inputs)}")
    checked = []
    for tensor, value in zip(expected, inputs, strict=True):
        array = np.asarray(value)
        if array.dtype != tensor.dtype.np or array.shape != tensor.shape:
            given = f"{array.dtype.name}[{','.join(map(str, array.shape))}]"
            raise UsageError(f'input "{tensor.name}" is {tensor.dtype}{list(tensor.shape)}, was given {given}')
        checked.append(np.ascontiguousarray(array))
    return checked


def section(variable: Variable) -> str:
    """The section in firmware that the variable is in."""
    return f".instances.{variable.region}" if variable.region else ".instances"


def is_traced(model: Compiled) -> bool:
    """Whether the C was rendered with calls that report every node's result."""
    return f"{model.name}_trace(" in model.files[f"{model.name}.c"]


def corruption(model: Compiled, step: int, tensor: str) -> ToolchainFailed:
    """The error for a run that found its plan of memory broken: by which node, and which tensor it has changed."""
    node = model.graph.steps()[step]
    what = f'"{tensor}", which is read later' if tensor else "bytes that are no tensor's and not its scratch"
    if tensor in (name_in_c(t.name) for t in node.outputs):
        what = f'"{tensor}", its own result, by writing it before it has read what lies there'
    return ToolchainFailed(
        f"{model.name} on {model.target.name} breaks its plan of memory",
        [("node", f'{step} {node.op.kind} "{node.name}"'), ("changes", what)],
        "this is a fault of edgegen: report it with the model",
    )


def traced_results(model: Compiled) -> list[tuple[int, int, Tensor]]:
    """(step, output number, tensor) of each result that a traced model reports, in order.

    Nodes of sub-graphs, which may run often or never, are not among them.
    """
    return [
        (step, number, tensor)
        for step, node in model.graph.numbered()
        if not node.is_view
        for number, tensor in enumerate(node.outputs)
    ]


@functools.cache
def environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_harness()),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def _regions(model: Compiled) -> list[dict[str, int | bool]]:
    """Bytes of an instance that each step reads and writes; the first ones of a step are its results."""
    found: list[dict[str, int | bool]] = []
    for step, node in model.graph.numbered():
        for k, (place, _) in enumerate([] if node.is_view else touched(model.graph, node)):
            part, offset = locate(model, place.offset)
            is_result = k < len(node.outputs)
            found.append({"step": step, "part": part, "offset": offset, "size": place.size, "is_result": is_result})
    return found


def touched(graph: Graph, node: Node) -> list[tuple[Placement, bool]]:
    """(bytes, whether the model may write them) of the struct that are in use by a node: results first, then the rest,
    with weights that are copied in the meantime.

    What its sub-graphs compute is part of the node.
    """
    plan = graph.plan
    assert plan is not None
    places = [(plan.tensors[t], True) for t in node.outputs]
    places += [(plan.tensors[t], False) for t in node.inputs if t in plan.tensors]
    places += [(plan.scratch[node], True)] if node in plan.scratch else []
    number = graph.steps().index(node)
    places += [(place, False) for place in plan.portions.values() if place.first <= number <= place.last]
    for inner in (n for g in node.op.graphs for n in g.nodes):
        places += touched(graph, inner)
    return places


def _table(models: Sequence[Compiled]) -> str:
    """C source of the table of models."""

    def ports(model: Compiled, tensors: Sequence[Tensor], kind: str) -> list[dict[str, object]]:
        return [
            {"function": f"{model.name}_{kind}{i if len(tensors) > 1 else ''}", "bytes": t.type.elements * t.dtype.size}
            for i, t in enumerate(tensors)
        ]

    rows = [
        {
            "index": index,
            "name": m.name,
            "own": m.instance.own,
            "trace": is_traced(m),
            "parts": [{**asdict(v), "section": section(v)} for v in variables(m)],
            "split": len(variables(m)) > 1,
            "inputs": ports(m, m.graph.inputs, "input"),
            "outputs": ports(m, m.graph.outputs, "output"),
            "regions": _regions(m) if is_traced(m) else [],
            "fed": _fed(m.graph.fed),
            "streamed": streamed(m),
            "arenas": [s for s in m.instance.structs if s.arena_bytes],
            "alignment": m.target.alignment,
        }
        for index, m in enumerate(models)
    ]
    return environment().get_template("models.c.j2").render(models=rows)


def _fed(image: Tensor | None) -> dict[str, object] | None:
    """Of an input that is handed over by rows: how many there are, and what is in each."""
    if image is None:
        return None
    return {"c_type": image.dtype.c, "rows": image.shape[1], "elements": image.shape[2] * image.shape[3]}


def streamed(model: Compiled) -> int:
    """Bytes of the file that the model has copied from; 0 if it has none."""
    return sum(len(p) for p in model.binaries.get(f"{model.name}_weights.bin", ())) if model.form == "inline" else 0


def _harness() -> Path:
    return resource("templates") / "harness"


@functools.cache
def _objects_folder() -> Path:
    """Where objects lie that many programs have in common, until the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="edgegen-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def _harness_object(command: tuple[str, ...], name: str) -> Path:
    """The object of templates/harness/`name`, which knows no model: built once a process for each way to compile it."""
    folder = Path(tempfile.mkdtemp(dir=_objects_folder()))
    compiled = folder / f"harness_{Path(name).stem}.o"
    source = _harness() / name
    toolchain.run([*command, "-I", _harness(), "-c", source, "-o", compiled], f"compiling the harness ({name})")
    return compiled


class Program(ABC):
    """Several models of one target, linked with the harness, that answer calls.

    models: in the order that calls number them
    folder: where its files are; it lives as long as the program does
    """

    def __init__(self, models: Sequence[Compiled], build: Build) -> None:
        if not models:
            raise UsageError("a program needs at least one model")
        names = [m.name for m in models]
        if len(set(names)) != len(names):
            raise UsageError("models of one program need different names", [("names", ", ".join(sorted(names)))])
        self.models = tuple(models)
        self.build = build
        self.target: Target = models[0].target
        if self.target.prefix:
            toolchain.c_library(self.target)
        self.folder = Path(tempfile.mkdtemp(prefix="edgegen-"))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self.objects = compile_models(self.models, build, self.folder, self.extra_flags())
        self._link()

    @abstractmethod
    def _link(self) -> None:
        """Makes the program out of the models' objects and the harness."""

    @abstractmethod
    def execute(self, calls: Sequence[Call]) -> list[Outcome]:
        """Answers calls in order. Raises UsageError for inputs that do not fit and ToolchainFailed if the program
        crashes, takes too long or a model reports a status other than OK."""

    @abstractmethod
    def reset(self) -> None:
        """The next call of each model starts from a fresh state."""

    @property
    @abstractmethod
    def instance_bytes(self) -> list[int]:
        """sizeof of all that an instance of each model consists of: NAME_t, or what it points to."""

    def sizes(self) -> list[Sizes]:
        """Section sizes of each model's object file."""
        return [read_sizes(self.target, o) for o in self.objects]

    def extra_flags(self) -> tuple[str, ...]:
        """Flags that the models' C needs to become part of this kind of program."""
        return ()

    def compile_harness(self, sources: Sequence[str], flags: Sequence[str] = (), cc: str = "") -> list[Path]:
        """Objects of files in templates/harness/ and of the table of models, by the target's GNU compiler or `cc`."""
        cc = toolchain.compiler(self.target, cc)
        command = (cc, "-std=c99", *toolchain.core_flags(self.target, cc), "-O2", *flags, *self.build.definitions)
        (self.folder / "harness_models.c").write_text(_table(self.models), encoding="utf-8")
        table = [self._compile([*command, "-I.", "-I", _harness()], "harness_models.c")]
        for model in (m for m in self.models if streamed(m)):
            text = environment().get_template("streamed.S.j2").render(name=model.name)
            (self.folder / f"harness_{model.name}.S").write_text(text, encoding="utf-8")
            table.append(self._compile(command, f"harness_{model.name}.S"))
        return [*(_harness_object(command, name) for name in sources), *table]

    def _compile(self, command: Sequence[str | Path], source: str) -> Path:
        """The object of a source in the program's folder."""
        compiled = self.folder / f"{Path(source).stem}.o"
        toolchain.run([*command, "-c", source, "-o", compiled], f"compiling {source}", self.folder)
        return compiled


class FileProgram(Program):
    """A program that reads its calls from in.bin and writes the results to out.bin (templates/harness/main.c).

    Instances are kept here between starts: the program saves each one's image at the end and restores it later.
    """

    def __init__(self, models: Sequence[Compiled], build: Build) -> None:
        self._instances: dict[int, bytes] = {}
        self._instance_bytes: list[int] = []
        super().__init__(models, build)

    @abstractmethod
    def _start(self, calls: int) -> list[int | None]:
        """Runs the program in its folder; instructions of each call where the backend counts them from outside."""

    def reset(self) -> None:
        self._instances.clear()

    @property
    def instance_bytes(self) -> list[int]:
        if not self._instance_bytes:
            self.execute([])
        return self._instance_bytes

    def execute(self, calls: Sequence[Call]) -> list[Outcome]:
        begun: set[int] = set()
        last = {c.model: i for i, c in enumerate(calls)}
        parts: list[bytes] = [np.uint32(len(calls)).tobytes()]
        for i, call in enumerate(calls):
            inputs = checked_inputs(self.models[call.model], call.inputs)
            flags = _FLAG_SAVE if last[call.model] == i else 0
            restored = b""
            if call.restart or (call.model not in begun and call.model not in self._instances):
                flags |= _FLAG_INIT
            elif call.model not in begun:
                flags |= _FLAG_RESTORE
                restored = self._instances[call.model]
            begun.add(call.model)
            parts += [np.array([call.model, flags], np.uint32).tobytes(), restored]
            parts += [a.tobytes() for a in inputs]
        (self.folder / "in.bin").write_bytes(b"".join(parts))
        counted = self._start(len(calls))
        return self._results(calls, last, counted)

    def _results(self, calls: Sequence[Call], last: dict[int, int], counted: list[int | None]) -> list[Outcome]:
        out = _Reader((self.folder / "out.bin").read_bytes(), self.target)
        trace = _Reader((self.folder / "trace.bin").read_bytes(), self.target)
        models = out.word()
        self._instance_bytes = [out.word() for _ in range(models)]
        outcomes = []
        for i, call in enumerate(calls):
            model = self.models[call.model]
            status, low, high, stack = (out.word() for _ in range(4))
            if status == CORRUPT and self.build.check_memory:
                step = out.word()
                raise corruption(model, step, out.take(out.word()).decode("ascii"))
            if status != 0:
                raise ToolchainFailed(f"{model.name}_run returned status {status} on {self.target.name}")
            outputs = [out.array(t) for t in model.graph.outputs]
            if last[call.model] == i:
                self._instances[call.model] = out.take(self._instance_bytes[call.model])
            layers = []
            if trace.left():
                layers = [(s, k, trace.take(t.type.bytes)) for s, k, t in traced_results(model)]
            instructions: int | None = low | high << 32
            if instructions == _NOT_MEASURED_64:
                instructions = counted[i] if i < len(counted) else None
            outcomes.append(Outcome(outputs, instructions, None if stack == _NOT_MEASURED_32 else stack, layers))
        return outcomes


class _Reader:
    """Takes values off the front of what the program wrote."""

    def __init__(self, data: bytes, target: Target) -> None:
        self._data, self._at, self._target = data, 0, target

    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if self.left() < count:
            raise ToolchainFailed(f"the program for {self._target.name} ended before it wrote all its results")
        self._at += count
        return self._data[self._at - count : self._at]

    def word(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def array(self, tensor: Tensor) -> Array:
        data = self.take(tensor.type.elements * tensor.dtype.size)
        return np.frombuffer(data, tensor.dtype.np).reshape(tensor.shape).copy()
