"""Runs single operators on every target: how kernel rows are tested.

    from edgegen.ops.dense import Dense
    from tests.harness import Case, check_nodes, constant_input, run_node

    def test_dense_is_exact(...):
        x, w, b = ...                                       # numpy arrays
        op = Dense(x_zero=3, requantize=..., clamp=Range(-128, 127))
        inputs = [x, constant_input(w), constant_input(b)]  # activations as arrays, constants marked, None: absent
        y, = run_node(op, inputs, "cortex-m4", kernel="dense_s8_dsp")      # fails unless that row was selected
        check_node(op, inputs, "arm-neon", kernel="dense_s8_neon")         # runs and compares with op.reference

    def test_many_shapes():
        cases = [Case(op, inputs, kernel="dense_s8_dsp", label=f"depth {n}") for ...]
        for run in check_nodes(cases, "cortex-m4"):          # one build, one start of the emulator
            print(run.instructions, run.stack_bytes)

Integers must be equal; floats within `ulp` units in the last place of the largest magnitude in the reference's
output or of the element itself (see `edgegen.verify.compare`). Every build uses the strict warnings as errors.
`sanitize=True` finds accesses to memory that is not the node's: on native targets under ASan and UBSan, on AArch64 and
Cortex-M4 by a check of every access in the emulator, assembly included. Each node may touch only its own bytes of the
arena, so a vector load that reads past a tensor's end is caught. `optimize="size"` emits shared functions; `cc="clang"`
compiles the models with clang.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from edgegen.compiler import Compiled, compile_graph
from edgegen.emit.render import Origin
from edgegen.ir.dtypes import dtype_of
from edgegen.ir.graph import Graph, Node
from edgegen.ir.op import Op
from edgegen.ir.quantization import Quantization
from edgegen.ir.tensor import Array, Tensor, TensorType, constant
from edgegen.passes.pipeline import INDISPENSABLE, STAGES, Options
from edgegen.targets import Optimize, Target
from edgegen.targets import target as find_target
from edgegen.verify import Build, Call, build_program
from edgegen.verify.compare import compare

Input = Array | Tensor | None

# A node under test is computed as it stands: passes may not write it as another operator.
AS_IT_STANDS = [p.__name__ for s in ("pre_optimize", "optimize") for p in STAGES[s] if p not in INDISPENSABLE]
AS_IT_STANDS.append("find_views")


@dataclass(frozen=True)
class Case:
    """One node to run.

    inputs:       arrays for activations, `constant_input(...)` for constants, None for absent ones
    kernel:       name of the row that must be selected; "" accepts any
    label:        says which case failed
    quantization: of each output; None leaves the inferred type alone
    """

    op: Op
    inputs: Sequence[Input]
    kernel: str = ""
    label: str = ""
    quantization: Sequence[Quantization | None] | None = None


@dataclass(frozen=True)
class NodeRun:
    """What running a case gave: outputs and, where the target measures them, costs (else None).

    kernels:      the rows selected, in order; passes may have added nodes (layout conversions)
    rodata_bytes: of all cases that ran with this one
    """

    outputs: list[Array]
    kernels: list[str] = field(default_factory=list)
    instructions: int | None = None
    stack_bytes: int | None = None
    rodata_bytes: int = 0
    arena_bytes: int = 0


def constant_input(array: Array, quantization: Quantization | None = None) -> Tensor:
    """Marks an input of a case as constant: its values are known to the compiler."""
    return constant("constant", array, dtype_of(np.asarray(array)), quantization)


def node_graph(case: Case) -> tuple[Graph, list[Array]]:
    """A graph of the one node, and the values of its inputs."""
    inputs: list[Tensor | None] = []
    values: list[Array] = []
    for i, value in enumerate(case.inputs):
        if value is None or isinstance(value, Tensor):
            inputs.append(value if value is None else Tensor(f"constant{i}", value.type, value.data))
        else:
            inputs.append(Tensor(f"in{i}", TensorType(dtype_of(value), value.shape)))
            values.append(value)
    types = case.op.infer(*(t.type if t is not None else None for t in inputs))
    if case.quantization is not None:
        types = tuple(replace(t, quantization=q) for t, q in zip(types, case.quantization, strict=True))
    outputs = [Tensor(f"out{i}", t) for i, t in enumerate(types)]
    activations = [t for t in inputs if t is not None and not t.is_constant]
    return Graph("node", activations, outputs, [Node(case.op, inputs, outputs, "node")]), values


def compile_for_test(
    graph: Graph,
    target: str | Target,
    name: str = "model",
    optimize: Optimize = "speed",
    trace: bool = False,
    disabled: Sequence[str] = (),
) -> Compiled:
    """A graph through all passes but the disabled ones; names and versions in the C are fixed."""
    chosen = find_target(target) if isinstance(target, str) else target
    origin = Origin(f"{name}.test", "0" * 64, "test")
    return compile_graph(graph, replace(chosen, optimize=optimize), name, origin, Options(disabled), trace)


def planned_at_once(target: str | Target) -> Target:
    """The target, for which nothing looks for a smaller arena: for graphs of many nodes that have nothing to do with
    one another, whose arena is of no interest and takes long to plan."""
    return replace(find_target(target) if isinstance(target, str) else target, plan_seconds=0)


def run_nodes(
    cases: Sequence[Case],
    target: str | Target = "generic",
    optimize: Optimize = "speed",
    cc: str = "",
    sanitize: bool = False,
) -> list[NodeRun]:
    """Compiles and runs all cases in one program, of one source, since a compiler takes longer to read intrinsics and
    kernels than to compile a case. Fails if a case did not get the row it names."""
    graphs = [node_graph(c) for c in cases]
    models = [
        compile_for_test(g, target, f"case{i}", optimize, trace=sanitize, disabled=AS_IT_STANDS)
        for i, (g, _) in enumerate(graphs)
    ]
    kernels = [[n.kernel.name for n in m.graph.nodes if n.kernel is not None] for m in models]
    for case, names in zip(cases, kernels, strict=True):
        assert not case.kernel or case.kernel in names, f"{case.label or case.op}: got {names}, not {case.kernel}"
    program = build_program(models, Build(cc=cc, sanitize=sanitize, together=True))
    outcomes = program.execute([Call(values, i) for i, (_, values) in enumerate(graphs)])
    (sizes,) = program.sizes()
    assert sanitize or sizes.writable == 0, f"{sizes.writable} bytes of mutable globals"
    return [
        NodeRun(o.outputs, k, o.instructions, o.stack_bytes, sizes.rodata, m.graph.plan.arena_bytes)
        for o, k, m in zip(outcomes, kernels, models, strict=True)
        if m.graph.plan is not None
    ]


def run_node(
    op: Op,
    inputs: Sequence[Input],
    target: str | Target = "generic",
    kernel: str = "",
    optimize: Optimize = "speed",
    cc: str = "",
    sanitize: bool = False,
) -> list[Array]:
    """The node's outputs as the target computes them."""
    return run_nodes([Case(op, inputs, kernel)], target, optimize, cc, sanitize)[0].outputs


def reference(case: Case) -> tuple[Array, ...]:
    """The case's outputs as the operator defines them."""
    return case.op.reference(*(v.data if isinstance(v, Tensor) else v for v in case.inputs))


def check_nodes(
    cases: Sequence[Case],
    target: str | Target = "generic",
    ulp: int = 4,
    optimize: Optimize = "speed",
    cc: str = "",
    sanitize: bool = False,
) -> list[NodeRun]:
    """Runs all cases and compares every output with the operator's reference."""
    runs = run_nodes(cases, target, optimize, cc, sanitize)
    for i, (case, run) in enumerate(zip(cases, runs, strict=True)):
        wanted = reference(case)
        assert len(wanted) == len(run.outputs)
        for k, (got, want) in enumerate(zip(run.outputs, wanted, strict=True)):
            where = f"case {i} {case.label or case.op}, output {k}, rows {run.kernels}"
            assert got.shape == want.shape, f"{where}: shape {got.shape}, not {want.shape}"
            assert got.dtype == want.dtype, f"{where}: {got.dtype}, not {want.dtype}"
            difference = compare(got, want, relative=0.0, ulp=ulp)
            assert difference.match, f"{where}: {difference}"
    return runs


def check_node(
    op: Op,
    inputs: Sequence[Input],
    target: str | Target = "generic",
    kernel: str = "",
    ulp: int = 4,
    optimize: Optimize = "speed",
    cc: str = "",
    sanitize: bool = False,
) -> NodeRun:
    """Runs one node and compares its outputs with the operator's reference."""
    return check_nodes([Case(op, inputs, kernel)], target, ulp, optimize, cc, sanitize)[0]
