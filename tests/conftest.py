"""What all tests share: the corpus, what cross tests need installed, and settings of hypothesis.

A test marked `cross` or `corpus` is skipped, with the reason, where compilers, emulators or the corpus are missing.
With CI=true in the environment such a skip is a failure: a green run there has run everything.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import corpus as corpus_files

settings.register_profile(
    "edgegen", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("edgegen")

CI = os.environ.get("CI", "").lower() not in ("", "0", "false")
NEEDED_MARKS = ("corpus", "cross")
CROSS_PACKAGES = {
    "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "qemu-aarch64": "qemu-user",
    "qemu-system-arm": "qemu-system-arm",
}


def missing_cross_packages() -> list[str]:
    """Debian packages without which cross tests cannot run."""
    return [package for program, package in CROSS_PACKAGES.items() if shutil.which(program) is None]


def _why_not(item: pytest.Item) -> str:
    """The reason why a test cannot run here; "" if it can."""
    if item.get_closest_marker("cross") is not None:
        missing = missing_cross_packages()
        if missing:
            return f"cross tests need: apt-get install {' '.join(missing)}"
    if item.get_closest_marker("corpus") is not None and not corpus_files.ROOT.is_dir():
        return f"no corpus at {corpus_files.ROOT}; set EDGEGEN_CORPUS"
    return ""


def pytest_runtest_setup(item: pytest.Item) -> None:
    reason = _why_not(item)
    if reason:
        pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turns a skip of a needed test into a failure where CI is set."""
    del call
    report = yield
    if CI and report.skipped and any(item.get_closest_marker(m) is not None for m in NEEDED_MARKS):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {reason}"
    return report


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The corpus's folder; tests that take it are marked `corpus`, which skips them where there is none."""
    assert corpus_files.ROOT.is_dir(), "a test that takes the corpus must be marked `corpus`"
    return corpus_files.ROOT
