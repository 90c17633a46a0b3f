"""The options of custom operators: a FlexBuffer that maps names to numbers, flags, texts or lists of numbers.

The library's accessors trust the bytes, as those of flatbuffers do, so sizes are checked before anything is read, and
nested maps, which no operator has, are left out: reading takes time in proportion to the few bytes that are allowed.
"""

from __future__ import annotations

import math
import struct
from typing import Any

from flatbuffers import flexbuffers

from edgegen.errors import InvalidModel

Value = bool | int | float | str | tuple[bool | int | float, ...]

MAX_BYTES, MAX_ENTRIES = 1 << 16, 256


def _sized(vector: Any) -> Any:
    if len(vector) > MAX_ENTRIES:
        raise ValueError(f"{len(vector)} entries")
    return vector


def _value(ref: Any) -> Value | None:
    """A scalar, a text or a list of numbers; None for what no operator's options hold."""
    if ref.IsBool:
        return bool(ref.AsBool)
    if ref.IsInt:
        return int(ref.AsInt)
    if ref.IsFloat:
        return float(ref.AsFloat)
    if ref.IsString or ref.IsKey:
        return str(ref.AsString)
    if ref.IsTypedVector or ref.IsFixedTypedVector:
        numbers = _sized(ref.AsTypedVector if ref.IsTypedVector else ref.AsFixedTypedVector).Value
    elif ref.IsVector and not ref.IsMap:
        numbers = [_value(entry) for entry in _sized(ref.AsVector)]
    else:
        return None
    return tuple(numbers) if all(isinstance(n, (bool, int, float)) for n in numbers) else None


def _read(data: bytes) -> dict[str, Value]:
    if len(data) > MAX_BYTES:
        raise ValueError(f"{len(data)} bytes")
    root = flexbuffers.GetRoot(data)
    if not root.IsMap:
        raise ValueError("they are no map")
    table = root.AsMap
    keys, values = [str(key.AsKey) for key in _sized(table.Keys)], [_value(v) for v in _sized(table.Values)]
    if len(keys) != len(values):
        raise ValueError(f"{len(keys)} names for {len(values)} values")
    return {k: v for k, v in zip(keys, values, strict=True) if v is not None}


class CustomOptions:
    """A custom operator's options, checked as they are read.

    data: the bytes in the file, perhaps none; what: names the operator in messages. Raises InvalidModel if they are
    corrupt. Each method takes the option's name and its value where the file does not give it; without one the option
    must be there. They raise InvalidModel if it is missing or of another type.
    """

    def __init__(self, data: bytes, what: str) -> None:
        self._what = what
        try:
            self.values = _read(data) if data else {}
        except (struct.error, LookupError, ValueError, OverflowError, TypeError, AssertionError) as error:
            why = str(error) or type(error).__name__
            raise InvalidModel(f"the options of {what} are truncated or corrupt", [("why", why)]) from error

    def _get(self, name: str, default: Value | None) -> Value:
        value = self.values.get(name, default)
        if value is None:
            raise InvalidModel(f"{self._what} lacks the option {name}")
        return value

    def integer(self, name: str, default: int | None = None) -> int:
        """An integer or a flag, within 32 bits."""
        value = self._get(name, default)
        if not isinstance(value, int) or not -(1 << 31) <= value < 1 << 31:
            raise self._wrong(name, value, "an integer of 32 bits")
        return int(value)

    def flag(self, name: str, default: bool | None = None) -> bool:
        return bool(self.integer(name, default))

    def number(self, name: str, default: float | None = None) -> float:
        """A finite number."""
        value = self._get(name, default)
        if not isinstance(value, (int, float)) or not math.isfinite(value) or abs(value) > 1e38:
            raise self._wrong(name, value, "a finite number")
        return float(value)

    def integers(self, name: str, default: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """A list of integers, each within 32 bits."""
        value = self._get(name, default)
        numbers = value if isinstance(value, tuple) else (value,)
        if not all(isinstance(n, int) and -(1 << 31) <= n < 1 << 31 for n in numbers):
            raise self._wrong(name, value, "a list of integers of 32 bits")
        return tuple(int(n) for n in numbers)

    def _wrong(self, name: str, value: Value, wanted: str) -> InvalidModel:
        return InvalidModel(f"option {name} of {self._what} must be {wanted}, is {str(value)[:40]!r}")
