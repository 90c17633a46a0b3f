"""Reductions whose output lies over their input, for every row that declares an `overlap`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edgegen.ir.dtypes import DTYPES
from edgegen.ir.fixed_point import FixedPoint, ScaledRound, WideFixedPoint
from edgegen.ir.kernel import Kernel
from edgegen.ir.tensor import Array
from edgegen.ops.arg_reduce import ArgReduce
from edgegen.ops.reduce import FUNCTIONS, Reduce
from tests.harness import Case
from tests.ops.elementwise_overlaps import values
from tests.overlapping import Overlapping

_SHAPE = (3, 5, 4, 6)
_AXES = ((0, 1), (3,), (1, 2), (0, 2))


def few(dtype: str, shape: tuple[int, ...]) -> Array:
    """Small numbers, whose sums no order of addition changes."""
    x = values(dtype, shape)
    return np.sign(x) if DTYPES[dtype].is_float else x


def _function(row: Kernel) -> str:
    name = row.name.split("_")[0]
    return name if name in FUNCTIONS else "prod" if "product" in row.name else "mean"


def _scheme(row: Kernel) -> FixedPoint | None:
    if row.name.startswith("reduce_product"):
        return WideFixedPoint.from_scales([0.004], 0)
    if row.header != "reduce_quantized":
        return None
    scaled = row.name.endswith("_scaled")
    return (ScaledRound if scaled else FixedPoint).from_scales([0.0625], 2 if row.signature[:2] == "s8" else 0)


def _reductions() -> Iterator[Overlapping]:
    for row in Reduce.kernels:
        dtype = row.signature.split()[0]
        x = few(dtype, _SHAPE)
        for axes in _AXES:
            scheme = _scheme(row)
            op = Reduce(_function(row), axes, False, 3 if dtype == "s8" and scheme is not None else 0, scheme)
            yield Overlapping(Case(op, [x], row.name, f"{row.name} over {axes}"))


def _indices() -> Iterator[Overlapping]:
    for row in ArgReduce.kernels:
        of, to = row.signature.split(" -> ")
        for axis in (0, 1, 3):
            op = ArgReduce(row.name.split("_")[1], axis, to)
            yield Overlapping(Case(op, [values(of, (3, 5, 4, 7))], row.name, f"{row.name} along {axis}"))


def generic() -> list[Overlapping]:
    tight = [
        Reduce("max", (3,)),
        Reduce("sum", (1, 2)),
        Reduce("max", (0, 2)),
        Reduce("min", (0,)),
    ]
    exact = [Overlapping(Case(op, [values("s32", _SHAPE)], "", f"all of {op}"), True) for op in tight]
    return [*exact, *_reductions(), *_indices()]
