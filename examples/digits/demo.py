"""Compiles the digits network, builds it and classifies the scans that were held out of its training.

    python examples/digits/demo.py                       on this machine, through cffi
    python examples/digits/demo.py --target cortex-m4    on an emulated Cortex-M4

digits.tflite and heldout.npz were made by train.py, which says where the scans come from.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

import edgegen
from edgegen.errors import format_error

HERE = Path(__file__).resolve().parent
FULL_SCALE = 16  # the brightest pixel
INK = " .:-=+*#%@"


def quantized(images: np.ndarray, scale: float, zero_point: int) -> np.ndarray:
    """images u8[N,8,8] of 0..16 -> s8[N,1,8,8,1], as the network's input is quantized."""
    values = np.round(images / FULL_SCALE / scale) + zero_point
    return np.clip(values, -128, 127).astype(np.int8)[:, None, :, :, None]


def drawn(images: np.ndarray) -> str:
    """images u8[N,8,8] side by side in characters, two a pixel so that they keep their shape."""
    rows = ("   ".join("".join(2 * INK[p * 9 // FULL_SCALE] for p in image[y]) for image in images) for y in range(8))
    return "\n".join(f"  {row}" for row in rows)


def classify(target: str, folder: Path) -> None:
    data = np.load(HERE / "heldout.npz")
    images, labels = data["images"], data["labels"]

    artifact = edgegen.compile(HERE / "digits.tflite", target=target)
    written = artifact.write(folder, html=True)
    model = artifact.build()

    port = artifact.report()["inputs"][0]
    inputs = quantized(images, port["scale"], port["zero_point"])
    scores = [outputs[0] for outputs in model.run_many([[x] for x in inputs])]
    source = artifact.compiled.source
    agree = sum(np.array_equal(s, edgegen.evaluate(source, [x])[0]) for s, x in zip(scores, inputs, strict=True))
    said = np.array([s.argmax() for s in scores])
    right = int((said == labels).sum())

    shown = np.arange(4)
    print(drawn(images[shown]))
    print("   ".join(f"  says {said[i]}, is {labels[i]}".ljust(16) for i in shown).rstrip())
    print()
    print(f"target       {artifact.compiled.target.name}")
    print(f"accuracy     {right / len(labels):.2%} ({right} of {len(labels)} held-out scans)")
    print(f"reference    {agree} of {len(labels)} outputs are the same bytes as the numpy reference's")
    microseconds = model.microseconds(inputs[0], repeats=1000)
    if microseconds is not None:
        print(f"time         {microseconds:.2f} microseconds an image (least of 1,000 runs)")
    if model.instructions is not None:
        print(f"work         {model.instructions:,} instructions an image")
    print(f"arena        {model.arena_bytes:,} bytes of RAM")
    print(f"flash        {model.text_bytes + model.rodata_bytes:,} bytes: code {model.text_bytes:,}, ", end="")
    print(f"constants {model.rodata_bytes:,}")
    print(f"written      {', '.join(str(path) for path in written)}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Classifies held-out handwritten digits with emitted C.")
    parser.add_argument("--target", default="host", help="a name from edgegen targets (default: host)")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/digits"), help="folder (default: out/digits)")
    args = parser.parse_args()
    try:
        classify(args.target, args.output)
    except edgegen.EdgegenError as error:
        print(format_error(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
