"""TensorFlow Lite Micro's signal operators: several runs of one instance where they remember."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgegen.ir.tensor import Array
from tests.generated.single import NUMPY, Draw, Shape, Single, Tensor, generates, numbers
from tests.models.tflite_builder import Operator, custom_options

CODES = {"FLOAT32": 0, "INT32": 2, "INT16": 7}
"""What the option T calls a type."""


def _single(
    name: str, tensors: list[Tensor], outputs: int, custom: dict[str, Any], runs: int = 1, ulp: int = 0, **values: Array
) -> Single:
    """The last `outputs` tensors are what the operator writes."""
    names = [t.name for t in tensors]
    operator = Operator(f"custom:Signal{name}", names[:-outputs], names[-outputs:], custom=custom_options(**custom))
    return Single(tensors, operator, values, ulp, runs=runs, outputs=names[-outputs:])


def _any_size(draw: Draw, kind: str, shape: Shape) -> Array:
    """From all of the type, small ones as often as large ones."""
    limits = np.iinfo(NUMPY[kind])
    wide = draw.within(0, (1 << 62) - 1, shape, "INT64") >> draw.within(62 - limits.bits, 61, shape, "INT64")
    return np.clip(wide, limits.min, limits.max).astype(NUMPY[kind])


@generates("custom:SignalWindow", "INT16")
def window(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 3, 16)
    weights = Tensor("w", data=draw.values("INT16", shape[-1:]))
    tensors = [Tensor("x", kind, shape), weights, Tensor("y", kind, shape)]
    return _single("Window", tensors, 1, {"shift": draw.integer(0, 15)})


@generates("custom:SignalFftAutoScale", "INT16")
def fft_auto_scale(draw: Draw, kind: str) -> Single:
    n = draw.integer(1, 40)
    tensors = [Tensor("x", kind, (n,)), Tensor("y", kind, (n,)), Tensor("bits", "INT32", ())]
    return _single("FftAutoScale", tensors, 2, {}, x=draw.values("INT16", (n,)) >> np.int16(draw.integer(0, 14)))


def _transform(draw: Draw, name: str, kind: str, inverse: bool) -> Single:
    length = draw.choice((4, 8, 16, 32, 64, 128))
    lead, half = draw.shape(0, 1, 3), length + 2
    sizes = (half, length) if inverse else (length, half)
    tensors = [Tensor("x", kind, (*lead, sizes[0])), Tensor("y", kind, (*lead, sizes[1]))]
    options = {"T": CODES.get(kind, 0), "fft_length": length}
    # a rounding for each of log2(length) stages, in each of which 4 products are added
    return _single(name, tensors, 1, options, ulp=4 * length.bit_length())


@generates("custom:SignalRfft", "FLOAT32", "INT16", "INT32")
def rfft(draw: Draw, kind: str) -> Single:
    return _transform(draw, "Rfft", kind, False)


@generates("custom:SignalIrfft", "FLOAT32", "INT16", "INT32")
def irfft(draw: Draw, kind: str) -> Single:
    return _transform(draw, "Irfft", kind, True)


@generates("custom:SignalEnergy", "INT16")
def energy(draw: Draw, kind: str) -> Single:
    """Of all frequencies: outside of the bounds TFLM leaves what lies in memory."""
    n = draw.integer(1, 32)
    tensors = [Tensor("x", kind, (2 * n,)), Tensor("y", "UINT32", (n,))]
    return _single("Energy", tensors, 1, {"start_index": 0, "end_index": n})


@generates("custom:SignalFilterBank", "UINT32")
def filter_bank(draw: Draw, kind: str) -> Single:
    """Weights are fractions of 2^12, as the front end makes them."""
    channels, n = draw.integer(1, 6), 24
    widths = [draw.integer(0, 6) for _ in range(channels + 1)]
    starts = [draw.integer(0, n - w) for w in widths]
    first = [int(k) for k in np.cumsum([0, *widths[:-1]])]
    weights = draw.within(0, 4096, (max(sum(widths), 1),), "INT16")
    tensors = [
        Tensor("x", kind, (n,)),
        Tensor("w", data=weights),
        Tensor("u", data=4096 - weights),
        *(numbers(name, values, np.int16) for name, values in (("s", starts), ("f", first), ("n", widths))),
        Tensor("y", "UINT64", (channels,)),
    ]
    return _single("FilterBank", tensors, 1, {"num_channels": channels}, x=_any_size(draw, "UINT32", (n,)))


@generates("custom:SignalFilterBankSquareRoot", "UINT64")
def filter_bank_square_root(draw: Draw, kind: str) -> Single:
    n = draw.integer(1, 40)
    tensors = [Tensor("x", kind, (n,)), Tensor("bits", "INT32", ()), Tensor("y", "UINT32", (n,))]
    bits = np.array(draw.integer(0, 15), np.int32)
    return _single("FilterBankSquareRoot", tensors, 1, {}, x=_any_size(draw, "UINT64", (n,)), bits=bits)


@generates("custom:SignalFilterBankSpectralSubtraction", "UINT32")
def filter_bank_spectral_subtraction(draw: Draw, kind: str) -> Single:
    n, smoothing, alternate = draw.integer(1, 40), draw.integer(0, 16384), draw.integer(0, 16384)
    fields = {
        "num_channels": n,
        "smoothing": smoothing,
        "one_minus_smoothing": 16384 - smoothing,
        "alternate_smoothing": alternate,
        "alternate_one_minus_smoothing": 16384 - alternate,
        "smoothing_bits": draw.integer(4, 10),
        "min_signal_remaining": draw.integer(0, 16384),
        "spectral_subtraction_bits": 14,
        "clamping": draw.yes(),
    }
    tensors = [Tensor(name, kind, (n,)) for name in ("x", "y", "noise")]
    values = _any_size(draw, "UINT32", (n,)) >> np.uint32(8)
    return _single("FilterBankSpectralSubtraction", tensors, 2, fields, runs=4, x=values)


@generates("custom:SignalPCAN", "UINT32")
def pcan(draw: Draw, kind: str) -> Single:
    n = draw.integer(1, 40)
    vectors = [Tensor(name, kind, (n,)) for name in ("x", "noise", "y")]
    tensors = [*vectors[:2], Tensor("gains", data=draw.values("INT16", (125,))), vectors[2]]
    values = {name: _any_size(draw, "UINT32", (n,)) for name in ("x", "noise")}
    return _single("PCAN", tensors, 1, {"snr_shift": draw.integer(0, 20)}, **values)


@generates("custom:SignalFilterBankLog", "UINT32")
def filter_bank_log(draw: Draw, kind: str) -> Single:
    n = draw.integer(1, 40)
    tensors = [Tensor("x", kind, (n,)), Tensor("y", "INT16", (n,))]
    fields = {"output_scale": draw.integer(1, 5000), "input_correction_bits": draw.integer(0, 8)}
    return _single("FilterBankLog", tensors, 1, fields, x=_any_size(draw, "UINT32", (n,)))


@generates("custom:SignalFramer", "INT16")
def framer(draw: Draw, kind: str) -> Single:
    """Prefilled: without, TFLM leaves what lies in memory in frames that are not full."""
    step, count, lead = draw.integer(1, 8), draw.integer(1, 3), draw.shape(0, 2, 2)
    size = step + draw.integer(0, 8)
    tensors = [
        Tensor("x", kind, (*lead, step * count)),
        Tensor("y", kind, (*lead, count, size)),
        Tensor("full", "BOOL", ()),
    ]
    return _single("Framer", tensors, 2, {"frame_size": size, "frame_step": step, "prefill": True}, runs=4)


@generates("custom:SignalStacker", "INT16")
def stacker(draw: Draw, kind: str) -> Single:
    """One stack in each run: of others TFLM leaves what lies in memory."""
    n, left = draw.integer(1, 8), draw.integer(0, 3)
    tensors = [Tensor("x", kind, (n,)), Tensor("y", kind, (n * (left + 1),)), Tensor("due", "BOOL", ())]
    fields = {"num_channels": n, "stacker_left_context": left, "stacker_right_context": 0, "stacker_step": 1}
    return _single("Stacker", tensors, 2, fields, runs=5)


@generates("custom:SignalDelay", "INT16")
def delay(draw: Draw, kind: str) -> Single:
    shape = draw.shape(1, 2, 8)
    tensors = [Tensor("x", kind, shape), Tensor("y", kind, shape)]
    return _single("Delay", tensors, 1, {"delay_length": draw.integer(0, 12)}, runs=5)


@generates("custom:SignalOverlapAdd", "FLOAT32", "INT16")
def overlap_add(draw: Draw, kind: str) -> Single:
    lead, frames, size = draw.shape(0, 2, 2), draw.integer(1, 3), draw.integer(2, 12)
    step = draw.integer(1, size)
    tensors = [Tensor("x", kind, (*lead, frames, size)), Tensor("y", kind, (*lead, frames * step))]
    # frames are added in the same order
    return _single("OverlapAdd", tensors, 1, {"T": CODES.get(kind, 0), "frame_step": step}, runs=4, ulp=1)
