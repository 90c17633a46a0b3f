"""Conv2d and its kernel rows, best first."""

from dataclasses import replace

from edgegen.ops.conv2d import dsp, generic, neon, packed, stored, x86
from edgegen.ops.conv2d.op import Conv2d

__all__ = ["Conv2d"]

Conv2d.kernels = (
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
