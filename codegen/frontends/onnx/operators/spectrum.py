"""Spectra: DFT, STFT, windows and the mel scale."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from edgegen.errors import InvalidGraph
from edgegen.frontends.onnx.importer import Operator, operator
from edgegen.frontends.onnx.tensors import dtype_of_onnx
from edgegen.ir.dtypes import F32, F64, S32
from edgegen.ir.tensor import Array, Tensor
from edgegen.ops.batch_matmul import BatchMatmul
from edgegen.ops.binary import Binary
from edgegen.ops.concat import Concat
from edgegen.ops.dense import Dense
from edgegen.ops.fft import Rfft, check_length
from edgegen.ops.gather import Gather
from edgegen.ops.pad import Pad
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose

DIRECT = 64
"""Transforms up to this length are one product with a constant matrix."""
LONGEST_PRIME = 512
"""What a longer prime factor needs, a matrix of its square, is more than devices hold."""


def _circle(turns: Array, inverse: bool) -> Array:
    """c128: where so many turns of the unit circle lead."""
    return np.asarray(np.exp((2j if inverse else -2j) * np.pi * turns))


def _product(op: Operator, x: Tensor, matrix: Array) -> Tensor:
    """x[..., K] * matrix[K, N]."""
    flat = op.reshape(x, (x.type.elements // x.shape[-1], x.shape[-1]))
    if x.dtype == F64:
        y = op.add(BatchMatmul(), [flat, op.constant(matrix, x.dtype)])
    else:
        y = op.add(Dense(), [flat, op.constant(matrix.T, x.dtype), None])
    return op.reshape(y, (*x.shape[:-1], matrix.shape[1]))


def _pairs_matrix(factors: Array, kinds: int) -> Array:
    """c128[K,N] as f64[kinds * K, 2 * N], between numbers whose real and imaginary parts follow each other."""
    re, im = factors.real, factors.imag
    rows = [np.stack([re, im], -1), np.stack([-im, re], -1)][:kinds]
    return np.stack(rows, 1).reshape(kinds * factors.shape[0], 2 * factors.shape[1])


def _multiplied(op: Operator, x: Tensor, factors: Array) -> Tensor:
    """x[..., 2] * c128 factors, number by number."""
    twice = np.stack([factors.real, factors.real], -1), np.stack([-factors.imag, factors.imag], -1)
    swapped = op.add(Slice((0,) * (x.rank - 1) + (1,), x.shape, (1,) * (x.rank - 1) + (-1,)), [x])
    a, b = (op.add(Binary("mul"), [t, op.constant(f, x.dtype)]) for t, f in zip((x, swapped), twice, strict=True))
    return op.add(Binary("add"), [a, b])


def _divisor(n: int) -> int:
    """The greatest divisor up to the root of n; 1 if n is prime."""
    return max(d for d in range(1, math.isqrt(n) + 1) if n % d == 0)


def _transform(op: Operator, x: Tensor, inverse: bool) -> Tensor:
    """x[rows, n, 1 or 2] -> [rows, n, 2]: sums with the unit circle's numbers, not divided by n.

    Lengths of many numbers are taken apart as in Bailey's method: n = a * b, transforms of a, factors, transforms of b.
    """
    rows, n, kinds = x.shape
    b = _divisor(n)
    if n <= DIRECT or b == 1:
        if n > LONGEST_PRIME:
            raise op.unsupported(
                f"a transform whose length has the prime factor {n}; {LONGEST_PRIME} is the longest",
                "choose a frame length with small prime factors",
            )
        k = np.arange(n)
        factors = _circle(np.outer(k, k) % n / n, inverse)
        y = _product(op, op.reshape(x, (rows, n * kinds)), _pairs_matrix(factors, kinds))
        return op.reshape(y, (rows, n, 2))
    a = n // b
    # x[i * b + j] -> over i for each j: [rows, b, a], then over j for each k1 of a: y[k1 + a * k2]
    split = op.add(Transpose((0, 2, 1, 3)), [op.reshape(x, (rows, a, b, kinds))])
    first = _transform(op, op.reshape(split, (rows * b, a, kinds)), inverse)
    turned = op.reshape(first, (rows, b, a, 2))
    turned = _multiplied(op, turned, _circle(np.outer(np.arange(b), np.arange(a)) / n, inverse))
    turned = op.add(Transpose((0, 2, 1, 3)), [turned])
    second = op.reshape(_transform(op, op.reshape(turned, (rows * a, b, 2)), inverse), (rows, a, b, 2))
    return op.reshape(op.add(Transpose((0, 2, 1, 3)), [second]), (rows, n, 2))


def _mirrored(op: Operator, half: Tensor, n: int) -> Tensor:
    """[rows, n // 2 + 1, 2], the spectrum of real numbers -> [rows, n, 2]: what follows mirrors it, conjugate."""
    rows, count, _ = half.shape
    rest = n - count
    if rest == 0:
        return half
    last = n - count  # y[n - k] for k = rest to 1
    back = op.add(Slice((0, last, 0), (rows, rest, 2), (1, -1, 1)), [half])
    conjugate = op.add(Binary("mul"), [back, op.constant(np.array([1, -1]), half.dtype)])
    return op.add(Concat(1), [half, conjugate])


def _has_stages(n: int) -> bool:
    try:
        check_length(n)
    except InvalidGraph:
        return False
    return n > DIRECT


def _spectrum(op: Operator, x: Tensor, onesided: bool) -> Tensor:
    """x[rows, n, 1 or 2] -> [rows, n or n // 2 + 1, 2]."""
    rows, n, kinds = x.shape
    count = n // 2 + 1 if onesided else n
    if kinds == 1 and x.dtype == F32 and _has_stages(n):
        half = op.reshape(op.add(Rfft(n), [op.reshape(x, (rows, n))]), (rows, n // 2 + 1, 2))
        return half if onesided else _mirrored(op, half, n)
    if kinds == 1 and n <= DIRECT:
        factors = _circle(np.outer(np.arange(n), np.arange(count)) % n / n, False)
        return op.reshape(_product(op, op.reshape(x, (rows, n)), _pairs_matrix(factors, 1)), (rows, count, 2))
    y = _transform(op, x, False)
    return op.add(Slice((0, 0, 0), (rows, count, 2), (1, 1, 1)), [y]) if onesided else y


def _resized(op: Operator, x: Tensor, n: int) -> Tensor:
    """[rows, m, kinds] cut or continued with zeros to n numbers."""
    rows, m, kinds = x.shape
    if m > n:
        return op.add(Slice((0, 0, 0), (rows, n, kinds), (1, 1, 1)), [x])
    return op.add(Pad((0, 0, 0), (0, n - m, 0), 0.0), [x]) if m < n else x


def _dft(op: Operator, x: Tensor, length: Tensor | None, axis: int, inverse: bool, onesided: bool) -> Tensor:
    if x.rank < 2 or x.shape[-1] not in (1, 2) or not x.dtype.is_float or not x.type.elements:
        raise op.invalid(f"{x.type} holds no real or complex numbers to transform")
    axis = op.axis(axis, x.rank)
    if axis == x.rank - 1:
        raise op.invalid("the last axis holds the parts of complex numbers")
    real_result = inverse and onesided
    n = 2 * (x.shape[axis] - 1) if real_result else x.shape[axis]
    if length is not None:
        (n,) = op.integers(length, "the length of the transform")
    if n < 1:
        raise op.invalid(f"a transform of {n} numbers")
    order = (*(i for i in range(x.rank - 1) if i != axis), axis, x.rank - 1)
    lead = tuple(x.shape[i] for i in order[:-2])
    moved = x if order == tuple(range(x.rank)) else op.add(Transpose(order), [x])
    rows = op.reshape(moved, (math.prod(lead), x.shape[axis], x.shape[-1]))
    if real_result:
        if x.shape[-1] != 2:
            raise op.invalid(f"{x.type} is no spectrum")
        half = _resized(op, rows, n // 2 + 1)
        first = np.ones((n // 2 + 1, 2))  # what must be real is taken as such
        first[0, 1] = 0
        if n % 2 == 0:
            first[-1, 1] = 0
        half = op.add(Binary("mul"), [half, op.constant(first, x.dtype)])
        y = _transform(op, _mirrored(op, half, n), True)
        y = op.add(Slice((0, 0, 0), (*y.shape[:2], 1), (1, 1, 1)), [y])
    elif inverse:
        y = _transform(op, _resized(op, rows, n), True)
    else:
        y = _spectrum(op, _resized(op, rows, n), onesided)
    y = op.scaled(y, 1 / n) if inverse else y
    y = op.reshape(y, (*lead, *y.shape[1:]))
    back = tuple(int(i) for i in np.argsort(order))
    return y if order == back == tuple(range(x.rank)) else op.add(Transpose(back), [y])


@operator("DFT", since=17, until=19)
def dft_by_attribute(
    op: Operator, x: Tensor, length: Tensor | None = None, *, axis: int = 1, inverse: int = 0, onesided: int = 0
) -> Tensor:
    return _dft(op, x, length, axis, bool(inverse), bool(onesided))


@operator("DFT", since=20)
def dft(
    op: Operator,
    x: Tensor,
    length: Tensor | None = None,
    axis: Tensor | None = None,
    *,
    inverse: int = 0,
    onesided: int = 0,
) -> Tensor:
    """Along any axis but the last, whose one or two numbers are a real or complex number."""
    along = -2 if axis is None else op.integers(axis, "the axis")[0]
    return _dft(op, x, length, along, bool(inverse), bool(onesided))


@operator("STFT", since=17)
def stft(
    op: Operator,
    signal: Tensor,
    frame_step: Tensor,
    window: Tensor | None = None,
    frame_length: Tensor | None = None,
    *,
    onesided: int = 1,
) -> Tensor:
    """signal[batch, length, 1 or 2] -> [batch, frames, bins, 2]: spectra of frames, each times the window."""
    if signal.rank == 2:
        signal = op.reshape(signal, (*signal.shape, 1))
    if signal.rank != 3 or signal.shape[-1] not in (1, 2):
        raise op.invalid(f"{signal.type} is no batch of signals")
    (step,) = op.integers(frame_step, "the step between frames")
    if frame_length is not None:
        (size,) = op.integers(frame_length, "the length of frames")
    else:
        size = signal.shape[1] if window is None else window.type.elements
    if step < 1 or not 1 <= size <= signal.shape[1] or (window is not None and window.shape != (size,)):
        raise op.invalid(f"frames of {size}, {step} apart, do not fit {signal.type} and their window")
    batch, _, kinds = signal.shape
    frames = 1 + (signal.shape[1] - size) // step
    places = step * np.arange(frames)[:, None] + np.arange(size)
    x = op.add(Gather(1), [signal, op.constant(places, S32)])
    if window is not None:
        x = op.add(Binary("mul"), [x, op.reshape(window, (size, 1))])
    onesided = bool(onesided) and kinds == 1
    y = _spectrum(op, op.reshape(x, (batch * frames, size, kinds)), onesided)
    return op.reshape(y, (batch, frames, *y.shape[1:]))


def _window(
    op: Operator, size: Tensor, *, shares: tuple[float, ...], periodic: int = 1, output_datatype: int = 1
) -> Tensor:
    """The sum of shares[k] * (-1)^k * cos(2 pi k i / N), N the size (one less unless periodic); known ahead of time."""
    (count,) = op.integers(size, "the window's size")
    if not 1 <= count <= 1 << 24:
        raise op.invalid(f"a window of {count} numbers")
    turns = np.arange(count) / max(count - (not periodic), 1)
    values = sum((-1) ** k * share * np.cos(2 * np.pi * k * turns) for k, share in enumerate(shares))
    return op.constant(np.asarray(values), dtype_of_onnx(output_datatype, "the window"))


for _name, _shares in (
    ("HannWindow", (0.5, 0.5)),
    ("HammingWindow", (25 / 46, 21 / 46)),
    ("BlackmanWindow", (0.42, 0.5, 0.08)),
):
    operator(_name, since=17)(partial(_window, shares=_shares))


@operator("MelWeightMatrix", since=17)
def mel_weight_matrix(
    op: Operator,
    num_mel_bins: Tensor,
    dft_length: Tensor,
    sample_rate: Tensor,
    lower_edge_hertz: Tensor,
    upper_edge_hertz: Tensor,
    *,
    output_datatype: int = 1,
) -> Tensor:
    """[dft_length // 2 + 1, bins]: triangles over bins of the spectrum, whose corners lie evenly on the mel scale.

    Known ahead of time. The corners are rounded down to whole bins of the spectrum, as the standard's reference does.
    """
    (count,), (length,) = op.integers(num_mel_bins, "the bins"), op.integers(dft_length, "the transform's length")
    (rate,) = op.integers(sample_rate, "the sampling rate")
    low, high = (float(op.values(t, "an edge").reshape(-1)[0]) for t in (lower_edge_hertz, upper_edge_hertz))
    if count < 1 or length < 1 or rate < 1 or not 0 <= low <= high or high > rate / 2 or count * length > 1 << 24:
        raise op.invalid(f"{count} bins from {low} to {high} Hz of a transform of {length} at {rate} Hz")
    ends = 2595 * np.log10(1 + np.array([low, high]) / 700)
    mels = ends[0] + np.arange(count + 2) * (ends[1] - ends[0]) / (count + 2)
    corner = ((length + 1) * 700 * (10 ** (mels / 2595) - 1) // rate).astype(int)
    at, left, middle, right = np.arange(length // 2 + 1)[:, None], corner[:-2], corner[1:-1], corner[2:]
    rising, falling = (at - left) / np.maximum(middle - left, 1), (right - at) / np.maximum(right - middle, 1)
    weights = np.where((at >= left) & (at <= middle), np.where(middle > left, rising, 1), 0)
    weights = np.where((at >= middle) & (at < right), falling, weights)
    return op.constant(weights, dtype_of_onnx(output_datatype, "the weights"))
