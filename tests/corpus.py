"""Finds the corpus of real models: where its files are, and the reference inputs and outputs of each model.

The folder is $EDGEGEN_CORPUS, or ../shared/corpus beside the checkout. Tests that need it are marked `corpus` and take
the fixture of that name:

    @pytest.mark.corpus
    def test_kws(corpus: Path) -> None:
        path = model(corpus, "mlperf_kws_int8")
        for inputs, outputs in samples(corpus, "mlperf_kws_int8"): ...
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgegen.ir.tensor import Array, TensorType

ROOT = Path(os.environ.get("EDGEGEN_CORPUS") or Path(__file__).resolve().parents[2] / "shared" / "corpus")


def model(corpus: Path, name: str, kind: str = "tflite") -> Path:
    """The model's file. Fails if the corpus has none of that name."""
    path = corpus / "models" / kind / f"{name}.{kind}"
    assert path.is_file(), f"the corpus has no {kind}/{name}"
    return path


def models(corpus: Path, kind: str = "tflite") -> list[Path]:
    """Every model file of one format, sorted by name."""
    return sorted((corpus / "models" / kind).glob(f"*.{kind}"))


def samples(corpus: Path, name: str, kind: str = "tflite") -> list[tuple[list[Array], list[Array]]]:
    """(inputs, outputs) of each sample that the judge ran, inputs and outputs in the file's order.

    Those of a stateful model are consecutive calls of one fresh instance. Fails for a model whose inputs were too large
    to be stored: `generated_input` makes those again.
    """
    with np.load(corpus / "refs" / f"{kind}_{name}.npz") as stored:
        arrays = dict(stored)
    found = []
    while f"s{len(found)}__in0" in arrays:
        prefix = f"s{len(found)}"
        sides: list[list[Array]] = []
        for side in ("in", "out"):
            numbers = range(sum(key.startswith(f"{prefix}__{side}") for key in arrays))
            sides.append([arrays[f"{prefix}__{side}{i}"] for i in numbers])
        found.append((sides[0], sides[1]))
    assert found, f"no stored samples of {name}"
    return found


@dataclass(frozen=True)
class Recorded:
    """What the corpus has of an output: all of it or, of a large one, every `stride`-th element as a list."""

    values: Array
    stride: int = 0

    def part(self, output: Array) -> Array:
        """What of an output is to be compared with `values`."""
        return output.reshape(-1)[:: self.stride] if self.stride else output


_UNSTEADY = (
    "a deep network that quantizes while it runs: where the last bit of a float decides what a layer's input is "
    "rounded to, all that follows differs, as between any two of the judge's own resolvers"
)
UNSTEADY = {"yolox_nano_dynrange", "style_transfer_dynamic"}
"""Models of which only every layer by itself can be compared."""

MISJUDGED = {
    **dict.fromkeys(UNSTEADY, _UNSTEADY),
    "edsr_f32b5_full_qint8": "recorded by XNNPACK, which does not round integers as the reference kernels do",
    "lrt_qwen_fc_blockwise": "LiteRT's reference resolver takes the missing scale of blockwise weights for 0",
    "lrt_k_einsum_w8a16": "LiteRT's BATCH_MATMUL takes the scales of a matrix that has many for 0",
    "lrt_q_einsum_w8a16": "LiteRT's BATCH_MATMUL takes the scales of a matrix that has many for 0",
}
"""Models of which the recorded outputs say nothing, and why. The first two and the fourth are judged by
test_hybrid_corpus.py, layer by layer and by LiteRT's other kernels; the third, made small, by test_blocks.py; the
others by test_mixed_products.py."""

JUDGE_ERROR = {
    "fastestdet": (3.2e-5, "the judge is off by 4.9e-6 of 6.4 at one of 41,140 outputs, edgegen's C by up to 6.4e-6"),
    "style_candy": (
        0.23,
        "the judge is off by 7.9e-4 of 268, edgegen's C by 3e-4, they differ by 8.4e-4; what is computed in f64 but "
        "for the first convolution is off by 3.6e-4: InstanceNormalization divides its channels, 2,000 on average, "
        "by deviations of 60",
    ),
    "yunet_n_320": (1.3e-7, "the judge's Sigmoid of -14 to -8 is off by 1.3e-7, edgegen's C by 2.5e-10"),
}
"""By how much recorded outputs are off beside an evaluation in f64, where that is much, and what is known of it."""


def judge_error(name: str) -> float:
    """By how much a float of the model's recorded outputs is wrong, as far as known: what is added to the 1e-5 of the
    largest output by which results may differ."""
    return JUDGE_ERROR[name][0] if name in JUDGE_ERROR else 0.0


def references(
    corpus: Path, name: str, inputs: Sequence[TensorType], kind: str = "tflite"
) -> list[tuple[list[Array], list[Recorded]]]:
    """(inputs, outputs) of each sample that the judge ran, as `samples` has them; none for a model without a judge.

    inputs: types of the model's inputs, of which those that were too large to be stored are made again
    """
    path = corpus / "refs" / f"{kind}_{name}.npz"
    if not path.is_file():
        return []
    with np.load(path) as stored:
        arrays = dict(stored)
    found: list[tuple[list[Array], list[Recorded]]] = []
    while any(key.startswith(f"s{len(found)}__out") for key in arrays):
        prefix = f"s{len(found)}"
        given = []
        for i, t in enumerate(inputs):
            there = arrays.get(f"{prefix}__in{i}")
            given.append(generated_input(name, i, len(found), t.shape, t.dtype.np) if there is None else there)
        outputs: dict[int, Recorded] = {}
        for key, values in arrays.items():
            said = re.fullmatch(rf"{prefix}__out(\d+)(?:__stride(\d+))?", key)
            if said:
                outputs[int(said[1])] = Recorded(values, int(said[2] or 0))
        found.append((given, [outputs[i] for i in sorted(outputs)]))
    return found


def generated_input(name: str, index: int, sample: int, shape: tuple[int, ...], dtype: np.dtype) -> Array:
    """Input `index` of one sample as the corpus's gen_inputs.py makes it: wide integers are below 10."""
    rng = np.random.default_rng(zlib.crc32(f"{name}:{index}:{sample}".encode()))
    if dtype.kind == "f":
        return (rng.integers(-128, 128, shape) / 128.0).astype(dtype)
    if dtype.itemsize > 2:
        return rng.integers(0, 10, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max + 1, shape).astype(dtype)
