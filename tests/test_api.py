"""The Python interface."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import edgegen
from edgegen.api import write_files
from edgegen.errors import DoesNotFit, ToolchainMissing, UsageError
from edgegen.targets import host_target
from tests import corpus as corpus_files

pytestmark = pytest.mark.corpus
AD = "mlperf_ad_int8"


@pytest.fixture
def ad(corpus: Path) -> Path:
    return corpus_files.model(corpus, AD)


def test_a_model_is_compiled_built_and_run(ad: Path, corpus: Path) -> None:
    artifact = edgegen.compile(ad)
    assert artifact.compiled.target.name == host_target().name
    model = artifact.build()
    assert model.instructions is None
    for inputs, outputs in corpus_files.samples(corpus, AD):
        for got, want in zip(model.run(*inputs), outputs, strict=True):
            np.testing.assert_array_equal(got, want)
    assert model.arena_bytes == artifact.arena_bytes <= 768  # input and first layer's result, but for what both share
    assert model.instance_bytes >= model.arena_bytes + model.state_bytes
    assert model.text_bytes > 0
    assert model.rodata_bytes > 270_000
    microseconds = model.microseconds(*inputs, repeats=3)
    assert microseconds is not None
    assert microseconds > 0


@pytest.mark.cross
@pytest.mark.parametrize("target", ["arm-neon", "cortex-m4"])
def test_an_emulated_model_measures_its_last_run(target: str, ad: Path, corpus: Path) -> None:
    model = edgegen.compile(ad, target=target).build()
    assert (model.instructions, model.stack_bytes) == (None, None)
    samples = corpus_files.samples(corpus, AD)
    for got, (_, want) in zip(model.run_many([inputs for inputs, _ in samples]), samples, strict=True):
        np.testing.assert_array_equal(got[0], want[0])
    assert model.instructions is not None
    assert 0.2 < model.instructions / artifact_macs(ad) < 6
    assert model.stack_bytes is not None
    assert 0 < model.stack_bytes < 4096
    assert model.microseconds(*samples[0][0]) is None
    model.reset()
    np.testing.assert_array_equal(model.run(*samples[1][0])[0], samples[1][1][0])


def artifact_macs(path: Path) -> int:
    return edgegen.compile(path, target="generic").compiled.source.macs()


def test_the_name_and_the_way_to_optimize_are_the_users(ad: Path) -> None:
    speed = edgegen.compile(ad, "generic", name="Tiny", optimize="speed")
    size = edgegen.compile(ad, "generic", name="Tiny", optimize="size")
    assert set(size.compiled.files) == {"Tiny.c", "Tiny.h"}
    assert size.build().text_bytes < speed.build().text_bytes
    with pytest.raises(UsageError, match="edgegen"):
        edgegen.compile(ad, name="edgegen_x")


def test_a_board_implies_its_target(ad: Path) -> None:
    artifact = edgegen.compile(ad, board="nucleo-f446re")
    assert artifact.compiled.target.name == "cortex-m4"
    assert artifact.fit is not None
    assert artifact.fit.code_measured is (shutil.which("arm-none-eabi-gcc") is not None)
    assert edgegen.compile(ad, board="nucleo-f446re", target="cortex-m4").fit == artifact.fit
    with pytest.raises(UsageError, match='board "nucleo-f446re" is cortex-m4, not arm-neon'):
        edgegen.compile(ad, board="nucleo-f446re", target="arm-neon")


def test_a_model_too_large_for_a_board_is_refused(corpus: Path) -> None:
    with pytest.raises(DoesNotFit, match="mlperf_ad_f32 does not fit nucleo-f446re"):
        edgegen.compile(corpus_files.model(corpus, "mlperf_ad_f32"), board="nucleo-f446re")


def test_without_a_compiler_code_is_estimated(ad: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    artifact = edgegen.compile(ad, board="nucleo-f446re")
    assert artifact.fit is not None
    assert not artifact.fit.code_measured
    with pytest.raises(ToolchainMissing):
        artifact.build()


def test_what_is_written(ad: Path, tmp_path: Path) -> None:
    artifact = edgegen.compile(ad, "generic")
    paths = artifact.write(tmp_path / "deep" / "out")
    assert [p.name for p in paths] == [f"{AD}.c", f"{AD}.h", f"{AD}.report.json"]
    assert sorted(p.name for p in (tmp_path / "deep" / "out").iterdir()) == [p.name for p in paths]
    assert paths[0].read_text(encoding="utf-8") == artifact.compiled.files[f"{AD}.c"]
    report = json.loads(paths[2].read_text(encoding="utf-8"))
    assert report["arena_bytes"] == artifact.arena_bytes
    again = edgegen.compile(ad, "generic")
    assert again.compiled.files == artifact.compiled.files
    assert again.report() == artifact.report()


@pytest.mark.parametrize("obstacle", ["file instead of the folder", "folder instead of a file"])
def test_a_failed_write_leaves_what_was_there(obstacle: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    if obstacle == "file instead of the folder":
        folder.write_text("mine", encoding="utf-8")
        before = [folder]
    else:
        (folder / "b").mkdir(parents=True)
        (folder / "a").write_text("old", encoding="utf-8")
        before = sorted(folder.iterdir())
    with pytest.raises(UsageError, match="cannot write to"):
        write_files(folder, {"a": "new", "b": "new"})
    if folder.is_dir():
        assert sorted(folder.iterdir()) == before
        assert (folder / "a").read_text(encoding="utf-8") == "old"
    else:
        assert folder.read_text(encoding="utf-8") == "mine"


def test_written_files_have_ordinary_permissions(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("", encoding="utf-8")
    (path,) = write_files(tmp_path, {"a": "é\n"})
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert path.read_bytes() == "é\n".encode()


def test_a_text_that_cannot_be_encoded_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_files(tmp_path, {"a": "fine", "b": "\ud800"})
    assert list(tmp_path.iterdir()) == []
