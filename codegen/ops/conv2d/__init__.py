"""Conv2d and its kernel rows, best first."""

from dataclasses import replace

from edgegen.ops.conv2d import dsp, generic, neon, packed, stored, x86
from edgegen.ops.conv2d.op import Conv2d
from edgegen.ops.half_rows import half_rows, of_filters

__all__ = ["Conv2d"]

_ROWS = (
    *packed.ROWS,
    *stored.POINTWISE.size,
    stored.ROW,
    *x86.ROWS,
    *neon.ROWS,
    *dsp.ROWS,
    *stored.POINTWISE.others,
    replace(stored.ROW, for_size=False),  # no slower than floats in the same loops
    *generic.ROWS,
)
Conv2d.kernels = (*_ROWS, *half_rows(_ROWS, of_filters))
