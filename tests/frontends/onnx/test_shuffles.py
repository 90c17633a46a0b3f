"""Networks that shuffle channels, as PyTorch exports them: no shuffle and no transpose inside is left in the C."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from edgegen.frontends import read_model
from edgegen.ir.graph import Node
from edgegen.ops.shuffle import Shuffle
from edgegen.ops.transpose import Transpose
from edgegen.verify import Call, build_program
from tests.frontends.free_sizes import given, model
from tests.harness import compile_for_test

HALVES = """
    half{u} = Constant <value_ints = [8, 8]> ()
    a{u}, b{u} = Split <axis = 1> ({x}, half{u})
    p{u} = Conv (b{u}, w{u}a)
    q{u} = Relu (p{u})
    r{u} = Conv <pads = [1, 1, 1, 1], group = 8> (q{u}, w{u}d)
    s{u} = Conv (r{u}, w{u}b)
    t{u} = Relu (s{u})
    joined{u} = Concat <axis = 1> (a{u}, t{u})"""
SHUFFLE = """
    groups{u} = Constant <value_ints = [1, {g}, {n}, 8, 8]> ()
    split{u} = Reshape (joined{u}, groups{u})
    swapped{u} = Transpose <perm = [0, 2, 1, 3, 4]> (split{u})
    whole{u} = Constant <value_ints = [1, 16, 8, 8]> ()
    o{u} = Reshape (swapped{u}, whole{u})"""
GROUPED = """
    c{u} = Conv <group = 4> ({x}, w{u}g)
    joined{u} = Relu (c{u})"""
END = """
    d = Conv <pads = [1, 1, 1, 1], group = 16> ({x}, wd)
    y = Conv <group = 4> (d, we)
}}"""
START = "m (float[1, 3, 16, 16] x) => (float[1, 12, 8, 8] y) { c = Conv <pads = [1, 1, 1, 1], strides = [2, 2]> (x, w)"


def network(unit: str, groups: int) -> str:
    """Two units, each with a shuffle."""
    text, x = START, "c"
    for u in range(2):
        text += (unit + SHUFFLE).format(u=u, x=x, g=groups, n=16 // groups)
        x = f"o{u}"
    return text + END.format(x=x)


WEIGHTS = {"w": (16, 3, 3, 3), "wd": (16, 1, 3, 3), "we": (12, 4, 1, 1)}
for u in range(2):
    WEIGHTS |= {f"w{u}a": (8, 8, 1, 1), f"w{u}d": (8, 1, 3, 3), f"w{u}b": (8, 8, 1, 1), f"w{u}g": (16, 4, 1, 1)}
MODELS = [model(network(unit, groups), **WEIGHTS) for unit, groups in ((HALVES, 2), (GROUPED, 4))]


def moves(node: Node) -> bool:
    return isinstance(node.op, Transpose | Shuffle) and not node.is_view


@pytest.mark.parametrize(
    "target", ["generic", *(pytest.param(t, marks=pytest.mark.cross) for t in ("arm-neon", "cortex-m4"))]
)
def test_networks(target: str) -> None:
    compiled = [
        compile_for_test(read_model(Path("m.onnx"), m.SerializeToString(), {}), target, f"m{i}")
        for i, m in enumerate(MODELS)
    ]
    for one in compiled:
        left = [n for n in one.graph.steps() if moves(n)]
        assert all(n.inputs[0] in one.graph.inputs or n.out in one.graph.outputs for n in left)
    values = [given(m, 1) for m in MODELS]
    outcomes = build_program(compiled).execute([Call([v["x"]], i) for i, v in enumerate(values)])
    for proto, value, outcome in zip(MODELS, values, outcomes, strict=True):
        (wanted,) = onnxruntime.InferenceSession(proto.SerializeToString()).run(None, value)
        np.testing.assert_allclose(outcome.outputs[0], wanted, rtol=1e-5, atol=1e-5 * float(np.abs(wanted).max()))
