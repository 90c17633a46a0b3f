"""Networks as onnxruntime's quantize_static writes them: what lies between the first and the last node is integers."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from edgegen.frontends.onnx import import_proto
from edgegen.ir.evaluate import evaluate
from edgegen.ops.requantize import Dequantize
from edgegen.targets import target as find_target
from edgegen.verify import Build, Call, build_program
from tests.frontends.onnx.calibrated import NETWORKS, Network, dynamic, quantized
from tests.frontends.onnx.small_models import judge, optimize, read_model
from tests.harness import compile_for_test

VARIANTS = [(True, "u8"), (False, "s8")]
"""Weights quantized per channel or per tensor, beside activations of each kind."""


def _quantized(name: str, per_channel: bool, activations: str) -> tuple[Network, onnx.ModelProto]:
    network, model = NETWORKS[name]()
    return network, quantized(network, model, per_channel, activations)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("per_channel", "activations"), VARIANTS)
def test_every_layer_computes_in_integers(name: str, per_channel: bool, activations: str) -> None:
    network, model = _quantized(name, per_channel, activations)
    optimized = optimize(read_model(model))
    real = [n.op.kind for n in optimized.nodes if any(t.dtype.is_float for t in (*n.outputs, *filter(None, n.inputs)))]
    assert sorted(k for k in real if k not in ("Reshape", "Transpose")) == ["Dequantize", "Quantize"]
    assert {t.dtype.name for n in optimized.nodes for t in n.outputs} == {"s8", "f32"}
    (step,) = {s for n in optimized.nodes if isinstance(n.op, Dequantize) for s in n.op.scale}
    for inputs in network.samples(3):
        (found,), wanted = evaluate(optimized, list(inputs.values())), judge(model, inputs)
        assert len(np.unique(wanted)) > 3
        # upsampling averages four numbers at one scale: a quarter of them are ties, which rounding errors decide there
        assert np.abs(found - wanted).max() <= (2.001 * step if name == "upsampling" else 0)


@pytest.mark.parametrize(
    "target", ["host", *(pytest.param(t, marks=pytest.mark.cross) for t in ("arm-neon", "cortex-m4"))]
)
def test_networks_compute_the_same_on_every_core(target: str) -> None:
    models, calls, wanted = [], [], []
    for i, name in enumerate(NETWORKS):
        network, model = _quantized(name, *VARIANTS[i % 2])
        inputs = list(network.samples(1)[0].values())
        models.append(compile_for_test(import_proto(model, name, {}, {}), find_target(target), name))
        calls.append(Call(inputs, i))
        wanted.append(evaluate(optimize(read_model(model)), inputs)[0])
    for name, outcome, want in zip(NETWORKS, build_program(models, Build()).execute(calls), wanted, strict=True):
        assert np.array_equal(outcome.outputs[0], want), name


ROWS = {"generic": "dense_s8_s32", "arm-neon": "dense_s8_s32_neon", "cortex-m4": "dense_s8_s32_dsp"}


@pytest.mark.parametrize(
    "target", ["generic", *(pytest.param(t, marks=pytest.mark.cross) for t in ("arm-neon", "cortex-m4"))]
)
def test_layers_quantized_at_run_time_take_the_rows_of_sums(target: str) -> None:
    network, model = dynamic()
    (inputs,) = network.samples(1)
    compiled = compile_for_test(read_model(model), find_target(target), "dynamic")
    kernels = [n.kernel.name for n in compiled.graph.nodes if n.kernel is not None]
    assert [k for k in kernels if k.startswith(("dense", "conv2d"))] == [ROWS[target]] * 2
    (found,) = build_program([compiled], Build()).execute([Call(list(inputs.values()))])[0].outputs
    wanted = judge(model, inputs)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-6 * float(np.abs(wanted).max()))
