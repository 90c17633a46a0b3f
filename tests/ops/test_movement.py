"""Slices, transposes, pads, repetitions, concatenations and resizes: any type, any shape, on every kind of target."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from edgegen.ir.tensor import Array
from edgegen.ops.broadcast_to import BroadcastTo
from edgegen.ops.concat import Concat
from edgegen.ops.mirror_pad import MirrorPad, Mode
from edgegen.ops.pad import Pad
from edgegen.ops.repitch import Repitch
from edgegen.ops.resize import Resize
from edgegen.ops.shuffle import Shuffle
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose
from tests.harness import Case, check_nodes, constant_input

DTYPES = ("int8", "bool", "int16", "float32", "int64")


def numbered(shape: tuple[int, ...], dtype: str = "int8") -> Array:
    """Distinct values where the type has enough of them, so that a misplaced element shows."""
    return (np.arange(np.prod(shape)) * 37 % 251 - 100).reshape(shape).astype(dtype)


def slices() -> list[Case]:
    boxes: list[tuple[tuple[int, ...], Slice]] = [
        ((7,), Slice((2,), (3,), (2,))),
        ((7,), Slice((6,), (4,), (-2,))),
        ((4, 6), Slice((1, 0), (2, 6), (1, 1))),
        ((4, 6), Slice((3, 5), (4, 6), (-1, -1))),
        ((1, 5, 6, 3), Slice((0, 1, 2, 0), (1, 3, 4, 3), (1, 1, 1, 1))),
        ((2, 5, 6, 3), Slice((1, 4, 0, 2), (1, 3, 3, 2), (1, -2, 2, -1))),
        ((2, 3, 2, 3, 2, 3), Slice((0, 2, 0, 2, 0, 2), (2, 2, 2, 2, 2, 2), (1, -1, 1, -2, 1, -1))),
        ((2, 3, 2, 4, 2, 3), Slice((0, 0, 1, 1, 0, 1), (2, 2, 1, 2, 2, 2), (1, 2, 1, 2, 1, 1))),
    ]
    return [Case(op, [numbered(shape)], label=str(op)) for shape, op in boxes]


def transposes() -> list[Case]:
    shapes = {
        (0, 1): (3, 5),
        (1, 0): (24, 40),
        (0, 2, 3, 1): (2, 3, 4, 5),
        (0, 3, 1, 2): (1, 16, 8, 24),
        (3, 2, 1, 0): (2, 3, 4, 5),
        (1, 2, 0): (3, 1, 5),
        (5, 3, 1, 4, 2, 0): (2, 3, 2, 3, 2, 3),
        (0, 2, 1, 3, 5, 4): (2, 3, 4, 5, 2, 3),
    }
    return [Case(Transpose(perm), [numbered(shape)], label=str(perm)) for perm, shape in shapes.items()]


def pads() -> list[Case]:
    return [
        Case(Pad((1,), (2,), 7), [numbered((3,))], "pad"),
        Case(Pad((0, 1, 2, 0), (0, 2, 1, 0), -128), [numbered((2, 3, 4, 5))], "pad"),
        Case(Pad((0, 0, 0, 1), (0, 0, 0, 2), -3), [numbered((1, 2, 3, 4))], "pad"),
        Case(Pad((1, 0, 0, 2), (0, 0, 0, 0), 5), [numbered((2, 2, 3, 4))], "pad"),
        Case(Pad((1, 2, 1, 2, 1, 2), (2, 1, 2, 1, 2, 1), 5), [numbered((2, 1, 2, 3, 1, 2))], "pad"),
    ]


def mirrored() -> list[Case]:
    widths: list[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]] = [
        ((5,), (3,), (4,)),
        ((2, 3, 4, 5), (0, 2, 1, 0), (0, 1, 3, 0)),
        ((1, 3, 3, 4), (0, 0, 0, 1), (0, 0, 0, 2)),
        ((3, 2, 3, 4), (2, 0, 0, 0), (1, 0, 0, 0)),
        ((2, 2, 3, 4), (1, 0, 0, 2), (0, 0, 0, 3)),
        ((2, 2, 3, 2, 2, 3), (1, 1, 2, 0, 1, 2), (0, 1, 0, 1, 1, 1)),
    ]
    modes: tuple[Mode, Mode] = ("reflect", "symmetric")
    cases = [Case(MirrorPad(b, a, m), [numbered(s)], "mirror_pad", f"{s} {m}") for s, b, a in widths for m in modes]
    cases.append(Case(MirrorPad((3, 1), (3, 0), "symmetric"), [numbered((3, 1))], "mirror_pad", "as much as there is"))
    return cases


def repeated() -> list[Case]:
    shapes: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((3,), (4, 3)),
        ((3, 1), (3, 5)),
        ((2, 1, 3), (2, 4, 3)),
        ((1, 3, 1, 2), (4, 3, 5, 2)),
        ((2, 1, 3, 1, 2, 1), (2, 4, 3, 2, 2, 2)),
        ((4, 3), (2, 1, 4, 3)),
    ]
    cases = [Case(BroadcastTo(y), [numbered(x)], "copy", f"{x} to {y}") for x, y in shapes]
    for dtype in DTYPES:
        cases.append(Case(BroadcastTo((2, 3, 9, 8)), [numbered((2, 3, 1, 1), dtype)], "repeat", f"repeat {dtype}"))
    cases.append(Case(BroadcastTo((2, 2, 3, 2, 9)), [numbered((2, 1, 3, 1, 1))], "repeat", "repeat in a nest"))
    return [*cases, *(Case(BroadcastTo((3, 5)), [numbered(x)], "fill", f"{x}") for x in ((), (1,), (1, 1)))]


def repitched() -> list[Case]:
    forms: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((5,), (0,)),
        ((2, 3, 5), (2,)),
        ((2, 4, 3), (1,)),
        ((4, 5), (0, 1)),
        ((2, 4, 3, 5, 2), (1, 3)),
    ]
    counts = ((1, 1), (3, 2), (-1, 99), (99, 99))
    return [
        Case(
            Repitch(axes, spread),
            [numbered(shape, "int16"), *(np.array(n, np.int32) for n in count[: len(axes)])],
            "repitch" if len(axes) == 1 else "repitch_2",
            f"{shape} {axes} {count} {spread}",
        )
        for shape, axes in forms
        for count in counts
        for spread in (True, False)
    ]


def concats() -> list[Case]:
    cases = []
    for axis, counts in enumerate(((2, 8), (1, 5), (3, 4, 7), (2, 6, 8))):
        for count in counts:
            parts = [numbered((2, 3, 2, 4)).take(range(1 + i % 2), axis) + np.int8(i) for i in range(count)]
            cases.append(Case(Concat(axis), parts, f"concat_{count}" if count > 1 else "", f"{count} on {axis}"))
    return cases


def typed() -> list[Case]:
    """One case of each kernel on each size of element."""
    cases = []
    for dtype in DTYPES:
        x = numbered((2, 3, 4, 5), dtype)
        cases += [
            Case(Slice((1, 0, 3, 0), (1, 2, 2, 3), (1, 2, -2, 1)), [x], "copy", dtype),
            Case(Slice((0, 1, 1, 1), (2, 2, 2, 2), (1, 1, 2, 2)), [x], "move", dtype),
            Case(Transpose((3, 1, 0, 2)), [x], "copy", dtype),
            Case(Shuffle(2, 2), [x], "copy", dtype),
            Case(Shuffle(3, 5), [numbered((2, 3, 4, 20), dtype)], "copy", dtype),
            Case(Pad((0, 1, 1, 0), (1, 0, 2, 1), 1), [x], "pad", dtype),
            Case(MirrorPad((0, 1, 1, 0), (1, 0, 2, 1)), [x], "mirror_pad", dtype),
            Case(BroadcastTo((2, 3, 4, 5)), [x[:, :, :1]], "copy", dtype),
            Case(BroadcastTo((2, 3, 4)), [x[:1, 0, 0, 0]], "fill", dtype),
            Case(Concat(2), [x, x[:, :, :1]], "concat_2", dtype),
            Case(Resize("nearest", (5, 3)), [x], "resize_nearest", dtype),
        ]
    return cases


def resizes() -> list[Case]:
    rng = np.random.default_rng(5)
    cases = []
    for size in ((6, 8), (1, 1), (2, 9)):
        for corners, centers in ((False, False), (True, False), (False, True)):
            for interpolation in ("nearest", "bilinear"):
                op = Resize(interpolation, size, corners, centers)
                suffix = ("_s8", "_f32") if interpolation == "bilinear" else ("", "")
                s8 = rng.integers(-128, 128, (2, 3, 4, 3), np.int8)
                f32 = rng.standard_normal((1, 3, 4, 5), np.float32)
                cases += [Case(op, [x], f"resize_{interpolation}{k}") for x, k in zip((s8, f32), suffix, strict=True)]
    return cases


def constants() -> list[Case]:
    """Extreme values of every type, through flash."""
    cases = []
    for dtype in ("float64", "float32", "float16"):
        cases.append(np.array([np.inf, -np.inf, np.nan, -0.0, 1e-30, 6e4], dtype))
    for dtype in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"):
        cases.append(np.array([np.iinfo(dtype).min, np.iinfo(dtype).max, 0, 1], dtype))
    return [Case(Concat(0), [np.zeros_like(x), constant_input(x)], label=str(x.dtype)) for x in cases]


ALL = [slices, transposes, pads, mirrored, repeated, repitched, concats, typed, resizes, constants]


@pytest.mark.parametrize("cases", ALL)
def test_portable_rows_touch_only_their_own_bytes(cases: Callable[[], list[Case]]) -> None:
    check_nodes(cases(), "generic", sanitize=True)


def test_shared_functions_compute_the_same() -> None:
    some = [
        *slices()[::2],
        *transposes()[::3],
        *pads()[::2],
        *concats()[::4],
        *mirrored()[::4],
        *repeated()[::3],
        *repitched()[::3],
        *typed()[:9],
        *resizes()[::5],
    ]
    check_nodes(some, "generic", optimize="size", cc="clang")


@pytest.mark.cross
@pytest.mark.parametrize("target", ["arm-neon", "cortex-m4"])
def test_rows_on_arm(target: str) -> None:
    placed = [*slices(), *transposes(), *pads(), *mirrored(), *repeated(), *repitched(), *concats()[::4]]
    check_nodes([*placed, *typed()[::4], *resizes()[::3]], target)
