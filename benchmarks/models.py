"""The models that are measured, and the inputs that they are measured on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgegen.errors import UsageError
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.tensor import Array
from tests import corpus

DIGITS = Path(__file__).resolve().parents[1] / "examples" / "digits"
NAMES = (
    "mlperf_kws_int8",
    "mlperf_vww_int8",
    "mlperf_ic_int8",
    "mlperf_ad_int8",
    "mlperf_strww_int8",
    "person_detect",
    "micro_speech_int8",
    "hello_world_int8",
    "mlperf_vww_f32",
    "mlperf_ic_f32",
    "mlperf_ad_f32",
    "hello_world_f32",
    "mnist_lstm_f32",
    "gap_lstm",
    "dtln_quant_2",
    "keyword_scrambled",
    "audio_preprocessor_int8",
    "mww_v2_hey_jarvis",
    "mobilenet_v1_025_128_uint8",
    "digits",
)


@dataclass(frozen=True)
class Model:
    """A model file and one sample: of a model that remembers, the first run of an instance.

    outputs: what the judge of the corpus gave for it; None where it has none
    """

    name: str
    path: Path
    inputs: list[Array]
    outputs: list[Array] | None


def _digits() -> Model:
    image = np.load(DIGITS / "heldout.npz")["images"][0]
    # scale 1/255 and zero point -128, the pixels being sixteenths
    pixels = np.clip(np.round(image / 16 * 255) - 128, -128, 127).astype(np.int8)
    return Model("digits", DIGITS / "digits.tflite", [pixels.reshape(1, 8, 8, 1)], None)


def model(name: str) -> Model:
    """The model called `name` with its sample. Raises UsageError if it is not there."""
    if name == "digits":
        return _digits()
    path = corpus.ROOT / "models" / "tflite" / f"{name}.tflite"
    if not path.is_file():
        raise UsageError(f"there is no model {name}", [("looked", str(path))], "set EDGEGEN_CORPUS to the corpus")
    types = [t.type for t in read_tflite(path.read_bytes(), name, {}).inputs]
    inputs, outputs = corpus.references(corpus.ROOT, name, types)[0]
    return Model(name, path, inputs, [recorded.values for recorded in outputs])
