"""Hears the words "yes" and "no": one model turns sound into features, another features into words.

    python examples/keyword/demo.py                       on this machine, through cffi
    python examples/keyword/demo.py --target cortex-m4    on an emulated Cortex-M4

It also writes the two models' C to out/keyword, for keyword.c: the same application without Python.

sound_features.tflite (audio_preprocessor_int8), words.tflite (micro_speech_quantized) and the recordings are those of
TensorFlow Lite Micro's micro_speech example: Copyright The TensorFlow Authors, Apache License 2.0,
https://github.com/tensorflow/tflite-micro
"""

from __future__ import annotations

import argparse
import sys
import wave
from pathlib import Path

import numpy as np

import edgegen
from edgegen.errors import format_error

HERE = Path(__file__).resolve().parent
CLASSES = ("silence", "unknown", "yes", "no")
WORDS = ("yes", "no", "noise", "silence")
RATE, WINDOW, STEP, WINDOWS = 16000, 480, 320, 49  # windows of 30 ms every 20 ms, of which the network sees 49 at once
INK = " .:-=+*#%@"


def windows(path: Path) -> list[np.ndarray]:
    """s16[1, WINDOW] of each window of a recording of one second."""
    with wave.open(str(path)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)
    return [sound[k * STEP : k * STEP + WINDOW].reshape(1, WINDOW) for k in range(WINDOWS)]


def drawn(features: np.ndarray) -> str:
    """features s8[WINDOWS, channels] in characters, low tones at the bottom, four channels a line."""
    levels = features.astype(int).reshape(WINDOWS, -1, 4).max(axis=2) + 128
    return "\n".join("  " + "".join(INK[v * 9 // 255] for v in row) for row in levels.T[::-1])


def hear(target: str, folder: Path) -> None:
    parts = [edgegen.compile(HERE / f"{name}.tflite", target=target) for name in ("sound_features", "words")]
    written = [path for part in parts for path in part.write(folder)]
    front, network = (part.build() for part in parts)

    for word in WORDS:
        front.reset()
        features = np.concatenate([out[0] for out in front.run_many([[w] for w in windows(HERE / f"{word}.wav")])])
        (scores,) = network.run(features.reshape(1, -1))
        print(f"{word}.wav: {CLASSES[scores.argmax()]} ({(int(scores.max()) + 128) / 256:.0%})")
        print(drawn(features.reshape(WINDOWS, -1)))

    print(f"\ntarget       {parts[0].compiled.target.name}")
    for model, name in ((front, "sound"), (network, "words")):
        cost = f"{model.arena_bytes + model.state_bytes:,} bytes of RAM"
        cost += f", {model.text_bytes + model.rodata_bytes:,} of flash"
        if model.instructions is not None:
            cost += f", {model.instructions:,} instructions a run"
        print(f"{name:13}{cost}")
    print(f"written      {', '.join(str(path) for path in written)}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Hears words in recordings with emitted C.")
    parser.add_argument("--target", default="host", help="a name from edgegen targets (default: host)")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/keyword"), help="folder (default: out/keyword)")
    args = parser.parse_args()
    try:
        hear(args.target, args.output)
    except edgegen.EdgegenError as error:
        print(format_error(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
