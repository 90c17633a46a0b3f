"""Every row that declares an overlap computes the same over its own input, and most declare all that is possible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from edgegen.ir.dtypes import DTYPES
from edgegen.ir.kernel import Kernel
from edgegen.ops import OPS
from edgegen.ops.binary import Binary
from edgegen.ops.overlap import distance
from edgegen.targets import Optimize
from tests.harness import Case
from tests.ops import (
    concat_overlaps,
    copy_overlaps,
    dense_overlaps,
    elementwise_overlaps,
    gather_overlaps,
    movement_overlaps,
    order_overlaps,
    product_overlaps,
    quantized_overlaps,
    recurrent_overlaps,
    reduction_overlaps,
    resize_overlaps,
    row_overlaps,
    window_overlaps,
    x86_overlaps,
)
from tests.ops.test_half_rows import cases as half_cases
from tests.ops.window_overlaps import conv, depthwise, pool
from tests.overlapping import Overlapping, Prepared, check_overlaps, prepare, run_overlaps, sharing
from tests.x86 import X86


def _halves(target: str) -> list[Case]:
    """A convolution and a depthwise one of f16, by whatever rows the target selects."""
    return [replace(half_cases(target)[i], kernel="") for i in (1, 3)]


@dataclass(frozen=True)
class Group:
    """Cases of one program, compiled without these passes."""

    target: str
    cases: Callable[[], Sequence[Case | Overlapping]]
    optimize: Optimize = "speed"
    without: Sequence[str] = ()


GROUPS = {
    "windows": Group("generic", window_overlaps.generic),
    "elements": Group("generic", elementwise_overlaps.generic),
    "casts": Group("generic", elementwise_overlaps.casts),
    "dense": Group("generic", dense_overlaps.generic),
    "dense of cortex-m4": Group("cortex-m4", dense_overlaps.cortex_m4),
    "movement": Group("generic", movement_overlaps.generic),
    "concatenations": Group("generic", concat_overlaps.generic),
    "copies": Group("generic", copy_overlaps.generic),
    "chosen elements": Group("generic", gather_overlaps.generic),
    "chosen elements of shared kernels": Group("generic", gather_overlaps.generic, "size"),
    "resizes": Group("generic", resize_overlaps.generic),
    "hybrids": Group("generic", quantized_overlaps.generic),
    "few bits": Group("generic", quantized_overlaps.few_bits, "size"),
    "hybrids of cortex-m4": Group("cortex-m4", quantized_overlaps.cortex_m4),
    "few bits of cortex-m4": Group("cortex-m4", quantized_overlaps.few_bits_dsp, "size"),
    "hybrids of arm-neon": Group("arm-neon", lambda: quantized_overlaps.windows("neon", "arm-neon")),
    "few bits of arm-neon": Group("arm-neon", lambda: quantized_overlaps.stored("_neon"), "size"),
    "hybrids of arm-neon-dotprod": Group(
        "arm-neon-dotprod", lambda: quantized_overlaps.windows("dotprod", "arm-neon-dotprod")
    ),
    "hybrids of x86-avx2": Group("x86-avx2", lambda: quantized_overlaps.windows("avx2", "x86-avx2")),
    "few bits of x86-avx2": Group("x86-avx2", lambda: quantized_overlaps.stored("_avx2"), "size"),
    "few bits of x86-avx512": Group("x86-avx512", lambda: quantized_overlaps.stored("_avx512"), "size"),
    "windows of cortex-m4": Group("cortex-m4", window_overlaps.cortex_m4),
    "elements of cortex-m4": Group("cortex-m4", elementwise_overlaps.cortex_m4),
    "windows of arm-neon": Group("arm-neon", window_overlaps.arm_neon),
    "windows of arm-neon-dotprod": Group("arm-neon-dotprod", window_overlaps.arm_neon_dotprod),
    "elements of arm-neon": Group("arm-neon", elementwise_overlaps.arm_neon),
    "elements of arm-neon-dotprod": Group("arm-neon-dotprod", elementwise_overlaps.arm_neon_dotprod),
    "rows of arm-neon": Group("arm-neon", row_overlaps.arm_neon),
    "rows of arm-neon-dotprod": Group("arm-neon-dotprod", row_overlaps.arm_neon_dotprod),
    "reductions": Group("generic", reduction_overlaps.generic),
    "in order": Group("generic", order_overlaps.generic),
    "in order on cortex-m4": Group("cortex-m4", order_overlaps.cortex_m4),
    "products": Group("generic", product_overlaps.generic, "size"),
    "products in tiles": Group("generic", product_overlaps.plain),
    "products of arm-neon": Group("arm-neon", product_overlaps.arm_neon),
    "products of x86-avx2": Group("x86-avx2", product_overlaps.x86_avx2),
    "products of x86-avx512": Group("x86-avx512", product_overlaps.x86_avx512),
    "halves": Group("generic", lambda: _halves("generic")),
    "halves of cortex-m4": Group("cortex-m4", lambda: _halves("cortex-m4")),
    "halves of arm-neon": Group("arm-neon", lambda: _halves("arm-neon")),
    "halves of x86-avx2": Group("x86-avx2", lambda: _halves("x86-avx2")),
    "halves of x86-avx512": Group("x86-avx512", lambda: _halves("x86-avx2")),
    "sequences": Group("generic", recurrent_overlaps.generic),
    "sequences of cortex-m4": Group("cortex-m4", recurrent_overlaps.cortex_m4),
    "sequences of arm-neon": Group("arm-neon", recurrent_overlaps.arm_neon),
    "sequences of x86-avx2": Group("x86-avx2", recurrent_overlaps.x86_avx2),
    "elements of x86-avx2": Group("x86-avx2", elementwise_overlaps.x86_avx2),
    "elements of x86-avx512": Group("x86-avx512", elementwise_overlaps.x86_avx512),
    "layers of x86-avx2": Group("x86-avx2", x86_overlaps.x86_avx2, without=["widen_scratch"]),
    "layers of x86-avx512": Group("x86-avx512", x86_overlaps.x86_avx512, without=["widen_scratch"]),
    "layers of x86-avx2 with room": Group("x86-avx2", x86_overlaps.x86_avx2_with_room),
    "layers of x86-avx512 with room": Group("x86-avx512", x86_overlaps.x86_avx512_with_room),
}


@cache
def prepared(group: str) -> Prepared:
    one = GROUPS[group]
    return prepare(
        [c if isinstance(c, Overlapping) else Overlapping(c) for c in one.cases()],
        one.target,
        one.optimize,
        one.without,
    )


def _on(target: str) -> list[str]:
    return [name for name, group in GROUPS.items() if group.target == target]


@pytest.mark.parametrize("group", _on("generic"))
def test_portable_rows(group: str) -> None:
    run_overlaps(prepared(group))


@pytest.mark.cross
@pytest.mark.parametrize("group", [*_on("cortex-m4"), *_on("arm-neon"), *_on("arm-neon-dotprod")])
def test_rows_of_emulated_cores(group: str) -> None:
    run_overlaps(prepared(group))


@pytest.mark.parametrize("target", X86)
def test_rows_of_this_machine(target: str) -> None:
    for group in _on(target):
        run_overlaps(prepared(group))


def test_every_row_that_declares_an_overlap_is_run_over_its_input() -> None:
    """By the tests above: a row that declares one, for whatever input, has a case here."""
    run = {(_loop(kernel), position) for group in GROUPS for kernel, position in prepared(group).declared()}
    rows = {kernel: op.__name__ for op in OPS for kernel in op.kernels}
    missing = [
        f"{op}: {kernel.name} {kernel.signature}, input {position}"
        for kernel, op in rows.items()
        for position in _declared(kernel)
        if (_loop(kernel), position) not in run
    ]
    assert not missing, "\n".join(missing)


def _loop(kernel: Kernel) -> Kernel | tuple[str, frozenset[str]]:
    """What decides when bytes are read and written: the row, but of rows of f16, which have other rows' kernels compute
    bands in scratch, the loop over bands that all of a core have, of casts the sizes of elements, and of stored
    tiles, pads and copies, which rows of several operators call, the kernel."""
    if kernel.header == "cast" and kernel.declares_overlap:
        of, to = (DTYPES[t].size for t in kernel.signature.split(" -> "))
        return f"cast of {of} to {to} bytes", kernel.requires
    if kernel.header == "half_rows":
        return kernel.header, kernel.requires - {"f16c"}
    return (kernel.name, frozenset()) if kernel.name.startswith(("dense_f32_stored", "pad", "copy", "move")) else kernel


def _declared(kernel: Kernel) -> list[int]:
    """Inputs that the row declares to lie under its output, whatever the node. `overlap` is a function of nodes, and
    names at least the first."""
    first = [0] if kernel.declares_overlap else []
    return sorted({*first, *kernel.in_place})


@st.composite
def windows(draw: st.DrawFn) -> Case:
    """Convolutions, depthwise ones and pools of any geometry."""
    size = (draw(st.integers(1, 2)), draw(st.integers(3, 7)), draw(st.integers(3, 7)), draw(st.integers(1, 5)))
    window = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    pad = tuple(draw(st.integers(0, w - 1)) for w in (*window, *window))
    pads = (pad[0], pad[1], pad[2], pad[3])
    kind = draw(st.sampled_from(["conv", "depthwise", "pool"]))
    if kind == "conv":
        return conv("conv2d_s8", size, draw(st.integers(1, 6)), window, stride, pads)
    if kind == "depthwise":
        return depthwise("depthwise_conv2d_s8", size, window, stride, pads, draw(st.integers(1, 2)))
    return pool("max_pool2d_s8", "max", size, window, stride, pads)


@given(st.lists(windows(), min_size=12, max_size=12))
@settings(max_examples=2, derandomize=True, deadline=None)
def test_portable_rows_of_any_geometry(cases: list[Case]) -> None:
    check_overlaps(sharing(cases, "generic"), "generic")


@given(st.lists(resize_overlaps.resizes(), min_size=25, max_size=25))
@settings(max_examples=2, derandomize=True, deadline=None, phases=[Phase.generate])  # a failure names its case
def test_resizes_of_any_geometry(cases: list[Overlapping]) -> None:
    check_overlaps(cases, "generic")


@given(st.lists(elementwise_overlaps.conversions(), min_size=20, max_size=20))
@settings(max_examples=2, derandomize=True, deadline=None, phases=[Phase.generate])
def test_conversions_of_any_size(cases: list[Overlapping]) -> None:
    """Where flash counts, elements are converted one by one, as rows declare for all."""
    run_overlaps(prepare(cases, "generic", "size"))


@given(st.lists(gather_overlaps.gathers(), min_size=25, max_size=25))
@settings(max_examples=2, derandomize=True, deadline=None, phases=[Phase.generate])
def test_slices_of_any_indices(cases: list[Case]) -> None:
    check_overlaps(sharing(cases, "generic"), "generic")


@given(st.lists(copy_overlaps.copies(), min_size=25, max_size=25))
@settings(max_examples=2, derandomize=True, deadline=None, phases=[Phase.generate])
def test_copies_of_any_shape(cases: list[Case]) -> None:
    found = prepare(sharing(cases, "generic"), "generic")
    tight = map(copy_overlaps.is_exact, found.nodes)
    run_overlaps(replace(found, cases=tuple(replace(c, tight=t) for c, t in zip(found.cases, tight, strict=True))))


def test_distance_is_the_least_over_all_steps() -> None:
    """Three steps that read from bytes 0, 4 and 2 on, before which 0, 3 and 5 bytes were written."""
    assert distance(np.array([0, 4, 2]), np.array([0, 3, 5])) == -3
    assert distance(np.array([0, 4, 8]), np.array([0, 2, 4])) == 2


def test_scalars_of_no_axes() -> None:
    """They lie over one another as any one element does."""
    numbers = [np.array(3, np.int32), np.array(4, np.int32)]
    run_overlaps(prepare([Overlapping(Case(Binary("add"), numbers), tight=False)], "generic"))
