"""RFFT2D of single rows, COMPLEX_ABS, REAL and IMAG: the spectra of audio models."""

from __future__ import annotations

from edgegen.frontends.tflite.operator import Operator, operator
from edgegen.frontends.tflite.tensors import COMPLEX
from edgegen.ir.dtypes import F32
from edgegen.ir.tensor import Tensor
from edgegen.ops.binary import Binary
from edgegen.ops.fft import Rfft
from edgegen.ops.reduce import Reduce
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice
from edgegen.ops.unary import Unary


@operator("RFFT2D", last_version=1)
def rfft2d(op: Operator) -> None:
    """Of x[...,1,W]: input 1 holds the lengths, 1 and a power of 2, to which rows are cut or continued with zeros."""
    x, y, lengths = op.input(0), op.output, op.integers(1, "the transform's lengths")
    if x.dtype != F32 or y.dtype != COMPLEX:
        raise op.unsupported(f"{x.dtype} to {y.dtype} is not supported", "use f32 to complex64")
    if x.rank < 2 or len(lengths) != 2:
        raise op.invalid(f"lengths {list(lengths)[:8]} are not those of the last two axes of {x.type}")
    if x.shape[-2] != 1 or lengths[0] != 1:
        raise op.unsupported(f"{x.type} by {list(lengths)} has more than one row", "transform rows of their own")
    length = lengths[1]
    if length < 1 or length & (length - 1):
        raise op.invalid(f"the length {length} is no power of 2")
    if x.shape[-1] > length:
        x = op.add(Slice((0,) * x.rank, (*x.shape[:-1], length), (1,) * x.rank), [x])
    parts = op.add(Reshape((*x.shape[:-1], length // 2 + 1, 2)), [op.add(Rfft(length), [x])])
    if not op.resized and y.shape != parts.shape[:-1]:
        raise op.invalid(f'"{y.name}" is declared {y.type}, but has the shape {list(parts.shape[:-1])}')
    op.model.spectra[y] = parts
    op.model.defined.add(y)


def _parts(op: Operator) -> Tensor:
    """Real and imaginary parts of input 0."""
    x = op.input(0)
    if x not in op.model.spectra or op.output.dtype != F32:
        raise op.unsupported(f"{x.dtype} to {op.output.dtype} is not supported", "use the result of an RFFT2D")
    return op.model.spectra[x]


@operator("COMPLEX_ABS", last_version=1)
def complex_abs(op: Operator) -> None:
    parts = _parts(op)
    squares = op.add(Binary("mul"), [parts, parts])
    op.add(Unary("sqrt"), [op.add(Reduce("sum", (parts.rank - 1,)), [squares])], op.output)


def _part(op: Operator, at: int) -> None:
    parts = _parts(op)
    begin, size = (*(0,) * (parts.rank - 1), at), (*parts.shape[:-1], 1)
    op.add(Reshape(parts.shape[:-1]), [op.add(Slice(begin, size, (1,) * parts.rank), [parts])], op.output)


@operator("REAL", last_version=1)
def real(op: Operator) -> None:
    _part(op, 0)


@operator("IMAG", last_version=1)
def imag(op: Operator) -> None:
    _part(op, 1)
