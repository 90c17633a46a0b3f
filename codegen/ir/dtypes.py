"""Element types. One name each, the same in the IR, in kernels' names and in messages."""

from __future__ import annotations

from dataclasses import dataclass

import ml_dtypes
import numpy as np

from edgegen.errors import InvalidGraph


@dataclass(frozen=True)
class DType:
    """An element type.

    name:  as printed and as it appears in kernels' names ("s8")
    numpy: the numpy scalar type's name; types narrower than a byte, and floats that C lacks, are those of ml_dtypes
    c:     the C99 type
    size:  bytes of one element
    """

    name: str
    numpy: str
    c: str
    size: int

    @property
    def np(self) -> np.dtype:
        return np.dtype(getattr(ml_dtypes, self.numpy, self.numpy))

    @property
    def is_float(self) -> bool:
        return self.name.startswith(("f", "bf"))

    @property
    def is_integer(self) -> bool:
        return self.name[0] in "su"

    @property
    def range(self) -> tuple[int, int]:
        """Least and greatest value of an integer type."""
        if self in SMALL_INTEGERS:
            bits = int(self.name[1:])
            return (0, (1 << bits) - 1) if self.name[0] == "u" else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
        info = np.iinfo(self.np)
        return int(info.min), int(info.max)

    def __str__(self) -> str:
        return self.name


S8 = DType("s8", "int8", "int8_t", 1)
U8 = DType("u8", "uint8", "uint8_t", 1)
S16 = DType("s16", "int16", "int16_t", 2)
U16 = DType("u16", "uint16", "uint16_t", 2)
S32 = DType("s32", "int32", "int32_t", 4)
U32 = DType("u32", "uint32", "uint32_t", 4)
S64 = DType("s64", "int64", "int64_t", 8)
U64 = DType("u64", "uint64", "uint64_t", 8)
F16 = DType("f16", "float16", "uint16_t", 2)
F32 = DType("f32", "float32", "float", 4)
F64 = DType("f64", "float64", "double", 8)
BOOL = DType("bool", "bool", "uint8_t", 1)
BF16 = DType("bf16", "bfloat16", "uint16_t", 2)

# Types that models store and convert, one element to a byte, but that no kernel computes in. 8-bit floats are named by
# their bits of exponent and fraction: "fn" has no infinities, "uz" no negative zero either.
S2 = DType("s2", "int2", "int8_t", 1)
U2 = DType("u2", "uint2", "uint8_t", 1)
S4 = DType("s4", "int4", "int8_t", 1)
U4 = DType("u4", "uint4", "uint8_t", 1)
F4E2M1 = DType("f4e2m1", "float4_e2m1fn", "uint8_t", 1)
F8E4M3FN = DType("f8e4m3fn", "float8_e4m3fn", "uint8_t", 1)
F8E4M3FNUZ = DType("f8e4m3fnuz", "float8_e4m3fnuz", "uint8_t", 1)
F8E5M2 = DType("f8e5m2", "float8_e5m2", "uint8_t", 1)
F8E5M2FNUZ = DType("f8e5m2fnuz", "float8_e5m2fnuz", "uint8_t", 1)
F8E8M0 = DType("f8e8m0", "float8_e8m0fnu", "uint8_t", 1)

SMALL_FLOATS = (F4E2M1, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, F8E8M0)
SMALL_INTEGERS = (S2, U2, S4, U4)
DTYPES: dict[str, DType] = {
    d.name: d
    for d in (
        *(S8, U8, S16, U16, S32, U32, S64, U64, F16, BF16, F32, F64, BOOL),
        *SMALL_INTEGERS,
        *SMALL_FLOATS,
    )
}
_BY_NUMPY: dict[str, DType] = {d.numpy: d for d in DTYPES.values()}


def dtype_of(array: np.ndarray) -> DType:
    """The DType of a numpy array. Raises InvalidGraph for a type that edgegen has no name for."""
    try:
        return _BY_NUMPY[array.dtype.name]
    except KeyError:
        raise InvalidGraph(f"arrays of type {array.dtype.name} are not supported") from None
