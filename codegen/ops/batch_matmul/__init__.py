"""BatchMatmul and its kernel rows, best first."""

from edgegen.ops.batch_matmul import generic, tiles
from edgegen.ops.batch_matmul.op import MOST_PRODUCTS, BatchMatmul

__all__ = ["MOST_PRODUCTS", "BatchMatmul"]

BatchMatmul.kernels = (*tiles.ROWS, *generic.ROWS)
