"""One network as TFLite and as QDQ ONNX file: the same work on the core, the same arena, the same flash."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgegen.compiler import Request, compile_model
from edgegen.targets import target as find_target
from edgegen.verify import Build, Call, build_program

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"
WITHIN = 0.05


@pytest.mark.cross
def test_digits_cost_the_same_in_both_formats() -> None:
    """Instructions are counted by the emulator, so they are exact figures of the emitted code."""
    target = find_target("cortex-m4")
    paths = [DIGITS / f"digits.{format}" for format in ("tflite", "onnx")]
    models = [compile_model(Request(path, target, name=path.suffix[1:])) for path in paths]
    program = build_program(models, Build())
    image = np.load(DIGITS / "heldout.npz")["images"][0].astype(np.int64)
    pixels = np.clip(np.rint(image / 16 * 255) - 128, -128, 127).astype(np.int8)
    outcomes = program.execute([Call([pixels.reshape(m.graph.inputs[0].shape)], i) for i, m in enumerate(models)])
    flash = [size.text + size.rodata for size in program.sizes()]
    arenas = [m.graph.plan.arena_bytes for m in models if m.graph.plan is not None]
    counts = [o.instructions for o in outcomes]
    assert None not in counts
    for what, (tflite, onnx) in {"instructions": counts, "arena": arenas, "flash": flash}.items():
        assert abs(onnx / tflite - 1) <= WITHIN, f"{what}: {tflite} and {onnx}"
    assert outcomes[0].outputs[0].argmax() == outcomes[1].outputs[0].argmax()
