"""Thousands of small models, of every operator and type, compute what the judges compute: the numpy reference, and C
on every target. EDGEGEN_GENERATED=N draws N times as many."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import tests.generated
from edgegen.errors import EdgegenError
from edgegen.frontends.tflite.importer import REGISTRY
from edgegen.ir.evaluate import Evaluation
from edgegen.targets import Optimize, host_target
from edgegen.verify import build_program
from tests.generated.cases import EACH, TIMES, Case, compile_batch, draw_case, draw_cases, judged, run_batches
from tests.generated.disagreements import DIFFERENT, ERRATIC, MISTAKEN
from tests.generated.single import GENERATORS, PLAIN
from tests.judge import Judges

assert tests.generated
FRONTEND_TESTS = Path(__file__).resolve().parents[1] / "frontends" / "tflite"
NAMES = sorted(GENERATORS)
BATCHES = 16
PER_BUILD = 60  # cases in one graph: more of them take the planner longer than they save the compiler
WITHOUT = {
    **dict.fromkeys(("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"), "test_variables"),
    **dict.fromkeys(("IF", "WHILE", "CALL", "STABLEHLO_COMPOSITE"), "test_control"),
    **dict.fromkeys(("MaxPoolingWithArgmax2D", "MaxUnpooling2D", "Convolution2DTransposeBias"), "test_mediapipe"),
    **dict.fromkeys(("NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5"), "test_non_max_suppression"),
    **dict.fromkeys(("BIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_RNN"), "test_bidirectional"),
    **dict.fromkeys(("COMPLEX_ABS", "IMAG", "REAL", "RFFT2D"), "test_spectrum"),
    "TFLite_Detection_PostProcess": "test_detection",
    "BITCAST": "test_interior",
    "HASHTABLE_LOOKUP": "test_indexing",
    "STABLEHLO_GATHER": "test_windows",
    "UNIQUE": "test_sized_results",
    "DENSIFY": "test_sparsity",
}
"""Operators that mean nothing alone, whose types are none of PLAIN, or that the judges leave results of as they lie in
memory; and which test of tests/frontends/tflite compares them with a judge."""


@pytest.fixture(scope="module")
def judges() -> Iterator[Judges]:
    both = Judges()
    yield both
    both.close()


def test_every_operator_has_a_generator() -> None:
    assert {name.removeprefix("custom:") for name in REGISTRY} == {
        name.removeprefix("custom:") for name in (*GENERATORS, *WITHOUT)
    }
    assert all((FRONTEND_TESTS / f"{file}.py").is_file() for file in WITHOUT.values())


def test_there_are_two_thousand_integer_cases() -> None:
    cases = [c for c in draw_cases(NAMES, each=EACH) if c.is_judged]
    exact = [c for c in cases if all(t.type != "FLOAT32" for t in c.single.tensors if t.name.startswith("y"))]
    assert len(exact) >= 2000 * TIMES


def _reference(case: Case) -> list[list[np.ndarray]]:
    evaluation = Evaluation(case.graph())
    return [evaluation.run(inputs) for inputs in case.inputs]


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_computes_what_the_judges_do(name: str, judges: Judges) -> None:
    """Where both run a model they agree, or the operator and kind are listed with the evidence."""
    for case in draw_cases([name]):
        got = _reference(case)
        if not case.is_judged:
            erratic = (name, case.kind) in ERRATIC
            assert erratic or isinstance(judged(judges, case), str), f"{case.label}: a judge runs it after all"
            continue
        if (name, case.kind) in MISTAKEN:
            assert not case.difference(got, judges.litert(case.data, case.inputs, case.outputs))
            continue
        first = judges.tflm(case.data, case.inputs, case.outputs)
        second = judges.litert(case.data, case.inputs, case.outputs)
        assert not isinstance(first, str) or not isinstance(second, str), f"{case.label}: {first}; {second}"
        wanted = second if isinstance(first, str) else first
        assert not isinstance(wanted, str)
        assert not case.difference(got, wanted)
        if not isinstance(first, str) and not isinstance(second, str) and case.difference(second, first):
            assert (name, case.kind) in DIFFERENT, f"LiteRT differs from TFLM: {case.difference(second, first)}"


@pytest.mark.parametrize("name", NAMES)
def test_types_without_a_generator_are_refused(name: str) -> None:
    generator = GENERATORS[name]
    for kind in set(PLAIN) - set(generator.kinds):
        for number in range(3):
            case = draw_case(name, kind, number)
            with pytest.raises(EdgegenError):
                case.graph()


def _check(judges: Judges, target: str, optimize: Optimize, cases: list[Case]) -> None:
    batches = [cases[i : i + PER_BUILD] for i in range(0, len(cases), PER_BUILD)]
    program = build_program([compile_batch(b, target, optimize, f"batch{i}") for i, b in enumerate(batches)])
    for batch, results in zip(batches, run_batches(program, batches), strict=True):
        for case, got in zip(batch, results, strict=True):
            wanted = judged(judges, case) if case.is_judged else _reference(case)
            assert not isinstance(wanted, str), f"{case.label}: {wanted}"
            assert not case.difference(got, wanted), f"{target}: {case.difference(got, wanted)}"


@pytest.mark.parametrize("part", range(BATCHES))
def test_portable_c_computes_what_the_judges_do(part: int, judges: Judges) -> None:
    """Every case, as shared functions."""
    _check(judges, "generic", "size", list(draw_cases(NAMES[part::BATCHES])))


@pytest.mark.parametrize("part", range(BATCHES // 2))
def test_inlined_c_of_the_host_computes_what_the_judges_do(part: int, judges: Judges) -> None:
    """A quarter of the cases, with every shape folded into the kernels."""
    _check(judges, host_target().name, "speed", list(draw_cases(NAMES[part :: BATCHES // 2], each=EACH // 4)))


@pytest.mark.cross
@pytest.mark.parametrize("target", ["cortex-m4", "arm-neon"])
@pytest.mark.parametrize("part", range(4))
def test_c_of_other_cores_computes_what_the_judges_do(part: int, target: str, judges: Judges) -> None:
    _check(judges, target, "size", list(draw_cases(NAMES[part::4], each=EACH // 4)))
