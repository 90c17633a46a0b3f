"""What signal operators remember, in C: it goes on from run to run, starts afresh after init, and disturbs no other."""

from __future__ import annotations

import numpy as np
import pytest

from edgegen.frontends.tflite import read_tflite
from edgegen.ir.evaluate import Evaluation
from edgegen.ir.tensor import Array
from edgegen.verify import Build, Call, build_program
from tests.frontends.tflite.test_signal import CODES, model, numbers
from tests.harness import compile_for_test
from tests.judge import judge_runs
from tests.models.tflite_builder import Operator, SubGraph, Tensor, build_model, custom_options, options

CONTEXT = {"stacker_left_context": 2, "stacker_right_context": 1, "stacker_step": 2}
NOISE = {"smoothing": 409, "one_minus_smoothing": 15975, "alternate_smoothing": 983, "smoothing_bits": 10}
NOISE |= {"alternate_one_minus_smoothing": 15401, "min_signal_remaining": 819, "spectral_subtraction_bits": 14}


def streams() -> list[tuple[bytes, str, tuple[int, ...]]]:
    """(model, type and shape of its input)."""
    x, flag = Tensor("x", "INT16", (2, 12)), Tensor("flag", "BOOL", ())
    frames, sums = Tensor("y", "INT16", (2, 3, 10)), Tensor("y", "INT16", (12,))
    floats = Tensor("x", "FLOAT32", (3, 9))
    channels = [Tensor(n, "UINT32", (7,)) for n in ("x", "y", "noise")]
    return [
        (model("Framer", [x, frames, flag], 2, frame_size=10, frame_step=4, prefill=False), "INT16", (2, 12)),
        (model("Framer", [x, frames, flag], 2, frame_size=10, frame_step=4, prefill=True), "INT16", (2, 12)),
        (model("Stacker", [Tensor("x", "INT16", (3,)), sums, flag], 2, num_channels=3, **CONTEXT), "INT16", (3,)),
        (model("Delay", [x, Tensor("y", "INT16", (2, 12))], delay_length=17), "INT16", (2, 12)),
        (model("OverlapAdd", [x, Tensor("y", "INT16", (10,))], T=7, frame_step=5), "INT16", (2, 12)),
        (
            model("OverlapAdd", [floats, Tensor("y", "FLOAT32", (6,))], T=CODES["FLOAT32"], frame_step=2),
            "FLOAT32",
            (3, 9),
        ),
        (model("FilterBankSpectralSubtraction", channels, 2, num_channels=7, clamping=True, **NOISE), "UINT32", (7,)),
    ]


def runs(kind: str, shape: tuple[int, ...], first: int) -> list[list[Array]]:
    return [[numbers(kind, *shape, seed=first + k)] for k in range(6)]


@pytest.mark.parametrize("target", ["generic", pytest.param("cortex-m4", marks=pytest.mark.cross)])
def test_streams_go_on_and_start_afresh(target: str) -> None:
    """One program of all: every model runs six times, is reset, and runs six times more, all of them in turns."""
    graphs = [(read_tflite(data, "model", {}), kind, shape) for data, kind, shape in streams()]
    program = build_program(
        [compile_for_test(g, target, f"stream{i}") for i, (g, _, _) in enumerate(graphs)],
        Build(sanitize=target == "generic"),
    )
    calls: list[Call] = []
    wanted: list[list[Array]] = []
    for first in (0, 50):
        evaluations = [Evaluation(g) for g, _, _ in graphs]
        for k in range(6):
            for i, (_, kind, shape) in enumerate(graphs):
                inputs = runs(kind, shape, first)[k]
                calls.append(Call(inputs, i, restart=k == 0))
                wanted.append(evaluations[i].run(inputs))
    for outcome, want in zip(program.execute(calls), wanted, strict=True):
        for a, b in zip(outcome.outputs, want, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_branch_remembers_what_it_saw_when_it_was_taken() -> None:
    """As TensorFlow Lite Micro has it: the state is the sub-graph's, and stands still while the other branch runs."""
    ends = [Tensor("a", "INT16", (4,)), Tensor("b", "INT16", (4,))]
    weights = Tensor("w", data=np.ones(4, np.int16))
    late = Operator("custom:SignalDelay", ["a"], ["b"], custom=custom_options(delay_length=6))
    same = Operator("custom:SignalWindow", ["a", "w"], ["b"], custom=custom_options(shift=0))
    branches = [SubGraph(ends, [late], ["a"], ["b"]), SubGraph([*ends, weights], [same], ["a"], ["b"])]
    table = options("IfOptions", ThenSubgraphIndex=1, ElseSubgraphIndex=2)
    tensors = [Tensor("c", "BOOL", (1,)), Tensor("x", "INT16", (4,)), Tensor("y", "INT16", (4,))]
    data = build_model(tensors, [Operator("IF", ["c", "x"], ["y"], table)], more=branches)
    taken = [[np.array([c]), numbers("INT16", 4, seed=k)] for k, c in enumerate((True, True, False, True, False, True))]
    evaluation = Evaluation(read_tflite(data, "model", {}))
    for inputs, (want,) in zip(taken, judge_runs(data, taken), strict=True):
        np.testing.assert_array_equal(evaluation.run(inputs)[0], want)
