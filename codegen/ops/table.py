"""Table: any function from 8-bit numbers to 8-bit numbers, written out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.ir.dtypes import DTYPES
from edgegen.ir.op import Op, known, present
from edgegen.ir.rows import RowWindow, element_rows
from edgegen.ir.tensor import Array, TensorType
from edgegen.ops.lookup import FLIP_SIGN_8, LOOKUP_8


@dataclass(frozen=True)
class Table(Op):
    """values[x], element by element.

    values: the result for each byte that x can be, from 0 to 255; -1 of s8 is 255
    dtype:  of the results, s8 or u8
    """

    values: tuple[int, ...] = ()
    dtype: str = "s8"

    kernels = (FLIP_SIGN_8, LOOKUP_8)

    def infer(self, *inputs: TensorType | None) -> tuple[TensorType, ...]:
        x = known(inputs[0], "x")
        if x.dtype.name not in ("s8", "u8") or self.dtype not in ("s8", "u8") or len(self.values) != 256:
            raise InvalidGraph(f"{len(self.values)} {self.dtype} results do not make a table for x {x}")
        return (TensorType(DTYPES[self.dtype], x.shape),)

    def row_windows(self, *inputs: TensorType | None) -> tuple[RowWindow | None, ...] | None:
        return element_rows(*inputs)

    def reference(self, *inputs: Array | None) -> tuple[Array, ...]:
        x = present(inputs[0], "x")
        return (np.array(self.values, DTYPES[self.dtype].np)[x.view(np.uint8)],)
