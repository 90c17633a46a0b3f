"""Layers in shares: every kernel row that can compute some units alone does so, in its part of the output."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgegen.compiler import Compiled
from edgegen.ir.fixed_point import FixedPoint, FixedPointOnce, ScaledRound
from edgegen.ir.graph import Node
from edgegen.ir.op import NO_CLAMP, Range
from edgegen.ir.tensor import Array
from edgegen.memory.portions import copied_together
from edgegen.ops.conv2d import Conv2d
from edgegen.ops.dense import Dense
from edgegen.ops.depthwise_conv2d import DepthwiseConv2d
from edgegen.ops.transpose_conv2d import TransposeConv2d
from edgegen.ops.units import channels_read, some_units, unit_grain
from edgegen.passes.post_optimize import stream_weights
from edgegen.targets import TARGETS, Target
from edgegen.verify import Build, Call, build_program, compare
from tests.harness import AS_IT_STANDS, Case, compile_for_test, constant_input, node_graph, reference
from tests.x86 import X86

PORTION = 1280
LIMITS = Range(-100, 90)
POSITIVE = Range(3, 127)
GEOMETRIES = (
    # x, units, window, stride, pad
    ((1, 4, 5, 16), 72, (1, 1), (1, 1), (0, 0, 0, 0)),
    ((2, 6, 5, 8), 21, (3, 3), (1, 2), (1, 0, 1, 1)),
    ((1, 7, 7, 3), 40, (3, 3), (2, 2), (0, 0, 1, 1)),
    ((1, 5, 6, 8), 100, (1, 1), (1, 1), (0, 0, 0, 0)),
    ((1, 3, 3, 24), 19, (3, 3), (1, 1), (0, 0, 0, 0)),
)
INTEGERS = ("fixed", "once", "scaled", "sums", "offset", "offset once", "offset scaled", "offset sums")
KINDS = (*INTEGERS, "s16", "s16 plain", "f32", "f16")
CUT = (Conv2d, Dense, DepthwiseConv2d, TransposeConv2d)
SMALLER = {
    "arm-neon": "generic",
    "arm-neon-dotprod": "arm-neon",
    "cortex-m4": "generic",
    "x86-avx2": "generic",
    "x86-avx512": "x86-avx2",
}


def streaming(target: str, portion: int = PORTION) -> Target:
    return replace(TARGETS[target], portion_bytes=portion)


@pytest.fixture(autouse=True)
def nothing_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small layers are copied, too."""
    monkeypatch.setattr(stream_weights, "STAYS", 0)


def numbers(kind: str, random: np.random.Generator, x: tuple[int, ...], w: tuple[int, ...]) -> tuple[Array, ...]:
    """(x, weights, bias) of a kind."""
    if kind in ("f32", "f16"):
        arrays = [random.standard_normal(shape).astype(np.float32) for shape in (x, w, w[:1])]
        return arrays[0].astype(np.float16 if kind == "f16" else np.float32), arrays[1], arrays[2]
    deep = kind.startswith("s16")
    low, high, dtype = (-300, 300, np.int16) if deep else (-128, 128, np.int8)
    given = random.integers(low, high, x).astype(dtype)
    weights = random.integers(-90, 160, w).astype(np.int16) if "offset" in kind else random.integers(-127, 128, w)
    bias = random.integers(-900, 900, w[:1]).astype(np.int64 if kind == "s16" else np.int32)
    return given, weights if "offset" in kind else weights.astype(np.int8), bias


def requantization(kind: str, units: int) -> FixedPoint | None:
    if "sums" in kind or kind in ("f32", "f16"):
        return None
    scheme = {"once": FixedPointOnce, "scaled": ScaledRound}.get(kind.removeprefix("offset "), FixedPoint)
    zero = 0 if kind.startswith("s16") else 3
    return scheme.from_scales([float(np.float32(0.001 + 0.0001 * i)) for i in range(units)], zero)


def convolution(kind: str, geometry: int, seed: int) -> Case:
    x, units, window, stride, pad = GEOMETRIES[geometry]
    arrays = numbers(kind, np.random.default_rng(seed), x, (units, *window, x[3]))
    zero = 0 if kind in ("f32", "f16") or kind.startswith("s16") else 5
    clamp = LIMITS if requantization(kind, units) else NO_CLAMP
    op = Conv2d(stride, (1, 1), pad, zero, requantization(kind, units), clamp)
    return Case(op, [arrays[0], *map(constant_input, arrays[1:])], label=f"{kind} convolution {geometry}")


def dense(kind: str, rows: int, depth: int, units: int) -> Case:
    arrays = numbers(kind, np.random.default_rng(depth), (rows, depth), (units, depth))
    zero = 0 if kind in ("f32", "f16") or kind.startswith("s16") else -7
    clamp = LIMITS if requantization(kind, units) else NO_CLAMP
    op = Dense(zero, requantization(kind, units), clamp)
    return Case(op, [arrays[0], *map(constant_input, arrays[1:])], label=f"{kind} dense {rows}x{depth}x{units}")


def depthwise(kind: str, geometry: int, channels: int = 72, multiplier: int = 1, limits: Range = LIMITS) -> Case:
    """Channels in pixels that are wider than those of a share; shrinking, in place and growing."""
    x, window, stride, pad = (
        ((2, 6, 5, channels), (3, 3), (1, 1), (1, 1, 1, 1)),
        ((1, 7, 40, channels), (3, 3), (2, 2), (1, 0, 1, 1)),
        ((1, 6, 7, channels), (2, 5), (1, 2), (1, 2, 0, 2)),
    )[geometry]
    units = channels * multiplier
    given, weights, bias = numbers(kind, np.random.default_rng(geometry), x, (units, *window))
    zero = 0 if kind == "f32" or kind.startswith("s16") else 5
    clamp = limits if requantization(kind, units) else NO_CLAMP
    op = DepthwiseConv2d(stride, (1, 1), pad, zero, requantization(kind, units), clamp)
    filters = np.ascontiguousarray(np.moveaxis(weights, 0, 2))
    return Case(op, [given, constant_input(filters), constant_input(bias)], label=f"{kind} depthwise {geometry}")


def grouped(kind: str, units: int, groups: int, interleaved: bool) -> Case:
    given, weights, bias = numbers(kind, np.random.default_rng(groups), (1, 5, 5, 24), (units, 3, 3, 24 // groups))
    zero, clamp = 0 if kind == "f32" else 5, LIMITS if requantization(kind, units) else NO_CLAMP
    op = Conv2d((1, 1), (1, 1), (1, 1, 1, 1), zero, requantization(kind, units), clamp, interleaved)
    label = f"{kind} convolution in {groups} groups{', interleaved' if interleaved else ''}"
    return Case(op, [given, constant_input(weights), constant_input(bias)], label=label)


def transposed(kind: str) -> Case:
    given, weights, bias = numbers(kind, np.random.default_rng(7), (1, 4, 5, 16), (20, 3, 3, 16))
    zero, clamp = 0 if kind == "f32" or kind.startswith("s16") else 5, LIMITS if requantization(kind, 20) else NO_CLAMP
    op = TransposeConv2d((8, 10), (2, 2), (0, 0), zero, requantization(kind, 20), clamp)
    return Case(op, [given, constant_input(weights), constant_input(bias)], label=f"{kind} transposed convolution")


def apart(kind: str) -> Iterator[Case]:
    """Units that read channels of their own, and transposed convolutions."""
    if "once" not in kind:
        for geometry in range(3):
            yield depthwise(kind, geometry)
    if kind in ("fixed", "offset"):
        yield depthwise(kind, 0, limits=POSITIVE)
    if kind in ("fixed", "f32"):
        yield depthwise(kind, 0, 66)
        yield depthwise(kind, 2, 24, 3)
        yield grouped(kind, 48, 4, False)
        yield grouped(kind, 48, 4, True)
    if kind in ("fixed", "scaled", "offset", "offset scaled", "s16", "s16 plain", "f32"):
        yield transposed(kind)


def cases(target: str) -> Iterator[Case]:
    """On x86, whose register tiles take long to compile, no more than it takes to reach every row."""
    few = target.startswith("x86")
    for kind in KINDS:
        portable = kind in ("once", "scaled", "offset once", "offset scaled", "s16", "s16 plain")
        if (kind == "f16" and "fp16" not in TARGETS[target].features) or (few and portable):
            continue
        for geometry in range(len(GEOMETRIES)) if kind == "fixed" and not few else (0, 1):
            if "once" not in kind:
                yield convolution(kind, geometry, geometry)
        if target in ("generic", "cortex-m4") and kind != "f16":  # others have rows that compute all units
            yield from apart(kind)
        for rows, depth, units in ((1, 72, 50), (1, 41, 60), (4, 72, 42)):
            yield dense(kind, rows, depth, units)


def compiled(case: Case, target: Target) -> Compiled:
    return compile_for_test(node_graph(case)[0], target, disabled=AS_IT_STANDS)


def cut(model: Compiled) -> list[Node]:
    return [n for n in model.graph.nodes if n.in_shares]


def uncut(target: str, models: list[Compiled]) -> list[str]:
    """Rows of the target's own, those of `SMALLER` aside, that compute some units alone, but in none of the models."""
    found = {(n.kernel.name, n.kernel.signature) for m in models for n in cut(m) if n.kernel is not None}
    before = TARGETS[SMALLER[target]].features if target in SMALLER else None
    rows = (k for op in CUT for k in op.kernels if k.split is not None and (k.name, k.signature) not in found)
    own = (k for k in rows if k.requires <= TARGETS[target].features and (before is None or not k.requires <= before))
    return [f"{k.name} {k.signature}" for k in own]


def check(target: str) -> None:
    """Runs all cases in one program, with the kernels in it once."""
    every = list(cases(target))
    chosen = replace(streaming(target), optimize="size")
    graphs = [node_graph(c) for c in every]
    models = [compile_for_test(g, chosen, f"case{i}", "size", disabled=AS_IT_STANDS) for i, (g, _) in enumerate(graphs)]
    assert not uncut(target, models), "\n".join(uncut(target, models))
    program = build_program(models, Build(together=True, cflags=("-O1",)))
    outcomes = program.execute([Call(values, i) for i, (_, values) in enumerate(graphs)])
    for case, outcome in zip(every, outcomes, strict=True):
        (want,) = reference(case)
        found = compare(outcome.outputs[0], want, relative=0.0, ulp=64)
        assert found.match, f"{case.label}: {found}"


def test_portable_rows() -> None:
    check("generic")


@pytest.mark.cross
@pytest.mark.parametrize("target", ["arm-neon", "arm-neon-dotprod", "cortex-m4"])
def test_rows_of_emulated_cores(target: str) -> None:
    check(target)


@pytest.mark.parametrize("target", X86)
def test_rows_of_this_machine(target: str) -> None:
    check(target)


@given(st.integers(1, 3), st.integers(1, 90), st.integers(8, 70), st.integers(64, 4000))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_shares_are_all_units_once_and_within_the_limit(rows: int, depth: int, units: int, portion: int) -> None:
    model = compiled(dense("fixed", rows, depth, units), streaming("generic", portion))
    (node,) = model.graph.nodes
    whole = sum(c.array.nbytes for c in node.packed.constants) if node.packed is not None else 0
    if whole <= portion:
        assert len(node.shares) == 1
        return
    sizes = [share.node.out.shape[1] for share in node.shares]
    assert sum(sizes) == units
    assert [share.start for share in node.shares] == [sum(sizes[:k]) for k in range(len(sizes))]
    assert min(sizes) >= 4
    assert max(share.portion.bytes for share in node.shares) <= max(portion, 7 * (depth + 12) + 8)


def test_some_units_compute_what_all_do() -> None:
    case = convolution("fixed", 1, 0)
    (node,) = node_graph(case)[0].nodes
    assert unit_grain(node) == 1
    part = some_units(node, 4, 11)
    x, *constants = (v if isinstance(v, np.ndarray) else v.values for v in case.inputs if v is not None)
    (all_units,) = node.op.reference(x, *constants)
    (some,) = part.op.reference(x, *(t.values for t in part.inputs[1:] if t is not None))
    np.testing.assert_array_equal(some, all_units[..., 4:11])


@pytest.mark.parametrize("interleaved", [False, True])
def test_groups_are_cut_where_each_share_is_a_convolution_in_groups(interleaved: bool) -> None:
    case = grouped("fixed", 48, 4, interleaved)
    (node,) = node_graph(case)[0].nodes
    apart = unit_grain(node)
    assert apart == (4 if interleaved else 12)
    assert channels_read(node, apart, 2 * apart) == ((0, 24) if interleaved else (6, 12))
    model = compiled(case, streaming("generic", 1000))
    sizes = [share.node.out.shape[3] for n in model.graph.nodes for share in n.shares]
    assert len(sizes) > 1
    assert all(size % apart == 0 for size in sizes)


@pytest.mark.parametrize("target", ["generic", "cortex-m4"])
@pytest.mark.parametrize("kind", ["fixed", "offset", "f32"])
def test_channels_by_themselves_lie_over_those_that_they_are_computed_from(target: str, kind: str) -> None:
    """The results of `check` stand for what the C does there."""
    for geometry in range(3):
        model = compiled(depthwise(kind, geometry), streaming(target))
        (node,) = cut(model)
        overlap = node.overlap(0)
        assert overlap is not None
        pixel = node.out.shape[3] * node.out.dtype.size
        assert overlap.step == pixel
        assert overlap.most % pixel == 0
        plan = model.graph.plan
        assert plan is not None
        both = node.input(0).type.bytes + node.out.type.bytes
        scratch = node.packed.scratch if node.packed is not None else 0
        assert plan.arena_bytes < both + scratch + sum(copied_together(node, model.graph.copies_ahead))


def test_few_weights_are_widened_where_that_takes_no_more_copies() -> None:
    """cortex-m4 computes layers of up to 4,096 weights from s16, a tenth faster; in portions that would be twice as
    many, each of which goes through all of x again."""
    x, weights = np.ones((1, 4, 4, 48), np.int8), np.ones((64, 1, 1, 48), np.int8)
    op = Conv2d(requantize=FixedPoint.from_scales([0.01] * 64, 0), clamp=LIMITS)
    case = Case(op, [x, constant_input(weights), None])

    def portions(portion: int) -> list[int]:
        (node,) = compiled(case, streaming("cortex-m4", portion)).graph.nodes
        return [share.portion.bytes for share in node.shares]

    assert sum(portions(8192)) > 2 * weights.size
    assert len(portions(8192)) == 1
    assert sum(portions(4096)) < 1.4 * weights.size
    assert len(portions(4096)) == 1
    assert sum(portions(2048)) < 1.4 * weights.size
    assert len(portions(2048)) == 2
