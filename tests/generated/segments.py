"""SEGMENT_SUM, the UNSORTED_SEGMENT operators and BUCKETIZE."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edgegen.ir.tensor import Array
from tests.generated.single import NUMPY, Draw, Single, Tensor, generates, numbers
from tests.models.tflite_builder import Operator, options


def _rows(draw: Draw, kind: str) -> tuple[Tensor, Array]:
    """Rows, and values whose products stay small."""
    x = Tensor("x", kind, draw.shape(1, 3))
    values = np.asarray(draw.within(-3, 3, x.shape), NUMPY[kind])
    return x, np.where(values == 0, np.asarray(1, values.dtype), values)


def _unsorted(name: str) -> Callable[[Draw, str], Single]:
    @generates(name, "FLOAT32", "INT32")
    def segment(draw: Draw, kind: str) -> Single:
        """Floats are small whole numbers, whose sums and products are exact."""
        (x, values), count = _rows(draw, kind), draw.integer(1, 4)
        segments = {"s": draw.within(0, count - 1, x.shape[:1])}
        tensors = [x, Tensor("s", "INT32", x.shape[:1]), numbers("n", count), Tensor("y", kind, (count, *x.shape[1:]))]
        return Single(tensors, Operator(name, ["x", "s", "n"], ["y"]), {"x": values, **segments})

    return segment


unsorted_sum = _unsorted("UNSORTED_SEGMENT_SUM")
unsorted_prod = _unsorted("UNSORTED_SEGMENT_PROD")
unsorted_max = _unsorted("UNSORTED_SEGMENT_MAX")
unsorted_min = _unsorted("UNSORTED_SEGMENT_MIN")


@generates("SEGMENT_SUM", unjudged=("FLOAT32", "INT32"))
def segment_sum(draw: Draw, kind: str) -> Single:
    x, values = _rows(draw, kind)
    segments = np.sort(draw.within(0, 3, x.shape[:1]))
    tensors = [x, numbers("s", segments), Tensor("y", kind, (int(segments[-1]) + 1, *x.shape[1:]))]
    return Single(tensors, Operator("SEGMENT_SUM", ["x", "s"], ["y"], options("SegmentSumOptions")), {"x": values})


@generates("BUCKETIZE", "FLOAT32", "INT32", "INT64")
def bucketize(draw: Draw, kind: str) -> Single:
    """Some numbers are boundaries."""
    x = Tensor("x", kind, draw.shape(1, 3))
    boundaries = sorted(draw.rng.sample(range(-9, 10), draw.integer(1, 6)))
    table = options("BucketizeOptions", Boundaries=np.array(boundaries, np.float32))
    values = {"x": draw.within(-11, 11, x.shape).astype(NUMPY[kind])}
    y = replace(x, name="y", type="INT32")
    return Single([x, y], Operator("BUCKETIZE", ["x"], ["y"], table), values)
