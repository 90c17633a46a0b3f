"""The inputs that a model is verified on: seeded random ones, or those of an .npz file with what they should give."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgegen.errors import UsageError
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array, Tensor

_NUMBERED = re.compile(r"(?:s(\d+)__)?(in|out)(\d+)")
_LEAST_INDEX_RANGE = 2  # integers that carry no quantization are most often indices or flags


@dataclass(frozen=True)
class Sample:
    """Inputs of one run, in the model's order.

    label:    says which one it is
    recorded: outputs by number that some other implementation gave for them
    """

    label: str
    inputs: list[Array]
    recorded: Mapping[int, Array]


def random_samples(graph: Graph, runs: int, seed: int) -> list[Sample]:
    """`runs` samples from `seed`: the same on every machine.

    8 and 16-bit integers and quantized ones take every value of their type alike; floats are multiples of 1/128 in
    [-1, 1); booleans both values; other integers 0 or 1, which are valid where they are indices.
    """
    rng = np.random.default_rng(seed)
    return [Sample(f"random {k}", [_random(rng, t) for t in graph.inputs], {}) for k in range(runs)]


def _random(rng: np.random.Generator, tensor: Tensor) -> Array:
    dtype, shape = tensor.dtype, tensor.shape
    if dtype.is_float:
        return (rng.integers(-128, 128, shape) / 128).astype(dtype.np)
    if dtype.name == "bool":
        return rng.integers(0, 2, shape).astype(dtype.np)
    if dtype.size <= 2 or tensor.type.quantization is not None:
        low, high = dtype.range
        return rng.integers(low, high, shape, dtype.np, endpoint=True)
    return rng.integers(0, _LEAST_INDEX_RANGE, shape).astype(dtype.np)


def file_samples(path: Path, graph: Graph) -> list[Sample]:
    """The samples of an .npz file.

    Arrays are called after the model's inputs (by their tensors' names or the signature's), or in0, in1, ...; out0,
    out1, ... are recorded outputs. For several consecutive runs the names start with s0__, s1__, ... Raises UsageError
    if an input is missing or does not fit.
    """
    arrays = _read(path)
    inputs: dict[int, dict[int, Array]] = {}
    recorded: dict[int, dict[int, Array]] = {}
    names = {n: i for i, n in enumerate(graph.input_names())} | {t.name: i for i, t in enumerate(graph.inputs)}
    for key, array in arrays.items():
        numbered = _NUMBERED.fullmatch(key)
        if key in names:
            number = f"in{names[key]}"
            if number != key and number in arrays:
                raise UsageError(f'{path.name} has both "{key}" and "{number}", which are one input')
            inputs.setdefault(0, {})[names[key]] = array
        elif numbered:
            kind = inputs if numbered[2] == "in" else recorded
            kind.setdefault(int(numbered[1] or 0), {})[int(numbered[3])] = array
        else:
            known = ", ".join([*names, "in0", "in1", "s0__in0", "s0__out0"])
            raise UsageError(f'{path.name}: no input of the model is called "{key}"', [("known", known)])
    if not inputs:
        raise UsageError(f"{path.name} holds no inputs", [("needs", ", ".join(names))])
    samples = []
    for k in sorted(inputs):
        label = f"sample {k}" if len(inputs) > 1 else path.name
        samples.append(Sample(label, _ordered(inputs[k], graph, f"{path.name} {label}"), recorded.get(k, {})))
    return samples


def _read(path: Path) -> dict[str, Array]:
    try:
        found = np.load(path, allow_pickle=False)
        if isinstance(found, np.lib.npyio.NpzFile):
            with found:
                return {key: found[key] for key in found.files}
        why = "it holds a single array without a name"
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, zipfile.BadZipFile, EOFError) as error:
        why = str(error)
    raise UsageError(f"{path.name} is not an .npz file of arrays", [("why", why)])


def _ordered(given: Mapping[int, Array], graph: Graph, where: str) -> list[Array]:
    values = []
    for i, tensor in enumerate(graph.inputs):
        if i not in given:
            raise UsageError(f'{where}: no array for input {i}, "{tensor.name}"')
        array = given[i]
        if array.dtype != tensor.dtype.np or array.shape != tensor.shape:
            found = f"{array.dtype.name}[{','.join(map(str, array.shape))}]"
            raise UsageError(f'{where}: input {i}, "{tensor.name}", is {tensor.type}, the file has {found}')
        values.append(array)
    surplus = [i for i in given if i >= len(graph.inputs)]
    if surplus:
        raise UsageError(f"{where}: the model has {len(graph.inputs)} inputs, the file has in{max(surplus)}")
    return values
