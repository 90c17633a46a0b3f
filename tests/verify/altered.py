"""A small model whose emitted C a test changes: the way to see that faults in it are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from edgegen.compiler import Compiled
from edgegen.ir.dtypes import S8
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.graph import Graph
from edgegen.ir.op import Range
from edgegen.ir.tensor import Array
from edgegen.ops.dense import Dense
from tests.build_graph import Builder
from tests.harness import compile_for_test

TARGETS = ["generic", "arm-neon", "cortex-m4"]
TRACE = "model_trace({}, m->arena);"  # the call after a step of a traced model
X = np.arange(8, dtype=np.int8).reshape(1, 8)


def dense_graph(layers: int = 2, keep: bool = False) -> Graph:
    """Dense layers on s8[1,8], each its own weights. keep: the first layer's result is an output, too."""
    rng = np.random.default_rng(0)
    b = Builder()
    x = b.input((1, 8), S8)
    results = []
    for _ in range(layers):
        op = Dense(requantize=FixedPoint.from_scales([0.01], 0), clamp=Range(-128, 127))
        weights = rng.integers(-127, 128, (8, 8), dtype=np.int8)
        x = b.add(op, x, b.constant(weights), b.constant(np.zeros(8, np.int32)))
        results.append(x)
    return b.graph(x, *results[:1] if keep else ())


def dense_model(target: str, name: str = "model", layers: int = 2, trace: bool = False, keep: bool = False) -> Compiled:
    return compile_for_test(dense_graph(layers, keep), target, name, trace=trace)


def altered(model: Compiled, changes: Mapping[str, str], within: str = "") -> Compiled:
    """The model with each text of `changes`, which must be there, replaced in its source and header.

    within: only after the first occurrence of this text in the source
    """
    files = dict(model.files)
    for old, new in changes.items():
        found = False
        for name, text in files.items():
            head, mark, tail = text.partition(within) if within and name.endswith(".c") else ("", "", text)
            if old in tail:
                files[name], found = head + mark + tail.replace(old, new, 1), True
        assert found, f"{old!r} is not in the C of {model.name}"
    return replace(model, files=files)


def in_run(model: Compiled, code: str) -> Compiled:
    """The model with `code` at the start of its run function, where the arena is `a`."""
    return altered(model, {"(void)a;": f"(void)a;\n    {code}"}, within=f"{model.name}_run({model.name}_t *m)\n{{")


def counting_model(target: str, name: str = "counter") -> Compiled:
    """A model with persistent state: output = what the graph computes plus the number of runs since init."""
    model = dense_model(target, name, layers=1)
    plan = model.graph.plan
    assert plan is not None
    size = plan.arena_bytes
    done = f"return {name.upper()}_OK;"
    output = plan.tensors[model.graph.outputs[0]].offset
    return altered(
        model,
        {
            f"_ARENA_BYTES {size}": f"_ARENA_BYTES {size + 4}",
            f"{done}\n}}\n\nint8_t": f"m->arena[{size}] = 0;\n    {done}\n}}\n\nint8_t",
            f"\n\n    {done}": (
                f"\n    a[{size}]++;\n"
                f"    for (int i = 0; i < 8; i++) {{ a[{output} + i] = (uint8_t)(a[{output} + i] + a[{size}]); }}\n"
                f"    {done}"
            ),
        },
    )


def counted(runs: int) -> Array:
    """What the counting model gives for X after that many runs."""
    model = dense_model("generic", layers=1)
    node = model.source.nodes[0]
    (out,) = node.op.reference(X, node.input(1).values, node.input(2).values)
    return (out.astype(np.int64) + runs).astype(np.int8)
