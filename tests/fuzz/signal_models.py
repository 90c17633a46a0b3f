"""Sound models of one signal operator, some of them with an option made nonsense."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from tests.fuzz.mutation import NUMBERS
from tests.models.tflite_builder import Operator, Tensor, custom_options

CODES = {"FLOAT32": 0, "INT32": 2, "INT16": 7}
Parts = tuple[list[Tensor], int, dict[str, Any]]
"""Tensors, how many of the last ones are outputs, options."""


def _transform(rng: random.Random) -> Parts:
    kind, length = rng.choice(sorted(CODES)), rng.choice((4, 8, 30, 32))
    return (
        [Tensor("x", kind, (2, length)), Tensor("y", kind, (2, length + 2))],
        1,
        {"T": CODES[kind], "fft_length": length},
    )


def _inverse(rng: random.Random) -> Parts:
    (x, y), count, fields = _transform(rng)
    return [Tensor("x", y.type, y.shape), Tensor("y", x.type, x.shape)], count, fields


def _window(rng: random.Random) -> Parts:
    weights = Tensor("w", data=np.arange(8, dtype=np.int16))
    return [Tensor("x", "INT16", (2, 8)), weights, Tensor("y", "INT16", (2, 8))], 1, {"shift": rng.choice((0, 3))}


def _scale(_rng: random.Random) -> Parts:
    return [Tensor("x", "INT16", (9,)), Tensor("y", "INT16", (9,)), Tensor("bits", "INT32", ())], 2, {}


def _energy(_rng: random.Random) -> Parts:
    return [Tensor("x", "INT16", (10,)), Tensor("y", "UINT32", (5,))], 1, {"start_index": 1, "end_index": 4}


def _bank(rng: random.Random) -> Parts:
    lists = {"w": range(6), "u": range(6), "starts": (0, 1, 2), "first": (0, 1, 3), "widths": (1, 2, 3)}
    fixed = [Tensor(k, data=np.array(v, np.int16) * (1 if k != "w" else rng.choice((1, -1)))) for k, v in lists.items()]
    return [Tensor("x", "UINT32", (6,)), *fixed, Tensor("y", "UINT64", (2,))], 1, {"num_channels": 2}


def _root(_rng: random.Random) -> Parts:
    return [Tensor("x", "UINT64", (6,)), Tensor("bits", "INT32", ()), Tensor("y", "UINT32", (6,))], 1, {}


def _noise(rng: random.Random) -> Parts:
    names = ("smoothing", "one_minus_smoothing", "alternate_smoothing", "alternate_one_minus_smoothing")
    fields = {"clamping": rng.random() < 0.5, "min_signal_remaining": 9, "num_channels": 6, "smoothing_bits": 4}
    fields |= dict.fromkeys(names, 300) | {"spectral_subtraction_bits": 14}
    return [Tensor(n, "UINT32", (6,)) for n in ("x", "y", "noise")], 2, fields


def _gain(rng: random.Random) -> Parts:
    gains = Tensor("gains", data=np.arange(125, dtype=np.int16))
    vectors = [Tensor(n, "UINT32", (6,)) for n in ("x", "noise", "y")]
    return [*vectors[:2], gains, vectors[2]], 1, {"snr_shift": rng.choice((0, 6))}


def _log(_rng: random.Random) -> Parts:
    fields = {"output_scale": 64, "input_correction_bits": 3}
    return [Tensor("x", "UINT32", (6,)), Tensor("y", "INT16", (6,))], 1, fields


def _framer(rng: random.Random) -> Parts:
    fields = {"frame_size": 5, "frame_step": 3, "prefill": rng.random() < 0.5}
    return [Tensor("x", "INT16", (2, 6)), Tensor("y", "INT16", (2, 2, 5)), Tensor("full", "BOOL", ())], 2, fields


def _stacker(_rng: random.Random) -> Parts:
    fields = {"num_channels": 4, "stacker_left_context": 1, "stacker_right_context": 1, "stacker_step": 2}
    return [Tensor("x", "INT16", (4,)), Tensor("y", "INT16", (12,)), Tensor("due", "BOOL", ())], 2, fields


def _delay(rng: random.Random) -> Parts:
    return [Tensor("x", "INT16", (2, 6)), Tensor("y", "INT16", (2, 6))], 1, {"delay_length": rng.choice((0, 2, 9))}


def _overlap(rng: random.Random) -> Parts:
    kind = rng.choice(("INT16", "FLOAT32"))
    return [Tensor("x", kind, (3, 8)), Tensor("y", kind, (12,))], 1, {"T": CODES[kind], "frame_step": 4}


SIGNAL = {
    "Rfft": _transform,
    "Irfft": _inverse,
    "Window": _window,
    "FftAutoScale": _scale,
    "Energy": _energy,
    "FilterBank": _bank,
    "FilterBankSquareRoot": _root,
    "FilterBankSpectralSubtraction": _noise,
    "PCAN": _gain,
    "FilterBankLog": _log,
    "Framer": _framer,
    "Stacker": _stacker,
    "Delay": _delay,
    "OverlapAdd": _overlap,
}


def signal(rng: random.Random, _kind: str) -> tuple[list[Tensor], Operator]:
    name = rng.choice(sorted(SIGNAL))
    tensors, outputs, fields = SIGNAL[name](rng)
    if fields and rng.random() < 0.3:
        fields[rng.choice(sorted(fields))] = rng.choice((*NUMBERS, -1, 0, 7, 0.5))
    names = [t.name for t in tensors]
    custom = custom_options(**fields)
    return tensors, Operator(f"custom:Signal{name}", names[:-outputs], names[-outputs:], custom=custom)
