"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR."""

from __future__ import annotations

from tests.generated.single import Draw, Single, generates, like, numbers
from tests.models.tflite_builder import Operator, options


def _resize(draw: Draw, name: str, table: str, kind: str, ulp: int) -> Single:
    shape = (draw.integer(1, 2), *(draw.integer(1, 7) for _ in range(2)), draw.choice((1, 2, 3, 8)))
    size = [draw.integer(1, 12) for _ in range(2)] if draw.yes(0.7) else [2 * n for n in shape[1:3]]
    align, half = draw.choice(((False, False), (True, False), (False, True)))
    x = draw.tensor("x", kind, shape)
    y = like("y", x, (shape[0], *size, shape[3]))
    operator = Operator(name, ["x", "s"], ["y"], options(table, AlignCorners=align, HalfPixelCenters=half))
    return Single([x, numbers("s", size), y], operator, ulp=ulp)


_NEAREST = ("FLOAT32", "INT8", "UINT8", "INT16", "INT32", "UINT32", "BOOL")


@generates("RESIZE_NEAREST_NEIGHBOR", *_NEAREST, unjudged=("INT64",))
def resize_nearest_neighbor(draw: Draw, kind: str) -> Single:
    return _resize(draw, "RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions", kind, 0)


@generates("RESIZE_BILINEAR", "FLOAT32", "INT8", "UINT8", "INT16")
def resize_bilinear(draw: Draw, kind: str) -> Single:
    # four products of two weights each, summed
    return _resize(draw, "RESIZE_BILINEAR", "ResizeBilinearOptions", kind, 4)
