"""The `light` networks: with the suite's weights as the suite says, and with random ones beside onnxruntime.

Their weights have up to 575 MB, so this is also where edgegen's own time and memory show, and the compiler's.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import edgegen
from edgegen.onnx_backend import run_model
from edgegen.verify import Call, build_program
from tests.frontends.onnx.light import Light, networks

SECONDS, MEGABYTES = 60, 4000
"""What edgegen may take of a processor for one network, and gcc -O3 the same time."""

LARGEST = "vgg19"

EACH = pytest.mark.parametrize("light", networks(), ids=lambda light: light.name)


def test_the_package_has_nine() -> None:
    assert [light.name for light in networks()] == [
        *("bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50"),
        *("shufflenet", "squeezenet", "vgg19", "zfnet512"),
    ]


@pytest.mark.slow
def test_the_largest_of_them_compiles_in_little_memory(tmp_path: Path) -> None:
    (light,) = [light for light in networks() if light.name == LARGEST]
    path = tmp_path / "network.onnx"
    path.write_bytes(light.seeded())
    subprocess.run([sys.executable, "-m", "edgegen", path, "-o", tmp_path / "out"], check=True, capture_output=True)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < MEGABYTES << 10


@EACH
@pytest.mark.slow
def test_the_suite_s_own_output(light: Light) -> None:
    (got,) = run_model(light.proto, [light.image])
    np.testing.assert_allclose(got, light.output, rtol=light.rtol, atol=light.atol)


def seconds_of_children() -> float:
    """Processor time that ended child processes, compilers, have taken: what a busy machine does not change."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@EACH
@pytest.mark.slow
def test_random_weights_beside_onnxruntime(light: Light, tmp_path: Path) -> None:
    path = tmp_path / "network.onnx"
    path.write_bytes(light.seeded())
    began = time.process_time()
    artifact = edgegen.compile(path)
    assert time.process_time() - began < SECONDS
    report = artifact.report()
    assert report["transposes"]["count"] == 1
    assert report["weights_files"] == ["network_weights.bin"]
    began = seconds_of_children()
    program = build_program([artifact.compiled])
    assert seconds_of_children() - began < SECONDS
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    image = np.random.default_rng(1).random(light.image.shape, np.float32)
    (want,) = session.run(None, {session.get_inputs()[0].name: image})
    (got,) = program.execute([Call([image])])[0].outputs
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-5 * float(np.abs(want).max()))
    assert float(want.std()) > 1e-6  # channels differ
