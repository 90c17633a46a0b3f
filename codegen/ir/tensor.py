"""Tensors: a name, a type and, for constants, the data."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edgegen.ir.dtypes import BF16, DType
from edgegen.ir.layout import NATURAL, Layout
from edgegen.ir.quantization import Quantization

Array = npt.NDArray[Any]


def magnitude(array: Array) -> float:
    """Largest finite magnitude of an array of floats; 0 if there is none, or for other types.

    The type's largest number does not count, which stands for none: for the maximum of nothing, or a masked score.
    """
    if "float" not in array.dtype.name:
        return 0.0
    sizes = np.abs(array)
    largest = np.nextafter(np.array(np.inf, array.dtype), np.array(0, array.dtype))
    finite = sizes[sizes < largest].astype(np.float64)
    return float(finite.max()) if finite.size else 0.0


def spacing(size: float, dtype: np.dtype) -> float:
    """A unit in the last place of numbers of this magnitude, of a float type of 16 bits or more."""
    if dtype != BF16.np:
        return float(np.spacing(dtype.type(size)))
    return float(np.spacing(np.float32(size))) * 2**16


@dataclass(frozen=True)
class TensorType:
    """What a tensor is, apart from its values. Every dimension is known and at least 0."""

    dtype: DType
    shape: tuple[int, ...]
    quantization: Quantization | None = None
    layout: Layout = NATURAL

    @property
    def elements(self) -> int:
        """Logical elements."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Bytes of storage in the tensor's layout."""
        return self.layout.elements(self.shape) * self.dtype.size

    def with_layout(self, layout: Layout) -> TensorType:
        return replace(self, layout=layout)

    def __str__(self) -> str:
        layout = self.layout.describe(len(self.shape)) if self.layout != NATURAL else ""
        return f"{self.dtype}[{','.join(map(str, self.shape))}]" + (f" {layout}" if layout else "")


@dataclass(eq=False)
class Tensor:
    """A value in a graph; identity, not name, tells tensors apart.

    data:    None unless the tensor is constant
    rounded: the narrower float that the model rounds the value to before it is read, where a pass has put that off
    """

    name: str
    type: TensorType
    data: Array | None = None
    rounded: DType | None = None

    @property
    def is_constant(self) -> bool:
        return self.data is not None

    @property
    def dtype(self) -> DType:
        return self.type.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return self.type.shape

    @property
    def rank(self) -> int:
        return len(self.type.shape)

    @property
    def values(self) -> Array:
        """The data of a tensor known to be constant."""
        assert self.data is not None, f"{self.name} is not constant"
        return self.data

    def __repr__(self) -> str:
        return f"Tensor({self.name}: {self.type})"


def constant(name: str, array: Array, dtype: DType, quantization: Quantization | None = None) -> Tensor:
    """A constant tensor holding a read-only copy of `array`."""
    data = np.array(array, dtype=dtype.np)
    data.setflags(write=False)
    return Tensor(name, TensorType(dtype, data.shape, quantization), data)
