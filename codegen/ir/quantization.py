"""What a quantized tensor's integers stand for: real = scale * (q - zero_point).

This describes tensors (for the header, the report and fusions). How a node computes is stated on the node, with the
schemes of fixed_point.py, because formats that share this description differ to the bit in their arithmetic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgegen.errors import InvalidGraph


@dataclass(frozen=True)
class Quantization:
    """scale and zero_point hold one entry (per tensor) or one per index along `axis` (per channel).

    block: if not 0, scales are those of blocks of this many elements along `axis`, in the order of the elements; the
           last block along the axis may be shorter
    """

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int | None = None
    block: int = 0

    def __post_init__(self) -> None:
        if len(self.scale) != len(self.zero_point) or not self.scale:
            raise InvalidGraph(f"quantization has {len(self.scale)} scales and {len(self.zero_point)} zero points")
        if len(self.scale) > 1 and self.axis is None:
            raise InvalidGraph("per-channel quantization needs an axis")

    @property
    def per_tensor(self) -> bool:
        return len(self.scale) == 1

    def spread(self, shape: tuple[int, ...]) -> npt.NDArray[np.float32] | None:
        """The scale of each element of a tensor of this shape; None if the scales do not fit it."""
        scale = np.array(self.scale, np.float32)
        if self.axis is None:
            return np.broadcast_to(scale[0], shape)
        before, size, after = shape[: self.axis], shape[self.axis : self.axis + 1], shape[self.axis + 1 :]
        if not self.block:
            fits = size == scale.shape
            return np.broadcast_to(scale.reshape(-1, *[1] * len(after)), shape) if fits else None
        blocks = (*before, *(-(-n // self.block) for n in size), *after)
        if not size or math.prod(blocks) != len(scale):
            return None
        whole = np.repeat(scale.reshape(blocks), self.block, axis=self.axis)
        return whole.take(np.arange(size[0]), axis=self.axis)

    def __str__(self) -> str:
        if self.per_tensor:
            return f"scale {self.scale[0]:.9g} zero {self.zero_point[0]}"
        blocks = f" in blocks of {self.block}" if self.block else ""
        return f"{len(self.scale)} scales on axis {self.axis}{blocks}"
