"""Signal operators whose shapes, types or options make no sense are refused by name when the model is read."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.frontends.tflite import read_tflite
from tests.frontends.tflite.test_signal import model
from tests.models.tflite_builder import Tensor

SHORT = {"s8": "INT8", "s16": "INT16", "s32": "INT32", "u32": "UINT32", "bool": "BOOL"}


def tensors(text: str) -> list[Tensor]:
    """ "s16[2,8] bool[]" -> two tensors of these types and shapes."""
    found = re.findall(r"(\w+)\[([\d,]*)\]", text)
    shapes = [tuple(int(d) for d in dims.split(",") if d) for _, dims in found]
    return [Tensor(f"t{i}", SHORT[t], shape) for i, ((t, _), shape) in enumerate(zip(found, shapes, strict=True))]


STACK: dict[str, Any] = {"num_channels": 8, "stacker_left_context": 1, "stacker_right_context": 0, "stacker_step": 1}
SUBTRACTION: dict[str, Any] = {
    **dict.fromkeys(("smoothing", "one_minus_smoothing", "alternate_smoothing", "alternate_one_minus_smoothing"), 9),
    **{"num_channels": 8, "clamping": False, "min_signal_remaining": 9, "smoothing_bits": 3},
    "spectral_subtraction_bits": 14,
}
INVALID: list[tuple[str, str, str, dict[str, Any], str]] = [
    ("Rfft", "s16[9]", "s16[10]", {"T": 7, "fft_length": 8}, "do not fit"),
    ("Rfft", "s16[]", "s16[]", {"T": 7, "fft_length": 8}, "has no frames"),
    ("Rfft", "s16[8]", "s16[10]", {"T": 2, "fft_length": 8}, "T is s32"),
    ("Rfft", "s16[8]", "s16[12]", {"T": 7, "fft_length": 8}, "is declared"),
    ("Rfft", "s16[8]", "s16[10]", {"T": 7}, "lacks the option fft_length"),
    ("Rfft", "s16[8] s16[8]", "s16[10]", {"T": 7, "fft_length": 8}, "2 inputs"),
    ("Irfft", "s16[8]", "s16[8]", {"T": 7, "fft_length": 8}, "no spectrum"),
    ("Window", "s16[9] s16[4]", "s16[9]", {"shift": 2}, "do not divide"),
    ("Window", "s16[8] s16[2,2]", "s16[8]", {"shift": 2}, "do not divide"),
    ("Window", "s16[8] s16[4]", "s16[8]", {"shift": 32}, "shifted by 32"),
    ("FftAutoScale", "s16[8]", "s16[8]", {}, "1 inputs and 1 outputs"),
    ("Energy", "s16[8]", "u32[4]", {"start_index": 1, "end_index": 5}, "not within"),
    ("Energy", "s16[8]", "u32[4]", {"start_index": -1, "end_index": 3}, "not within"),
    ("Energy", "s16[2,8]", "u32[8]", {"start_index": 1, "end_index": 3}, "no list"),
    ("PCAN", "u32[8] u32[8] s16[124]", "u32[8]", {"snr_shift": 1}, "must be 125"),
    ("PCAN", "u32[8] u32[7] s16[125]", "u32[8]", {"snr_shift": 1}, "as many"),
    ("PCAN", "u32[8] u32[8] s16[125]", "u32[8]", {"snr_shift": 64}, "shifted by 64"),
    ("FilterBankLog", "u32[8]", "s16[8]", {"output_scale": 2, "input_correction_bits": 32}, "<< 32"),
    ("FilterBankLog", "u32[8]", "s16[8]", {"output_scale": -2, "input_correction_bits": 2}, "by -2"),
    ("FilterBankSpectralSubtraction", "u32[9]", "u32[9] u32[9]", SUBTRACTION, "8 channels"),
    ("FilterBankSpectralSubtraction", "u32[8]", "u32[8] u32[8]", SUBTRACTION | {"smoothing": -1}, "negative"),
    ("FilterBankSpectralSubtraction", "u32[8]", "u32[8] u32[8]", SUBTRACTION | {"smoothing_bits": 32}, "more than"),
    ("Framer", "s16[8]", "s16[1,4] bool[]", {"frame_size": 4, "frame_step": 3, "prefill": True}, "do not cut"),
    ("Framer", "s16[8]", "s16[1,4] bool[]", {"frame_size": 4, "frame_step": 8, "prefill": True}, "prefill"),
    ("Framer", "s16[8]", "s16[1,4] bool[]", {"frame_size": 0, "frame_step": 8, "prefill": False}, "do not cut"),
    ("Stacker", "s16[8]", "s16[16] bool[]", STACK | {"stacker_step": 3}, "steps of 3"),
    ("Stacker", "s16[8]", "s16[16] bool[]", STACK | {"stacker_left_context": 1 << 30}, "cannot stack"),
    ("Stacker", "s16[9]", "s16[18] bool[]", STACK, "8 channels"),
    ("Delay", "s16[8]", "s16[8]", {"delay_length": -1}, "delayed by -1"),
    ("OverlapAdd", "s16[2,8]", "s16[18]", {"T": 7, "frame_step": 9}, "steps of 9"),
    ("OverlapAdd", "s16[8]", "s16[8]", {"T": 7, "frame_step": 8}, "cannot be added"),
]
UNSUPPORTED: list[tuple[str, str, str, dict[str, Any], str]] = [
    ("Rfft", "s16[8]", "s16[16]", {"T": 7, "fft_length": 14}, "2, 3 and 5"),
    ("Rfft", "s16[8]", "s16[11]", {"T": 7, "fft_length": 9}, "even"),
    ("Irfft", "s16[8]", "s16[11]", {"T": 7, "fft_length": 1 << 17}, "to 65536"),
    ("Rfft", "s16[8]", "s16[10]", {"T": 9, "fft_length": 8}, "T is None"),
    ("Window", "s8[8] s16[4]", "s8[8]", {"shift": 2}, "s8, s16 are not"),
    ("PCAN", "u32[8] u32[8] s32[125]", "u32[8]", {"snr_shift": 1}, "are not supported"),
    ("Delay", "s16[8]", "s16[8]", {"delay_length": 1 << 28}, "bytes"),
    ("Delay", "s16[1000000,8]", "s16[1000000,8]", {"delay_length": 1 << 28}, "bytes"),
    ("Framer", "s16[8]", "s16[8,1] bool[]", {"frame_size": (1 << 31) - 1, "frame_step": 1, "prefill": True}, "bytes"),
    ("OverlapAdd", "s32[2,8]", "s32[8]", {"T": 2, "frame_step": 4}, "T is s32"),
]


REFUSED = [*((InvalidModel, case) for case in INVALID), *((UnsupportedModel, case) for case in UNSUPPORTED)]


@pytest.mark.parametrize(("error", "case"), REFUSED)
def test_what_makes_no_sense_is_refused(
    error: type[Exception], case: tuple[str, str, str, dict[str, Any], str]
) -> None:
    name, inputs, outputs, fields, text = case
    with pytest.raises(error, match=text):
        read_tflite(model(name, tensors(f"{inputs} {outputs}"), len(tensors(outputs)), **fields), "model", {})


@pytest.mark.parametrize(
    "change", [{}, {"starts": [0, 1, 4]}, {"first": [0, 1, 4]}, {"widths": [1, 2, 4]}, {"starts": [0, -1, 2]}]
)
def test_filter_banks_stay_within_their_lists(change: dict[str, list[int]]) -> None:
    lists = {"starts": [0, 1, 2], "first": [0, 1, 3], "widths": [1, 2, 3]} | change
    weights = [Tensor(w, data=np.arange(6, dtype=np.int16)) for w in "wu"]
    channels = [Tensor(k, data=np.array(v, np.int16)) for k, v in lists.items()]
    ends = Tensor("x", "UINT32", (6,)), Tensor("y", "UINT64", (2,))
    data = model("FilterBank", [ends[0], *weights, *channels, ends[1]], num_channels=2)
    if not change:
        assert read_tflite(data, "model", {}).nodes
        return
    with pytest.raises(InvalidModel, match="are not within"):
        read_tflite(data, "model", {})


def test_filter_banks_need_as_many_entries_as_channels() -> None:
    parts = [Tensor(k, data=np.arange(3, dtype=np.int16)) for k in ("w", "u", "starts", "first", "widths")]
    data = model("FilterBank", [Tensor("x", "UINT32", (6,)), *parts, Tensor("y", "UINT64", (3,))], num_channels=3)
    with pytest.raises(InvalidModel, match="need lists of 4"):
        read_tflite(data, "model", {})
