"""Every .tflite model of the corpus, in C: on the host, on AArch64 and on an emulated Cortex-M4, integers to the bit.

These builds share functions among nodes, which compiles in a fraction of the time; test_targets.py and the page
docs/conformance.md have the inlined ones. Models that take an emulator or a cross compiler too long are on the page
only.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.conformance import check
from benchmarks.conformance_page import AGREE
from edgegen.verify import Build
from tests import corpus as corpus_files

pytestmark = [pytest.mark.corpus, pytest.mark.slow]

REFUSED = {
    "person_detect_vela": "custom:ethos-u",  # commands of an NPU
    "model_invoking_error": "buffer 0 of 0",  # a file that lacks its data
}
"""Models that no target can have, and what the message says."""

LARGE = {
    "edsr_f32b5_full_qint8",
    "style_transfer_dynamic",
    "style_transfer_f16",
    "yolox_nano_dynrange",
    "hair_segmentation",
    "face_landmark_192_int8",
    "mobilenet_v2_pt_int8",
    "mcunet_vww",
    "face_full_range_sparse",
    "yunet_f32",
    "yunet_full_int8",
}
"""Models that take some seconds each to compile: on other cores, on the page only."""

HOST_PARTS = 4
CROSS_PARTS = 2
TOGETHER = Build(together=True)
CHECKED = Build(together=True, check_memory=True)


def _names() -> list[str]:
    """All models that are not refused, large ones last."""
    names = [p.stem for p in corpus_files.models(corpus_files.ROOT) if p.stem not in REFUSED]
    return sorted(names, key=lambda name: (name in LARGE, name))


def test_models_that_cannot_be_supported_are_refused_by_name(corpus: Path) -> None:
    assert corpus
    for name, why in REFUSED.items():
        (result,) = check([name], "generic")
        assert result.said == "refused"
        assert why in result.detail


@pytest.mark.parametrize("part", range(HOST_PARTS))
def test_every_sample_on_the_host(part: int, corpus: Path) -> None:
    """Every run also proves the model's plan of memory, and fails if it finds it broken."""
    assert corpus
    names = [n for n in _names() if n != "edsr_f32b5_full_qint8"]  # 55 billion MACs: on the page only
    results = check(names[part::HOST_PARTS], "host", build=CHECKED, optimize="size")
    assert [str(r) for r in results if r.said not in AGREE] == []


@pytest.mark.cross
@pytest.mark.parametrize("target", ["arm-neon", "cortex-m4"])
@pytest.mark.parametrize("part", range(CROSS_PARTS))
def test_one_sample_on_other_cores(part: int, target: str, corpus: Path) -> None:
    assert corpus
    names = [n for n in _names() if n not in LARGE]
    results = check(names[part::CROSS_PARTS], target, most=1, build=TOGETHER, optimize="size")
    assert [str(r) for r in results if r.said not in AGREE] == []
