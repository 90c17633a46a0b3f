"""Inputs for verification: random ones and those of files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgegen.errors import UsageError
from edgegen.ir.dtypes import BOOL, F32, S8, S32, DType
from edgegen.ir.graph import Graph
from edgegen.ir.quantization import Quantization
from edgegen.ir.tensor import Array, Tensor, TensorType
from edgegen.verify.samples import file_samples, random_samples


def graph(*types: DType, quantization: Quantization | None = None) -> Graph:
    inputs = [Tensor(f"x{i}", TensorType(d, (2, 100), quantization)) for i, d in enumerate(types)]
    return Graph("model", inputs, inputs)


A = np.ones((2, 100), np.int8)
B = np.ones((2, 100), np.float32)


def test_random_samples_are_the_same_for_a_seed_and_differ_between_runs() -> None:
    first, again, other = (random_samples(graph(S8, F32), 2, seed) for seed in (5, 5, 6))
    for one, two in zip(first, again, strict=True):
        for x, y in zip(one.inputs, two.inputs, strict=True):
            np.testing.assert_array_equal(x, y)
    assert not np.array_equal(first[0].inputs[0], first[1].inputs[0])
    assert not np.array_equal(first[0].inputs[0], other[0].inputs[0])


def test_random_values_cover_their_type() -> None:
    s8, f32, flag, index = random_samples(graph(S8, F32, BOOL, S32), 20, 0)[0].inputs
    many = np.concatenate([s.inputs[0] for s in random_samples(graph(S8), 20, 0)])
    assert (many.min(), many.max()) == (-128, 127)
    assert s8.dtype == np.int8
    assert f32.dtype == np.float32
    assert -1 <= f32.min() < -0.9 < 0.9 < f32.max() < 1
    assert set(np.unique(flag)) == {False, True}
    assert index.dtype == np.int32
    assert set(np.unique(index)) == {0, 1}
    quantized = random_samples(graph(S32, quantization=Quantization((1.0,), (0,))), 1, 0)[0].inputs[0]
    assert np.abs(quantized.astype(np.int64)).max() > 2**30


def save(path: Path, **arrays: Any) -> Path:
    np.savez(path / "in.npz", **arrays)
    return path / "in.npz"


@pytest.mark.parametrize("names", [("x0", "x1"), ("in0", "in1"), ("x0", "in1"), ("s0__in0", "s0__in1")])
def test_one_sample_by_name_or_number(names: tuple[str, str], tmp_path: Path) -> None:
    (sample,) = file_samples(save(tmp_path, **{names[1]: B, names[0]: A}), graph(S8, F32))
    assert sample.label == "in.npz"
    np.testing.assert_array_equal(sample.inputs[0], A)
    np.testing.assert_array_equal(sample.inputs[1], B)


def test_several_samples_with_recorded_outputs(tmp_path: Path) -> None:
    arrays = {f"s{k}__in0": A + k for k in range(11)}
    recorded = {f"s{k}__out0": B * k for k in range(11)}
    samples = file_samples(save(tmp_path, **arrays, **recorded), graph(S8))
    assert [s.label for s in samples] == [f"sample {k}" for k in range(11)]
    for k, sample in enumerate(samples):
        np.testing.assert_array_equal(sample.inputs[0], A + k)
        np.testing.assert_array_equal(sample.recorded[0], B * k)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({}, "holds no inputs"),
        ({"out0": A}, "holds no inputs"),
        ({"in1": B}, 'no array for input 0, "x0"'),
        ({"in0": A}, 'no array for input 1, "x1"'),
        ({"in0": A, "in1": B, "in2": B}, "the model has 2 inputs, the file has in2"),
        ({"in0": A, "in1": A}, r'input 1, "x1", is f32\[2,100\], the file has int8\[2,100\]'),
        ({"in0": A, "in1": B[:1]}, r"the file has float32\[1,100\]"),
        ({"in0": A, "in1": B, "x1": B}, 'both "x1" and "in1"'),
        ({"in0": A, "in1": B, "weights": A}, 'no input of the model is called "weights"'),
    ],
)
def test_files_that_do_not_fit_are_refused(arrays: dict[str, Array], reason: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=reason):
        file_samples(save(tmp_path, **arrays), graph(S8, F32))


def test_files_that_are_no_npz_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        file_samples(tmp_path / "missing.npz", graph(S8))
    for content in (b"", b"not a zip", b"PK\x03\x04 cut short", np.arange(3).tobytes()):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(UsageError, match=r"not an \.npz file"):
            file_samples(tmp_path / "bad.npz", graph(S8))
    np.save(tmp_path / "one.npy", A)
    with pytest.raises(UsageError, match=r"not an \.npz file"):
        file_samples(tmp_path / "one.npy", graph(S8))
    np.savez(tmp_path / "objects.npz", in0=np.array([{}], object))
    with pytest.raises(UsageError, match=r"not an \.npz file"):
        file_samples(tmp_path / "objects.npz", graph(S8))
