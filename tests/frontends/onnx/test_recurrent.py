"""RNN, GRU and LSTM beside onnxruntime, with weights that are known ahead of time and weights that are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgegen.errors import InvalidModel, UnsupportedModel
from edgegen.ir.evaluate import evaluate
from edgegen.ir.tensor import Array
from tests.frontends.onnx.onnxruntime_judge import Question, check

STEPS, BATCH, INPUTS, CELLS = 4, 3, 5, 6
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
STATES = {"RNN": ["h"], "GRU": ["h"], "LSTM": ["h", "c"]}


def layer(
    kind: str,
    known: bool,
    direction: str = "forward",
    lengths: list[int] | None = None,
    bias: bool = True,
    initial: bool = True,
    peepholes: bool = False,
    **attributes: Any,
) -> Question:
    """One layer of `kind`; known: whether its weights are initializers."""
    rng = np.random.default_rng(sum(map(ord, f"{kind}{direction}{sorted(attributes)}")))
    n, count = 2 if direction == "bidirectional" else 1, GATES[kind]

    def some(*shape: int) -> Array:
        return rng.standard_normal(shape).astype(np.float32)

    inputs: list[Array | None] = [
        some(STEPS, BATCH, INPUTS),
        some(n, count * CELLS, INPUTS),
        some(n, count * CELLS, CELLS),
        some(n, 2 * count * CELLS) if bias else None,
        None if lengths is None else np.array(lengths, np.int32),
        *(some(n, BATCH, CELLS) if initial else None for _ in STATES[kind]),
    ]
    if kind == "LSTM":
        inputs.append(some(n, 3 * CELLS) if peepholes else None)
    fixed = (1, 2, 3, 7) if known else ()
    outputs = ["y", *STATES[kind]]
    return Question(kind, inputs, outputs, {"direction": direction, "hidden_size": CELLS, **attributes}, fixed)


def forms(known: bool) -> list[Question]:
    return [
        *(layer(kind, known, direction) for kind in GATES for direction in ("forward", "reverse", "bidirectional")),
        *(layer(kind, known, "bidirectional", [2, 4, 0]) for kind in GATES),
        *(layer(kind, known, clip=0.4, bias=False, initial=False) for kind in GATES),
        layer("GRU", known, linear_before_reset=1),
        layer("GRU", known, "bidirectional", linear_before_reset=1, clip=0.5),
        layer("LSTM", known, peepholes=True),
        layer("LSTM", known, "reverse", [1, 3, 4], peepholes=True, input_forget=1),
        layer("LSTM", known, input_forget=1),
        layer("LSTM", known, activations=["HardSigmoid", "Softsign", "Softplus"]),
        layer("LSTM", known, activations=["Sigmoid", "Relu", "Tanh"]),
        layer(
            "LSTM",
            known,
            activations=["Affine", "ScaledTanh", "HardSigmoid"],
            activation_alpha=[0.5, 0.7, 0.3],
            activation_beta=[0.1, 1.2, 0.4],
        ),
        layer("GRU", known, activations=["HardSigmoid", "Elu"], activation_alpha=[0.3, 0.7], activation_beta=[0.4]),
        layer("RNN", known, activations=["LeakyRelu"], activation_alpha=[0.2]),
        layer("RNN", known, activations=["ThresholdedRelu"], activation_alpha=[0.3], initial=False),
        layer("RNN", known, activations=["Relu"], bias=False),
    ]


def test_layers_whose_weights_are_known() -> None:
    rows = set(check(forms(known=True)))
    assert {"rnn_f32", "gru_f32", "lstm_f32", "rnn_f32_general", "gru_f32_general", "lstm_f32_general"} <= rows


def test_layers_whose_weights_are_inputs() -> None:
    rows = check(forms(known=False))
    assert not {"rnn_f32", "gru_f32", "lstm_f32"} & set(rows)


def test_layout_with_the_batch_first() -> None:
    """onnxruntime refuses layout 1, so the layer is that of layout 0 with its tensors transposed."""
    for kind in GATES:
        question = layer(kind, True, "bidirectional")
        y, *states = question.answer()
        first = [None if v is None else v.swapaxes(0, 1) for v in (question.inputs[0], *question.inputs[5:7])]
        inputs = [first[0], *question.inputs[1:5], *first[1 : 1 + len(STATES[kind])]]
        inputs = [None if v is None else np.ascontiguousarray(v) for v in inputs]
        batch_first = Question(kind, inputs, question.outputs, {**question.attributes, "layout": 1}, (1, 2, 3))
        graph = batch_first.graph()
        got = evaluate(graph, [batch_first.fed()[t.name] for t in graph.inputs])
        for a, b in zip(got, [y.transpose(2, 0, 1, 3), *(s.swapaxes(0, 1) for s in states)], strict=True):
            np.testing.assert_allclose(a, b, 1e-5, 1e-6)


@pytest.mark.cross
@pytest.mark.parametrize("target", ["cortex-m4", "arm-neon"])
def test_layers_on_other_cores(target: str) -> None:
    chosen = [
        *(layer(kind, True, "bidirectional") for kind in GATES),
        *(layer(kind, False, "reverse", [2, 4, 0]) for kind in GATES),
        layer("GRU", True, linear_before_reset=1),
    ]
    check(chosen, target)


def test_refusals() -> None:
    with pytest.raises(UnsupportedModel, match="Affine"):
        layer("RNN", True, activations=["Affine"]).graph()
    with pytest.raises(UnsupportedModel, match="input_forget"):
        layer("LSTM", True, input_forget=1, activations=["HardSigmoid", "Tanh", "Tanh"]).graph()
    with pytest.raises(InvalidModel, match="direction"):
        layer("GRU", True, "sideways").graph()
    with pytest.raises(InvalidModel, match="activations"):
        layer("GRU", True, activations=["Tanh"]).graph()
    wrong = layer("LSTM", True)
    inputs = [*wrong.inputs]
    inputs[3] = np.zeros((1, 7), np.float32)
    with pytest.raises(InvalidModel, match="B f32"):
        Question("LSTM", inputs, wrong.outputs, wrong.attributes, (1, 2, 3)).graph()
    wide = [None if v is None else v.astype(np.float64) for v in layer("RNN", True).inputs]
    with pytest.raises(UnsupportedModel, match="f64"):
        Question("RNN", wide, ["y"], {"hidden_size": CELLS}, (1, 2, 3)).graph()
