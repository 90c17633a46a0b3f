"""Operators that exchange blocks of pixels with channels or images, as a transpose between two reshapes."""

from __future__ import annotations

import math

import tflite

from edgegen.frontends.tflite.importer import Operator, operator
from edgegen.frontends.tflite.operators.sizes import sizes
from edgegen.ir.tensor import Tensor
from edgegen.ops.pad import Pad
from edgegen.ops.reshape import Reshape
from edgegen.ops.slice import Slice
from edgegen.ops.transpose import Transpose

Counts = tuple[int, ...]


def _permuted(op: Operator, x: Tensor, apart: Counts, perm: Counts, shape: Counts, output: Tensor | None) -> Tensor:
    """x as `apart`, its axes in another order, as `shape`."""
    return op.add(Reshape(shape), [op.add(Transpose(perm), [op.add(Reshape(apart), [x])])], output)


def _block(op: Operator, size: int) -> Tensor:
    x = op.input(0)
    if x.rank != 4 or size < 1:
        raise op.invalid(f"blocks of {size} do not fit {x.type}")
    return x


@operator("SPACE_TO_DEPTH", last_version=2, signed="moves")
def space_to_depth(op: Operator) -> None:
    """The pixels of each block become channels, the block's rows outermost."""
    size = op.options(tflite.SpaceToDepthOptions).BlockSize
    x = _block(op, size)
    n, h, w, c = x.shape
    if h % size or w % size:
        raise op.invalid(f"{x.type} does not divide into blocks of {size}")
    apart = (n, h // size, size, w // size, size, c)
    _permuted(op, x, apart, (0, 1, 3, 2, 4, 5), (n, h // size, w // size, size * size * c), op.output)


@operator("DEPTH_TO_SPACE", last_version=2, signed="moves")
def depth_to_space(op: Operator) -> None:
    """The reverse of SPACE_TO_DEPTH."""
    size = op.options(tflite.DepthToSpaceOptions).BlockSize
    x = _block(op, size)
    n, h, w, c = x.shape
    if c % (size * size):
        raise op.invalid(f"{c} channels of {x.type} do not divide into blocks of {size}")
    apart = (n, h, w, size, size, c // (size * size))
    _permuted(op, x, apart, (0, 1, 3, 2, 4, 5), (n, h * size, w * size, c // (size * size)), op.output)


def _block_and_margins(op: Operator, margins: str) -> tuple[Counts, Counts, Counts]:
    """(block, before, after) along the axes between the first and the last. Raises InvalidModel."""
    x, block, given = op.input(0), sizes(op, 1, "the block"), op.constant(2, margins)
    fits = given.dtype.name in ("int32", "int64") and given.shape == (len(block), 2) and (given >= 0).all()
    if x.rank not in (3, 4) or len(block) != x.rank - 2 or min(block) < 1 or not fits:
        raise op.invalid(f"block {list(block)} and {margins} {given.tolist()} do not fit {x.type}")
    return block, tuple(int(n) for n in given[:, 0]), tuple(int(n) for n in given[:, 1])


@operator("SPACE_TO_BATCH_ND", last_version=4, signed="moves")
def space_to_batch_nd(op: Operator) -> None:
    """Pads with what stands for 0, then each place in a block becomes an image.

    TFLM pads with what it finds in memory (it never sets the value); LiteRT's zero point of the output is followed.
    """
    x, (block, before, after) = op.input(0), _block_and_margins(op, "the paddings")
    quantization = op.output.type.quantization
    if quantization is not None and not quantization.per_tensor:
        raise op.unsupported(f'"{op.output.name}" is quantized per channel')
    if any((*before, *after)):
        zero = 0 if quantization is None else quantization.zero_point[0]
        x = op.add(Pad((0, *before, 0), (0, *after, 0), zero), [x])
    images, *size, channels = x.shape
    if any(n % b for n, b in zip(size, block, strict=True)):
        raise op.invalid(f"{x.type}, padded, does not divide into blocks of {list(block)}")
    blocks = tuple(n // b for n, b in zip(size, block, strict=True))
    axes = range(len(block))
    apart = (images, *(k for pair in zip(blocks, block, strict=True) for k in pair), channels)
    perm = (*(2 * i + 2 for i in axes), 0, *(2 * i + 1 for i in axes), len(apart) - 1)
    _permuted(op, x, apart, perm, (math.prod(block) * images, *blocks, channels), op.output)


@operator("BATCH_TO_SPACE_ND", last_version=4, signed="moves")
def batch_to_space_nd(op: Operator) -> None:
    """The reverse of SPACE_TO_BATCH_ND; crops what that padded."""
    x, (block, before, after) = op.input(0), _block_and_margins(op, "the crops")
    images, *size, channels = x.shape
    if images % math.prod(block):
        raise op.invalid(f"{images} images of {x.type} do not make blocks of {list(block)}")
    images //= math.prod(block)
    axes = range(len(block))
    perm = (len(block), *(k for i in axes for k in (len(block) + 1 + i, i)), 2 * len(block) + 1)
    whole = (images, *(n * b for n, b in zip(size, block, strict=True)), channels)
    cropped = any((*before, *after))
    y = _permuted(op, x, (*block, images, *size, channels), perm, whole, None if cropped else op.output)
    if cropped:
        begin = (0, *before, 0)
        end = (0, *after, 0)
        rest = tuple(n - b - a for n, b, a in zip(whole, begin, end, strict=True))
        op.add(Slice(begin, rest, (1,) * len(rest)), [y], op.output)
