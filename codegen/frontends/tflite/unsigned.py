"""Quantized u8, computed as s8: the same bytes with their upper bit flipped, and zero points 128 less.

What TensorFlow Lite's kernels of u8 compute depends, with few exceptions, on differences from zero points alone, so
that every kernel of s8 computes it too. Where the exceptions are, operators see u8.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

import numpy as np

from edgegen.ir.dtypes import S8, U8
from edgegen.ir.quantization import Quantization
from edgegen.ir.tensor import Tensor, TensorType, constant

OFFSET = 128

Signed = Literal["", "computes", "moves"]
"""How an operator takes quantized u8: as u8; as s8; as s8 where one of its inputs is at hand as s8."""


def signed_type(type: TensorType) -> TensorType:
    """The type that a quantized u8 tensor has as s8."""
    q = type.quantization
    assert q is not None
    return replace(type, dtype=S8, quantization=Quantization(q.scale, tuple(z - OFFSET for z in q.zero_point), q.axis))


def signed_twin(tensor: Tensor) -> Tensor:
    """A tensor of its own for a quantized u8 tensor's numbers as s8; with values if they are constant."""
    type = signed_type(tensor.type)
    if tensor.data is None:
        return Tensor(f"{tensor.name}/s8", type)
    return constant(f"{tensor.name}/s8", (tensor.data ^ OFFSET).view(np.int8), S8, type.quantization)


def can_be_signed(tensors: Iterable[Tensor]) -> bool:
    """Whether an operator's tensors hold u8, all of it quantized, and no s8, for which it would be mistaken."""
    bytes_ = [t for t in tensors if t.dtype in (U8, S8)]
    return bool(bytes_) and all(t.dtype == U8 and t.type.quantization is not None for t in bytes_)
