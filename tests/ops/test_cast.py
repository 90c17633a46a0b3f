"""Cast gives numpy's conversions between all types, on every code of small types."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.ir.dtypes import BOOL, DTYPES, SMALL_INTEGERS, DType
from edgegen.ir.evaluate import evaluate
from edgegen.ir.graph import Graph, Node
from edgegen.ir.tensor import Array, Tensor, TensorType
from edgegen.ops.cast import Cast
from edgegen.verify import Build, Call, build_program
from tests.harness import compile_for_test

TIES = [
    0.0,
    0.5,
    1.5,
    2.5,
    1 + 2**-11,
    1 + 3 * 2**-11,
    2**-24,
    2**-25,
    3 * 2**-25,
    65504,
    65519.99,
    65520,
    448,
    464,
    465,
]


def values(of: DType) -> Array:
    """All codes of types of up to 16 bits; of others random bits and numbers where rounding is decided."""
    rng = np.random.default_rng(7)
    if of == BOOL:
        return np.array([False, True])
    if of.size == 1:
        bits = int(of.name[1]) if of in SMALL_INTEGERS else 4 if of.name.startswith("f4") else 8
        return np.arange(1 << bits, dtype=np.uint8).view(of.np)
    if of.size == 2:
        return np.arange(1 << 16, dtype=np.uint16).view(of.np)
    noise = rng.integers(0, 256, 4000 * of.size, np.uint8).view(of.np)
    if of.is_integer:
        return np.concatenate([noise, noise // 2**20, np.array([0, 1, 127, 128, 255, 256], of.np)])
    near = np.array([sign * scale * t for sign in (1, -1) for scale in (1, 2.0**-9, 2.0**7) for t in TIES])
    ordinary = rng.normal(0, 1, 3000) * 10.0 ** rng.integers(-8, 8, 3000)
    with np.errstate(invalid="ignore"):  # noise has numbers that tell nothing
        return np.concatenate([noise, near, ordinary, [np.inf, -np.inf, np.nan, -0.0]]).astype(of.np)


def all_casts(of: DType) -> tuple[Graph, Array]:
    x = values(of)
    source = Tensor("x", TensorType(of, x.shape))
    nodes = []
    for to in DTYPES.values():
        for saturate in (True, False) if to.name.startswith("f8e4") or to.name.startswith("f8e5") else (True,):
            y = Tensor(f"to_{to}_{saturate}", TensorType(to, x.shape))
            nodes.append(Node(Cast(to.name, saturate), [source], [y], y.name))
    return Graph(f"of_{of}", [source], [n.out for n in nodes], nodes), x


@pytest.mark.parametrize("target", ["generic", pytest.param("cortex-m4", marks=pytest.mark.cross)])
def test_every_pair_of_types(target: str) -> None:
    chosen = [d for d in DTYPES.values() if target == "generic" or d.size == 1]
    graphs = [all_casts(of) for of in chosen]
    models = [compile_for_test(g, target, f"of_{d}") for d, (g, _) in zip(chosen, graphs, strict=True)]
    program = build_program(models, Build())
    outcomes = program.execute([Call([x], i) for i, (_, x) in enumerate(graphs)])
    for (graph, x), outcome in zip(graphs, outcomes, strict=True):
        for tensor, got, want in zip(graph.outputs, outcome.outputs, evaluate(graph, [x]), strict=True):
            assert got.dtype == want.dtype
            same = got == want
            if "float" in want.dtype.name:
                with np.errstate(invalid="ignore"):  # signalling NaN
                    a, b = got.astype(np.float64), want.astype(np.float64)
                same = np.where(np.isnan(b), np.isnan(a), (a == b) & (np.signbit(a) == np.signbit(b)))
            wrong = np.flatnonzero(~same)
            assert wrong.size == 0, (
                f"{graph.name} {tensor.name}: {x[wrong[:5]]} gave {got[wrong[:5]]}, not {want[wrong[:5]]}"
            )
