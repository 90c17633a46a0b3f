"""The statements of one model's C: a call for each node, and functions for what control flow and loops run."""

from __future__ import annotations

from edgegen.emit.addresses import Addresses
from edgegen.emit.check import lies_over, memory_check
from edgegen.emit.constants import Constants
from edgegen.emit.flash import reads
from edgegen.emit.instance import Instance
from edgegen.emit.printed import FedStretch, Feed, Function, Step, Wrapper
from edgegen.emit.stream import Stream
from edgegen.emit.symbols import comment_text
from edgegen.ir.dtypes import dtype_of
from edgegen.ir.graph import Graph, Node
from edgegen.ir.kernel import Constant
from edgegen.ir.portion import Share
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
        self.stream = Stream(graph, self.plan, name, self.addresses)
        self.may_fail = False
        self.wrappers: dict[tuple[str, ...], Wrapper] = {}
        self.functions: list[Function] = []
        self.check = memory_check(graph, target, instance)
        self.feed: Feed | None = None
        self.pace: dict[Tensor, int] = {}  # of tensors in loops over rows: bytes further on each turn

    def pointer(
        self, tensor: Tensor, write: bool = False, checked: bool = False, reads: float = 0.0, start: int = 0
    ) -> str:
        """C expression for a tensor's address as its kernel takes it.

        checked: it is read from where the check of memory says; reads: how often it is, if it is a constant
        start: bytes from the tensor's start on
        """
        if tensor.is_constant:
            return self.constants.tensor(tensor, reads)
        qualifier = "" if write else "const "
        address = self.addresses.of(self.plan.tensors[tensor].offset + start, checked)
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
        failing: list[bool] = []
        around = self.may_fail
        for graph, part in zip(node.op.graphs, node.op.parts, strict=True):
            self.may_fail = False
            steps, first = self.steps(graph, first)
            failing.append(self.may_fail)
            symbol = f"{self.name}_g{index}_{part}" if steps or part == "condition" else ""
            value = f"*{self.pointer(graph.outputs[0])} != 0" if part == "condition" else ""
            value = f"{self.name.upper()}_SOUND && {value}" if value and self.check.nodes else value
            if symbol:
                comment = f'{part} of {index} {node.op.kind} "{comment_text(node.name)}": {_signature(graph)}'
                self.functions.append(Function(symbol, comment, tuple(steps), value, fails=self.may_fail))
            symbols.append(symbol)
        self.may_fail = around or any(failing)
        called = [self._run(s, fails) if s else () for s, fails in zip(symbols, failing, strict=True)]
        if node.op.is_loop:
            lines = (*self._while(symbols[0], failing[0]), *called[1], "}")
        else:
            condition = f"*{self.pointer(node.input(0))} != 0"
            lines = (f"if ({condition}) {{", *called[0], *(("} else {", *called[1]) if called[1] else ()), "}")
        return Step(self.comment(index, node), lines, index), index + 1

    def _run(self, symbol: str, fails: bool) -> tuple[str, ...]:
        """The lines that run a sub-graph's function."""
        if not fails:
            return (f"    {symbol}(m);",)
        status = f"{self.name.upper()}_"
        return (f"    if ({symbol}(m) != {status}OK) {{", f"        return {status}FETCH_FAILED;", "    }")

    def _while(self, condition: str, fails: bool) -> tuple[str, ...]:
        """The head of a loop."""
        if not fails:
            return (f"while ({condition}(m)) {{",)
        failed = f"{self.name.upper()}_FETCH_FAILED"
        leave = ("    if (go == 0) {", "        break;", "    }")
        failing = (f"    if (go == {failed}) {{", f"        return {failed};", "    }")
        return ("for (;;) {", f"    const int go = {condition}(m);", *failing, *leave)

    def by_rows(self, node: Node, first: int) -> tuple[Step, int]:
        """The statements that run a loop's turns, those of a stretch by one function; the number after the node's."""
        index = first + sum(len(g.steps()) for g in node.op.graphs)
        resident = self.stream.fetches.loops.get(node, ())
        copied = self.stream.statements((*resident, None) if resident else ())
        lines = [f"    {line}" for line in copied]
        self.may_fail |= bool(resident)
        fed: list[FedStretch] = []
        for stretch, part in zip(node.op.stretches, node.op.parts, strict=True):
            self.pace = stretch.pace(node.input(0), node.out)
            steps = [self.step(i, n, False) for i, n in enumerate(stretch.graph.nodes, first) if not n.is_view]
            first += len(stretch.graph.nodes)
            self.pace = {}
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
            elements, rows = x.shape[2] * x.shape[3], x.shape[1]
            self.feed = Feed(index, x.dtype.c, rows, elements, row_bytes(x), arenas, tuple(fed), tuple(copied))
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

    def comment(self, index: int, node: Node) -> str:
        inputs = ", ".join(str(t.type) for t in node.inputs if t is not None and not t.is_constant)
        outputs = ", ".join(str(t.type) for t in node.outputs)
        text = f'{index} {node.op.kind} "{comment_text(node.name)}" {inputs} -> {outputs}'
        macs = node.macs()
        return text + (f", {macs:,} MACs {node.macs_count}".rstrip() if macs else "")

    def step(self, index: int, node: Node, checked: bool = True) -> Step:
        """The call of one node or, if its weights are copied in portions, a call for each, and what has them copied.

        checked: its memory is; of a loop over rows, that of the whole loop is
        """
        checked = checked and self.check.nodes
        over = checked and lies_over(node, self.plan)
        lines: list[str] = []
        for k, share in enumerate(node.shares or (None,)):
            copies = self.stream.statements(self.stream.fetches.before.get((node, k), ()))
            self.may_fail |= bool(copies)
            number = f"{index}_{k}" if node.in_shares else f"{index}"
            lines += [*copies, *(self._rows(node) or [self.call(number, node, over, share)])]
        check = f"{self.name.upper()}_{'OVER' if over else 'NODE'}({index}) " if checked else ""
        if len(lines) > 1:
            lines = ["{", *(f"    {line}" for line in lines), "}"]
        return Step(self.comment(index, node), (check + lines[0], *lines[1:]), index)

    def _rows(self, node: Node) -> list[str]:
        """The lines that copy the rows of a table which a node chooses; none if it has no such table."""
        if node.table is None:
            return []
        self.may_fail = True
        row, out = (self.addresses.of(place.offset) for place in (self.plan.scratch[node], self.plan.tensors[node.out]))
        indices = node.input(1)
        return self.stream.row_by_row(node.table, indices.dtype, self.pointer(indices), row, out)

    def call(self, number: str, whole: Node, over: bool, share: Share | None) -> str:
        """The call of a kernel for a node's output or a share of it and, for speed, the wrapper that inlines it.

        number: of the node, and of the share if there are several; over: inputs are read from where the check says
        """
        node = whole if share is None else share.node
        kernel, packed = whole.kernel, node.packed
        assert kernel is not None, node.name
        assert packed is not None, node.name
        params = self.constants.params(node, packed, number)
        copied = {} if share is None else self.stream.arguments(share)
        arguments: list[str] = []
        types: list[str] = []
        names: list[str] = []

        def argument(c_type: str, name: str, text: str) -> None:
            arguments.append(text)
            types.append(c_type)
            names.append(name)

        for k, i in enumerate(packed.inputs):
            tensor = node.input(i)
            c_type = f"const {tensor.dtype.c} *"
            own = f"({c_type})({copied[k]})" if k in copied else ""
            if not tensor.is_constant:
                start = share.read if share is not None and i == 0 else 0
                own = self.pointer(whole.input(i), checked=over, start=start)
            argument(c_type, f"in{k}", own or self.pointer(tensor, reads=reads(node)))
        for k, constant in enumerate(packed.constants, len(packed.inputs)):
            c_type = f"const {dtype_of(constant.array).c} *"
            symbol = f"({c_type})({copied[k]})" if k in copied else self._constant(number, node, constant)
            argument(c_type, constant.suffix, symbol)
        if whole in self.plan.scratch:
            argument("uint8_t *", "scratch", self.addresses.of(self.plan.scratch[whole].offset))
        for k, tensor in enumerate(whole.outputs):
            start = share.start if share is not None else 0
            argument(f"{tensor.dtype.c} *", f"out{k}", self.pointer(tensor, write=True, start=start))
        if self.target.optimize == "speed":
            key = (kernel.name, params, *types)
            if key not in self.wrappers:
                symbol = f"{self.name}_k{len(self.wrappers)}_{kernel.name}"
                self.wrappers[key] = Wrapper(symbol, kernel.name, params, tuple(types), tuple(names))
            return f"{self.wrappers[key].symbol}({', '.join(arguments)});"
        return f"{kernel.name}({', '.join(([f'&{params}'] if params else []) + arguments)});"

    def _constant(self, number: str, node: Node, constant: Constant) -> str:
        """The symbol of a packed constant, which stays in flash."""
        symbol = f"{self.name}_n{number}_{constant.suffix}"
        shape = ",".join(map(str, constant.array.shape))
        label = f'{constant.suffix} {dtype_of(constant.array)}[{shape}] of {number} "{comment_text(node.name)}"'
        return self.constants.add(symbol, constant.array, constant.align, label, reads(node))


def _signature(graph: Graph) -> str:
    inputs, outputs = (", ".join(str(t.type) for t in tensors) for tensors in (graph.inputs, graph.outputs))
    return f"{inputs} -> {outputs}"
