"""What -DEDGEGEN_CHECK finds: plans that are broken, wherever it matters, and nothing in those that are sound."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.conformance import read_case
from edgegen.compiler import Compiled
from edgegen.emit.render import render
from edgegen.errors import InvalidGraph, ToolchainFailed
from edgegen.ir.dtypes import F32
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array, Tensor
from edgegen.ir.verify import arena_is_sound
from edgegen.memory.storage import storages
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.determinant import Determinant
from edgegen.ops.unary import Unary
from edgegen.passes.check import random_array
from edgegen.verify import Build, Call, build_program, compare
from edgegen.verify.objects import compile_models
from tests import corpus as corpus_files
from tests.build_graph import Builder
from tests.harness import compile_for_test
from tests.memory.checked_graphs import check_graphs, checking, random_case
from tests.verify.altered import X, altered, dense_model

CHECKED = Build(check_memory=True)
MOST_MACS = 200_000_000
LARGEST = 4 << 20  # bytes of a model file: larger ones take as long to read as to check


def test_random_graphs_keep_to_their_plans() -> None:
    """`python -m tests.memory.checked_graphs 2000` runs more."""
    assert check_graphs(range(200)) > 500


def test_random_graphs_under_the_sanitizers() -> None:
    check_graphs(range(5000, 5012), sanitize=True)


@pytest.mark.cross
@pytest.mark.parametrize("target", ["arm-neon", "cortex-m4"])
def test_random_graphs_in_emulators(target: str) -> None:
    check_graphs([*range(6000, 6019), 6055], target)


def rendered(model: Compiled) -> Compiled:
    """The model's C for the plan that its graph has by now."""
    return replace(model, files=render(model.graph, model.target, model.name, model.origin).files)


def moved(model: Compiled, tensors: tuple[Tensor, ...], distance: int) -> Compiled:
    """The model with some tensors so many bytes further in the arena, which grows if need be."""
    plan = model.graph.plan
    assert plan is not None
    for tensor in tensors:
        place = plan.tensors[tensor]
        plan.tensors[tensor] = replace(place, offset=place.offset + distance)
    return rendered(model)


def findings(model: Compiled, inputs: list[Array]) -> str:
    """What a checked run reports."""
    with pytest.raises(ToolchainFailed, match="breaks its plan of memory") as caught:
        build_program([model], CHECKED).execute([Call(inputs)])
    said = dict(caught.value.details)
    return f"{said['node']}: {said['changes']}"


def is_sound(graph: Graph) -> bool:
    try:
        arena_is_sound(graph)
    except InvalidGraph:
        return False
    return True


def test_no_broken_plan_gives_wrong_results_unnoticed() -> None:
    """One place of each of many random graphs is moved at random: the check speaks, or nothing came of it."""
    models, runs, wanted = [], [], []
    for seed in range(160):
        case = random_case(seed)
        model = compile_for_test(case.graph, "generic", f"m{seed}", "size")
        random = np.random.default_rng(seed)
        plan = model.graph.plan
        assert plan is not None
        places = [s for s in storages(model.graph) if not s.persistent and not {*model.graph.inputs} & {*s.tensors}]
        if not places:
            continue
        one = places[int(random.integers(len(places)))]
        at = min(plan.tensors[t].offset for t in one.tensors)
        near = 4 * int(random.integers(-3, 4))
        to = near if random.integers(2) else 4 * int(random.integers(plan.arena_bytes // 4)) - at
        model = moved(model, one.tensors, min(max(to, -at), plan.arena_bytes - one.size - at))
        if not is_sound(model.graph):
            models.append(model)
            runs.append(case.runs[0])
            wanted.append(evaluate(case.graph, case.runs[0]))
    program = build_program(models, checking())
    found = 0
    for i, (inputs, want) in enumerate(zip(runs, wanted, strict=True)):
        try:
            (outcome,) = program.execute([Call(inputs, i)])
        except ToolchainFailed as error:
            if "breaks its plan" not in error.what:
                raise
            found += 1
            continue
        for got, right in zip(outcome.outputs, want, strict=True):
            assert compare(got, right).match, models[i].name
    assert found > len(models) / 2 > 30


def test_a_result_over_a_value_in_use_is_found() -> None:
    """Both layers' results where the input lies, which the last node reads."""
    b = Builder()
    x = b.input((1, 4, 4, 2), F32)
    y = b.add(Unary("exp"), x)
    z = b.add(Unary("neg"), y)
    model = compile_for_test(b.graph(z, y), "generic")
    plan = model.graph.plan
    assert plan is not None
    y, z = model.graph.outputs[1], model.graph.outputs[0]
    model = moved(model, (z,), plan.tensors[y].offset - plan.tensors[z].offset)
    assert findings(model, [random_array(x.type, np.random.default_rng(0))]) == '1 Neg "n1": "t0", which is read later'


def test_a_result_that_lies_too_far_over_its_input_is_found() -> None:
    b = Builder()
    rng = np.random.default_rng(0)
    x = b.input((1, 5, 5, 8), F32)
    conv = Conv2d((1, 1), (1, 1), (1, 1, 1, 1))
    y = b.add(conv, x, b.constant(rng.normal(size=(8, 3, 3, 8)).astype(np.float32)), None)
    model = compile_for_test(b.graph(y), "generic")
    plan, (node,) = model.graph.plan, model.graph.nodes
    assert plan is not None
    overlap = node.overlap(0)
    assert overlap is not None
    inputs: list[Array] = [rng.integers(-9, 9, x.shape).astype(np.float32)]
    source, result = node.input(0), node.out
    assert overlap.least is not None
    distance = plan.tensors[result].offset - plan.tensors[source].offset
    assert distance == overlap.least, "the row runs from the end"
    build_program([model], CHECKED).execute([Call(inputs)])
    model = moved(model, (source,), 4)
    assert (
        findings(model, inputs)
        == '0 Conv2d "n0": "t0", its own result, by writing it before it has read what lies there'
    )


@pytest.mark.parametrize("behind", [0, 64])
def test_scratch_that_is_too_small_is_found(behind: int) -> None:
    """What lies behind it: the guard, or dead bytes of the arena."""
    b = Builder()
    x = b.input((5, 5), F32)
    model = compile_for_test(b.graph(b.add(Determinant(), x)), "generic")
    plan, (node,) = model.graph.plan, model.graph.nodes
    assert plan is not None
    inputs: list[Array] = [np.random.default_rng(0).random((5, 5), np.float32)]
    build_program([model], CHECKED).execute([Call(inputs)])
    place = plan.scratch[node]
    plan.scratch[node] = replace(place, offset=plan.arena_bytes, size=place.size - 1)
    plan.arena_bytes += place.size - 1 + behind
    assert findings(rendered(model), inputs) == f'0 Determinant "n0": {NOBODYS}'


NOBODYS = "bytes that are no tensor's and not its scratch"


@pytest.mark.parametrize("place", ["a[-1]", "a[{arena}]", "a[{arena} + 63]"])
def test_writes_outside_of_the_arena_are_found(place: str) -> None:
    model = dense_model("generic")
    assert model.graph.plan is not None
    write = f"{place.format(arena=model.graph.plan.arena_bytes)} = 1, "
    model = altered(model, {"MODEL_NODE(1) ": f"MODEL_NODE(1) {write}"}, within="model_run(model_t *m)")
    assert findings(model, [X]).endswith(NOBODYS)


@pytest.mark.parametrize("target", ["generic", pytest.param("cortex-m4", marks=pytest.mark.cross)])
@pytest.mark.parametrize("sanitize", [False, True])
def test_programs_apart_report_what_they_find(target: str, sanitize: bool) -> None:
    """Through the file that emulators and sanitized programs write."""
    model = dense_model(target)
    model = altered(model, {"MODEL_NODE(1) ": "MODEL_NODE(1) a[-3] = 1, "}, within="model_run(model_t *m)")
    build = Build(check_memory=True, sanitize=sanitize and target == "generic")
    with pytest.raises(ToolchainFailed, match="breaks its plan of memory") as caught:
        build_program([model], build).execute([Call([X])])
    assert dict(caught.value.details)["node"] == '1 Dense "n1"'


@pytest.mark.parametrize("cc", ["gcc", "clang"])
@pytest.mark.parametrize("level", ["-DEDGEGEN_CHECK", "-DEDGEGEN_CHECK=2"])
def test_the_check_compiles_without_warnings(cc: str, level: str, tmp_path: Path) -> None:
    cases = [random_case(s) for s in (0, 1, 2, 3, 6)]
    models = [compile_for_test(c.graph, "generic", f"m{i}") for i, c in enumerate(cases)]
    compile_models(models, Build(cc=cc, cflags=(level,), together=True), tmp_path)


def test_what_is_built_without_the_check_does_not_link_with_what_is_built_with_it(tmp_path: Path) -> None:
    """Their structs differ."""
    model = dense_model("generic")
    compile_models([model], Build(cflags=("-DEDGEGEN_CHECK",)), tmp_path)
    (tmp_path / "main.c").write_text(
        '#include "model.h"\nstatic model_t m;\nint main(void) { return model_init(&m); }\n', encoding="ascii"
    )
    link = ["gcc", "main.c", "model.o", "-lm", "-o", "program"]
    done = subprocess.run(link, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert "undefined reference to `model_init'" in done.stderr
    checked = [*link[:1], "-DEDGEGEN_CHECK", *link[1:]]
    subprocess.run(checked, cwd=tmp_path, capture_output=True, timeout=60, check=True)


def test_without_the_macro_nothing_is_left_of_it(tmp_path: Path) -> None:
    """The object of the C as it is, and of the C without a word of the check."""
    model = dense_model("generic", layers=3)
    text = model.files["model.c"]
    plain = text.replace("MODEL_NODE", "PLAIN_NODE")
    assert plain.count("PLAIN_NODE(") > 3
    objects = []
    for name, source in (("with", text), ("without", without_check(text))):
        folder = tmp_path / name
        folder.mkdir()
        twin = replace(model, files={**model.files, "model.c": source})
        objects.append(compile_models([twin], Build(), folder)[0].read_bytes())
    assert objects[0] == objects[1]


def without_check(text: str) -> str:
    text = re.sub(r"MODEL_(NODE|OVER)\(\d+\) ", "", text)
    return re.sub(r"#if defined\(EDGEGEN_CHECK\)\n.*?\n#endif\n", "", text, flags=re.DOTALL)


@pytest.mark.corpus
@pytest.mark.slow
def test_corpus_models_keep_to_their_plans(corpus: Path) -> None:
    """Every .onnx model, on this machine's best target, but for those of very many MACs. The .tflite models are checked
    with their results, by tests/conformance/test_corpus.py."""
    paths = [p for p in corpus_files.models(corpus, "onnx") if p.stat().st_size <= LARGEST]
    cases = [c for c in (read_case(p.stem, "host", "size") for p in paths) if c.model.source.macs() <= MOST_MACS]
    assert len(cases) > 20
    program = build_program([c.model for c in cases], Build(check_memory=True, together=True, cflags=("-O1",)))
    program.execute([Call(inputs, i) for i, c in enumerate(cases) for inputs, _ in c.samples[:2]])
