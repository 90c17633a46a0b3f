"""Checks a compiled model: builds its C, runs it on its target and compares with the numpy reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edgegen.compiler import Compiled
from edgegen.emit.render import render
from edgegen.errors import UsageError
from edgegen.ir.evaluate import Evaluation
from edgegen.ir.op import Op
from edgegen.ir.tensor import magnitude
from edgegen.ops.quantize_rows import QuantizeRows
from edgegen.ops.requantize import Quantize
from edgegen.verify.compare import Difference, compare
from edgegen.verify.layers import Layer, compare_layers
from edgegen.verify.objects import Build
from edgegen.verify.program import Call, Outcome
from edgegen.verify.runner import build_program
from edgegen.verify.samples import Sample, file_samples, random_samples


@dataclass(frozen=True)
class OutputCheck:
    """One output of one run.

    reference: difference from the numpy reference of the model as read
    recorded:  difference from the output that the inputs' file holds; None if it holds none
    """

    name: str
    reference: Difference
    recorded: Difference | None = None

    @property
    def match(self) -> bool:
        return self.reference.match and (self.recorded is None or self.recorded.match)


@dataclass(frozen=True)
class RunCheck:
    """One run.

    layers:    every node's result, if layers were asked for or have to decide
    by_layers: outputs differ, but the model quantizes while it runs: where the last bit of a float decides what a
               layer's input is rounded to, all that follows differs, though every node is right on what it reads. So
               they decide
    """

    label: str
    outputs: list[OutputCheck]
    instructions: int | None
    stack_bytes: int | None
    layers: list[Layer] = field(default_factory=list)
    by_layers: bool = False

    @property
    def match(self) -> bool:
        outputs = self.by_layers or all(o.match for o in self.outputs)
        return outputs and all(layer.difference.match for layer in self.layers)

    @property
    def first_difference(self) -> Layer | None:
        """The first node whose C differs from its reference."""
        return next((layer for layer in self.layers if not layer.difference.match), None)


@dataclass(frozen=True)
class Verification:
    """What verifying a model found.

    max_abs_error, max_ulp: over all outputs of all runs, against the reference
    instructions, stack_bytes: the most that one run took; None where not measured
    arena_bytes, state_bytes: of the plan: what a run needs, and what outlives it
    instance_bytes:           sizeof(NAME_t), which holds both, or of the structs that do if there are several
    text_bytes, rodata_bytes: of the model's object file
    memory_checked: each run has also proved the plan of memory
    """

    target: str
    match: bool
    max_abs_error: float
    max_ulp: int
    instructions: int | None
    arena_bytes: int
    state_bytes: int
    instance_bytes: int
    stack_bytes: int | None
    text_bytes: int
    rodata_bytes: int
    memory_checked: bool
    runs: list[RunCheck]

    @property
    def first_difference(self) -> Layer | None:
        """The first node that differs, in the first run where one does; only if layers were asked for."""
        return next((d for d in (r.first_difference for r in self.runs) if d is not None), None)

    def summary(self) -> dict[str, Any]:
        """For programs: JSON-serializable, None where not measured."""
        keys = ("target", "match", "max_abs_error", "max_ulp", "instructions", "arena_bytes", "state_bytes")
        facts = {k: getattr(self, k) for k in (*keys, "instance_bytes", "stack_bytes", "text_bytes", "rodata_bytes")}
        facts["memory_checked"] = self.memory_checked
        # JSON has no infinity: an error that has no size is null
        facts["max_abs_error"] = self.max_abs_error if self.max_abs_error < float("inf") else None
        facts["runs"] = [_run_summary(r) for r in self.runs]
        first = self.first_difference
        facts["first_difference"] = _layer_summary(first) if first else None
        return facts


def _run_summary(run: RunCheck) -> dict[str, Any]:
    return {
        "label": run.label,
        "match": run.match,
        "by_layers": run.by_layers,
        "instructions": run.instructions,
        "stack_bytes": run.stack_bytes,
        "outputs": [
            {
                "name": o.name,
                "match": o.match,
                "reference": str(o.reference),
                "recorded": None if o.recorded is None else str(o.recorded),
            }
            for o in run.outputs
        ],
        "layers": [_layer_summary(layer) for layer in run.layers],
    }


def _layer_summary(layer: Layer) -> dict[str, Any]:
    return {
        "step": layer.step,
        "op": layer.node.op.kind,
        "name": layer.node.name,
        "source": layer.node.source,
        "kernel": layer.node.kernel.name if layer.node.kernel else None,
        "output": layer.output,
        "match": layer.difference.match,
        "difference": str(layer.difference),
    }


def verify_model(
    compiled: Compiled,
    inputs: Path | None = None,
    runs: int = 3,
    seed: int = 0,
    layers: bool = False,
    build: Build | None = None,
) -> Verification:
    """Builds and runs `compiled` on its target and compares every output.

    inputs: an .npz file of samples (see `file_samples`); without one, `runs` random samples from `seed`
    layers: also compare every node's result with its operator's reference; done for a model that quantizes while it
            runs, too, if its outputs differ (RunCheck.by_layers)
    build:  how to compile; the strict warnings are errors

    All runs are consecutive calls of one instance. Raises ToolchainMissing, UsageError and ToolchainFailed, also where
    the build checks the plan of memory and finds it broken; a difference is a result, not an error.
    """
    if inputs is None and runs < 1:
        raise UsageError(f"cannot verify with {runs} runs")
    source = compiled.source
    samples = file_samples(inputs, source) if inputs is not None else random_samples(source, runs, seed)
    program = build_program([compiled], build)
    outcomes = program.execute([Call(s.inputs) for s in samples])
    outputs = _check_outputs(compiled, samples, outcomes)
    amplifies = any(_amplifies(node.op) for node in compiled.graph.steps())
    by_layers = amplifies and not all(o.match for row in outputs for o in row)
    found = _check_layers(compiled, samples, build) if layers or by_layers else [[] for _ in samples]
    checks = [
        RunCheck(sample.label, checked, outcome.instructions, outcome.stack_bytes, layer, by_layers)
        for sample, checked, outcome, layer in zip(samples, outputs, outcomes, found, strict=True)
    ]
    differences = [o.reference for c in checks for o in c.outputs]
    sizes = program.sizes()[0]
    plan = compiled.graph.plan
    assert plan is not None
    return Verification(
        target=compiled.target.name,
        match=all(c.match for c in checks),
        max_abs_error=max((d.max_abs_error for d in differences), default=0.0),
        max_ulp=max((d.max_ulp for d in differences), default=0),
        instructions=_most([c.instructions for c in checks]),
        arena_bytes=plan.arena_bytes,
        state_bytes=plan.state_bytes,
        instance_bytes=program.instance_bytes[0],
        stack_bytes=_most([c.stack_bytes for c in checks]),
        text_bytes=sizes.text,
        rodata_bytes=sizes.rodata,
        memory_checked=program.build.check_memory,
        runs=checks,
    )


def _amplifies(op: Op) -> bool:
    """Whether the last bit of a float decides about a whole step; quantizing a model's inputs alone is exact."""
    return isinstance(op, QuantizeRows) or (isinstance(op, Quantize) and op.even)


def _most(measured: Sequence[int | None]) -> int | None:
    return max((m for m in measured if m is not None), default=None)


def _check_outputs(
    compiled: Compiled, samples: Sequence[Sample], outcomes: Sequence[Outcome]
) -> list[list[OutputCheck]]:
    """For each run every output against the reference of the model as read, and against what the file recorded."""
    reference = Evaluation(compiled.source)
    names = compiled.source.output_names()
    wanted = [reference.run(s.inputs) for s in samples]
    scales = [max(map(magnitude, same)) for same in zip(*wanted, strict=True)]
    checks = []
    for sample, outcome, wants in zip(samples, outcomes, wanted, strict=True):
        row = []
        for i, (name, got, want) in enumerate(zip(names, outcome.outputs, wants, strict=True)):
            recorded = sample.recorded.get(i)
            against = None if recorded is None else compare(got, recorded, scale=scales[i])
            row.append(OutputCheck(name, compare(got, want, scale=scales[i]), against))
        checks.append(row)
    return checks


def _check_layers(compiled: Compiled, samples: Sequence[Sample], build: Build | None) -> list[list[Layer]]:
    """The same runs by a second build, whose C reports every node's result and shares its arena with no model."""
    traced = render(compiled.graph, compiled.target, compiled.name, compiled.origin, trace=True, weights=compiled.form)
    alone = replace(compiled, files=traced.files, binaries=traced.binaries, shared=None)
    program = build_program([alone], build)
    outcomes = program.execute([Call(s.inputs) for s in samples])
    runs = [(s.inputs, o.layers) for s, o in zip(samples, outcomes, strict=True)]
    return compare_layers(compiled.graph, runs)
