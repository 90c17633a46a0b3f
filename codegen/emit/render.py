"""Writes the C source and header of a planned graph."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Hashable
from dataclasses import dataclass

import jinja2
import numpy as np

from edgegen.emit import literals
from edgegen.emit.bundle import bundle
from edgegen.emit.check import lies_over, memory_check
from edgegen.emit.flash import reads, spread_weights
from edgegen.emit.printed import ArrayText, Base, FedStretch, Feed, Function, InitialValue, Port, Step, Wrapper
from edgegen.emit.symbols import comment_text, identifier
from edgegen.emit.weights import Form, Pieces, is_separate, place, raw
from edgegen.errors import UsageError
from edgegen.ir.dtypes import dtype_of
from edgegen.ir.graph import Graph, Node, Plan, State
from edgegen.ir.kernel import Packed
from edgegen.ir.rows import Stretch, row_bytes
from edgegen.ir.tensor import Array, Tensor
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
    binaries: {name: bytes} of separate weights
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


class _Writer:
    """Collects the pieces of one model's C."""

    def __init__(self, graph: Graph, target: Target, name: str, separate: bool, own: str) -> None:
        assert graph.plan is not None
        self.separate = separate
        self.graph, self.target, self.name, self.plan = graph, target, name, graph.plan
        self.arrays: dict[Hashable, ArrayText] = {}
        self.structs: dict[tuple[str, str], str] = {}
        self.wrappers: dict[tuple[str, ...], Wrapper] = {}
        self.constants: dict[Tensor, str] = {}
        self.functions: list[Function] = []
        self.check = memory_check(graph, target)
        self.feed: Feed | None = None
        self.pace: dict[Tensor, int] = {}  # of tensors in loops over rows: bytes further on each turn
        self.bases = _bases(self.plan, own)

    def base(self, offset: int) -> Base:
        return next(b for b in reversed(self.bases) if b.start <= offset)

    def address(self, offset: int) -> str:
        """C expression for a byte of the instance."""
        base = self.base(offset)
        return f"{base.symbol} + {offset - base.start}"

    def add_array(self, symbol: str, array: Array, align: int, use: str, reads: float = 0.0) -> str:
        """The name of a constant array: `symbol`, unless an equal one is there already."""
        dtype = dtype_of(array)
        align = max(align, self.target.alignment if array.nbytes >= self.target.alignment else dtype.size)
        content = _content(array)
        known = self.arrays.get(content)
        if known is not None:
            known.align = max(known.align, align)
            known.uses.append(use)
            known.reads += reads
            return known.symbol
        body = "" if self.separate and array.size else literals.array(array, dtype) if array.size else "    0"
        self.arrays[content] = ArrayText(symbol, dtype.c, max(array.size, 1), align, [use], body, array, reads)
        return symbol

    def pointer(self, tensor: Tensor, write: bool = False, checked: bool = False, reads: float = 0.0) -> str:
        """C expression for a tensor's address as its kernel takes it.

        checked: it is read from where the check of memory says; reads: how often it is, if it is a constant
        """
        if tensor.data is not None:
            if tensor not in self.constants:
                symbol = f"{self.name}_c{len(self.constants)}_{identifier(tensor.name)}"
                label = f'"{comment_text(tensor.name)}" {tensor.type}'
                self.constants[tensor] = self.add_array(symbol, tensor.data, tensor.dtype.size, label, reads)
            return self.constants[tensor]
        qualifier = "" if write else "const "
        address = self.address(self.plan.tensors[tensor].offset)
        address = f"r{address[1:]}" if checked and address.startswith("a ") else address
        pace = self.pace.get(tensor)
        return f"({qualifier}{tensor.dtype.c} *)({address}{f' + {pace}u * row_turn' if pace else ''})"

    def initial(self, state: State) -> InitialValue:
        """How NAME_init gives a state its first value."""
        base = self.base(self.plan.tensors[state.value].offset)
        at = self.plan.tensors[state.value].offset - base.start
        place = f"{base.value} + {at}"
        data = np.ascontiguousarray(state.initial)
        raw = data.tobytes()
        label = f'"{comment_text(state.name)}" {state.value.type}'
        if len(set(raw)) <= 1:
            return InitialValue(label, place, len(raw), str(raw[0]) if raw else "0", "")
        symbol = f"{self.name}_s{at}_{identifier(state.name)}"
        symbol = self.add_array(symbol, data, state.value.dtype.size, f"initial value of state {label}")
        return InitialValue(label, place, len(raw), "", symbol)

    def params(self, node: Node, packed: Packed, index: int) -> str:
        """Symbol of the node's params struct; nodes with equal params share one."""
        if not packed.struct:
            return ""
        fields = []
        for key, value in packed.params.items():
            if isinstance(value, tuple):
                fields.append(f".{key} = {{{', '.join(map(literals.scalar, value))}}}")
            else:
                fields.append(f".{key} = {literals.scalar(value)}")
        body = literals.wrapped(fields)
        return self.structs.setdefault((packed.struct, body), f"{self.name}_p{index}_{identifier(node.op.kind)}")

    def steps(self, graph: Graph, first: int) -> tuple[list[Step], int]:
        """The steps of a graph's nodes, whose numbers start at `first`, and the number after the last."""
        found = []
        for node in graph.nodes:
            if node.op.is_control:
                step, first = (self.by_rows if node.op.stretches else self.control)(node, first)
                found.append(step)
                continue
            found += [] if node.is_view else [self.step(first, node)]
            first += 1
        return found, first

    def control(self, node: Node, first: int) -> tuple[Step, int]:
        """The statement that runs a node's sub-graphs, which become functions; the number after the node's."""
        index = first + sum(len(g.steps()) for g in node.op.graphs)
        symbols = []
        for graph, part in zip(node.op.graphs, node.op.parts, strict=True):
            steps, first = self.steps(graph, first)
            symbol = f"{self.name}_g{index}_{part}" if steps or part == "condition" else ""
            value = f"*{self.pointer(graph.outputs[0])} != 0" if part == "condition" else ""
            value = f"{self.name.upper()}_SOUND && {value}" if value and self.check.nodes else value
            if symbol:
                comment = f'{part} of {index} {node.op.kind} "{comment_text(node.name)}": {_signature(graph)}'
                self.functions.append(Function(symbol, comment, tuple(steps), value))
            symbols.append(symbol)
        called = [f"{s}(m);" for s in symbols]
        if node.op.is_loop:
            turn = (f"    {called[1]}",) if symbols[1] else ()
            lines = (f"while ({called[0][:-1]}) {{", *turn, "}")
        else:
            condition = f"*{self.pointer(node.input(0))} != 0"
            first_call, second = ((f"    {c}",) if s else () for c, s in zip(called, symbols, strict=True))
            lines = (f"if ({condition}) {{", *first_call, *(("} else {", *second) if second else ()), "}")
        return Step(self.comment(index, node), lines, index), index + 1

    def by_rows(self, node: Node, first: int) -> tuple[Step, int]:
        """The statements that run a loop's turns, those of a stretch by one function; the number after the node's."""
        index = first + sum(len(g.steps()) for g in node.op.graphs)
        lines: list[str] = []
        fed: list[FedStretch] = []
        for stretch, part in zip(node.op.stretches, node.op.parts, strict=True):
            self.pace = stretch.pace(node.input(0), node.out)
            steps = [self.step(i, n, False) for i, n in enumerate(stretch.graph.nodes, first) if not n.is_view]
            first += len(stretch.graph.nodes)
            self.pace = {}
            steps += self._moves(stretch, first)
            symbol = f"{self.name}_g{index}_{part}"
            comment = f'{part} of {index} {node.op.kind} "{comment_text(node.name)}": {_signature(stretch.graph)}'
            self.functions.append(Function(symbol, comment, tuple(steps), turns=stretch.turns > 1))
            if stretch.fed:
                fed.append(self._fed(stretch, f"{symbol}(m{', m->turn' if stretch.turns > 1 else ''});"))
                continue
            if stretch.turns > 1:
                call = f"        {symbol}(m, row_turn);"
                lines += [f"    for (uint32_t row_turn = 0; row_turn < {stretch.turns}; row_turn++) {{", call, "    }"]
            else:
                lines.append(f"    {symbol}(m);")
        if fed:
            if self.plan.is_split:
                what = f"{self.name} takes its input row by row, which models in several memories of a board do not"
                raise UsageError(what, help="leave out --input-rows, or the board")
            x = node.input(0)
            self.feed = Feed(x.dtype.c, x.shape[1], x.shape[2] * x.shape[3], row_bytes(x), tuple(fed))
            return Step(f"{self.comment(index, node)}: done", (), index), index + 1
        check = f"{self.name.upper()}_NODE({index}) " if self.check.nodes else ""
        return Step(self.comment(index, node), (f"{check}{{", *lines, "}"), index), index + 1

    def _fed(self, stretch: Stretch, call: str) -> FedStretch:
        if stretch.reads is None or stretch.rows is None:
            return FedStretch(call, stretch.turns, 0, 0, 0, 0)
        first, further = stretch.reads
        at = self.plan.tensors[stretch.rows].offset
        return FedStretch(call, stretch.turns, first + stretch.rows.shape[1], further, first, at)

    def _moves(self, stretch: Stretch, index: int) -> list[Step]:
        """The statements that take what a turn keeps to the start of its buffers."""
        moved = [(t, k.row * row_bytes(t)) for k, t in stretch.keeps if k.row]
        if not moved:
            return []
        places = [(self.plan.tensors[t].offset, back, t.type.bytes) for t, back in moved]
        lines = tuple(f"memmove({self.address(at - back)}, {self.address(at)}, {size});" for at, back, size in places)
        return [Step("rows that the next turn reads again", lines, index)]

    def comment(self, index: int, node: Node) -> str:
        inputs = ", ".join(str(t.type) for t in node.inputs if t is not None and not t.is_constant)
        outputs = ", ".join(str(t.type) for t in node.outputs)
        text = f'{index} {node.op.kind} "{comment_text(node.name)}" {inputs} -> {outputs}'
        macs = node.macs()
        return text + (f", {macs:,} MACs {node.macs_count}".rstrip() if macs else "")

    def step(self, index: int, node: Node, checked: bool = True) -> Step:
        """The call of one node, its constants and, for speed, the wrapper that inlines its kernel.

        checked: its memory is; of a loop over rows, that of the whole loop is
        """
        kernel, packed = node.kernel, node.packed
        assert kernel is not None, node.name
        assert packed is not None, node.name
        params = self.params(node, packed, index)
        checked = checked and self.check.nodes
        over = checked and lies_over(node, self.plan)
        arguments: list[str] = []
        types: list[str] = []
        names: list[str] = []

        def argument(c_type: str, name: str, text: str) -> None:
            arguments.append(text)
            types.append(c_type)
            names.append(name)

        for k, i in enumerate(packed.inputs):
            tensor = node.input(i)
            pointer = self.pointer(tensor, checked=over, reads=reads(node))
            argument(f"const {tensor.dtype.c} *", f"in{k}", pointer)
        for constant in packed.constants:
            symbol = f"{self.name}_n{index}_{constant.suffix}"
            shape = ",".join(map(str, constant.array.shape))
            label = f'{constant.suffix} {dtype_of(constant.array)}[{shape}] of {index} "{comment_text(node.name)}"'
            symbol = self.add_array(symbol, constant.array, constant.align, label, reads(node))
            argument(f"const {dtype_of(constant.array).c} *", constant.suffix, symbol)
        if packed.scratch:
            argument("uint8_t *", "scratch", self.address(self.plan.scratch[node].offset))
        for k, tensor in enumerate(node.outputs):
            argument(f"{tensor.dtype.c} *", f"out{k}", self.pointer(tensor, write=True))
        if self.target.optimize == "speed":
            key = (kernel.name, params, *types)
            if key not in self.wrappers:
                symbol = f"{self.name}_k{len(self.wrappers)}_{kernel.name}"
                self.wrappers[key] = Wrapper(symbol, kernel.name, params, tuple(types), tuple(names))
            call = f"{self.wrappers[key].symbol}({', '.join(arguments)});"
        else:
            call = f"{kernel.name}({', '.join(([f'&{params}'] if params else []) + arguments)});"
        check = f"{self.name.upper()}_{'OVER' if over else 'NODE'}({index})"
        return Step(self.comment(index, node), (f"{check} {call}" if checked else call,), index)

    def ports(self, kind: str) -> list[Port]:
        """The model's inputs or outputs; numbered only if there are several."""
        graph = self.graph
        tensors, names = (
            (graph.inputs, graph.input_names()) if kind == "input" else (graph.outputs, graph.output_names())
        )
        aliases = _aliases(f"{self.name}_{kind}", names) if graph.signature is not None else [""] * len(names)
        result = []
        for i, (tensor, called, alias) in enumerate(zip(tensors, names, aliases, strict=True)):
            place = self.plan.tensors.get(tensor)
            bases = () if place is None else (self.base(place.offset),)
            suffix = kind if len(tensors) == 1 else f"{kind}{i}"
            q = tensor.type.quantization
            quantized = q is not None and q.per_tensor
            result.append(
                Port(
                    f"{self.name}_{suffix}",
                    alias,
                    f"{self.name}_{suffix}".upper(),
                    tensor.dtype.c,
                    str(tensor.type),
                    comment_text(called),
                    tensor.shape,
                    tensor.type.elements,
                    literals.float32(q.scale[0]) if q is not None and quantized else "",
                    q.zero_point[0] if q is not None and quantized else 0,
                    "" if tensor is graph.fed else self.pointer(tensor, write=kind == "input"),
                    bases,
                )
            )
        return result


def _bases(plan: Plan, own: str) -> list[Base]:
    """In order of their offsets: the state's comes last. own: prefix of the state's field in a shared instance"""
    if not plan.is_split:
        state = [Base("s", f"m->{own}state", plan.state_offset)] if plan.state_bytes else []
        return [Base("a", "m->arena", 0), *state]
    parts = [(p, p.region.lower()) for p in plan.parts]
    arenas = [Base(f"a_{symbol}", f"m->{symbol}->arena", p.start) for p, symbol in parts if p.arena_bytes]
    return [*arenas, *(Base("s", f"m->{symbol}->state", plan.state_offset) for p, symbol in parts if p.state_bytes)]


def _aliases(prefix: str, names: list[str]) -> list[str]:
    """C names made from those of a signature; "" where two would be the same."""
    found = [f"{prefix}_{identifier(n)}" for n in names]
    return [a if found.count(a) == 1 else "" for a in found]


def _signature(graph: Graph) -> str:
    inputs, outputs = (", ".join(str(t.type) for t in tensors) for tensors in (graph.inputs, graph.outputs))
    return f"{inputs} -> {outputs}"


def render(
    graph: Graph,
    target: Target,
    name: str,
    origin: Origin,
    trace: bool = False,
    weights: Form = "auto",
    shared: str = "",
) -> Emitted:
    """The C source and header, and the files of separate weights if there are any.

    graph: planned; name: prefix of all symbols; weights: where they stand
    trace: the run function reports each node to an external NAME_trace(step, arena), for verification; nodes of
           sub-graphs are part of the node that runs them
    shared: name of the arena that the model shares with others, whose header is not among the files (emit/shared.py)
    """
    weights_bytes = sum(n.nbytes for n in constant_arrays(graph))
    writer = _Writer(graph, target, name, is_separate(weights, weights_bytes), f"{name}_" if shared else "")
    steps, _ = writer.steps(graph, 0)
    nodes = graph.steps()
    inputs, outputs = writer.ports("input"), writer.ports("output")
    initial = [writer.initial(s) for s in graph.state]
    flash = spread_weights(list(writer.arrays.values()), graph, target)
    headers = sorted({f"kernels/{file}" for n in nodes if n.kernel is not None for file in n.kernel.files})
    system, kernels = bundle(resource("runtime_c"), ["edgegen.h", "check.h", *headers])
    plan: Plan = writer.plan
    context = {
        "name": name,
        "NAME": name.upper(),
        "origin": origin,
        "target": target,
        "model_file": comment_text(origin.file),
        "arena_bytes": max(plan.arena_bytes, 1),
        "state_bytes": plan.state_bytes,
        "parts": [(p, p.region.lower(), p.region.upper()) for p in plan.parts] if plan.is_split else [],
        "home": plan.parts[0].region if len(plan.parts) == 1 else "",
        "bases": writer.bases,
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
        "arrays": list(writer.arrays.values()),
        "separate": any(not a.body for a in writer.arrays.values()),
        "definitions": list(dict.fromkeys(d for n in nodes if n.packed is not None for d in n.packed.definitions)),
        "structs": [(t, s, b) for (t, b), s in writer.structs.items()],
        "wrappers": list(writer.wrappers.values()),
        "functions": writer.functions,
        "steps": steps,
        "trace": trace,
        "shared": shared,
        "own": f"{name}_" if shared else "",
        "check": writer.check,
        "feed": writer.feed,
    }
    templates = environment()
    files = {f"{name}.{ext}": templates.get_template(f"model.{ext}.j2").render(context) for ext in ("c", "h")}
    if not context["separate"]:
        return Emitted(files, {}, flash)
    arrays = sorted((a for a in writer.arrays.values() if not a.body), key=lambda a: a.region)
    placed, pieces = place([(a.symbol, a.comment, a.values, a.align, a.region) for a in arrays])
    files[f"{name}_weights.S"] = templates.get_template("weights.S.j2").render(context, placed=placed)
    return Emitted(files, {f"{name}_weights.bin": pieces}, flash)


def constant_arrays(graph: Graph) -> list[Array]:
    """Every array that the C holds in flash, equal ones once; initial values of state do not count."""
    nodes = [n for n in graph.steps() if n.packed is not None]
    packed = [c.array for n in nodes if n.packed is not None for c in n.packed.constants]
    passed = {
        n.input(i): None for n in nodes if n.packed is not None for i in n.packed.inputs if n.input(i).is_constant
    }
    return list({_content(a): a for a in (*packed, *(t.values for t in passed))}.values())


def _content(array: Array) -> Hashable:
    """Equal for arrays that are the same in C."""
    return dtype_of(array).c, hashlib.sha256(raw(array).data).digest()
