"""Models of one operator that are almost right: those of tests/generated, up to three things made nonsense."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np

import tests.generated
from edgegen.frontends.tflite.importer import REGISTRY
from tests.fuzz.mutation import NUMBERS
from tests.generated.cases import draw_case
from tests.generated.single import GENERATORS, Single
from tests.models.tflite_builder import Operator, Options, Sparsity, Tensor, build_model

assert tests.generated  # importing it fills the table
TYPES = ("INT8", "FLOAT32", "INT16", "UINT8", "INT32", "INT64", "FLOAT16", "BOOL", "FLOAT64")
DTYPES = ("int8", "int32", "int64", "float32", "int16", "bool")


def _number(rng: random.Random) -> int:
    return (
        rng.choice((0, 1, 2, 3, 4, 5, -1, -2, 7)) if rng.random() < 0.7 else rng.choice(NUMBERS) * rng.choice((1, -1))
    )


def _spoil_tensor(rng: random.Random, tensor: Tensor) -> Tensor:
    shape = list(tensor.shape if tensor.shape is not None else np.shape(tensor.data))
    kind = rng.randrange(8)
    if kind == 7 and tensor.sparsity is not None:
        return replace(tensor, sparsity=_spoil_sparsity(rng, tensor.sparsity))
    if kind == 7 and tensor.blocks is not None:
        return replace(tensor, blocks=replace(tensor.blocks, size=_number(rng) % (1 << 31)))
    if kind == 0 and tensor.data is None:
        return replace(tensor, type=rng.choice(TYPES))
    if kind == 1 and isinstance(tensor.data, np.ndarray) and tensor.data.size and tensor.data.dtype.kind == "i":
        data = tensor.data.copy()
        data.reshape(-1)[rng.randrange(data.size)] = np.array(_number(rng)).astype(data.dtype)
        return replace(tensor, data=data)
    if kind == 2:
        return replace(tensor, scale=rng.choice((None, 0.0, 1e-42, 1e-9, 3e38, -1.0, float("nan"), [0.1, 0.2, 0.3])))
    if kind == 3 and tensor.scale is not None:
        return replace(tensor, zero_point=rng.choice((0, -128, 127, 128, 1 << 33)), axis=rng.choice((0, 1, 3, 7, -1)))
    if kind == 4 and shape:
        shape[rng.randrange(len(shape))] = _number(rng)
        return replace(tensor, shape=tuple(shape), signature=None)
    if kind == 5:
        return replace(tensor, shape=tuple([*shape, 1] if rng.random() < 0.5 else shape[:-1]), signature=None)
    if isinstance(tensor.data, np.ndarray):
        return replace(tensor, data=tensor.data.astype(rng.choice(DTYPES)))
    return replace(tensor, signature=None)


def _spoil_sparsity(rng: random.Random, sparsity: Sparsity) -> Sparsity:
    levels = list(sparsity.levels)
    at = rng.randrange(len(levels))
    level = levels[at]
    if isinstance(level, int):
        levels[at] = _number(rng)
    else:
        lists = [list(numbers) for numbers in level]
        spoilt = rng.choice([numbers for numbers in lists if numbers])
        spoilt[rng.randrange(len(spoilt))] = _number(rng)
        levels[at] = (lists[0], lists[1])
    return replace(sparsity, levels=levels)


def _spoil_option(rng: random.Random, table: Options) -> Options:
    field = rng.choice(sorted(table.fields))
    value = table.fields[field]
    if isinstance(value, float):
        value = rng.choice((0.0, -1.0, 3e38, float("inf"), 1e-40))
    elif isinstance(value, list):
        value = [_number(rng) for _ in value]
    elif isinstance(value, np.ndarray):
        value = np.array([_number(rng) for _ in value], value.dtype)
    else:
        value = _number(rng)
    return Options(table.table, {**table.fields, field: value})


def _spoil_bytes(rng: random.Random, data: bytes) -> bytes:
    """Options of a custom operator: cut off, or with another number in them."""
    if rng.random() < 0.3:
        return data[: rng.randrange(len(data))]
    at = rng.randrange(len(data))
    return data[:at] + _number(rng).to_bytes(8, "little", signed=True)[: min(4, len(data) - at)] + data[at + 4 :]


def _spoil_operator(rng: random.Random, operator: Operator) -> Operator:
    table = operator.options
    if table is not None and table.fields and rng.random() < 0.6:
        return replace(operator, options=_spoil_option(rng, table))
    inputs = list(operator.inputs)
    if not inputs:
        return replace(operator, inputs=operator.outputs)
    at = rng.randrange(len(inputs))
    kind = rng.randrange(7)
    if kind == 6:
        return replace(operator, name=rng.choice(sorted(REGISTRY)))
    if kind == 5 and operator.custom:
        return replace(operator, custom=_spoil_bytes(rng, operator.custom))
    if kind == 0:
        inputs[at] = None
    elif kind == 1:
        inputs[at] = inputs[rng.randrange(len(inputs))]
    elif kind == 2:
        del inputs[at]
    elif kind == 3:
        inputs.append(inputs[at])
    else:
        return replace(operator, version=rng.choice((1, 2, 3, 4, 5)), options=None if rng.random() < 0.5 else table)
    return replace(operator, inputs=inputs)


def _loosened(single: Single) -> list[Tensor]:
    """The tensors, none of whose activations has a fixed shape, so that what is inferred is not refused for it."""
    return [
        t if t.data is not None else replace(t, signature=(-1,) * len(t.shape or ()) or None) for t in single.tensors
    ]


def random_model(name: str, rng: random.Random) -> bytes | None:
    """A file with the operator of that name; None where the schema itself cannot hold what was drawn."""
    single = draw_case(name, rng.choice(GENERATORS[name].kinds), rng.randrange(1 << 16)).single
    tensors = _loosened(single) if rng.random() < 0.7 else list(single.tensors)
    operators = single.listed
    inputs = [t.name for t in single.inputs]
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        if rng.random() < 0.6:
            at = rng.randrange(len(tensors))
            tensors[at] = _spoil_tensor(rng, tensors[at])
        else:
            at = rng.randrange(len(operators))
            operators[at] = _spoil_operator(rng, operators[at])
    try:
        return build_model(tensors, operators, inputs, single.outputs, more=single.more)
    except (TypeError, OverflowError, ValueError, AssertionError):
        return None
