"""Nodes that write their output in order while they read an input in order, for rows that declare an `overlap`: they
are cases of the operators' own tests whose output may share a byte with an input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from edgegen.ir.dtypes import DTYPES
from edgegen.ir.kernel import Kernel
from edgegen.ops.attention import Attention
from edgegen.ops.bucketize import Bucketize
from edgegen.ops.compare import Compare
from edgegen.ops.conv3d import Conv3d
from edgegen.ops.dynamic_quantize import DynamicQuantize
from edgegen.ops.local_response import LocalResponse
from edgegen.ops.select_op import Select
from edgegen.ops.top_k import TopK
from edgegen.ops.unpool2d import ArgmaxPool2d, MaxUnpool2d
from tests.harness import Case, constant_input
from tests.ops import (
    test_attention,
    test_audio,
    test_classical,
    test_portable_math,
    test_reductions,
    test_spatial,
)
from tests.ops.elementwise_overlaps import factor, values
from tests.overlapping import Overlapping, sharing

_ULP = 64


def _relation(row: Kernel) -> Case:
    dtype = row.signature.split()[0]
    op = Compare(row.name.split(f"_{dtype}")[0])
    if row.name.endswith("_rescaled"):
        op = Compare(op.relation, 3, -4, 8, factor(0.5), factor(0.25))
    return Case(op, [values(dtype, (5, 7)), values(dtype, (5, 7), 1)], row.name, row.name)


def _choices() -> Iterator[Case]:
    """Select, with operands that repeat, and such comparisons."""
    for row in Select.kernels:
        dtype = next(t for t in ("s8", "s16", "s32", "s64") if DTYPES[t].size * 8 == int(row.name.split("_")[1]))
        for shapes in (((6, 7),) * 3, ((7,), (6, 7), (6, 1))):
            inputs = [values(t, s, i) for i, (t, s) in enumerate(zip(("bool", dtype, dtype), shapes, strict=True))]
            yield Case(Select(), inputs, row.name, f"{row.name} {shapes}")
    yield Case(Compare("less"), [values("s32", (3, 1, 7)), values("s32", (3, 4, 7), 1)], "less_s32", "less of rows")


def _greatest() -> Iterator[Case]:
    for row in TopK.kernels:
        dtype, _, _, to = row.signature.split()
        for shape, axis, count in (((3, 9), 1, 4), ((2, 8, 3), 1, 3)):
            yield Case(TopK(count, axis, to != "s16", to), [values(dtype, shape)], row.name, f"{row.name} {shape}")


def _volumes() -> Iterator[Case]:
    for row in Conv3d.kernels:
        dtype, transposed = row.signature.split()[0], row.name.startswith("transpose")
        x, w, b = (np.rint(9 * values(dtype, s)) for s in ((2, 4, 5, 6, 4), (3, 2, 2, 3, 4), (3,)))
        size = (5, 6, 8) if transposed else (2, 4, 5)
        op = Conv3d(
            size,
            (1, 1, 1) if transposed else (2, 1, 1),
            (1, 1, 1),
            (0, 0, 0 if transposed else 1),
            transposed=transposed,
        )
        yield Case(op, [x, constant_input(w), constant_input(b)], row.name, row.name)


def _images() -> Iterator[Case]:
    x = values("f32", (2, 6, 8, 3))
    pool = ArgmaxPool2d((2, 2))
    yield Case(pool, [x], "argmax_pool2d_f32")
    yield Case(MaxUnpool2d((2, 2)), list(pool.reference(x)), "max_unpool2d_f32")


def _attention() -> Iterator[Case]:
    """Values as wide as keys, so that a row of the output takes the query's place, in either order of rows."""
    for dtype in test_attention.TYPES:
        yield from test_attention.attention_cases(dtype)[-4:]
        for op in (Attention(0.6), Attention(0.6, q_by_row=True)):
            case = test_attention.attention_case(op, dtype)
            q, k, _, *rest = case.inputs
            yield replace(case, inputs=[q, k, k, *rest])


def generic() -> list[Overlapping]:
    exact = [*map(_relation, Compare.kernels), *_choices(), *_greatest(), *_images()]
    exact += test_audio.transforms((32, 240))
    exact += [*test_reductions.windows(), *test_audio.steps(), *test_classical.trees()]
    exact.append(Case(Bucketize((-1.0, 0.0, 0.5)), [values("f32", (3, 9))], "bucketize_f32"))
    exact += [c for c in test_portable_math.softmaxes() if c.kernel == "softmax_s8_s16"]
    near = [*_volumes(), *_attention(), *test_spatial.pools(), *test_classical.couplings()]
    near += [*test_classical.determinants(), *test_attention.linear_cases()]
    near.append(Case(DynamicQuantize(), [values("f32", (3, 11))], "dynamic_quantize_f32_u8"))
    near.append(Case(LocalResponse(2, 2, 1.0, 0.5, 0.75), [values("f32", (3, 11))], "local_response_f32"))
    return [*sharing(exact, "generic"), *(replace(c, ulp=_ULP) for c in sharing(near, "generic"))]


def cortex_m4() -> list[Overlapping]:
    return sharing(test_audio.DSP_TRANSFORMS, "cortex-m4")
