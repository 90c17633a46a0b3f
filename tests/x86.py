"""The x86-64 targets that tests run on this machine; those whose instructions its processor lacks are skipped.

Nothing here emulates them: programs for x86-64 run as they are, and qemu-user has no AVX-512. Where CI is set, AVX2 is
never skipped, so that a processor without it fails; AVX-512 may be absent, which the printed reason says.
"""

from __future__ import annotations

import pytest

from edgegen.targets import TARGETS, host_target
from tests.conftest import CI

MISSING = {
    "x86-avx2": "this machine's processor lacks AVX2 or FMA, which tests do not emulate; in CI this fails",
    "x86-avx512": "this machine's processor lacks AVX-512 with VNNI and VBMI, which qemu-user does not emulate; "
    "also in CI it may be absent",
}
"""Why a target's tests are skipped."""


def _is_skipped(name: str) -> bool:
    runs = TARGETS[name].features <= host_target().features
    return not runs and not (CI and name == "x86-avx2")


AVX2, AVX512 = X86 = [
    pytest.param(name, marks=pytest.mark.skipif(_is_skipped(name), reason=why)) for name, why in MISSING.items()
]
"""The targets as parameters of a test."""
