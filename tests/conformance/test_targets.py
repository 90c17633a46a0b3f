"""Real models, compiled for each target and run there, give what TensorFlow Lite Micro gives: integers to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgegen.compiler import Request, compile_model
from edgegen.ir.tensor import magnitude
from edgegen.targets import TARGETS, host_target
from edgegen.verify import Call, build_program, compare
from tests import corpus as corpus_files

pytestmark = [pytest.mark.corpus, pytest.mark.slow]

INTEGER = [
    "mlperf_kws_int8",
    "mlperf_vww_int8",
    "mlperf_ic_int8",
    "mlperf_ad_int8",
    "mlperf_strww_int8",
    "person_detect",
    "micro_speech_int8",
    "hello_world_int8",
]
FLOAT = ["mlperf_vww_f32", "mlperf_ic_f32", "mlperf_ad_f32", "hello_world_f32"]
PICTURES = {"person.bmp": 1, "no_person.bmp": 0}  # the larger output: 0 "no person", 1 "person"
CROSS = [pytest.param(t, marks=pytest.mark.cross) for t in ("arm-neon", "arm-neon-dotprod", "cortex-m4")]
NATIVE = sorted(
    {"generic", "x86-avx2", "x86-avx512"} & {t.name for t in TARGETS.values() if t.features <= host_target().features}
)


def picture(path: Path) -> np.ndarray:
    """The pixels of an uncompressed 96x96 grey .bmp, whose rows lie bottom up, as the model's publisher feeds them:
    the bytes taken as s8."""
    data = path.read_bytes()
    start = int.from_bytes(data[10:14], "little")
    rows = np.frombuffer(data[start : start + 96 * 96], np.int8).reshape(1, 96, 96, 1)
    return np.ascontiguousarray(rows[:, ::-1])


@pytest.mark.parametrize("name", [*NATIVE, *CROSS])
def test_models_give_the_recorded_outputs_and_see_persons(name: str, corpus: Path) -> None:
    """One build and one start of the emulator for all models and samples, since both take longer than the runs."""
    names = [*INTEGER, *FLOAT]
    program = build_program(
        [compile_model(Request(corpus_files.model(corpus, n), TARGETS[name], name=n)) for n in names]
    )
    samples = [(index, *sample) for index, n in enumerate(names) for sample in corpus_files.samples(corpus, n)]
    pictures = [[picture(corpus / "data" / file)] for file in PICTURES]
    person_detect = names.index("person_detect")
    outcomes = program.execute(
        [Call(inputs, index) for index, inputs, _ in samples] + [Call(p, person_detect) for p in pictures]
    )
    largest = [max(magnitude(want[0]) for i, _, want in samples if i == index) for index in range(len(names))]
    for outcome, (index, _, wanted) in zip(outcomes, samples, strict=False):
        for got, want in zip(outcome.outputs, wanted, strict=True):
            difference = compare(got, want, relative=1e-5, ulp=0, scale=largest[index])
            assert difference.match, f"{names[index]}: {difference}"
            assert names[index] in FLOAT or difference.max_ulp == 0
    for outcome, right in zip(outcomes[len(samples) :], PICTURES.values(), strict=True):
        assert int(outcome.outputs[0].argmax()) == right
