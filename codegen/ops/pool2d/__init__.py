"""Pool2d and its kernel rows, best first."""

import math

from edgegen.ir.graph import Node
from edgegen.ops.half_rows import NO_PIXEL, half_rows, in_image
from edgegen.ops.pool2d import dsp, generic, neon, x86
from edgegen.ops.pool2d.op import Pool2d

__all__ = ["Pool2d"]

_ROWS = (*x86.ROWS, *neon.ROWS, *dsp.ROWS, *generic.ROWS)


def _height(node: Node) -> int:
    assert isinstance(node.op, Pool2d)
    return node.op.kernel[0]


def _fill(node: Node) -> float:
    assert isinstance(node.op, Pool2d)
    return -math.inf if node.op.pooling == "max" else NO_PIXEL


Pool2d.kernels = (*_ROWS, *half_rows(_ROWS, in_image(_height, _fill)), *generic.HALF_ROWS)
