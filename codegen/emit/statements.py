"""The statements of one model's C: a call for each node, and functions for what control flow and loops run."""

from __future__ import annotations

from edgegen.emit.addresses import Addresses
from edgegen.emit.check import lies_over, memory_check
from edgegen.emit.constants import Constants
from edgegen.emit.flash import reads
from edgegen.emit.instance import Instance
from edgegen.emit.printed import FedStretch, Feed, Function, Step, Wrapper
from edgegen.emit.symbols import comment_text
from edgegen.ir.dtypes import dtype_of
from edgegen.ir.graph import Graph, Node
from edgegen.ir.rows import Stretch, row_bytes
from edgegen.ir.tensor import Tensor
from edgegen.targets import Target


class Statements:
    """Collects them, with what they need: constants, wrappers, and what the checks of memory are told."""

    def __init__(self, graph: Graph, target: Target, name: str, separate: bool, instance: Instance) -> None:
        assert graph.plan is not None, f"{graph.name} is not planned"
        self.target, self.name, self.plan, self.own = target, name, graph.plan, instance.own
        self.constants = Constants(name, target.alignment, separate)
        self.addresses = Addresses(self.plan, instance)
        self.wrappers: dict[tuple[str, ...], Wrapper] = {}
        self.functions: list[Function] = []
        self.check = memory_check(graph, target, instance)
        self.feed: Feed | None = None
        self.pace: dict[Tensor, int] = {}  # of tensors in loops over rows: bytes further on each turn

    def pointer(self, tensor: Tensor, write: bool = False, checked: bool = False, reads: float = 0.0) -> str:
        """C expression for a tensor's address as its kernel takes it.

        checked: it is read from where the check of memory says; reads: how often it is, if it is a constant
        """
        if tensor.is_constant:
            return self.constants.tensor(tensor, reads)
        qualifier = "" if write else "const "
        address = self.addresses.of(self.plan.tensors[tensor].offset, checked)
        pace = self.pace.get(tensor)
        return f"({qualifier}{tensor.dtype.c} *)({address}{f' + {pace}u * row_turn' if pace else ''})"

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
                fed.append(self._fed(stretch, f"{symbol}(m{f', m->{self.own}turn' if stretch.turns > 1 else ''});"))
                continue
            if stretch.turns > 1:
                call = f"        {symbol}(m, row_turn);"
                lines += [f"    for (uint32_t row_turn = 0; row_turn < {stretch.turns}; row_turn++) {{", call, "    }"]
            else:
                lines.append(f"    {symbol}(m);")
        if fed:
            x = node.input(0)
            arenas = tuple(b.value for b in self.addresses.bases)
            self.feed = Feed(index, x.dtype.c, x.shape[1], x.shape[2] * x.shape[3], row_bytes(x), arenas, tuple(fed))
            return Step(f"{self.comment(index, node)}: done", (), index), index + 1
        check = f"{self.name.upper()}_NODE({index}) " if self.check.nodes else ""
        return Step(self.comment(index, node), (f"{check}{{", *lines, "}"), index), index + 1

    def _fed(self, stretch: Stretch, call: str) -> FedStretch:
        if stretch.reads is None or stretch.rows is None:
            return FedStretch(call, stretch.turns, 0, 0, 0, 0, 0)
        first, further = stretch.reads
        offset = self.plan.tensors[stretch.rows].offset
        base = self.addresses.base(offset)
        rows, memory = first + stretch.rows.shape[1], self.addresses.bases.index(base)
        return FedStretch(call, stretch.turns, rows, further, first, memory, offset - base.start)

    def _moves(self, stretch: Stretch, index: int) -> list[Step]:
        """The statements that take what a turn keeps to the start of its buffers."""
        moved = [(t, k.row * row_bytes(t)) for k, t in stretch.keeps if k.row]
        if not moved:
            return []
        places = [(self.plan.tensors[t].offset, back, t.type.bytes) for t, back in moved]
        lines = tuple(
            f"memmove({self.addresses.of(at - back)}, {self.addresses.of(at)}, {size});" for at, back, size in places
        )
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
        params = self.constants.params(node, packed, index)
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
            symbol = self.constants.add(symbol, constant.array, constant.align, label, reads(node))
            argument(f"const {dtype_of(constant.array).c} *", constant.suffix, symbol)
        if packed.scratch:
            argument("uint8_t *", "scratch", self.addresses.of(self.plan.scratch[node].offset))
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


def _signature(graph: Graph) -> str:
    inputs, outputs = (", ".join(str(t.type) for t in tensors) for tensors in (graph.inputs, graph.outputs))
    return f"{inputs} -> {outputs}"
