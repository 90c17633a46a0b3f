"""UNSORTED_SEGMENT_SUM and its kin, SEGMENT_SUM and BUCKETIZE."""

from __future__ import annotations

import numpy as np
import tflite

from edgegen.frontends.tflite.operator import Operator, operator
from edgegen.ir.dtypes import F32, S32, S64
from edgegen.ops.bucketize import Bucketize
from edgegen.ops.cast import Cast
from edgegen.ops.segment_reduce import SegmentReduce

MAX_SEGMENTS = 1 << 24


def _reduce(op: Operator, function: str, segments: int) -> None:
    x, segment = op.input(0), op.input(1)
    if x.dtype not in (F32, S32) or op.output.dtype != x.dtype or segment.dtype != S32:
        raise op.unsupported(
            f"{x.dtype} in segments of {segment.dtype} is not supported", "use f32 or int32, and int32"
        )
    if not 0 < segments <= MAX_SEGMENTS:
        raise op.unsupported(f"{segments} segments are not 1 to {MAX_SEGMENTS}")
    op.add(SegmentReduce(function, segments), [x, segment], op.output)


def _unsorted(name: str, function: str) -> None:
    """Registers a reduction of rows, in any order, to as many segments as input 2 says."""

    @operator(name, last_version=1)
    def read(op: Operator) -> None:
        counts = op.integers(2, "the number of segments")
        if len(counts) != 1:
            raise op.invalid(f"has {len(counts)} numbers of segments instead of one")
        _reduce(op, function, counts[0])


for _function in ("sum", "prod", "max", "min"):
    _unsorted(f"UNSORTED_SEGMENT_{_function.upper()}", _function)


@operator("SEGMENT_SUM", last_version=1)
def segment_sum(op: Operator) -> None:
    """Segments ascend, and the last one says how many there are, so they must be known ahead of time."""
    segments = op.integers(1, "the rows' segments")
    if not segments or list(segments) != sorted(segments) or segments[0] < 0:
        raise op.invalid(f"segments {list(segments[:8])} do not ascend from 0")
    _reduce(op, "sum", segments[-1] + 1)


@operator("BUCKETIZE", last_version=1)
def bucketize(op: Operator) -> None:
    """Whole numbers are compared with the boundaries, which are f32, as f32 (LiteRT)."""
    x, boundaries = op.input(0), op.options(tflite.BucketizeOptions).numbers("Boundaries")
    if x.dtype not in (F32, S32, S64) or op.output.dtype != S32:
        raise op.unsupported(f"{x.dtype} to {op.output.dtype} is not supported", "use f32, int32 or int64, and int32")
    if not boundaries or list(boundaries) != sorted(boundaries):
        raise op.invalid(f"boundaries {list(boundaries[:8])} must ascend, and there must be one")
    exact = tuple(float(np.float32(b)) for b in boundaries)
    op.add(Bucketize(exact), [x if x.dtype == F32 else op.add(Cast("f32"), [x])], op.output)
