"""The ONNX backend interface (onnx.backend.base): models run as compiled C on this machine.

    import edgegen.onnx_backend as backend
    outputs = backend.run_model(model, inputs)

The interface gives a model first and its inputs later, while edgegen compiles for one shape. So it is compiled when it
first meets inputs of some shapes; inputs whose values an operator must know ahead of time (a shape, axes, ...) keep
the values that they have there, and other values compile it again.
"""

from __future__ import annotations

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
class Specialized:
    """A model for certain inputs.

    graph: imported; fixed: names of inputs whose values became constants
    """

    graph: Graph
    fixed: frozenset[str]

    def arguments(self, inputs: Mapping[str, Array]) -> list[Array]:
        """The values of the inputs that the graph still has, in its order."""
        return [inputs[t.name] for t in self.graph.inputs]


def specialize(model: onnx.ModelProto, inputs: Mapping[str, Array]) -> Specialized:
    """Imports a checked model for the shapes of `inputs`, and for the values of those that must be known ahead of time.

    Raises InvalidModel, UnsupportedModel and UsageError.
    """
    fixed: dict[str, Array] = {}
    while True:
        shapes = {name: value.shape for name, value in inputs.items() if name not in fixed}
        try:
            return Specialized(import_proto(model, "model", shapes, fixed), frozenset(fixed))
        except ValueNeeded as error:
            more = [name for name in error.inputs if name in inputs and name not in fixed]
            if not more:
                raise
            fixed.update({name: inputs[name] for name in more})


def named_inputs(model: onnx.ModelProto, inputs: Sequence[Any]) -> dict[str, Array]:
    """Inputs by name; those that have an initializer are not given. Raises UsageError if their count does not fit."""
    constants = {t.name for t in model.graph.initializer}
    names = [i.name for i in model.graph.input if i.name not in constants]
    if len(inputs) != len(names):
        raise UsageError(f"the model has {len(names)} inputs, was given {len(inputs)}")
    return {name: np.asarray(value) for name, value in zip(names, inputs, strict=True)}


def compile_specialized(specialized: Specialized, name: str, target: Target) -> Compiled:
    """The C of a specialized model, its symbols prefixed with `name`. Raises EdgegenError."""
    return compile_graph(specialized.graph, target, name, Origin("model.onnx", "0" * 64, "backend"), Options())


class EdgegenRep(BackendRep):
    """A prepared model: compiled once for each set of input shapes and fixed values that it meets."""

    def __init__(self, model: onnx.ModelProto, target: Target) -> None:
        self._model, self._target = model, target
        self._built: list[tuple[Specialized, dict[str, Array], dict[str, tuple[int, ...]], Program]] = []

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Array, ...]:
        """Outputs for one run from the initial state. Raises EdgegenError."""
        del kwargs
        values = named_inputs(self._model, inputs if isinstance(inputs, (list, tuple)) else [inputs])
        shapes = {name: value.shape for name, value in values.items()}
        for built in self._built:
            specialized, fixed, known, program = built
            if known == shapes and all(np.array_equal(values[name], fixed[name]) for name in fixed):
                break
        else:
            specialized = specialize(self._model, values)
            program = build_program([compile_specialized(specialized, "model", self._target)], Build())
            fixed = {name: values[name] for name in specialized.fixed}
            self._built.append((specialized, fixed, shapes, program))
        (outcome,) = program.execute([Call(specialized.arguments(values), restart=True)])
        return tuple(outcome.outputs)


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
    def run_model(cls, model: onnx.ModelProto, inputs: Any, device: str = "CPU", **kwargs: Any) -> tuple[Array, ...]:
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        return bool(Device(device).type == DeviceType.CPU)


prepare = EdgegenBackend.prepare
run_model = EdgegenBackend.run_model
supports_device = EdgegenBackend.supports_device
