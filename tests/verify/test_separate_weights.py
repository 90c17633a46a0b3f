"""Weights in files of their own: the same results, symbols and sections as in the C file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from edgegen.api import write_files
from edgegen.compiler import Compiled, compile_graph
from edgegen.emit.constants import constant_arrays
from edgegen.emit.render import Origin
from edgegen.emit.weights import INLINE_BYTES, Form
from edgegen.ir.evaluate import evaluate
from edgegen.ir.fixed_point import FixedPoint
from edgegen.ir.op import Range
from edgegen.ops.dense import Dense
from edgegen.passes.pipeline import Options
from edgegen.targets import target
from edgegen.verify import Build, Call, build_program, verify_model
from tests.build_graph import Builder
from tests.harness import compile_for_test
from tests.verify.altered import dense_graph

X = np.arange(-4, 4, dtype=np.int8)[None]


def dense(core: str, weights: Form, name: str = "model") -> Compiled:
    return compile_graph(
        dense_graph(2), target(core), name, Origin("model.test", "0" * 64, "test"), Options(), False, weights
    )


def test_the_c_names_arrays_that_the_assembly_defines() -> None:
    inline, separate = dense("generic", "inline"), dense("generic", "separate")
    assert set(inline.files) == {"model.c", "model.h"}
    assert not inline.binaries
    assert set(separate.files) == {"model.c", "model.h", "model_weights.S"}
    assert "extern EDGEGEN_WEIGHTS const" in separate.files["model.c"]
    assert "MODEL_WEIGHTS_ATTR model_n" not in separate.files["model.c"]
    (pieces,) = separate.binaries.values()
    assert sum(p.nbytes for p in pieces) >= sum(a.nbytes for a in constant_arrays(separate.graph))
    assert separate.files["model_weights.S"].count(".incbin") == separate.files["model.c"].count(
        "extern EDGEGEN_WEIGHTS"
    )


def test_the_form_follows_the_size_unless_it_is_asked_for() -> None:
    assert not dense("generic", "auto").binaries
    b = Builder()
    weights = np.random.default_rng(0).integers(-127, 128, (INLINE_BYTES // 512, 520), dtype=np.int8)
    op = Dense(requantize=FixedPoint.from_scales([0.01], 0), clamp=Range(-128, 127))
    y = b.add(op, b.input((1, 520)), b.constant(weights), b.constant(np.zeros(len(weights), np.int32)))
    model = compile_for_test(b.graph(y), "generic")
    assert set(model.binaries) == {"model_weights.bin"}
    assert len(model.files["model.c"]) < 1 << 17


@pytest.mark.parametrize(
    "core",
    [
        "generic",
        "host",
        pytest.param("arm-neon", marks=pytest.mark.cross),
        pytest.param("cortex-m4", marks=pytest.mark.cross),
    ],
)
def test_both_forms_give_the_same_results_and_sizes(core: str) -> None:
    models = [dense(core, "inline", "inline"), dense(core, "separate", "separate")]
    program = build_program(models)
    first, second = program.execute([Call([X], 0), Call([X], 1)])
    (want,) = evaluate(models[0].source, [X])
    np.testing.assert_array_equal(first.outputs[0], want)
    np.testing.assert_array_equal(second.outputs[0], want)
    inline, separate = program.sizes()
    assert separate.writable == 0
    assert abs(inline.rodata - separate.rodata) <= 64 * 8  # gaps between arrays
    assert separate.rodata > 128


@pytest.mark.parametrize("core", ["generic", pytest.param("cortex-m4", marks=pytest.mark.cross)])
def test_layers_and_accesses_are_checked_in_that_form_too(core: str) -> None:
    result = verify_model(dense(core, "separate"), runs=1, layers=True, build=Build(sanitize=True))
    assert result.match


@pytest.mark.parametrize("cc", ["gcc", "clang"])
def test_the_files_build_from_another_folder_into_a_section_of_choice(cc: str, tmp_path: Path) -> None:
    model = dense("generic", "separate")
    write_files(tmp_path / "out", {**model.files, **model.binaries})
    strict = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
    for source, flags in (("model.c", strict), ("model_weights.S", ["-DMODEL_WEIGHTS_SECTION=.external"])):
        command = [cc, *flags, "-I", "out", "-c", f"out/{source}", "-o", f"{source}.o"]
        subprocess.run(command, cwd=tmp_path, check=True)
    sections = subprocess.run(
        ["size", "-A", "model_weights.S.o"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    (line,) = [words for words in map(str.split, sections.splitlines()) if words[:1] == [".external"]]
    assert int(line[1]) >= sum(a.nbytes for a in constant_arrays(model.graph))
