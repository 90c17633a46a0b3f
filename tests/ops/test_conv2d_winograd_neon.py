"""Winograd convolutions on AArch64 against the operator's reference, every access checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from edgegen.ir.graph import Node
from edgegen.ir.kernel import Kernel, Packed
from edgegen.ir.op import Range
from edgegen.ir.tensor import Tensor
from edgegen.ops.conv2d import Conv2d, neon_winograd
from edgegen.ops.select import rejection
from edgegen.targets import TARGETS
from tests.guarded import check_guarded
from tests.harness import Case, constant_input, node_graph
from tests.ops.test_conv2d_neon import conv_f32, conv_s8

WHOLE, SMALL = (1, 1, 1, 1), (3, 3)


def extreme(case: Case, x: int, w: int) -> Case:
    """The case with one value in all inputs and weights: the greatest intermediate numbers."""
    data, weights = case.inputs[0], case.inputs[1]
    assert isinstance(data, np.ndarray)
    assert isinstance(weights, Tensor)
    filters = constant_input(np.full(weights.shape, w, np.int8))
    return replace(case, inputs=[np.full(data.shape, x, np.int8), filters, *case.inputs[2:]])


S8_CASES = [
    conv_s8((1, 6, 6, 16), 16, SMALL, pad=WHOLE, zeros=(127, -128)),
    conv_s8((2, 8, 12, 16), 8, SMALL, pad=WHOLE, zeros=(-128, 3), clamp=Range(3, 127)),
    conv_s8((1, 9, 11, 24), 33, SMALL, zeros=(5, -7), clamp=Range(-100, 90)),
    conv_s8((1, 7, 5, 32), 20, SMALL, pad=(2, 0, 1, 2), zeros=(-3, 0), bias=False),
    conv_s8((1, 14, 13, 64), 40, SMALL, pad=WHOLE),
    extreme(conv_s8((1, 8, 8, 64), 16, SMALL, pad=WHOLE, zeros=(0, 0), factor=1e-4), -128, -128),
    extreme(conv_s8((1, 8, 8, 48), 8, SMALL, pad=WHOLE, zeros=(-128, 5), factor=1e-4), 127, -128),
    conv_s8((1, 7, 6, 16), 9, SMALL, pad=WHOLE, weight=1, factor=8.0, zeros=(0, -5)),
]

F32_CASES = [
    conv_f32((1, 6, 6, 16), 16, SMALL, pad=WHOLE, kernel_row="conv2d_f32_winograd_neon"),
    conv_f32((2, 7, 5, 20), 25, SMALL, pad=(1, 0, 2, 1), clamp=Range(0, 6), kernel_row="conv2d_f32_winograd_neon"),
    conv_f32((1, 9, 12, 48), 8, SMALL, kernel_row="conv2d_f32_winograd_neon"),
    conv_f32((1, 3, 3, 16), 12, SMALL, pad=WHOLE, kernel_row="conv2d_f32_winograd_neon"),
]


def packed_with(monkeypatch: pytest.MonkeyPatch, counts: Sequence[int]) -> None:
    """Has the row of s8 compute so many tiles together, one count after the other for the cases' nodes in turn."""

    def pack(node: Node) -> Packed:
        return neon_winograd._pack_s8(node, counts[int(node.name.removeprefix("case")) % len(counts)])

    row = Kernel(neon_winograd.S8_ROW.name, neon_winograd.S8_ROW.signature, pack, overlap=neon_winograd.S8.overlap)
    monkeypatch.setattr(Conv2d, "kernels", (row,))


@pytest.mark.cross
@pytest.mark.parametrize("counts", [(0,), (1, 4, 2, 3, 2)])
def test_s8_is_exact_and_stays_in_bounds(counts: Sequence[int], monkeypatch: pytest.MonkeyPatch) -> None:
    packed_with(monkeypatch, counts)
    check_guarded(S8_CASES, "arm-neon")


@pytest.mark.cross
def test_f32_is_within_rounding_and_stays_in_bounds() -> None:
    check_guarded(F32_CASES, "arm-neon", ulp=32)


def test_more_scratch_is_quicker() -> None:
    node = node_graph(S8_CASES[4])[0].nodes[0]
    ways = list(neon_winograd.S8_ROW.roomier(node))
    alone = neon_winograd.S8_ROW.pack(node)
    assert [way.pack().scratch for way in ways] == [way.scratch for way in ways]
    assert alone.scratch == 36 * 64 * 2 < min(way.scratch for way in ways)
    assert alone.params["image.tiles"] == 0
    assert ways[0].pack().params["image.tiles"] == 4


def test_large_images_have_room_for_sums() -> None:
    node = node_graph(conv_s8((1, 160, 160, 16), 16, SMALL, pad=WHOLE))[0].nodes[0]
    packed = neon_winograd.S8_ROW.pack(node)
    assert packed.params["image.tiles"] == 1
    assert packed.scratch <= node.input(0).type.bytes // 64


@pytest.mark.cross
def test_clang(monkeypatch: pytest.MonkeyPatch) -> None:
    check_guarded(F32_CASES[1::2], "arm-neon", ulp=32, cc="clang")
    packed_with(monkeypatch, (0, 2))
    check_guarded(S8_CASES[1::2], "arm-neon", cc="clang")


@pytest.mark.parametrize(
    ("case", "why"),
    [
        (conv_s8((1, 6, 6, 16), 16, (3, 3), (2, 2)), "kernel must be 3x3"),
        (conv_s8((1, 6, 6, 20), 16, (3, 3)), "a multiple of 8"),
        (conv_s8((1, 6, 6, 16), 4, (3, 3)), "8 units"),
        (conv_s8((1, 3, 3, 16), 16, (3, 3)), "outside the output"),
        (conv_s8((1, 8, 8, 256), 64, (3, 3)), "exceed"),
    ],
)
def test_says_why_it_does_not_hold(case: Case, why: str) -> None:
    node = node_graph(case)[0].nodes[0]
    assert why in (rejection(neon_winograd.S8_ROW, node, TARGETS["arm-neon"]) or "")


def test_is_left_out_where_flash_counts() -> None:
    node = node_graph(S8_CASES[0])[0].nodes[0]
    small = replace(TARGETS["arm-neon"], optimize="size")
    assert isinstance(node.op, Conv2d)
    assert rejection(neon_winograd.S8_ROW, node, TARGETS["arm-neon"]) is None
    assert rejection(neon_winograd.S8_ROW, node, small) == "buys speed with flash"


def test_integer_transforms_are_exact() -> None:
    """A (G g G' * B d B') A' is 576 times the filtered tile, and both factors fit s16, at the extremes of s8."""
    upper = [[4, 0, -5, 0, 1, 0], [0, 4, 4, -1, -1, 0], [0, -4, 4, 1, -1, 0]]
    lower = [[0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]]
    b = np.array([*upper, *lower])
    a = np.array([[6, 4, 4, 1, 1, 0], [0, 4, -4, 2, -2, 0], [0, 4, 4, 4, 4, 0], [0, 4, -4, 8, -8, 24]])
    g = neon_winograd.G_S8
    assert 128 * np.abs(b).sum(axis=1).max() ** 2 <= 12800
    assert 128 * np.abs(g).sum(axis=1).max() ** 2 <= 6272
    rng = np.random.default_rng(1)
    for _ in range(20):
        d, w = rng.integers(-128, 128, (6, 6)), rng.integers(-128, 128, (3, 3))
        tile = a @ ((g @ w @ g.T) * (b @ d @ b.T)) @ a.T
        wanted = [[int((d[i : i + 3, j : j + 3] * w).sum()) for j in range(4)] for i in range(4)]
        assert np.array_equal(tile, 576 * np.array(wanted))
