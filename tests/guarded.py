"""Runs single operators under qemu-aarch64 with every buffer at the edge of a page that may not be touched.

    from tests.guarded import check_guarded

    def test_tails():
        check_guarded([Case(op, inputs, kernel="conv2d_s8_neon", label=...), ...], "arm-neon")

Vector loads that read past a tensor, its scratch or packed constants, or before them, crash. Inputs, outputs and
scratch lie right before or right after a forbidden page, turn by turn; constants lie right before one. Bytes beside
a buffer that share its page must keep their values.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from edgegen.compiler import Compiled
from edgegen.emit.render import Origin, render
from edgegen.ir.graph import Graph, Placement, Plan
from edgegen.ir.tensor import Array
from edgegen.targets import Optimize
from edgegen.verify import Build, compare, toolchain
from edgegen.verify.objects import compile_models

from tests.harness import Case, compile_for_test, node_graph, reference

PAGE = 4096
_ORIGIN = Origin("node.test", "0" * 64, "test")

_MAIN = """
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096u
#define UNTOUCHED 0xA5

const void *guarded_constant(const void *from, size_t bytes);

static uint8_t *pages(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        perror("mmap");
        _Exit(1);
    }
    memset(p, UNTOUCHED, bytes);
    return p;
}

static void forbid(void *page)
{
    if (mprotect(page, PAGE, PROT_NONE) != 0) {
        perror("mprotect");
        _Exit(1);
    }
}

const void *guarded_constant(const void *from, size_t bytes)
{
    const size_t whole = (bytes + PAGE - 1) / PAGE * PAGE;
    uint8_t *const p = pages(whole + PAGE);
    forbid(p + whole);
    return memcpy(p + whole - bytes, from, bytes);
}

static void check(const uint8_t *from, const uint8_t *to, int number)
{
    for (; from < to; from++) {
        if (*from != UNTOUCHED) {
            fprintf(stderr, "bytes beside the buffer at %d were written\\n", number);
            _Exit(1);
        }
    }
}

static void transfer(int write, void *data, size_t bytes, FILE *file)
{
    const size_t done = write ? fwrite(data, 1, bytes, file) : fread(data, 1, bytes, file);
    if (done != bytes) {
        perror("file");
        _Exit(1);
    }
}
"""


def _guard(model: Compiled) -> tuple[Compiled, list[tuple[int, int]]]:
    """The model with every buffer in pages of its own, and the (offset, bytes) of those pages.

    Between them lie forbidden pages; buffers end at them or, every other one, begin at them.
    """
    plan = model.graph.plan
    assert plan is not None
    at, end = PAGE, True
    areas: list[tuple[int, int]] = []

    def place(old: Placement, size: int) -> Placement:
        nonlocal at, end
        room = -(-size // PAGE) * PAGE
        new = replace(old, offset=at + room - size if end else at, size=size)
        areas.append((at, room))
        at, end = at + room + PAGE, not end
        return new

    tensors = {t: place(p, t.type.bytes) for t, p in plan.tensors.items()}
    scratch = {n: place(p, n.packed.scratch) for n, p in plan.scratch.items() if n.packed is not None}
    model.graph.plan = Plan(tensors, scratch, at, at)
    files = render(model.graph, model.target, model.name, _ORIGIN)
    source = files[f"{model.name}.c"]
    head, tail = re.split(r"(?=^/\* ---- \d\. Model)", source, flags=re.MULTILINE)
    symbols = re.findall(r"^static const EDGEGEN_ALIGN\(\d+\) .* (\w+)\[\d+\] = \{", head, flags=re.MULTILINE)
    for symbol in symbols:
        tail = re.sub(rf"(?<=[ (]){symbol}(?=[,)])", f"guarded_constant({symbol}, sizeof {symbol})", tail)
    files[f"{model.name}.c"] = f"{head}const void *guarded_constant(const void *from, size_t bytes);\n{tail}"
    return replace(model, files=files), areas


def _program(model: Compiled, areas: list[tuple[int, int]]) -> str:
    """C that runs the model once, from in.bin to out.bin."""
    plan = model.graph.plan
    assert plan is not None
    used = [(p.offset, p.size) for p in (*plan.tensors.values(), *plan.scratch.values())]
    lines = [
        f'{_MAIN}\n#include "{model.name}.h"\n',
        "int main(void)\n{",
        '    FILE *in = fopen("in.bin", "rb"), *out = fopen("out.bin", "wb");',
        "    if (!in || !out) return 1;",
        f"    uint8_t *const m = pages({plan.arena_bytes} + PAGE);",
        "    forbid(m);",
        *(f"    forbid(m + {at + room});" for at, room in areas),
    ]
    lines += [f"    transfer(0, m + {plan.tensors[t].offset}, {t.type.bytes}, in);" for t in model.graph.inputs]
    lines.append(f"    if ({model.name}_run((void *)m) != 0) return 1;")
    lines += [f"    transfer(1, m + {plan.tensors[t].offset}, {t.type.bytes}, out);" for t in model.graph.outputs]
    for (at, room), (offset, size) in zip(areas, used, strict=True):
        lines.append(f"    check(m + {at}, m + {offset}, {offset});")
        lines.append(f"    check(m + {offset + size}, m + {at + room}, {offset});")
    return "\n".join([*lines, "    return fclose(out);", "}", ""])


def _one_graph(cases: Sequence[Case]) -> tuple[Graph, list[Array]]:
    """All cases as nodes of one graph, so that they are compiled together, and the values of its inputs."""
    whole = Graph("cases", [], [])
    values: list[Array] = []
    for i, case in enumerate(cases):
        graph, inputs = node_graph(case)
        for tensor in graph.tensors():
            tensor.name = f"case{i}_{tensor.name}"
        for node in graph.nodes:
            node.name = f"case{i}"
        whole.inputs += graph.inputs
        whole.outputs += graph.outputs
        whole.nodes += graph.nodes
        values += inputs
    return whole, values


def run_guarded(cases: Sequence[Case], target: str, optimize: Optimize = "speed", cc: str = "") -> list[Array]:
    """Outputs of all cases in order. Fails if a case did not get the row it names, or touches what it must not."""
    graph, values = _one_graph(cases)
    compiled = compile_for_test(graph, target, "cases", optimize)
    rows = {n.name: n.kernel.name for n in compiled.graph.nodes if n.kernel is not None}
    for i, case in enumerate(cases):
        row = rows.get(f"case{i}", "none")
        assert case.kernel in ("", row), f"case {i} {case.label or case.op}: got {row}, not {case.kernel}"
    model, areas = _guard(compiled)
    core = model.target
    with tempfile.TemporaryDirectory(prefix="edgegen-") as temporary:
        folder = Path(temporary)
        objects = compile_models([model], Build(cc=cc), folder)
        (folder / "guarded.c").write_text(_program(model, areas), encoding="utf-8")
        (folder / "in.bin").write_bytes(b"".join(a.tobytes() for a in values))
        link = [toolchain.compiler(core), *core.cflags, "-std=gnu99", "-static", "-I.", "guarded.c", *objects]
        toolchain.run([*link, "-lm", "-o", "guarded"], "linking guarded cases", folder)
        emulator = [toolchain.find("qemu-aarch64"), "-cpu", core.cpu, "./guarded"]
        toolchain.run(emulator, f"running {', '.join(c.label for c in cases[:4])}, ...", folder)
        data = (folder / "out.bin").read_bytes()
    outputs: list[Array] = []
    for tensor in model.graph.outputs:
        part, data = data[: tensor.type.bytes], data[tensor.type.bytes :]
        outputs.append(np.frombuffer(part, tensor.dtype.np).reshape(tensor.shape))
    return outputs


def check_guarded(cases: Sequence[Case], target: str, ulp: int = 4, optimize: Optimize = "speed", cc: str = "") -> None:
    """Runs all cases and compares every output with the operator's reference, as tests.harness.check_nodes does."""
    outputs = iter(run_guarded(cases, target, optimize, cc))
    for i, case in enumerate(cases):
        for want in reference(case):
            difference = compare(next(outputs), want, relative=0.0, ulp=ulp)
            assert difference.match, f"case {i} {case.label or case.op} on {target}: {difference}"
