"""Models whose weights have fewer bits than their activations, or are sparse, for random_models: sound but for the
parameters of sparse ones and of blocks, which are sometimes nonsense."""

from __future__ import annotations

import random

import numpy as np

from tests.models.tflite_builder import Blocks, Operator, Sparsity, Tensor, options

Model = tuple[list[Tensor], Operator]


def _weights(rng: random.Random, shape: tuple[int, ...], axis: int) -> Tensor:
    """s8, or four bits packed, with one scale or one for each unit."""
    values = np.random.default_rng(rng.randrange(99)).integers(-128, 128, shape).astype(np.int8)
    scale = 0.1 if rng.random() < 0.4 else [0.1 + 0.01 * i for i in range(shape[axis])]
    if rng.random() < 0.3:
        return Tensor("w", "INT4", shape, values.tobytes()[: -(-values.size // 2)], scale=scale, axis=axis)
    return Tensor("w", data=values, scale=scale, axis=axis)


def _layer(rng: random.Random) -> Model:
    channels, units, kernel = rng.choice((1, 3, 8, 17)), rng.choice((1, 4, 6)), rng.choice((1, 2, 3))
    depthwise = rng.random() < 0.5
    table: dict[str, int] = {"Padding": rng.choice((0, 1)), "StrideH": rng.choice((1, 2)), "StrideW": 1}
    table |= {"DilationHFactor": 1, "DilationWFactor": rng.choice((1, 2))}
    shape = (1, kernel, kernel, channels) if depthwise else (units, kernel, kernel, channels)
    units = channels if depthwise else units
    tensors = [
        Tensor("x", "FLOAT32", (rng.choice((1, 2)), 6, 7, channels)),
        _weights(rng, shape, 3 if depthwise else 0),
        Tensor("b", data=np.arange(units).astype(np.float32)),
        Tensor("y", "FLOAT32", (1, 1, 1, 1), signature=(-1,) * 4),
    ]
    if depthwise:
        fields = options("DepthwiseConv2DOptions", DepthMultiplier=1, **table)
        return tensors, Operator("DEPTHWISE_CONV_2D", ["x", "w", "b"], ["y"], fields)
    return tensors, Operator("CONV_2D", ["x", "w", "b"], ["y"], options("Conv2DOptions", **table))


def _matrix(rng: random.Random) -> Model:
    rows, depth, units = rng.choice((1, 3)), rng.choice((1, 16, 21)), rng.choice((1, 4, 9))
    x, y = Tensor("x", "FLOAT32", (rows, depth)), Tensor("y", "FLOAT32", (rows, units))
    asymmetric = rng.random() < 0.5
    if rng.random() < 0.5:
        fields = options("BatchMatMulOptions", AdjX=False, AdjY=True, AsymmetricQuantizeInputs=asymmetric)
        return [x, _weights(rng, (units, depth), 0), y], Operator("BATCH_MATMUL", ["x", "w"], ["y"], fields)
    fields = options("FullyConnectedOptions", AsymmetricQuantizeInputs=asymmetric)
    return [x, _weights(rng, (units, depth), 0), y], Operator("FULLY_CONNECTED", ["x", "w"], ["y"], fields)


def _blockwise(rng: random.Random) -> Model:
    size, blocks, units = rng.choice((2, 8, 32, 3)), rng.choice((1, 2, 5)), rng.choice((1, 4))
    bytes_ = bytes(rng.randrange(256) for _ in range(-(-units * size * blocks // 2)))
    tensors = [
        Tensor("x", "FLOAT32", (2, size * blocks)),
        Tensor("w", "INT4", (units, size * blocks), bytes_, blocks=Blocks(rng.choice((2, 2, 2, 0, 9)), size)),
        Tensor("s", data=np.full((units, blocks), 0.5, np.float16)),
        Tensor("y", "FLOAT32", (2, units)),
    ]
    return tensors, Operator("FULLY_CONNECTED", ["x", "w"], ["y"], options("FullyConnectedOptions", KeepNumDims=False))


def _sparse(rng: random.Random) -> Model:
    """[4, 6] of which rows list their elements."""
    listed = [sorted(rng.sample(range(6), rng.randrange(4))) for _ in range(4)]
    segments = [sum(map(len, listed[:i])) for i in range(5)]
    indices = [i for row in listed for i in row]
    if rng.random() < 0.3:
        (segments if rng.random() < 0.5 or not indices else indices)[-1] = rng.choice((-1, 0, 7, 1 << 30))
    order = [0, 1] if rng.random() < 0.9 else [rng.randrange(3), 1]
    sparsity = Sparsity(order, [rng.choice((4, 4, 4, 4, 1 << 30)), (segments, indices)])
    stored = np.arange(1, 1 + sum(map(len, listed))).astype(np.float32)
    tensors = [
        Tensor("x", "FLOAT32", (4, 6), stored, sparsity=sparsity),
        Tensor("y", "FLOAT32", (4, 6)),
    ]
    return tensors, Operator("DENSIFY", ["x"], ["y"])


def compressed(rng: random.Random, _kind: str) -> Model:
    return rng.choice((_layer, _layer, _matrix, _matrix, _blockwise, _sparse))(rng)
