"""Signal operators: every run of an instance gives what TensorFlow Lite Micro gives, and nothing is taken on trust."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import Evaluation
from edgegen.ir.tensor import Array
from edgegen.verify.compare import compare
from tests.judge import judge_runs
from tests.models.tflite_builder import Operator, Tensor, build_model, custom_options

CODES = {"FLOAT32": 0, "INT32": 2, "INT16": 7}
LENGTHS = (4, 6, 8, 10, 12, 18, 20, 24, 30, 32, 48, 50, 60, 64, 90, 100, 120, 128, 162, 250, 256, 400, 480, 512, 1024)
NUMPY = {"FLOAT32": np.float32, "INT32": np.int32, "INT16": np.int16, "UINT32": np.uint32, "UINT64": np.uint64}


def numbers(kind: str, *shape: int, seed: int = 1) -> Array:
    """From all of the type, limits among them; a third of all small."""
    rng = np.random.default_rng(seed)
    if kind == "FLOAT32":
        return rng.standard_normal(shape).astype(np.float32)
    limits = np.iinfo(NUMPY[kind])
    values = rng.integers(limits.min, limits.max, shape, NUMPY[kind], endpoint=True)
    choice = rng.integers(0, 9, shape)
    values = np.where(choice == 0, limits.max, np.where(choice == 1, limits.min, values))
    return np.where(choice < 5, values, values >> (limits.bits // 2)).astype(NUMPY[kind])


def model(name: str, tensors: Sequence[Tensor], outputs: int = 1, **fields: Any) -> bytes:
    """One operator: the last `outputs` tensors are what it writes."""
    names = [t.name for t in tensors]
    operator = Operator(f"custom:Signal{name}", names[:-outputs], names[-outputs:], custom=custom_options(**fields))
    return build_model(list(tensors), [operator], outputs=names[-outputs:])


def both(data: bytes, runs: Sequence[Sequence[Array]]) -> list[tuple[list[Array], list[Array]]]:
    """(what the graph gives, what the judge gives) in consecutive runs of one instance."""
    graph = read_tflite(data, "model", {})
    evaluation = Evaluation(graph)
    return list(zip(map(evaluation.run, runs), judge_runs(data, runs, len(graph.outputs)), strict=True))


def check(data: bytes, *runs: Sequence[Array], ulp: int = 0) -> None:
    for got, want in both(data, runs):
        for a, b in zip(got, want, strict=True):
            assert (a.dtype, a.shape) == (b.dtype, b.shape)
            assert compare(a, b, relative=0.0, ulp=ulp).match


def transform(kind: str, length: int, shape: tuple[int, ...], inverse: bool) -> bytes:
    last = length if inverse else length + 2
    tensors = [Tensor("x", kind, shape), Tensor("y", kind, (*shape[:-1], last))]
    return model("Irfft" if inverse else "Rfft", tensors, T=CODES[kind], fft_length=length)


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("kind", CODES)
def test_transforms_of_every_length(kind: str, inverse: bool) -> None:
    for length in LENGTHS:
        shape = (2, 12, length + 2 if inverse else length)
        check(transform(kind, length, shape, inverse), [numbers(kind, *shape, seed=length)], ulp=4)


@pytest.mark.parametrize("inverse", [False, True])
def test_thousands_of_frames(inverse: bool) -> None:
    shape = (250, 514 if inverse else 480)
    quieter = np.arange(250)[:, None] // 25
    check(
        transform("INT16", 512, shape, inverse),
        *([numbers("INT16", *shape, seed=k) >> quieter.astype(np.int16)] for k in range(12)),
    )


def test_windows() -> None:
    for shape, shift in (((480,), 12), ((2, 3, 16), 0), ((1, 480), 31), ((2, 8), 15)):
        weights = numbers("INT16", 8 if shape[-1] == 8 else shape[-1] // 2, seed=3)
        tensors = [Tensor("x", "INT16", shape), Tensor("w", data=weights), Tensor("y", "INT16", shape)]
        check(model("Window", tensors, shift=shift), [numbers("INT16", *shape)])


@pytest.mark.parametrize(
    "values",
    [
        [0, 0],
        [-32768, 0],
        [7, -32768, -9],
        [-32768, -5, -6],
        [32767, -32768],
        [1, -1],
        [-256],
        [255],
        [4, -32768, 5, 1],
        *([k, 3, -k] for k in (16383, 16384, 100)),
    ],
)
def test_automatic_scales(values: list[int]) -> None:
    n = len(values)
    tensors = [Tensor("x", "INT16", (n,)), Tensor("y", "INT16", (n,)), Tensor("bits", "INT32", ())]
    check(model("FftAutoScale", tensors, outputs=2), [np.array(values, np.int16)])


def test_energy_within_its_bounds() -> None:
    """What lies outside of them is 0; TensorFlow Lite Micro leaves it as it lies in memory."""
    tensors = [Tensor("x", "INT16", (60,)), Tensor("y", "UINT32", (30,))]
    for start, stop in ((0, 30), (5, 24), (7, 7)):
        x = numbers("INT16", 60, seed=stop)
        x[20:24] = -32768
        ((got,), (want,)) = both(model("Energy", tensors, start_index=start, end_index=stop), [[x]])[0]
        np.testing.assert_array_equal(got[start:stop], want[start:stop])
        assert not got[:start].any()
        assert not got[stop:].any()


@pytest.mark.parametrize("negative", [False, True])
def test_filter_banks(negative: bool) -> None:
    weights = numbers("INT16", 40, seed=2)
    weights = weights if negative else np.abs(weights.astype(np.int32)).clip(0, 32767).astype(np.int16)
    lists = {"starts": [1, 3, 9, 9, 20], "first": [0, 3, 8, 20, 30], "widths": [3, 5, 11, 0, 9]}
    tensors = [
        *(Tensor("x", "UINT32", (30,)), Tensor("w", data=weights), Tensor("u", data=weights[::-1].copy())),
        *(Tensor(name, data=np.array(values, np.int16)) for name, values in lists.items()),
        Tensor("y", "UINT64", (4,)),
    ]
    check(model("FilterBank", tensors, num_channels=4), [numbers("UINT32", 30)])


def test_square_roots() -> None:
    squares = [
        k * k + j for k in (1, 2, 255, 65535, 65536, 70000, 1 << 31, (1 << 32) - 1) for j in (-1, 0, 1, k, k + 1)
    ]
    x = np.concatenate([np.array([0, *squares], np.uint64), numbers("UINT64", 500), numbers("UINT32", 200)])
    tensors = [Tensor("x", "UINT64", x.shape), Tensor("bits", "INT32", ()), Tensor("y", "UINT32", x.shape)]
    data = model("FilterBankSquareRoot", tensors)
    for bits in (0, 3, 15):
        check(data, [x.astype(np.uint64), np.array(bits, np.int32)])


@pytest.mark.parametrize("clamping", [False, True])
def test_the_noise_is_estimated_from_run_to_run(clamping: bool) -> None:
    fields = {"smoothing": 409, "one_minus_smoothing": 15975, "alternate_smoothing": 983, "smoothing_bits": 10}
    fields |= {"alternate_one_minus_smoothing": 15401, "min_signal_remaining": 819, "spectral_subtraction_bits": 14}
    tensors = [Tensor(name, "UINT32", (40,)) for name in ("x", "y", "noise")]
    data = model("FilterBankSpectralSubtraction", tensors, 2, num_channels=40, clamping=clamping, **fields)
    quiet = [[numbers("UINT32", 40, seed=k) >> np.uint32(12)] for k in range(6)]
    check(data, *quiet, *([numbers("UINT32", 40, seed=k)] for k in range(6)))


def test_gain_control() -> None:
    x, noise = numbers("UINT32", 400, seed=1), numbers("UINT32", 400, seed=2)
    noise[:40] = np.arange(40)
    x[200:] >>= np.uint32(18)
    gains = Tensor("gains", data=numbers("INT16", 125, seed=3))
    for shift in (0, 6, 20):
        vectors = [Tensor(name, "UINT32", (400,)) for name in ("x", "noise", "y")]
        check(model("PCAN", [*vectors[:2], gains, vectors[2]], snr_shift=shift), [x, noise])


def test_logarithms() -> None:
    x = np.concatenate([numbers("UINT32", 500), np.arange(300, dtype=np.uint32), 1 << np.arange(32, dtype=np.uint32)])
    tensors = [Tensor("x", "UINT32", x.shape), Tensor("y", "INT16", x.shape)]
    for scale, bits in ((64, 3), (1600, 0), (5000, 31)):
        data = model("FilterBankLog", tensors, output_scale=scale, input_correction_bits=bits)
        check(data, [x.astype(np.uint32)])


@pytest.mark.parametrize("prefill", [False, True])
@pytest.mark.parametrize(
    ("shape", "size", "step"),
    [((160,), 400, 160), ((2, 12), 7, 4), ((1, 2, 6), 6, 2), ((8,), 4, 4), ((9,), 10, 3), ((320,), 480, 320)],
)
def test_frames_that_are_full_are_those_of_the_judge(
    shape: tuple[int, ...], size: int, step: int, prefill: bool
) -> None:
    frames = (*shape[:-1], shape[-1] // step, size)
    tensors = [Tensor("x", "INT16", shape), Tensor("y", "INT16", frames), Tensor("full", "BOOL", ())]
    data = model("Framer", tensors, 2, frame_size=size, frame_step=step, prefill=prefill)
    full = 0
    for got, want in both(data, [[numbers("INT16", *shape, seed=k)] for k in range(9)]):
        assert bool(got[1]) == bool(want[1])
        if want[1]:
            full += 1
            np.testing.assert_array_equal(got[0], want[0])
    assert full >= 4


def test_frames_with_gaps() -> None:
    tensors = [Tensor("x", "INT16", (12,)), Tensor("y", "INT16", (3, 2)), Tensor("full", "BOOL", ())]
    data = model("Framer", tensors, 2, frame_size=2, frame_step=4, prefill=False)
    check(data, *([numbers("INT16", 12, seed=k)] for k in range(3)))


@pytest.mark.parametrize(
    ("left", "right", "step"), [(0, 0, 1), (1, 1, 2), (2, 0, 1), (0, 2, 3), (3, 2, 1), (3, 2, 6), (0, 1, 1), (1, 0, 2)]
)
def test_stacks_that_are_due_are_those_of_the_judge(left: int, right: int, step: int) -> None:
    tensors = [Tensor("x", "INT16", (5,)), Tensor("y", "INT16", (5 * (left + right + 1),)), Tensor("due", "BOOL", ())]
    context = {"stacker_left_context": left, "stacker_right_context": right}
    data = model("Stacker", tensors, 2, num_channels=5, stacker_step=step, **context)
    due = []
    for got, want in both(data, [[numbers("INT16", 5, seed=k)] for k in range(15)]):
        due.append(bool(want[1]))
        assert bool(got[1]) == due[-1]
        if due[-1]:
            np.testing.assert_array_equal(got[0], want[0])
    assert sum(due) >= 2


def test_delays() -> None:
    for shape, length in (((6,), 4), ((2, 3), 11), ((1, 4), 4), ((5,), 0)):
        tensors = [Tensor("x", "INT16", shape), Tensor("y", "INT16", shape)]
        data = model("Delay", tensors, delay_length=length)
        check(data, *([numbers("INT16", *shape, seed=k)] for k in range(6)))


@pytest.mark.parametrize("kind", ["INT16", "FLOAT32"])
def test_overlapping_frames_are_added(kind: str) -> None:
    for shape, step in (((1, 8), 4), ((3, 8), 3), ((2, 2, 5), 4), ((2, 6), 6), ((4, 7), 1)):
        tensors = [Tensor("x", kind, shape), Tensor("y", kind, (*shape[:-2], shape[-2] * step))]
        data = model("OverlapAdd", tensors, T=CODES[kind], frame_step=step)
        check(data, *([numbers(kind, *shape, seed=k)] for k in range(5)), ulp=1)
