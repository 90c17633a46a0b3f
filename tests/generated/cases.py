"""Draws the models, asks the judges, and computes them in batches: many models as one graph, since a build takes longer
than what it computes."""

from __future__ import annotations

import functools
import os
import random
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from edgegen.compiler import Compiled
from edgegen.frontends.tflite import read_tflite
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array
from edgegen.targets import Optimize
from edgegen.verify import Call, Program, compare
from tests.generated.disagreements import MISTAKEN
from tests.generated.single import GENERATORS, Draw, Single
from tests.harness import compile_for_test, planned_at_once
from tests.judge import Judges

TIMES = int(os.environ.get("EDGEGEN_GENERATED", "1"))
"""How many times as many models to draw: the first of them are always the same."""

EACH = 4
"""Models of each operator and kind."""

Results = list[list[Array]]
"""Outputs of consecutive runs."""


@dataclass(frozen=True)
class Case:
    """A drawn model and the inputs of its runs. label: "OPERATOR KIND number"."""

    label: str
    name: str
    kind: str
    single: Single
    inputs: Results

    @functools.cached_property
    def data(self) -> bytes:
        """The .tflite file."""
        return self.single.data()

    @property
    def is_judged(self) -> bool:
        """Whether a judge must be able to run it."""
        return self.kind not in GENERATORS[self.name].unjudged

    @property
    def outputs(self) -> int:
        """Number of the model's outputs."""
        single = self.single
        return len(single.outputs if single.outputs is not None else [n for o in single.listed for n in o.outputs])

    def graph(self) -> Graph:
        """The model as edgegen reads it."""
        return read_tflite(self.data, "model", {})

    def difference(self, got: Sequence[Sequence[Array]], want: Sequence[Sequence[Array]]) -> str:
        """How results differ by more than the single allows; "" if they do not."""
        for run, (ours, theirs) in enumerate(zip(got, want, strict=True)):
            for k, (a, b) in enumerate(zip(ours, theirs, strict=True)):
                where = f"{self.label}, run {run}, output {k}"
                if (a.dtype, a.shape) != (b.dtype, b.shape):
                    return f"{where}: {a.dtype}{list(a.shape)} instead of {b.dtype}{list(b.shape)}"
                found = compare(a, b, relative=0.0, ulp=self.single.ulp, scale=self.single.scale)
                if not found.match:
                    return f"{where}: {found}"
        return ""


def draw_case(name: str, kind: str, number: int) -> Case:
    """The model of that number: always the same one."""
    label = f"{name} {kind} {number}"
    draw = Draw(random.Random(zlib.crc32(label.encode())))
    single = GENERATORS[name].draw(draw, kind)
    return Case(label, name, kind, single, draw.inputs(single))


def draw_cases(names: Iterable[str], each: int = EACH) -> Iterator[Case]:
    """All models of some operators."""
    for name in names:
        generator = GENERATORS[name]
        for kind in generator.kinds:
            for number in range(each * TIMES * generator.weight):
                yield draw_case(name, kind, number)


def judged(judges: Judges, case: Case) -> Results | str:
    """What TensorFlow Lite Micro computes, or LiteRT where it refuses; why if both do."""
    said: Results | str = "it is mistaken (docs/judges.md)"
    if (case.name, case.kind) not in MISTAKEN:
        said = judges.tflm(case.data, case.inputs, case.outputs)
    if not isinstance(said, str):
        return said
    other = judges.litert(case.data, case.inputs, case.outputs)
    return f"TFLM: {said}; LiteRT: {other}" if isinstance(other, str) else other


def merge(graphs: Sequence[Graph]) -> Graph:
    """One graph that computes all of them side by side, inputs and outputs in their order."""
    whole = Graph("batch", [], [])
    for i, graph in enumerate(graphs):
        for tensor in graph.tensors():
            tensor.name = f"m{i}/{tensor.name}"
        for node in graph.nodes:
            node.name = f"m{i}/{node.name}"
        for state in graph.state:
            state.name = f"m{i}/{state.name}"
        whole.inputs += graph.inputs
        whole.outputs += graph.outputs
        whole.nodes += graph.nodes
        whole.state += graph.state
    return whole


def compile_batch(cases: Sequence[Case], target: str, optimize: Optimize, name: str) -> Compiled:
    """All cases as one model, through all passes."""
    return compile_for_test(merge([c.graph() for c in cases]), planned_at_once(target), name, optimize)


def run_batches(program: Program, batches: Sequence[Sequence[Case]]) -> list[list[Results]]:
    """Results of each case of each batch. A case of fewer runs than others gets its last inputs again."""
    calls = []
    for index, cases in enumerate(batches):
        for run in range(max(c.single.runs for c in cases)):
            inputs = [array for c in cases for array in c.inputs[min(run, c.single.runs - 1)]]
            calls.append(Call(inputs, index, restart=run == 0))
    outcomes = iter(program.execute(calls))
    found: list[list[Results]] = []
    for cases in batches:
        runs = [iter(next(outcomes).outputs) for _ in range(max(c.single.runs for c in cases))]
        split = [[[next(run) for _ in range(c.outputs)] for run in runs] for c in cases]
        found.append([results[: c.single.runs] for c, results in zip(cases, split, strict=True)])
    return found
