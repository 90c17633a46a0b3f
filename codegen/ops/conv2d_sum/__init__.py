"""Conv2dSum and its kernel rows, best first."""

from collections.abc import Mapping

from edgegen.ir.kernel import Kernel
from edgegen.ops.conv2d_sum import generic, neon
from edgegen.ops.conv2d_sum.op import Conv2dSum

__all__ = ["WITH_SUM", "Conv2dSum"]

Conv2dSum.kernels = (neon.ROW, *generic.ROWS)

WITH_SUM: Mapping[Kernel, Kernel] = {neon.ALONE: neon.ROW}
"""By rows of Conv2d: those that are no slower than that row and one of Binary after it."""
