"""The operators of audio front ends: every row computes what its operator defines, on every target it is for."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import S16
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.audio.frames import Frames, OverlapAdd, Stacker
from edgegen.ops.audio.noise import GAINS, Pcan, ScaledLog, SpectralSubtraction
from edgegen.ops.audio.scaling import AutoScale, Taper
from edgegen.ops.audio.spectrum import Energy, FilterBank, IntegerRoot
from edgegen.ops.fft import Irfft, Rfft
from tests.dsp_host import check_nodes_on_host
from tests.harness import Case, check_nodes, constant_input

RNG = np.random.default_rng(7)


def whole(dtype: type, *shape: int) -> Array:
    """Integers from all of a type, a third of them its limits, and small ones."""
    limits = np.iinfo(dtype)
    values = RNG.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    kind = RNG.integers(0, 6, shape)
    values = np.where(kind == 0, limits.min, np.where(kind == 1, limits.max, values))
    return np.where(kind == 2, values >> RNG.integers(0, 8 * values.itemsize, shape).astype(dtype), values).astype(
        dtype
    )


def frames(dtype: type, *shape: int) -> Array:
    return RNG.standard_normal(shape).astype(dtype) if dtype == np.float32 else whole(dtype, *shape)


def transforms(lengths: tuple[int, ...]) -> list[Case]:
    cases = []
    for n in lengths:
        for dtype, t in ((np.int16, "s16"), (np.int32, "s32"), (np.float32, "f32")):
            form = f"{t}_radix_4" if n.bit_count() == 1 else t
            there = Case(Rfft(n), [frames(dtype, 2, n - n // 5)], f"rfft_{form}", f"{n} {t}")
            back = Case(Irfft(n), [frames(dtype, 1, 2, n + 2)], f"irfft_{form}", f"inverse {n} {t}")
            cases += [there, back]
    return cases


def steps() -> list[Case]:
    x, noise = whole(np.uint32, 50), whole(np.uint32, 50)
    weights, unweights = whole(np.int16, 12), whole(np.int16, 13)
    ranges = FilterBank((0, 2, 9, 3), (0, 3, 7, 1), (2, 4, 5, -1))
    squares = [k * k + j for k in (1, 7, 255, 65535, 65536, 99999, (1 << 32) - 1) for j in (-1, 0, 1, k, k + 1)]
    roots = np.concatenate([whole(np.uint64, 300), np.array([*squares, 0, 2, 3], np.uint64)])
    quiet = SpectralSubtraction((409, 983), (15975, 15401), 819, 10, 14)
    return [
        Case(Taper(12), [whole(np.int16, 2, 3, 31), constant_input(whole(np.int16, 31))], "taper_s16"),
        Case(AutoScale(), [whole(np.int16, 31)], "auto_scale_s16"),
        *(
            Case(AutoScale(), [np.array(v, np.int16)], "auto_scale_s16")
            for v in ([-32768, -5, -4], [0], [-255, 7, 3], [-32768, 9, 0])
        ),
        Case(Energy(2, 18), [np.concatenate([whole(np.int16, 30), np.full(10, -32768, np.int16)])], "energy_s16"),
        Case(ranges, [whole(np.uint32, 14), constant_input(weights), constant_input(unweights)], "filter_bank_s16"),
        Case(
            ranges,
            [whole(np.uint32, 14), constant_input(np.abs(weights // 2)), constant_input(np.abs(unweights // 2))],
            "filter_bank_u16",
        ),
        *(Case(IntegerRoot(), [roots, np.array(bits, np.int32)], "integer_root_u64") for bits in (0, 3)),
        Case(quiet, [x, noise], "spectral_subtraction_u32"),
        Case(SpectralSubtraction((3, 1 << 30), (5, 1 << 30), 900, 3, 10, True), [x, noise], "spectral_subtraction_u32"),
        Case(Pcan(6), [x, noise, constant_input(whole(np.int16, GAINS))], "pcan_u32"),
        Case(Pcan(40), [x, x, whole(np.int16, GAINS)], "pcan_u32"),
        Case(ScaledLog(64, 3), [x], "scaled_log_u32"),
        Case(ScaledLog(70000, 0), [np.arange(50, dtype=np.uint32)], "scaled_log_u32"),
        Case(Frames(6, 4, 3), [whole(np.int16, 2, 15)], "copy"),
        Case(Frames(3, 5, 2), [whole(np.int32, 9)], "copy"),
        *(
            Case(Stacker(2, 1, 3), [whole(np.int16, 4), whole(np.int16, 12), np.array(k, np.int32)], "stacker_s16")
            for k in (0, 1, 3, 4)
        ),
        Case(OverlapAdd(3), [whole(np.int16, 2, 3, 8), whole(np.int16, 2, 5)], "overlap_add_s16"),
        Case(OverlapAdd(5), [frames(np.float32, 2, 8), frames(np.float32, 3)], "overlap_add_f32"),
    ]


def test_portable_rows_on_the_host() -> None:
    check_nodes([*transforms((32, 240)), *steps()], "generic", sanitize=True)


def test_portable_rows_in_little_flash() -> None:
    check_nodes([*transforms((16, 30)), *steps()], "generic", optimize="size", cc="clang")


DSP_TRANSFORMS = [
    case
    for n, given in ((4, 4), (16, 2), (64, 64), (512, 480))
    for case in (
        Case(Rfft(n), [frames(np.int16, 3, given)], "rfft_s16_dsp", f"{n}"),
        Case(Irfft(n), [frames(np.int16, 3, n + 2)], "irfft_s16_dsp", f"inverse {n}"),
    )
]

DSP = [
    Case(Taper(12), [whole(np.int16, 3, 30), constant_input(whole(np.int16, 30))], "taper_s16_dsp"),
    Case(Taper(0), [whole(np.int16, 4, 2), whole(np.int16, 2)], "taper_s16_dsp"),
    *(
        Case(AutoScale(), [np.array(values, np.int16)], "auto_scale_s16_dsp")
        for values in ([0, 0], [-32768, 5], [-255, 7, 256, 3], [-1, 0], [-32767, 32767], [0, 1, -9, -8191])
    ),
    *DSP_TRANSFORMS,
]


def test_dsp_rows_in_c() -> None:
    check_nodes_on_host(DSP)


@pytest.mark.cross
def test_dsp_rows() -> None:
    check_nodes(DSP, "cortex-m4", sanitize=True)


@pytest.mark.cross
def test_portable_rows_on_cortex_m4() -> None:
    check_nodes([*transforms((30,)), *steps()], "cortex-m4", optimize="size")


@pytest.mark.cross
def test_portable_rows_on_aarch64() -> None:
    check_nodes(transforms((240,)), "arm-neon")


def test_the_way_there_and_back() -> None:
    x = frames(np.float32, 3, 60)
    (spectrum,) = Rfft(60).reference(x)
    np.testing.assert_allclose(Irfft(60).reference(spectrum)[0], x, atol=1e-6)


@pytest.mark.parametrize("length", [0, 2, 7, 14, 22, 1 << 17])
def test_lengths_without_stages_are_refused(length: int) -> None:
    with pytest.raises(InvalidGraph, match="transforms"):
        Rfft(length).infer(TensorType(S16, (4,)))
