"""The x86-64 targets that tests run on this machine; those whose instructions it lacks are skipped."""

from __future__ import annotations

import pytest

from edgegen.targets import TARGETS, host_target

LACKS = "this machine has no AVX-512 with VNNI"

X86 = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            not TARGETS[name].features <= host_target().features,
            reason=LACKS if name == "x86-avx512" else "this machine has no AVX2",
        ),
    )
    for name in ("x86-avx2", "x86-avx512")
]
