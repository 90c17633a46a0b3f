"""The ONNX backend interface (onnx.backend.base): models run as compiled C on this machine.

    import edgegen.onnx_backend as backend
    outputs = backend.run_model(model, inputs)

The interface gives a model first and its inputs later, while edgegen compiles for one shape. So it is compiled when it
first meets inputs of some shapes; inputs whose values an operator must know ahead of time (a shape, axes, ...) keep
the values that they have there, and other values compile it again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx.backend.base import Backend, BackendRep, Device, DeviceType

from edgegen.compiler import Compiled, compile_graph
from edgegen.emit.render import Origin
from edgegen.errors import UsageError
from edgegen.frontends.onnx import ValueNeeded, import_proto, read_proto
from edgegen.ir.graph import Graph
from edgegen.ir.tensor import Array
from edgegen.passes.pipeline import Options
from edgegen.targets import Target
from edgegen.targets import target as find_target
from edgegen.verify import Build, Call, build_program
from edgegen.verify.program import Program


@dataclass(frozen=True)
class Inputs:
    """Values of a model's inputs for one run.

    tensors: by name; the elements of a sequence "x" are called x_0, x_1, ...
    lengths: of sequences, by name
    absent:  names of optionals that hold nothing
    """

    tensors: dict[str, Array]
    lengths: dict[str, int]
    absent: frozenset[str]


@dataclass(frozen=True)
class Specialized:
    """A model for certain inputs.

    graph: imported; fixed: names of inputs whose values became constants
    """

    graph: Graph
    fixed: frozenset[str]

    def arguments(self, inputs: Inputs) -> list[Array]:
        """The values of the inputs that the graph still has, in its order."""
        return [inputs.tensors[t.name] for t in self.graph.inputs]


def specialize(model: onnx.ModelProto, inputs: Inputs, values: Mapping[str, Array] | None = None) -> Specialized:
    """Imports a checked model for the shapes of `inputs`, and for the values of those that must be known ahead of time.

    values: of inputs that are to be constants, too

    Raises InvalidModel, UnsupportedModel and UsageError.
    """
    fixed: dict[str, Array | None] = {**dict.fromkeys(inputs.absent), **(values or {})}
    lengths = {name: (count,) for name, count in inputs.lengths.items()}
    while True:
        shapes = {name: value.shape for name, value in inputs.tensors.items() if name not in fixed}
        try:
            graph = import_proto(model, "model", shapes | lengths, fixed)
            return Specialized(graph, frozenset(fixed) - inputs.absent)
        except ValueNeeded as error:
            more = [name for name in error.inputs if name in inputs.tensors and name not in fixed]
            if not more:
                raise
            fixed.update({name: inputs.tensors[name] for name in more})


def named_inputs(model: onnx.ModelProto, inputs: Sequence[Any]) -> Inputs:
    """Inputs by name; a list is a sequence, None an optional that holds nothing. Those that have an initializer are
    not given. Raises UsageError if their count does not fit."""
    constants = {t.name for t in model.graph.initializer}
    names = [i.name for i in model.graph.input if i.name not in constants]
    if len(inputs) != len(names):
        raise UsageError(f"the model has {len(names)} inputs, was given {len(inputs)}")
    named = dict(zip(names, inputs, strict=True))
    lists = {name: value for name, value in named.items() if isinstance(value, list)}
    absent = frozenset(name for name, value in named.items() if value is None)
    tensors = {name: np.asarray(v) for name, v in named.items() if name not in lists and name not in absent}
    tensors |= {f"{name}_{k}": np.asarray(v) for name, values in lists.items() for k, v in enumerate(values)}
    return Inputs(tensors, {name: len(values) for name, values in lists.items()}, absent)


def structured(model: onnx.ModelProto, names: Sequence[str], outputs: Sequence[Array]) -> tuple[Any, ...]:
    """A run's outputs, which are called `names`, as the model has them: sequences as lists, None for absent ones.

    Those whose extents are known at run time only are cut to them.
    """
    values = dict(zip(names, outputs, strict=True))
    declared = {info.name for info in model.graph.output}
    for name in declared & values.keys():
        shape = values.get(f"{name}_shape") if f"{name}_shape" not in declared else None
        if shape is not None:
            actual = tuple(int(n) for n in shape)
            values[name] = values[name].reshape(-1)[: math.prod(actual)].reshape(actual)
    found: list[Any] = []
    for info in model.graph.output:
        kind = info.type.WhichOneof("value")
        elements = [values[name] for k in range(len(names)) if (name := f"{info.name}_{k}") in values]
        if info.name in values:
            found.append(values[info.name])
        else:
            found.append(elements if elements or kind == "sequence_type" else None)
    return tuple(found)


def compile_specialized(specialized: Specialized, name: str, target: Target) -> Compiled:
    """The C of a specialized model, its symbols prefixed with `name`. Raises EdgegenError."""
    return compile_graph(specialized.graph, target, name, Origin("model.onnx", "0" * 64, "backend"), Options())


class EdgegenRep(BackendRep):
    """A prepared model: compiled once for each set of input shapes and fixed values that it meets."""

    def __init__(self, model: onnx.ModelProto, target: Target) -> None:
        self._model, self._target = model, target
        self._built: list[tuple[Specialized, Inputs, Program]] = []

    def _program(self, inputs: Inputs) -> tuple[Specialized, Program]:
        for specialized, known, program in self._built:
            if _same_program(specialized, known, inputs):
                return specialized, program
        specialized = specialize(self._model, inputs)
        program = build_program([compile_specialized(specialized, "model", self._target)], Build())
        self._built.append((specialized, inputs, program))
        return specialized, program

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Outputs for one run from the initial state. Raises EdgegenError."""
        del kwargs
        values = named_inputs(self._model, inputs if isinstance(inputs, (list, tuple)) else [inputs])
        specialized, program = self._program(values)
        (outcome,) = program.execute([Call(specialized.arguments(values), restart=True)])
        return structured(self._model, [t.name for t in specialized.graph.outputs], outcome.outputs)


def _same_program(specialized: Specialized, known: Inputs, inputs: Inputs) -> bool:
    """Whether what was compiled for inputs `known` computes `inputs`."""
    if (known.lengths, known.absent, known.tensors.keys()) != (inputs.lengths, inputs.absent, inputs.tensors.keys()):
        return False
    if any(value.shape != inputs.tensors[name].shape for name, value in known.tensors.items()):
        return False
    return all(np.array_equal(known.tensors[name], inputs.tensors[name]) for name in specialized.fixed)


class EdgegenBackend(Backend):
    """onnx.backend.base.Backend over compiled C, on the CPU."""

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> EdgegenRep:
        """kwargs: `target`, a target of this machine (default "host"). Raises EdgegenError."""
        if not cls.supports_device(device):
            raise UsageError(f'device "{device}" is not supported; "CPU" is')
        checked = read_proto(model.SerializeToString(), Path())
        return EdgegenRep(checked, find_target(kwargs.get("target", "host")))

    @classmethod
    def run_model(cls, model: onnx.ModelProto, inputs: Any, device: str = "CPU", **kwargs: Any) -> tuple[Any, ...]:
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        return bool(Device(device).type == DeviceType.CPU)


prepare = EdgegenBackend.prepare
run_model = EdgegenBackend.run_model
supports_device = EdgegenBackend.supports_device
