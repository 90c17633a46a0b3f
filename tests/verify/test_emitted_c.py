"""What every emitted file promises: its symbols, its imports, its bytes, its header, its place beside others."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from edgegen.compiler import Compiled, Request, compile_model
from edgegen.targets import TARGETS
from edgegen.verify import Build, Call, build_program, toolchain
from edgegen.verify.objects import compile_models
from tests import corpus as corpus_files

pytestmark = pytest.mark.corpus
NAMES = ["mlperf_kws_int8", "mlperf_ic_int8", "micro_speech_int8", "hello_world_f32", "mlperf_ic_f32"]
EVERY = [
    "generic",
    pytest.param("arm-neon", marks=pytest.mark.cross),
    pytest.param("cortex-m4", marks=pytest.mark.cross),
]

# Functions that C code may call: <string.h>, <math.h>, and the compilers' own arithmetic.
ALLOWED = {"memcpy", "memset", "memmove", "memcmp", "_GLOBAL_OFFSET_TABLE_"}
MATH = {"exp", "log", "tanh", "sqrt", "sin", "cos", "pow", "floor", "ceil", "round", "rint", "fabs", "expm1", "fma"}


def compiled(corpus: Path, name: str, target: str, prefix: str = "") -> Compiled:
    return compile_model(Request(corpus_files.model(corpus, name), TARGETS[target], name=prefix))


@pytest.mark.parametrize("target", EVERY)
def test_symbols_are_the_models_and_nothing_is_writable(target: str, corpus: Path, tmp_path: Path) -> None:
    models = [compiled(corpus, n, target) for n in NAMES]
    objects = compile_models(models, Build(), tmp_path)
    nm = toolchain.find(f"{TARGETS[target].prefix}nm")
    for model, path in zip(models, objects, strict=True):
        for line in toolchain.run([nm, path], "listing symbols").stdout.splitlines():
            kind, symbol = line.split()[-2:]
            assert kind not in "dDbBCgGsS", f"{symbol} can be written to"
            if kind in "TR":
                assert symbol.startswith(f"{model.name}_")
            if kind in "Uw":
                plain = symbol[:-1] if symbol.endswith("f") else symbol
                assert symbol in ALLOWED or plain in MATH or symbol.startswith("__aeabi_"), f"calls {symbol}"


@pytest.mark.parametrize("target", EVERY)
def test_two_models_and_one_twice_link_into_one_program(target: str, corpus: Path) -> None:
    names = ["mlperf_ad_int8", "hello_world_int8", "hello_world_int8"]
    models = [compiled(corpus, n, target, prefix=f"m{i}") for i, n in enumerate(names)]
    samples = [corpus_files.samples(corpus, n)[0] for n in names]
    outcomes = build_program(models).execute([Call(inputs, i) for i, (inputs, _) in enumerate(samples)])
    for outcome, (_, wanted) in zip(outcomes, samples, strict=True):
        np.testing.assert_array_equal(outcome.outputs[0], wanted[0])


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_the_same_input_gives_the_same_bytes(target: str, corpus: Path) -> None:
    for name in NAMES:
        assert compiled(corpus, name, target).files == compiled(corpus, name, target).files


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_the_header_is_valid_cpp(compiler: str, corpus: Path, tmp_path: Path) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    model = compiled(corpus, "mlperf_kws_int8", "generic", "kws")
    (tmp_path / "kws.h").write_text(model.files["kws.h"], encoding="utf-8")
    use = '#include "kws.h"\nint main() { static kws_t m; kws_init(&m); *kws_input(&m) = 1; return kws_run(&m); }\n'
    (tmp_path / "main.cpp").write_text(use, encoding="utf-8")
    flags = ["-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
    toolchain.run([compiler, *flags, "main.cpp"], "compiling C++", tmp_path)


@pytest.mark.parametrize("target", EVERY)
def test_weights_and_state_can_be_placed_in_sections(target: str, corpus: Path, tmp_path: Path) -> None:
    model = compiled(corpus, "mlperf_ad_int8", target, "ad")
    attribute = '-DAD_WEIGHTS_ATTR=__attribute__((section(".external")))'
    (path,) = compile_models([model], Build(cflags=(attribute,)), tmp_path)
    size = toolchain.find(f"{TARGETS[target].prefix}size")
    sections = dict(line.split()[:2] for line in toolchain.run([size, "-A", path], "sizes").stdout.splitlines()[2:-3])
    assert int(sections[".external"]) > 270_000
    assert int(sections.get(".rodata", 0)) < 4_000


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("target", sorted(TARGETS))
def test_strict_warnings_are_silent(target: str, compiler: str, corpus: Path, tmp_path: Path) -> None:
    """Compiling is all that is done, so targets count that this machine cannot run; -O1 finds the same faults."""
    if target not in ("generic", "x86-avx2", "x86-avx512") and toolchain.shutil.which("qemu-aarch64") is None:
        pytest.skip("cross compilers are not installed")
    if compiler == "clang" and shutil.which("clang") is None:
        pytest.skip("clang is not installed")
    models = [compiled(corpus, n, target) for n in NAMES]
    cc = "clang" if compiler == "clang" else ""
    assert len(compile_models(models, Build(cc=cc, cflags=("-O1",)), tmp_path)) == len(NAMES)
