"""Convolutions that add an image, against the operator's reference: the two operators, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from edgegen.errors import InvalidGraph
from edgegen.ir.fixed_point import ScaledRound
from edgegen.ir.graph import Node
from edgegen.ir.kernel import Packed
from edgegen.ir.op import Range
from edgegen.ops.binary import Binary
from edgegen.ops.conv2d import Conv2d, neon_winograd
from edgegen.ops.conv2d_sum import Conv2dSum, neon
from edgegen.ops.select import rejection
from edgegen.targets import TARGETS, Optimize
from tests.guarded import check_guarded
from tests.harness import Case, check_nodes, node_graph, reference
from tests.ops.layer_cases import conv_s8, linear

WHOLE, SMALL, ROW = (1, 1, 1, 1), (3, 3), "conv2d_sum_s8_winograd_neon"


def summed(case: Case, add: Binary, kernel: str = "") -> Case:
    (image,) = reference(case)
    skip = np.random.default_rng(image.size).integers(-128, 128, image.shape).astype(np.int8)
    bias = case.inputs[2] if len(case.inputs) > 2 else None
    assert isinstance(case.op, Conv2d)
    return Case(Conv2dSum(case.op, add), [*case.inputs[:2], bias, skip], kernel, case.label)


CASES = [
    summed(conv_s8((1, 8, 8, 16), 16, SMALL, pad=WHOLE), linear("add", (0.031, 0.017, 0.029), (-128, 3, -128))),
    summed(
        conv_s8((2, 8, 12, 16), 8, SMALL, pad=WHOLE, zeros=(-128, 3), clamp=Range(3, 127)),
        linear("add", (0.11, 0.02, 0.09), (3, -128, -20), Range(-20, 90)),
    ),
    summed(
        conv_s8((1, 9, 11, 24), 40, SMALL, zeros=(5, -7), clamp=Range(-100, 90)),
        linear("add", (0.0235, 0.0412, 0.0561), (-7, 11, 5)),
    ),
    summed(
        conv_s8((1, 7, 6, 32), 24, SMALL, pad=(2, 0, 1, 2), zeros=(-3, 0), bias=False),
        linear("add", (0.037, 0.0311, 0.0203), (0, 0, 0), Range(-128, 100)),
    ),
    summed(
        conv_s8((1, 7, 5, 16), 16, SMALL, pad=WHOLE, weight=1, factor=8.0, zeros=(0, 127)),
        linear("add", (0.3, 0.4, 0.6), (127, -128, 127)),
    ),
]


def scaled(case: Case) -> Case:
    """The case with ONNX's requantization of the convolution."""
    op = case.op
    assert isinstance(op, Conv2dSum)
    given = op.convolution.requantize
    assert given is not None
    way = ScaledRound.from_scales([2.0**-9] * len(given.multiplier), given.zero_point)
    return replace(case, op=replace(op, convolution=replace(op.convolution, requantize=way)))


@pytest.mark.parametrize("optimize", ["speed", "size"])
def test_portable_rows(optimize: Optimize) -> None:
    plain = [replace(c, kernel="conv2d_sum_s8") for c in CASES]
    check_nodes([*plain, *(replace(scaled(c), kernel="conv2d_sum_s8_scaled") for c in CASES)], optimize=optimize)


@pytest.mark.cross
def test_portable_rows_on_cortex_m4() -> None:
    small = replace(CASES[0], kernel="conv2d_sum_s8")
    check_nodes([small, replace(scaled(small), kernel="conv2d_sum_s8_scaled")], "cortex-m4")


def packed_with(monkeypatch: pytest.MonkeyPatch, counts: Sequence[int]) -> None:
    """Has the convolutions compute so many tiles together, one count after the other for the cases' nodes in turn."""

    def pack(node: Node) -> Packed:
        return neon_winograd._pack_s8(node, counts[int(node.name.removeprefix("case")) % len(counts)])

    monkeypatch.setattr(neon, "ALONE", replace(neon_winograd.S8_ROW, pack=pack))


@pytest.mark.cross
@pytest.mark.parametrize(("counts", "cc"), [((0,), ""), ((1, 4, 2, 3, 2), ""), ((0, 2), "clang")])
def test_tiles_are_exact_and_stay_in_bounds(counts: Sequence[int], cc: str, monkeypatch: pytest.MonkeyPatch) -> None:
    packed_with(monkeypatch, counts)
    cases = [replace(c, kernel=ROW) for c in CASES]
    check_guarded([*cases, replace(scaled(cases[0]), label="scaled")], "arm-neon", cc=cc)


def test_more_scratch_is_quicker() -> None:
    node = node_graph(CASES[0])[0].nodes[0]
    alone = neon.ROW.pack(node)
    ways = list(neon.ROW.roomier(node))
    assert [way.pack().scratch for way in ways] == [way.scratch for way in ways]
    assert alone.scratch == 36 * 16 * 2 < min(way.scratch for way in ways)


def test_says_why_it_does_not_hold() -> None:
    add = linear("add", (0.3, 0.4, 0.6), (-128, 3, -128))
    for case, why in (
        (conv_s8((1, 8, 8, 16), 20, SMALL), "multiple of 8"),
        (conv_s8((1, 8, 8, 16), 16), "kernel must be 3x3"),
    ):
        node = node_graph(summed(case, add))[0].nodes[0]
        assert why in (rejection(neon.ROW, node, TARGETS["arm-neon"]) or "")
    coarse = linear("add", (0.5, 0.5, 0.25), (0, 0, 0))
    node = node_graph(summed(conv_s8((1, 8, 8, 16), 16, SMALL), coarse))[0].nodes[0]
    assert "no linear form" in (rejection(neon.ROW, node, TARGETS["arm-neon"]) or "")


def test_what_it_cannot_be() -> None:
    case = CASES[0]
    op, (x, w, b, skip) = case.op, (getattr(i, "type", None) for i in node_graph(case)[0].nodes[0].inputs)
    assert isinstance(op, Conv2dSum)
    assert op.macs(x, w, b, skip) == 8 * 8 * 16 * 9 * 16
    with pytest.raises(InvalidGraph, match="not add"):
        replace(op, sum=replace(op.sum, function="mul")).infer(x, w, b, skip)
    with pytest.raises(InvalidGraph, match="shape"):
        op.infer(x, w, b, replace(skip, shape=(1, 8, 8, 1)))
    with pytest.raises(InvalidGraph, match="3 inputs"):
        op.infer(x, w, b)
