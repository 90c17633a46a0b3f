"""What an ONNX name may stand for: a tensor, a sequence of tensors, or an optional, full or empty.

Sequences and optionals exist while importing only: their lengths are known then, and the graph has their tensors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from edgegen.errors import InvalidModel
from edgegen.ir.tensor import Tensor


@dataclass(frozen=True, eq=False)
class TensorList:
    """An ONNX sequence."""

    elements: tuple[Tensor, ...] = ()


@dataclass(frozen=True)
class Nothing:
    """An optional that holds nothing; one that holds something is what it holds."""


@dataclass(frozen=True, eq=False)
class Sized:
    """A tensor whose extents are known at run time only: `tensor` has room for the greatest, `shape`, s64[rank], the
    actual ones. The elements lie one after the other as in a tensor of that shape."""

    tensor: Tensor
    shape: Tensor


NOTHING = Nothing()

Value = Tensor | TensorList | Nothing | Sized


def describe(value: Value) -> str:
    if isinstance(value, Tensor):
        return str(value.type)
    if isinstance(value, TensorList):
        return f"a sequence of {len(value.elements)}"
    if isinstance(value, Sized):
        return f"a tensor whose extents, at most {value.tensor.type}, are known at run time only"
    return "an optional that holds nothing"


def flat(values: Iterable[Value]) -> list[Tensor]:
    """The tensors that the values consist of, in order."""
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, TensorList):
            found += value.elements
        elif isinstance(value, Sized):
            found += [value.tensor, value.shape]
    return found


def rebuilt(values: Sequence[Value], tensors: Sequence[Tensor]) -> list[Value]:
    """Values of the same structure that consist of other tensors."""
    rest: Iterator[Tensor] = iter(tensors)
    return [
        next(rest)
        if isinstance(value, Tensor)
        else TensorList(tuple(next(rest) for _ in value.elements))
        if isinstance(value, TensorList)
        else Sized(next(rest), next(rest))
        if isinstance(value, Sized)
        else value
        for value in values
    ]


def alike(a: Sequence[Value], b: Sequence[Value]) -> bool:
    """Whether two rows of values have the same structure and types."""
    if len(a) != len(b) or any(type(x) is not type(y) for x, y in zip(a, b, strict=True)):
        return False
    if any(len(flat([x])) != len(flat([y])) for x, y in zip(a, b, strict=True)):
        return False
    return all((x.dtype, x.shape) == (y.dtype, y.shape) for x, y in zip(flat(a), flat(b), strict=True))


def tensor_of(value: Value | None, what: str) -> Tensor:
    """Raises InvalidModel for what is no tensor."""
    if isinstance(value, Tensor):
        return value
    raise InvalidModel(f"{what} must be a tensor, is {'absent' if value is None else describe(value)}")
