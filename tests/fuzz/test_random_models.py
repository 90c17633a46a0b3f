"""Small models of every operator, most of them spoilt: each compiles or is refused; what compiles is sound C."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from edgegen.compiler import Compiled
from edgegen.errors import EdgegenError
from edgegen.verify import Build, build_program
from tests.fuzz.random_models import random_model
from tests.fuzz.test_flips import TIMES, compiled

MODELS = 1500
DRAWN = {
    *("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MAX_POOL_2D", "AVERAGE_POOL_2D", "ADD", "SUB", "MUL", "MEAN"),
    *("RELU", "RELU6", "LOGISTIC", "TANH", "HARD_SWISH", "LEAKY_RELU", "PRELU", "SOFTMAX", "QUANTIZE", "DEQUANTIZE"),
    *("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "PAD", "PADV2", "CONCATENATION", "SPLIT", "SPLIT_V", "SLICE"),
    *("STRIDED_SLICE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "SUM", "RELU_N1_TO_1", "PACK", "UNPACK"),
    *("GATHER", "EMBEDDING_LOOKUP", "SCATTER_ND", "SPARSE_TO_DENSE", "ONE_HOT", "TOPK_V2", "DYNAMIC_UPDATE_SLICE"),
}
"""Operators of which sound models are drawn often enough that some must compile."""
TOGETHER = {
    *("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE", "IF", "WHILE", "CALL", "STABLEHLO_COMPOSITE"),
    *("RFFT2D", "COMPLEX_ABS", "REAL", "IMAG", "custom:MaxUnpooling2D"),
}
"""Operators that mean nothing alone: test_flips, test_control and test_custom_models have them."""


def test_every_model_compiles_or_is_refused(tmp_path: Path) -> None:
    rng = random.Random(1)
    accepted: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    to_build: dict[str, Compiled] = {}
    for number in range(MODELS * TIMES):
        drawn = random_model(rng)
        if drawn is None:
            continue
        name, data = drawn
        try:
            result = compiled(Path(f"{name}.tflite"), data, number, f"model{number}")
        except BaseException as error:
            kept = tmp_path / f"{name}.tflite"
            kept.write_bytes(data)
            raise AssertionError(f"model {number}, kept as {kept}: {error!r}") from error
        if isinstance(result, EdgegenError):
            refused[name] += 1
            continue
        accepted[name] += 1
        if result.target.name == "generic":
            to_build.setdefault(name, result)
    assert set(accepted) >= DRAWN
    assert sum(refused.values()) > MODELS * TIMES / 4
    assert build_program(list(to_build.values()), Build(together=True)).sizes()
