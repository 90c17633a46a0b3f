"""Measures one model: instructions in emulators, time on the host beside LiteRT, bytes everywhere."""

from __future__ import annotations

import contextlib
import os
import statistics
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.litert import LiteRt
from benchmarks.models import Model
from edgegen.api import compile
from edgegen.compiler import Compiled
from edgegen.ir.evaluate import evaluate
from edgegen.ir.tensor import Array
from edgegen.verify import Call, HostProgram, build_program, compare

ROUND_NANOSECONDS = 20_000_000  # how long each side runs in one round


def peers() -> dict[str, Any]:
    """Figures of other stacks (peers.toml)."""
    return tomllib.loads((Path(__file__).parent / "peers.toml").read_text(encoding="utf-8"))


def _matches(model: Model, compiled: Compiled, outputs: Sequence[Array]) -> bool:
    """Whether the outputs are the judge's or, for a model without one, the reference's."""
    wanted = model.outputs if model.outputs is not None else evaluate(compiled.source, model.inputs)
    return all(compare(got, want).match for got, want in zip(outputs, wanted, strict=True))


@dataclass(frozen=True)
class Emulated:
    """One model on one emulated target; sizes in bytes, text and rodata of the model's object file alone."""

    instructions: int | None
    match: bool
    macs: int
    arena: int
    lower_bound: int
    state: int
    stack: int | None
    text: int
    rodata: int


def emulated(model: Model, target: str, optimize: str = "speed") -> Emulated:
    """Compiles, builds and runs the model once on its sample."""
    compiled = compile(model.path, target=target, optimize="size" if optimize == "size" else "speed").compiled
    program = build_program([compiled])
    (outcome,) = program.execute([Call(model.inputs)])
    plan, size = compiled.graph.plan, program.sizes()[0]
    assert plan is not None
    return Emulated(
        outcome.instructions,
        _matches(model, compiled, outcome.outputs),
        compiled.source.macs(),
        plan.arena_bytes,
        plan.lower_bound,
        plan.state_bytes,
        outcome.stack_bytes,
        size.text,
        size.rodata,
    )


@dataclass(frozen=True)
class Timed:
    """Microseconds of one inference on the host: the median of the rounds' medians. litert: None if it refuses the
    model."""

    target: str
    match: bool
    ours: float
    litert: float | None


def timed(model: Model, rounds: int) -> Timed:
    """Both sides in turn, `rounds` times, pinned to one core: what disturbs one round disturbs both."""
    compiled = compile(model.path, target="host").compiled
    program = build_program([compiled])
    assert isinstance(program, HostProgram)
    call = Call(model.inputs)
    match = _matches(model, compiled, program.execute([call])[0].outputs)
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        sides = [lambda count: program.nanoseconds(call, count)]
        with contextlib.suppress(RuntimeError, ValueError):  # an operator that it does not have
            sides.append(LiteRt(model.path.read_bytes(), model.inputs).nanoseconds)
        counts = [max(5, min(20_000, int(ROUND_NANOSECONDS / max(statistics.median(s(20)), 1)))) for s in sides]
        pairs = [[statistics.median(s(n)) for s, n in zip(sides, counts, strict=True)] for _ in range(rounds)]
    finally:
        os.sched_setaffinity(0, allowed)
    ours, *litert = (float(m) for m in np.median(np.array(pairs), axis=0) / 1000)
    return Timed(compiled.target.name, match, ours, litert[0] if litert else None)
